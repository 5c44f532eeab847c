//! The body of an answer: whole, or cut on demand.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// The bytes of an answer.
#[derive(Debug, Default)]
pub(crate) struct ReplyBody {
    bytes: Bytes,
    /// The length that was promised and will not be kept.
    promised: Option<u64>,
    /// Whether what was to be sent has been given time to leave.
    flushed: bool,
}

/// The body ends before its promised length.
#[derive(Debug, thiserror::Error)]
#[error("the body was cut on demand")]
pub(crate) struct Cut;

impl From<Vec<u8>> for ReplyBody {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into(), ..Self::default() }
    }
}

impl ReplyBody {
    /// All of it.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Ends after so many bytes, with the connection.
    pub(crate) fn cut(&mut self, bytes: usize) {
        if bytes < self.bytes.len() {
            self.promised = Some(self.bytes.len() as u64);
            self.bytes.truncate(bytes);
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if !self.bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.bytes)))));
        }
        if self.promised.is_some() && !self.flushed {
            // An error takes with it what was not written yet: hyper flushes when it has to wait.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.promised.take().map(|_| Err(Cut)))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty() && self.promised.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised.unwrap_or(self.bytes.len() as u64))
    }
}
