//! `qemu-guest-agent`: the second voice from inside a machine, for what has to be done by its
//! system rather than for its user.

use qapi::{Command, qga};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::{Client, QmpError};

/// Ends whatever half message stands in the agent's channel, and begins its answer to
/// `guest-sync-delimited`.
const DELIMITER: u8 = 0xFF;

/// Speaks to the agent of one machine.
#[derive(Debug)]
pub(crate) struct Agent {
    client: Client,
}

impl Agent {
    /// Waits until the agent answers to a number that nobody used before. The channel of a
    /// restored machine holds what its source was saying: all of that is passed over.
    pub(crate) async fn open<S>(stream: S, unique: u32) -> Result<Self, QmpError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let closed = |_| QmpError::Closed { command: "guest-sync-delimited" };
        let (read, mut write) = tokio::io::split(stream);
        let mut read = BufReader::new(read);
        let sync =
            format!("{{\"execute\":\"guest-sync-delimited\",\"arguments\":{{\"id\":{unique}}}}}\n");
        write.write_all(&[DELIMITER]).await.map_err(closed)?;
        write.write_all(sync.as_bytes()).await.map_err(closed)?;
        loop {
            let mut skipped = Vec::new();
            if read.read_until(DELIMITER, &mut skipped).await.map_err(closed)? == 0 {
                return Err(closed(std::io::ErrorKind::UnexpectedEof.into()));
            }
            let mut line = String::new();
            if (&mut read).take(256).read_line(&mut line).await.is_ok()
                && serde_json::from_str::<serde_json::Value>(&line)
                    .is_ok_and(|answer| answer["return"] == unique)
            {
                break;
            }
        }
        Ok(Self { client: Client::start(read, write, Box::new(|_, _| {})) })
    }

    /// Flushes the file systems and holds every write to them back, so that a disk that is kept
    /// without its memory is whole.
    pub(crate) async fn freeze_filesystems(&self) -> Result<(), QmpError> {
        self.execute(qga::guest_fsfreeze_freeze {}).await.map(drop)
    }

    /// Sends a command and waits for its answer.
    pub(crate) async fn execute<C: Command>(&self, command: C) -> Result<C::Ok, QmpError> {
        self.client.execute(command).await
    }
}
