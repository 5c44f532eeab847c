//! Names of things: sandboxes, snapshots, organisations.

use std::fmt;
use std::sync::Arc;

/// Most characters an id may have. A sandbox id becomes a DNS label of at most 63 with a port on
/// either side (RESP-07).
pub const MAX_ID_CHARS: usize = 57;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes an id as a client wrote it; whether it names anything is for the look-up.
            pub fn from_client(text: &str) -> Self {
                Self(text.into())
            }

            /// Makes an id from 64 random bits.
            pub fn from_bits(bits: u64) -> Self {
                Self(format!(concat!($prefix, "-{}"), base32(bits)).into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A sandbox, such as `sbx-7k2mpq4xvb3da` (SB-02).
    SandboxId,
    "sbx"
);
id!(
    /// A snapshot, such as `snap-9d1cw5nrt2yfa`.
    SnapshotId,
    "snap"
);

/// The organisation a key belongs to; its resources are invisible to every other (AUTH-05).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrgId(Arc<str>);

impl OrgId {
    /// Names an organisation.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The organisation's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Thirteen characters of `a-z2-7`: a DNS label that never ends in `-<digits>` or starts with
/// `<digits>-`, so `{id}-{port}` and `{port}-{id}` can both be told apart (RESP-07).
fn base32(bits: u64) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    // The last character carries four bits and is always a letter, so the tail is never a port.
    let mut text: String = (0..12)
        .map(|i| char::from(ALPHABET[usize::try_from((bits >> (5 * i)) & 31).unwrap_or(0)]))
        .collect();
    text.push(char::from(ALPHABET[usize::try_from(bits >> 60).unwrap_or(0)]));
    text
}

/// Where new ids come from.
pub trait IdSource: fmt::Debug + Send + Sync + 'static {
    /// 64 bits that no earlier call of this source returned, as far as chance allows.
    fn bits(&self) -> u64;
}

/// Ids from the operating system's random numbers.
#[derive(Debug)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn bits(&self) -> u64 {
        getrandom::u64().expect("the operating system provides random numbers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_dns_label_that_leaves_room_for_a_port_on_either_side() {
        for bits in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef, 31 << 55] {
            let id = SandboxId::from_bits(bits);
            assert!(id.as_str().len() <= MAX_ID_CHARS, "{id}");
            assert!(
                id.as_str()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{id}"
            );
            let tail = id.as_str().rsplit('-').next().expect("a tail");
            assert!(!tail.bytes().all(|b| b.is_ascii_digit()), "{id}");
        }
    }
}
