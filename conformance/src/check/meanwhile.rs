//! Looking at something while a request is under way.

use std::pin::Pin;

use super::Outcome;
use crate::http::Answer;

/// Looks until something is so, or gives the answer to the request if that comes first.
pub(crate) async fn meanwhile<W, L>(
    mut request: Pin<&mut W>,
    mut look: impl FnMut() -> L,
) -> Outcome<Option<Answer>>
where
    W: Future<Output = Outcome<Answer>>,
    L: Future<Output = Outcome<bool>>,
{
    loop {
        tokio::select! {
            biased;
            answer = request.as_mut() => return answer.map(Some),
            seen = look() => if seen? { return Ok(None) },
        }
    }
}
