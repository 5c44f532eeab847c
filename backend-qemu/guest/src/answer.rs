//! Making sure that every call has an answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use leap0_guest::frame::{self, MAX_FRAME};
use leap0_guest::protocol::{Message, Reply};

/// What `perform` answers, or that it panicked: whoever asked must not wait for ever.
pub(crate) fn answer(perform: impl FnOnce() -> Reply) -> Reply {
    // What it may have left half changed is its own.
    catch_unwind(AssertUnwindSafe(perform)).unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Reply::Failed(format!("panicked: {}", words.unwrap_or("without a word")))
    })
}

/// The frame of an answer, or that there can't be one.
pub(crate) fn frame(answer: &Message<Reply>) -> Vec<u8> {
    let frame = frame::encode(answer);
    if frame.len() <= MAX_FRAME {
        return frame;
    }
    let why = format!("the answer is {} bytes long, more than a frame may be", frame.len());
    frame::encode(&Message { body: Reply::Failed(why), ..*answer })
}

#[cfg(test)]
mod tests {
    use leap0_files::FileReply;
    use leap0_guest::frame::Decoder;

    use super::*;

    #[test]
    fn a_panic_is_answered() {
        let reply = answer(|| panic!("number {}", 7));
        assert_eq!(reply, Reply::Failed("panicked: number 7".to_owned()));
    }

    #[test]
    fn an_answer_that_no_frame_holds_is_one_that_says_so() {
        let body = Reply::Files(Ok(FileReply::Bytes(vec![1; MAX_FRAME])));
        let found: Vec<Message<Reply>> =
            Decoder::new().feed(&frame(&Message { session: 1, call: 2, body }));
        assert!(matches!(&found[..], [Message { call: 2, body: Reply::Failed(_), .. }]));
    }
}
