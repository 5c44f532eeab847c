//! What a command says on one of its pipes.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{ioctl_fionread, retry_on_intr};

/// Most bytes read at once, which is what a pipe holds.
const ROOM: usize = 64 << 10;
/// Stack of a thread that does next to nothing.
const STACK: usize = 64 << 10;

/// The reading end of a pipe and what has come out of it.
#[derive(Debug)]
pub(super) struct Output {
    pipe: File,
    bytes: Vec<u8>,
    limit: usize,
    open: bool,
    over: bool,
}

impl Output {
    /// Keeps the first `limit` bytes.
    pub(super) fn new(pipe: OwnedFd, limit: usize) -> Self {
        Self { pipe: pipe.into(), bytes: Vec::new(), limit, open: true, over: false }
    }

    /// Whether there may be more to come.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether there was more than is kept.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// What has come so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads once, and waits if nothing is there.
    pub(super) fn read(&mut self) -> io::Result<()> {
        self.read_up_to(ROOM).map(drop)
    }

    /// Reads what is in the pipe now. Not to its end: whoever was left running may hold it for
    /// ever, and may write faster than this reads.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        let mut left = usize::try_from(ioctl_fionread(&self.pipe)?).unwrap_or(usize::MAX);
        while left > 0 && self.open && !self.over {
            left -= self.read_up_to(left.min(ROOM))?;
        }
        Ok(())
    }

    fn read_up_to(&mut self, most: usize) -> io::Result<usize> {
        let start = self.bytes.len();
        // One byte more than is kept shows that there is more.
        let most = most.min((self.limit - start).saturating_add(1));
        self.bytes.resize(start + most, 0);
        let answer = retry_on_intr(|| rustix::io::read(&self.pipe, &mut self.bytes[start..]));
        let read = answer.unwrap_or(0);
        self.bytes.truncate(self.limit.min(start + read));
        self.open = read > 0;
        self.over |= start + read > self.limit;
        answer.map_err(io::Error::from)
    }

    /// What has come. A pipe that somebody still holds is read on, or writing to it would block or
    /// kill him.
    pub(super) fn finish(self) -> Vec<u8> {
        if self.open && !is_at_end(self.pipe.as_fd()) {
            let mut pipe = self.pipe;
            let reader = thread::Builder::new().stack_size(STACK);
            // Without another thread the pipe is closed, and that is all.
            let _ = reader.spawn(move || io::copy(&mut pipe, &mut io::sink()));
        }
        self.bytes
    }
}

impl AsFd for Output {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

/// Whether the pipe is empty and nobody can write to it.
fn is_at_end(pipe: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(pipe, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    retry_on_intr(|| poll(&mut fds, Some(&now))).is_ok_and(|_| fds[0].revents() == PollFlags::HUP)
}
