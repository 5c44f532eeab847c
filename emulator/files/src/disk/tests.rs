//! What the store promises beyond what the operations' own tests ask of it.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use rustix::fs::{CWD, FileType, Mode, OFlags, mkdirat, mknodat, openat};
use rustix::io::Errno;
use tempfile::TempDir;

use super::replace::Target;
use super::*;
use crate::{FsPath, Store, StoreError};

struct Disk {
    dir: TempDir,
    store: DiskStore,
}

fn a_disk() -> Disk {
    Disk { dir: TempDir::new().expect("a temporary directory"), store: DiskStore::new() }
}

impl Disk {
    fn at(&self, name: &str) -> FsPath {
        FsPath::new(format!("{}/{name}", self.dir.path().display())).expect("valid")
    }

    fn host(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&mut self, name: &str, text: &str, mode: Option<u32>) -> Result<(), StoreError> {
        let path = self.at(name);
        self.store.write(&path, text.as_bytes(), mode)
    }

    fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.host(name)).expect("there").mode() & 0o7777
    }
}

#[test]
fn an_overwritten_file_stays_the_same_file() {
    let mut disk = a_disk();
    disk.write("x", "a long text", None).expect("written");
    fs::hard_link(disk.host("x"), disk.host("other name")).expect("linked");
    let mut open = File::open(disk.host("x")).expect("opened");
    disk.write("x", "short", None).expect("written");
    let mut seen = String::new();
    open.read_to_string(&mut seen).expect("read");
    assert_eq!(seen, "short");
    assert_eq!(fs::read_to_string(disk.host("other name")).expect("read"), "short");
}

#[test]
fn modes_are_exact_with_their_uppermost_bits() {
    let mut disk = a_disk();
    for mode in [0o000, 0o444, 0o755, 0o777, 0o4755, 0o2711, 0o1777, 0o7777] {
        let (file, directory) = (format!("f{mode:o}"), format!("d{mode:o}"));
        disk.write(&file, "text", Some(mode)).expect("written");
        assert_eq!(disk.mode(&file), mode, "of a new file");
        disk.write("old", "text", Some(mode)).expect("written");
        assert_eq!(disk.mode("old"), mode, "of an old file");
        let path = disk.at(&directory);
        disk.store.mkdir(&path, mode).expect("made");
        assert_eq!(disk.mode(&directory), mode, "of a directory");
        let path = disk.at("old");
        disk.store.chmod(&path, 0o644).expect("mine");
    }
}

#[test]
fn pipes_and_sockets_are_neither_read_nor_written_nor_waited_for() {
    let mut disk = a_disk();
    let mode = Mode::from_raw_mode(0o666);
    mknodat(CWD, disk.host("pipe"), FileType::Fifo, mode, 0).expect("a pipe");
    let _socket = UnixListener::bind(disk.host("socket")).expect("a socket");
    disk.write("x", "text", None).expect("written");
    for special in ["pipe", "socket"] {
        let path = disk.at(special);
        assert_eq!(disk.store.read(&path, 0, None), Err(StoreError::Invalid));
        assert_eq!(disk.write(special, "text", None), Err(StoreError::Invalid));
        let file = disk.at("x");
        assert_eq!(disk.store.copy_file(&path, &file), Err(StoreError::Invalid));
        assert_eq!(disk.store.copy_file(&file, &path), Err(StoreError::Invalid));
    }
    // With a reader at its other end a pipe could be opened.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK;
    let _reader = openat(CWD, disk.host("pipe"), flags, Mode::empty()).expect("opened");
    assert_eq!(disk.write("pipe", "text", None), Err(StoreError::Invalid));
}

#[test]
fn a_dangling_link_is_written_through() {
    let mut disk = a_disk();
    symlink("target", disk.host("link")).expect("linked");
    disk.write("link", "text", Some(0o600)).expect("written");
    assert_eq!(fs::read_to_string(disk.host("target")).expect("read"), "text");
    assert_eq!(disk.mode("target"), 0o600);
}

#[test]
fn a_copy_onto_itself_by_another_name_leaves_the_file() {
    let mut disk = a_disk();
    disk.write("x", "text", None).expect("written");
    fs::hard_link(disk.host("x"), disk.host("hard")).expect("linked");
    symlink("x", disk.host("soft")).expect("linked");
    for name in ["x", "hard", "soft"] {
        let (from, to) = (disk.at("x"), disk.at(name));
        assert_eq!(disk.store.copy_file(&from, &to), Err(StoreError::Invalid));
        assert_eq!(fs::read_to_string(disk.host("x")).expect("read"), "text");
    }
}

