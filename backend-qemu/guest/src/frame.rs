//! Frames: how messages stand on a pipe that may be cut anywhere.
//!
//! A message is encoded by `postcard`, followed by a CRC-32, stuffed so that it holds no zero byte
//! (COBS), and ended by a zero byte. Whoever comes into the middle of a stream finds the next frame
//! after the next zero byte; half a frame does not pass its check sum.

use memchr::memchr;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::stuffing::{stuff, unstuff};

/// Ends every frame. Sent alone it ends whatever half frame stands before it.
pub const END: u8 = 0;

/// Most bytes of an encoded frame: the largest message is a command's output, or a request body,
/// both bounded well below.
pub const MAX_FRAME: usize = 96 << 20;

/// Bytes of the check sum.
const CHECK: usize = 4;

/// Most bytes kept ready for the next frame, once a large one has passed.
const KEPT: usize = 256 << 10;

/// The frame of `message`, with its [`END`]. It is not checked against [`MAX_FRAME`]: a larger one
/// is the sender's mistake, and no [`Decoder`] takes it.
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    let mut plain = postcard::to_allocvec(message)
        .expect("the protocol's types are plain data of known length");
    let check = crc32fast::hash(&plain);
    plain.extend_from_slice(&check.to_le_bytes());
    let mut frame = Vec::new();
    stuff(&plain, &mut frame);
    frame.push(END);
    frame
}

/// Finds the messages in a stream.
///
/// What is no frame is dropped in silence: that is how a stream of bytes begins that somebody else
/// has read from before.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The frame under way.
    frame: Vec<u8>,
    /// Whether it has grown beyond all bounds, and is no longer kept.
    too_long: bool,
}

