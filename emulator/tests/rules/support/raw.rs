//! A connection on which a trial writes the bytes itself.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Server;

/// A connection to a server.
pub(crate) struct Raw {
    stream: TcpStream,
    authority: String,
}

/// What came back, as it came.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    /// The header lines in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Raw {
    /// Connects.
    pub(crate) async fn open(server: &Server) -> Self {
        let authority = server.authority().to_owned();
        let stream = TcpStream::connect(&authority).await.expect("the server listens");
        Self { stream, authority }
    }

    /// Writes the head of a request that is the connection's last. `headers` are lines without
    /// their ends.
    pub(crate) async fn head(&mut self, request: &str, key: Option<&str>, headers: &[&str]) {
        let mut text =
            format!("{request} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.authority);
        for line in key
            .map(|key| format!("authorization: Bearer {key}"))
            .iter()
            .map(String::as_str)
            .chain(headers.iter().copied())
        {
            text.push_str(line);
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        self.write(text.as_bytes()).await;
    }

    /// Writes bytes. The server may have stopped listening to them; what it has answered counts.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Reads to the end of the connection; the status of each answer.
    pub(crate) async fn statuses(mut self) -> Vec<u16> {
        let mut bytes = Vec::new();
        // A connection that the server has broken off may have said something before.
        let _ = self.stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8_lossy(&bytes);
        // A body has no line of its own to end on.
        let answers = text.split("HTTP/1.1 ").skip(1);
        answers.filter_map(|answer| answer.get(..3)?.parse().ok()).collect()
    }

    /// Reads the answer.
    pub(crate) async fn answer(mut self) -> RawAnswer {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).await.expect("an answer, not a broken connection");
        let text = String::from_utf8(bytes).expect("UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").expect("a whole answer");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status: {head}"));
        RawAnswer { status, head: head.to_lowercase(), body: body.to_owned() }
    }
}
