//! Calls to the program inside a machine.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use leap0_guest::frame::{self, Decoder};
use leap0_guest::protocol::{Message, Reply, Request, VERSION};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

/// For how long nothing comes when nothing will.
const SILENT: Duration = Duration::from_millis(5);

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChannelError {
    /// The machine is gone; whether the call was carried out is unknown.
    #[error("the channel into the machine ended")]
    Closed,
    /// The program inside is not the one that this emulator knows.
    #[error("the machine speaks version {0} of the channel, not {VERSION}")]
    Version(u32),
    /// The answer belongs to another kind of call.
    #[error("the machine gave an answer of another kind")]
    Mismatch,
    /// The machine could not do it.
    #[error("{0}")]
    Failed(String),
}

/// A session with the program inside a machine. Calls may be made side by side, and may be dropped:
/// what was asked is carried out all the same.
#[derive(Debug)]
pub(crate) struct Channel {
    session: u64,
    calls: Arc<Calls>,
    /// Bytes that have come from the machine.
    heard: Arc<AtomicU64>,
    frames: mpsc::UnboundedSender<Vec<u8>>,
}

#[derive(Debug)]
struct Calls(Mutex<Waiting>);

#[derive(Debug)]
struct Waiting {
    last: u32,
    /// `None` once the channel has ended.
    senders: Option<HashMap<u32, oneshot::Sender<Reply>>>,
}

