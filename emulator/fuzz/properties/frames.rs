//! The channel into a virtual machine: whatever a machine says, both ends find the same messages
//! however the bytes are cut, and what they find can be said again.

use std::fmt::Debug;

use leap0_guest::frame::{Decoder, encode};
use leap0_guest::protocol::{Message, Reply, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The input is what one end says.
pub(crate) fn holds(said: &[u8]) {
    found::<Reply>(said);
    found::<Request>(said);
}

fn found<T>(said: &[u8])
where
    T: Debug + PartialEq + Serialize + DeserializeOwned,
    Message<T>: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let whole: Vec<Message<T>> = Decoder::new().feed(said);
    let mut decoder = Decoder::new();
    let mut cut: Vec<Message<T>> = Vec::new();
    for part in said.chunks(1 + said.len() % 7) {
        cut.extend(decoder.feed(part));
    }
    assert_eq!(whole, cut);
    let again: Vec<u8> = whole.iter().flat_map(encode).collect();
    assert_eq!(Decoder::new().feed::<Message<T>>(&again), whole);
}
