//! Writing answers, of the present session only.
//!
//! The stream may be cut anywhere, and a session may begin at any time: also while this thread is
//! stuck in the middle of a frame, because nobody reads. It is stuck inside a call of the kernel,
//! which ends with bytes going to whoever connects next. That may be another emulator, after the
//! machine was saved and restored. No lock is held meanwhile and requests are read on. Once the call
//! has ended, the rest of the frame is given up if its session is over, an [`END`] closes what went
//! out of it, and the emulator, which had to expect half a frame, drops it. Answers of the new
//! session follow. So nothing of an old session can hold up a new one that reads.

use std::io::{self, Write};

use leap0_guest::frame::END;
use leap0_guest::protocol::{Message, Reply};

use super::session::Session;
use crate::answer::frame;
use crate::console::say;

/// Bytes written at once, as many as the kernel takes to a port in one piece. Before each piece it
/// is asked whether the session still is the present one.
const PIECE: usize = 32 << 10;

/// Writes whole frames, as long as there are answers to come.
pub(super) fn write_answers(
    mut port: impl Write,
    session: &Session,
    answers: impl IntoIterator<Item = Message<Reply>>,
) {
    // In whose session the last frame went out, whole; none before that and after half a frame.
    let mut whole = None;
    for answer in answers {
        if !session.is(answer.session) {
            continue;
        }
        // An answer to hello is the first that its reader looks for, whatever went before it.
        let hello = matches!(answer.body, Reply::Hello { .. });
        let mut bytes = frame(&answer);
        if hello || whole != Some(answer.session) {
            bytes.insert(0, END);
        }
        whole = match write(&mut port, &bytes, || session.is(answer.session)) {
            Ok(true) => Some(answer.session),
            Ok(false) => None,
            Err(error) => {
                say(&format!("serve: an answer could not be written: {error}"));
                None
            }
        };
    }
}

/// Whether all was written, and not given up.
fn write(port: &mut impl Write, bytes: &[u8], wanted: impl Fn() -> bool) -> io::Result<bool> {
    for piece in bytes.chunks(PIECE) {
        if !wanted() {
            return Ok(false);
        }
        port.write_all(piece)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use leap0_guest::frame::Decoder;
    use leap0_guest::protocol::VERSION;

    use super::*;

    fn an_answer(session: u64, call: u32, length: usize) -> Message<Reply> {
        Message { session, call, body: Reply::Failed("x".repeat(length)) }
    }

    fn calls(stream: &[u8]) -> Vec<(u64, u32)> {
        let found: Vec<Message<Reply>> = Decoder::new().feed(stream);
        found.iter().map(|message| (message.session, message.call)).collect()
    }

    #[test]
    fn answers_of_other_sessions_are_not_written() {
        let session = Session::default();
        let mut stream = Vec::new();
        write_answers(&mut stream, &session, [an_answer(7, 1, 0)]);
        session.begin(7);
        write_answers(&mut stream, &session, [an_answer(6, 1, 0), an_answer(7, 2, 0)]);
        assert_eq!(calls(&stream), [(7, 2)]);
    }

    #[test]
    fn the_first_frame_of_a_session_and_every_hello_come_behind_an_end() {
        let session = Session::default();
        session.begin(7);
        let hello = || Message { session: 7, call: 9, body: Reply::Hello { version: VERSION } };
        let answers = [an_answer(7, 1, 0), an_answer(7, 2, 0), hello(), hello()];
        let mut stream = b"half a frame".to_vec();
        write_answers(&mut stream, &session, answers);
        assert_eq!(calls(&stream), [(7, 1), (7, 2), (7, 9), (7, 9)]);
        let doubled = stream.windows(2).filter(|pair| *pair == [END, END]).count();
        assert_eq!(doubled, 2);
    }

    /// A pipe whose reader goes away in the middle of a frame; another one opens a session.
    struct Interrupted<'a> {
        stream: Vec<u8>,
        pieces: usize,
        session: &'a Session,
    }

    impl Write for Interrupted<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.pieces += 1;
            if self.pieces == 3 {
                self.session.begin(8);
            }
            self.stream.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_rest_of_a_frame_whose_session_is_over_is_given_up() {
        let session = Session::default();
        session.begin(7);
        let mut port = Interrupted { stream: Vec::new(), pieces: 0, session: &session };
        write_answers(&mut port, &session, [an_answer(7, 1, 10 * PIECE), an_answer(8, 1, 0)]);
        assert_eq!(port.pieces, 4);
        assert_eq!(calls(&port.stream), [(8, 1)]);
    }
}
