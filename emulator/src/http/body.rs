//! Request bodies, up to a limit.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_ENCODING, HeaderName, TRANSFER_ENCODING};

/// Why a body was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is longer than the limit (FS-24, LIM-02).
    TooLarge,
    /// The connection broke, or the body was not well-formed HTTP.
    Broken,
}

/// How much of a body that is too long is read and thrown away, so that a client that sends it
/// whole before it reads gets to see the answer.
const DRAIN_LIMIT: usize = 64 << 20;
/// And for how long.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// The header that says that a body is compressed, or otherwise not what it is, if one does. Nothing
/// is ever unpacked, so nothing small becomes large.
pub(crate) fn coding(headers: &HeaderMap) -> Option<HeaderName> {
    let other = |header: &HeaderName, plain: &str| {
        let values = headers.get_all(header).iter();
        values.into_iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(plain.as_bytes()))
    };
    [(CONTENT_ENCODING, "identity"), (TRANSFER_ENCODING, "chunked")]
        .into_iter()
        .find_map(|(header, plain)| other(&header, plain).then_some(header))
}

/// Reads a body of at most `limit` bytes. Of a longer one, no more than the limit is ever held.
pub(crate) async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().exact().and_then(|size| usize::try_from(size).ok());
    if announced.is_some_and(|size| size > limit) {
        drain(body).await;
        return Err(BodyError::TooLarge);
    }
    let mut first = None;
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else {
            continue;
        };
        let held = first.as_ref().map_or(0, Bytes::len) + rest.len();
        if held + data.len() > limit {
            drain(body).await;
            return Err(BodyError::TooLarge);
        }
        if first.is_none() {
            first = Some(data);
        } else {
            rest.extend_from_slice(&data);
        }
    }
    Ok(match first {
        None => Bytes::new(),
        Some(first) if rest.is_empty() => first,
        Some(first) => [first, rest.freeze()].concat().into(),
    })
}

/// Reads a body that is not wanted to its end, or for as long as it is worth it: a connection that
/// is closed before may cost the client the answer.
pub(super) async fn drain(mut body: Incoming) {
    let mut left = DRAIN_LIMIT;
    let read_on = async {
        while let Some(Ok(frame)) = body.frame().await {
            let read = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(read) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // A client that sends slower than that can wait for its answer.
    let _ = tokio::time::timeout(DRAIN_TIME, read_on).await;
}
