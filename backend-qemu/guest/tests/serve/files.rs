//! File operations, through the worker.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use leap0_files::{
    FileError, FileOp, FileReply, FsPath, ReadFile, ReadWindow, StoreError, WriteFile,
};
use leap0_guest::protocol::{Reply, Request};
use rustix::io::ioctl_fionread;
use rustix::process::{Pid, Signal, kill_process};

use crate::guest::{a_directory, a_guest, account, is_alive, state, wait_until};

fn at(directory: &Path, name: &str) -> FsPath {
    FsPath::new(format!("{}/{name}", directory.display())).expect("valid")
}

fn write(path: &FsPath, data: &[u8], mode: Option<u32>) -> FileOp {
    FileOp::WriteFile(WriteFile { path: path.clone(), data: data.to_vec(), mode })
}

fn read(path: &FsPath) -> FileOp {
    let window = ReadWindow::Bytes { offset: 0, limit: None };
    FileOp::ReadFile(ReadFile { path: path.clone(), window })
}

fn signal(pid: &str, signal: Signal) {
    let pid = Pid::from_raw(pid.parse().expect("a number")).expect("not 0");
    kill_process(pid, signal).expect("it is there");
}

/// From now on it reads nothing.
fn stop(pid: &str) {
    signal(pid, Signal::STOP);
    wait_until("it has stopped", || state(pid) == Some('T'));
}

#[test]
fn operations_are_performed_as_the_user() {
    let directory = a_directory();
    let mut guest = a_guest();
    let path = at(directory.path(), "new/file");
    let data: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    assert_eq!(guest.files(write(&path, &data, Some(0o4666))), Ok(FileReply::Done));
    assert_eq!(guest.files(read(&path)), Ok(FileReply::Bytes(data)));
    let meta = fs::metadata(path.as_str()).expect("written");
    assert_eq!((meta.uid(), meta.gid()), account());
    assert_eq!(meta.mode() & 0o7777, 0o4666);
    assert!(matches!(
        guest.files(FileOp::Stat(path)),
        Ok(FileReply::Info(info)) if info.mode == "4666" && info.link_target.is_none()
    ));
}

#[test]
fn a_refusal_comes_with_path_and_reason() {
    let directory = a_directory();
    let mut guest = a_guest();
    let closed = at(directory.path(), "closed");
    guest.files(write(&closed, b"", Some(0))).expect("written");
    let denied = FileError::Store { path: closed.clone(), error: StoreError::Denied };
    assert_eq!(guest.files(read(&closed)), Err(denied));
    let missing = at(directory.path(), "missing");
    let refusal = FileError::Store { path: missing.clone(), error: StoreError::NotFound };
    assert_eq!(guest.files(read(&missing)), Err(refusal));
}

#[test]
fn many_operations_share_one_worker() {
    let directory = a_directory();
    let mut guest = a_guest();
    let file = |number: usize| at(directory.path(), &number.to_string());
    guest.files(write(&file(0), &[], None)).expect("written");
    let worker = guest.worker();
    let calls: Vec<_> = (1..50)
        .map(|number| {
            guest.send(Request::Files(write(&file(number), &vec![7; number * 1000], None)))
        })
        .collect();
    for call in calls {
        assert_eq!(guest.answer(call), Reply::Files(Ok(FileReply::Done)));
    }
    for number in 1..50 {
        assert_eq!(guest.files(read(&file(number))), Ok(FileReply::Bytes(vec![7; number * 1000])));
    }
    assert_eq!(guest.worker(), worker);
}

#[test]
fn an_operation_whose_worker_dies_fails_and_the_next_has_another() {
    let directory = a_directory();
    let mut guest = a_guest();
    let path = at(directory.path(), "file");
    guest.files(write(&path, b"text", None)).expect("written");
    let worker = guest.worker().expect("it was just used");
    stop(&worker);
    let call = guest.send(Request::Files(read(&path)));
    {
        let pipe = fs::File::open(format!("/proc/{worker}/fd/0")).expect("its input");
        wait_until("the request has reached it", || ioctl_fionread(&pipe).expect("a pipe") > 0);
    }
    signal(&worker, Signal::KILL);
    let reply = guest.answer(call);
    assert!(matches!(&reply, Reply::Failed(why) if why.contains("died")), "{reply:?}");
    assert_eq!(guest.files(read(&path)), Ok(FileReply::Bytes(b"text".to_vec())));
    assert_ne!(guest.worker(), Some(worker));
}

#[test]
fn a_request_that_its_worker_has_not_seen_is_given_to_the_next() {
    let directory = a_directory();
    let mut guest = a_guest();
    let path = at(directory.path(), "file");
    guest.files(write(&path, b"text", None)).expect("written");
    let worker = guest.worker().expect("it was just used");
    stop(&worker);
    // More than the pipe holds.
    let data = vec![7; 1 << 20];
    let call = guest.send(Request::Files(write(&path, &data, None)));
    {
        let pipe = fs::File::open(format!("/proc/{worker}/fd/0")).expect("its input");
        wait_until("the pipe is full", || ioctl_fionread(&pipe).expect("a pipe") >= 64 << 10);
    }
    signal(&worker, Signal::KILL);
    assert_eq!(guest.answer(call), Reply::Files(Ok(FileReply::Done)));
    assert_eq!(guest.files(read(&path)), Ok(FileReply::Bytes(data)));
}

#[test]
fn the_worker_ends_with_the_guest() {
    let directory = a_directory();
    let mut guest = a_guest();
    guest.files(write(&at(directory.path(), "file"), b"", None)).expect("written");
    let worker = guest.worker().expect("it was just used");
    drop(guest);
    wait_until("it is dead", || !is_alive(&worker));
}