impl Decoder {
    /// At the start of a frame.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes, however they were cut, and gives the messages that they complete.
    pub fn feed<T: DeserializeOwned>(&mut self, mut bytes: &[u8]) -> Vec<T> {
        let mut messages = Vec::new();
        while let Some(end) = memchr(END, bytes) {
            self.keep(&bytes[..end]);
            messages.extend(self.finish());
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
        messages
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.too_long |= self.frame.len() + bytes.len() >= MAX_FRAME;
        if self.too_long {
            self.frame.clear();
        } else {
            self.frame.extend_from_slice(bytes);
        }
    }

    /// What the frame holds, if it is one. The next one starts.
    fn finish<T: DeserializeOwned>(&mut self) -> Option<T> {
        let message = unstuff(&mut self.frame).and_then(|plain| message(plain));
        self.frame.clear();
        self.frame.shrink_to(KEPT);
        self.too_long = false;
        message
    }
}

fn message<T: DeserializeOwned>(plain: &[u8]) -> Option<T> {
    let (body, check) = plain.split_last_chunk::<CHECK>()?;
    if crc32fast::hash(body) != u32::from_le_bytes(*check) {
        return None;
    }
    match postcard::take_from_bytes(body) {
        Ok((message, [])) => Some(message),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use leap0_files::{FileInfo, FileReply, FsPath};
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::{Exited, Message, Reply, Status};

    fn a_message(call: u32, stdout: Vec<u8>) -> Message<Reply> {
        let exited = Exited { status: Status::Code(0), stdout, stderr: Vec::new() };
        Message { session: 7, call, body: Reply::Exited(exited) }
    }

    #[test]
    fn a_frame_is_found_behind_rubbish_and_half_a_frame() {
        let frame = encode(&a_message(1, b"out\0put".to_vec()));
        let mut stream = b"rubbish".to_vec();
        stream.push(END);
        stream.extend_from_slice(&frame[..frame.len() - 3]);
        stream.push(END);
        stream.extend_from_slice(&frame);
        let found: Vec<Message<Reply>> = Decoder::new().feed(&stream);
        assert_eq!(found, [a_message(1, b"out\0put".to_vec())]);
    }

    #[test]
    fn a_changed_bit_makes_it_no_frame() {
        let frame = encode(&a_message(1, b"some output".to_vec()));
        for at in 0..frame.len() - 1 {
            for bit in 0..8 {
                let mut changed = frame.clone();
                changed[at] ^= 1 << bit;
                let found: Vec<Message<Reply>> = Decoder::new().feed(&changed);
                assert!(found.is_empty(), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn what_is_too_long_is_not_kept_and_what_follows_is_found() {
        let mut decoder = Decoder::new();
        let piece = vec![1; 1 << 20];
        for _ in 0..=MAX_FRAME >> 20 {
            assert!(decoder.feed::<Message<Reply>>(&piece).is_empty());
        }
        assert!(decoder.frame.is_empty());
        decoder.feed::<Message<Reply>>(&[END]);
        let found: Vec<Message<Reply>> = decoder.feed(&encode(&a_message(2, Vec::new())));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_path_without_a_link_target_survives() {
        // Where JSON leaves a field out, this encoding must not.
        let info = FileInfo {
            name: "x".into(),
            path: FsPath::new("/x").expect("valid").join(&"n".repeat(5000)),
            is_dir: false,
            size: 1,
            mode: "644".into(),
            mtime: -1,
            owner: "user".into(),
            group: "user".into(),
            is_symlink: false,
            link_target: None,
        };
        let reply = Reply::Files(Ok(FileReply::Listing(vec![info.clone(), info])));
        let sent = Message { session: 1, call: 1, body: reply };
        let found: Vec<Message<Reply>> = Decoder::new().feed(&encode(&sent));
        assert_eq!(found, [sent]);
    }

    /// A piece of a stream, with the message that has to be found in it.
    #[derive(Clone, Debug)]
    enum Piece {
        Whole(Vec<u8>),
        /// So much of a frame, in thousandths, but never all of it; then an end.
        Half(Vec<u8>, usize),
        Rubbish(Vec<u8>),
    }

    fn a_piece() -> impl Strategy<Value = Piece> {
        let output = prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..600);
        prop_oneof![
            3 => output.clone().prop_map(Piece::Whole),
            1 => (output, 0_usize..1000).prop_map(|(output, part)| Piece::Half(output, part)),
            1 => prop::collection::vec(any::<u8>(), 0..50).prop_map(Piece::Rubbish),
        ]
    }

    proptest! {
        #[test]
        fn every_whole_frame_is_found_however_the_stream_is_cut(
            pieces in prop::collection::vec(a_piece(), 0..12),
            cuts in prop::collection::vec(1_usize..300, 1..20),
            skipped in 0_usize..2000,
        ) {
            let (mut stream, mut sent) = (Vec::new(), Vec::new());
            for (call, piece) in (0..).zip(pieces) {
                match piece {
                    Piece::Whole(output) => {
                        let message = a_message(call, output);
                        let start = stream.len();
                        stream.extend(encode(&message));
                        sent.push((start, message));
                    }
                    Piece::Half(output, part) => {
                        let frame = encode(&a_message(call, output));
                        stream.extend_from_slice(&frame[..(frame.len() - 1) * part / 1000]);
                        stream.push(END);
                    }
                    Piece::Rubbish(bytes) => {
                        stream.extend(bytes);
                        stream.push(END);
                    }
                }
            }
            // Whoever comes late sees what starts after he came.
            let skipped = skipped % (stream.len() + 1);
            let expected: Vec<_> = sent
                .into_iter()
                .filter(|(start, _)| *start >= skipped)
                .map(|(_, message)| message)
                .collect();
            let (mut decoder, mut rest) = (Decoder::new(), &stream[skipped..]);
            let mut found: Vec<Message<Reply>> = Vec::new();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (bytes, behind) = rest.split_at(rest.len().min(*cut));
                found.extend(decoder.feed(bytes));
                rest = behind;
            }
            prop_assert_eq!(found, expected);
        }
    }
}