impl Channel {
    /// Begins a session under a number that was never used before, and waits until the machine has
    /// taken it up: one that boots may take its time.
    pub(crate) async fn open<S>(stream: S, session: u64) -> Result<Self, ChannelError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (read, write) = tokio::io::split(stream);
        let waiting = Waiting { last: 0, senders: Some(HashMap::new()) };
        let calls = Arc::new(Calls(Mutex::new(waiting)));
        let (frames, queue) = mpsc::unbounded_channel();
        tokio::spawn(write_frames(queue, write));
        let heard = Arc::new(AtomicU64::new(0));
        tokio::spawn(read_frames(read, session, Arc::clone(&calls), Arc::clone(&heard)));
        let channel = Self { session, calls, heard, frames };
        // Ends the half frame that a restored machine may have been hearing.
        channel.frames.send(vec![frame::END]).map_err(|_| ChannelError::Closed)?;
        match channel.call(Request::Hello).await? {
            Reply::Hello { version: VERSION } => Ok(channel),
            Reply::Hello { version } => Err(ChannelError::Version(version)),
            _ => Err(ChannelError::Mismatch),
        }
    }

    /// Returns when nothing more comes from a machine that stands still. A QEMU that could not get
    /// rid of what the machine had said saves the port as blocked, and it stays so in every copy.
    pub(crate) async fn hear_out(&self) {
        // A machine that owes no answer says nothing.
        while self.calls.are_waiting() {
            let heard = self.heard.load(Ordering::Relaxed);
            tokio::time::sleep(SILENT).await;
            if heard == self.heard.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    /// Asks and waits for the answer.
    pub(crate) async fn call(&self, body: Request) -> Result<Reply, ChannelError> {
        let (sender, answer) = oneshot::channel();
        let call = self.calls.expect(sender).ok_or(ChannelError::Closed)?;
        let frame = frame::encode(&Message { session: self.session, call, body });
        self.frames.send(frame).map_err(|_| ChannelError::Closed)?;
        match answer.await {
            Ok(Reply::Failed(text)) => Err(ChannelError::Failed(text)),
            Ok(reply) => Ok(reply),
            Err(_) => Err(ChannelError::Closed),
        }
    }
}

impl Calls {
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn are_waiting(&self) -> bool {
        self.lock().senders.as_ref().is_some_and(|senders| !senders.is_empty())
    }

    fn expect(&self, sender: oneshot::Sender<Reply>) -> Option<u32> {
        let mut waiting = self.lock();
        waiting.last = waiting.last.wrapping_add(1);
        let call = waiting.last;
        waiting.senders.as_mut()?.insert(call, sender);
        Some(call)
    }
}

async fn write_frames<W: AsyncWrite + Unpin>(
    mut queue: mpsc::UnboundedReceiver<Vec<u8>>,
    mut write: W,
) {
    while let Some(frame) = queue.recv().await {
        if write.write_all(&frame).await.is_err() {
            return;
        }
    }
}

async fn read_frames<R: AsyncRead + Unpin>(
    mut read: R,
    session: u64,
    calls: Arc<Calls>,
    heard: Arc<AtomicU64>,
) {
    let mut decoder = Decoder::new();
    let mut buffer = vec![0; 64 << 10];
    while let Ok(n @ 1..) = read.read(&mut buffer).await {
        heard.fetch_add(n as u64, Ordering::Relaxed);
        for message in decoder.feed::<Message<Reply>>(&buffer[..n]) {
            // What a restored machine's source was about to say is of another session.
            if message.session != session {
                continue;
            }
            let sender = calls.lock().senders.as_mut().and_then(|s| s.remove(&message.call));
            if let Some(sender) = sender {
                let _ = sender.send(message.body);
            }
        }
    }
    calls.lock().senders = None;
}

#[cfg(test)]
mod tests {
    use leap0_guest::protocol::Identity;
    use tokio::io::{DuplexStream, duplex};

    use super::*;

    /// The machine's end of a channel, played by the test.
    struct Guest(DuplexStream, Decoder);

    impl Guest {
        async fn hears(&mut self) -> Message<Request> {
            let mut byte = [0];
            loop {
                self.0.read_exact(&mut byte).await.expect("the channel is open");
                if let Some(message) = self.1.feed(&byte).pop() {
                    return message;
                }
            }
        }

        async fn says(&mut self, message: &Message<Reply>) {
            self.0.write_all(&frame::encode(message)).await.expect("the channel is open");
        }
    }

    fn pair() -> (DuplexStream, Guest) {
        let (ours, theirs) = duplex(1 << 20);
        (ours, Guest(theirs, Decoder::new()))
    }

    async fn opened() -> (Channel, Guest) {
        let (ours, mut guest) = pair();
        let (channel, ()) = tokio::join!(Channel::open(ours, 7), async {
            let Message { session, call, body } = guest.hears().await;
            assert_eq!((session, body), (7, Request::Hello));
            guest.says(&Message { session, call, body: Reply::Hello { version: VERSION } }).await;
        });
        (channel.expect("opened"), guest)
    }

    fn assume() -> Request {
        Request::Assume(Identity {
            hostname: "h".into(),
            machine_id: [1; 16],
            unix_nanos: 0,
            entropy: [2; 32],
        })
    }

    #[tokio::test]
    async fn leftovers_of_another_session_and_half_frames_are_passed_over() {
        let (ours, mut guest) = pair();
        let old = frame::encode(&Message { session: 6, call: 1, body: Reply::Assumed });
        guest.0.write_all(&old[3..]).await.expect("written");
        guest.0.write_all(&old).await.expect("written");
        let (channel, ()) = tokio::join!(Channel::open(ours, 7), async {
            let Message { session, call, .. } = guest.hears().await;
            guest.0.write_all(&old[..old.len() / 2]).await.expect("written");
            guest.0.write_all(&[frame::END]).await.expect("written");
            guest.says(&Message { session, call, body: Reply::Hello { version: VERSION } }).await;
        });
        channel.expect("opened");
    }

    #[tokio::test]
    async fn answers_may_come_in_any_order() {
        let (channel, mut guest) = opened().await;
        let (first, second, ()) =
            tokio::join!(channel.call(assume()), channel.call(Request::Hello), async {
                let first = guest.hears().await;
                let second = guest.hears().await;
                for (heard, body) in
                    [(second, Reply::Hello { version: 9 }), (first, Reply::Assumed)]
                {
                    guest.says(&Message { session: 7, call: heard.call, body }).await;
                }
            });
        assert_eq!(first.expect("answered"), Reply::Assumed);
        assert_eq!(second.expect("answered"), Reply::Hello { version: 9 });
    }

    #[tokio::test]
    async fn a_machine_that_dies_ends_every_call() {
        let (channel, mut guest) = opened().await;
        let (outcome, ()) = tokio::join!(channel.call(assume()), async {
            guest.hears().await;
            drop(guest);
        });
        assert!(matches!(outcome, Err(ChannelError::Closed)), "{outcome:?}");
        assert!(matches!(channel.call(assume()).await, Err(ChannelError::Closed)));
    }

    #[tokio::test]
    async fn another_version_is_refused() {
        let (ours, mut guest) = pair();
        let (channel, ()) = tokio::join!(Channel::open(ours, 7), async {
            let Message { session, call, .. } = guest.hears().await;
            guest.says(&Message { session, call, body: Reply::Hello { version: 99 } }).await;
        });
        assert!(matches!(channel, Err(ChannelError::Version(99))));
    }
}