#[test]
fn a_copy_replaces_contents_and_mode() {
    let mut disk = a_disk();
    disk.write("from", "new", Some(0o750)).expect("written");
    disk.write("to", "a long old text", Some(0o600)).expect("written");
    let (from, to) = (disk.at("from"), disk.at("to"));
    disk.store.copy_file(&from, &to).expect("copied");
    assert_eq!(fs::read_to_string(disk.host("to")).expect("read"), "new");
    assert_eq!(disk.mode("to"), 0o750);
}

#[test]
fn a_tree_deeper_than_any_path_is_removed() {
    let mut disk = a_disk();
    let top = disk.at("top");
    disk.store.mkdir(&top, 0o755).expect("made");
    disk.write("kept", "text", None).expect("written");
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut here = openat(CWD, disk.host("top"), flags, Mode::empty()).expect("opened");
    for level in 0..2100 {
        mkdirat(&here, "d", Mode::from_raw_mode(0o755)).expect("made");
        if level % 100 == 0 {
            mkdirat(&here, "empty", Mode::from_raw_mode(0o755)).expect("made");
            rustix::fs::symlinkat(disk.host("kept"), &here, "link").expect("linked");
        }
        here = openat(&here, "d", flags, Mode::empty()).expect("opened");
    }
    disk.store.remove_tree(&top).expect("removed");
    assert!(!disk.host("top").exists() && disk.host("kept").exists());
}

#[test]
fn only_a_directory_is_a_tree() {
    let mut disk = a_disk();
    disk.write("file", "text", None).expect("written");
    fs::create_dir(disk.host("dir")).expect("made");
    symlink("dir", disk.host("link")).expect("linked");
    for name in ["file", "link"] {
        let path = disk.at(name);
        assert_eq!(disk.store.remove_tree(&path), Err(StoreError::NotADirectory));
    }
    let missing = disk.at("missing");
    assert_eq!(disk.store.remove_tree(&missing), Err(StoreError::NotFound));
}

#[test]
fn a_closed_but_empty_directory_is_removed_with_the_tree() {
    let mut disk = a_disk();
    for closed in ["tree/closed", "top"] {
        fs::create_dir_all(disk.host(closed)).expect("made");
        fs::set_permissions(disk.host(closed), fs::Permissions::from_mode(0o0)).expect("mine");
    }
    for tree in ["tree", "top"] {
        let path = disk.at(tree);
        disk.store.remove_tree(&path).expect("removed");
    }
}

#[test]
fn offsets_beyond_all_files_read_nothing() {
    let mut disk = a_disk();
    disk.write("x", "text", None).expect("written");
    for offset in [4, 5, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        let path = disk.at("x");
        assert_eq!(disk.store.read(&path, offset, None), Ok(Vec::new()));
    }
}

#[test]
fn files_that_deny_their_size_are_read_to_their_end() {
    let path = FsPath::new("/proc/self/status").expect("valid");
    let text = DiskStore::new().read(&path, 0, None).expect("read");
    assert!(text.starts_with(b"Name:"));
}

#[test]
fn without_room_an_old_file_stays_as_it_was() {
    let mut disk = a_disk();
    disk.write("old", "old text", Some(0o600)).expect("written");
    let target = Target::open(&disk.host("old"), 0o644).expect("opened");
    // More than any disk holds.
    let refused = target.replace(Some(0o755), 1 << 60, |_| panic!("there is no room"));
    assert!(refused.is_err());
    assert_eq!(fs::read_to_string(disk.host("old")).expect("read"), "old text");
    assert_eq!(disk.mode("old"), 0o600);
}

#[test]
fn a_new_file_that_can_not_be_filled_is_removed_again() {
    let disk = a_disk();
    symlink("target", disk.host("link")).expect("linked");
    let target = Target::open(&disk.host("link"), 0o644).expect("opened");
    assert!(disk.host("target").exists());
    let full = |_: &File| Err(Errno::NOSPC.into());
    assert_eq!(target.replace(Some(0o644), 5, full), Err(StoreError::NoSpace));
    assert!(!disk.host("target").exists() && disk.host("link").is_symlink());
}
