//! A record as it is in the database.
//!
//! The key is the length of the organisation's name (four bytes, the highest first), the name, what
//! kind it is and its id. So those of one organisation are neighbours. The value is a CRC-32 of key
//! and contents, and the contents.

use leap0_emulator_core::id::{OrgId, SandboxId, SnapshotId};
use leap0_emulator_core::storage::{Key, ObjectId, StorageError};
use serde::{Deserialize, Serialize};
use serde_bytes::Bytes;

const SANDBOX: u8 = 0;
const SNAPSHOT: u8 = 1;
const PRESETS: u8 = 2;

/// What is in a record.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contents<'a> {
    /// Its text.
    #[serde(borrow)]
    pub(crate) text: &'a Bytes,
    /// The root of its image.
    pub(crate) image: Option<[u8; 32]>,
}

/// The key of a record.
pub(crate) fn key(org: &OrgId, key: &Key) -> Vec<u8> {
    let mut bytes = of_org(org);
    let (kind, id) = match key {
        Key::Sandbox(id) => (SANDBOX, id.as_str()),
        Key::Snapshot(id) => (SNAPSHOT, id.as_str()),
        Key::Presets => (PRESETS, ""),
    };
    bytes.push(kind);
    bytes.extend(id.as_bytes());
    bytes
}

/// What the keys of an organisation begin with.
pub(crate) fn of_org(org: &OrgId) -> Vec<u8> {
    let name = org.as_str().as_bytes();
    let length = u32::try_from(name.len()).expect("a name is shorter than 4 GiB");
    [&length.to_be_bytes(), name].concat()
}

/// Whose record a key is.
pub(crate) fn owner(key: &[u8]) -> Result<(OrgId, Key), StorageError> {
    parse(key).ok_or_else(|| StorageError::Damaged(format!("the key {key:02x?} of a record")))
}

fn parse(key: &[u8]) -> Option<(OrgId, Key)> {
    let (length, rest) = key.split_first_chunk()?;
    let (org, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let (kind, id) = rest.split_first()?;
    let id = str::from_utf8(id).ok()?;
    let key = match *kind {
        SANDBOX => Key::Sandbox(SandboxId::from_client(id)),
        SNAPSHOT => Key::Snapshot(SnapshotId::from_client(id)),
        PRESETS if id.is_empty() => Key::Presets,
        _ => return None,
    };
    Some((OrgId::new(str::from_utf8(org).ok()?), key))
}

/// The value of a record.
pub(crate) fn encode(key: &[u8], text: &[u8], image: Option<ObjectId>) -> Vec<u8> {
    let contents =
        postcard::to_allocvec(&Contents { text: Bytes::new(text), image: image.map(|id| id.0) })
            .expect("bytes can be written to memory");
    [&checksum(key, &contents).to_le_bytes(), contents.as_slice()].concat()
}

/// What is in the value of a record.
pub(crate) fn decode<'a>(key: &[u8], value: &'a [u8]) -> Result<Contents<'a>, StorageError> {
    value
        .split_first_chunk()
        .filter(|(sum, contents)| u32::from_le_bytes(**sum) == checksum(key, contents))
        .and_then(|(_, contents)| postcard::from_bytes(contents).ok())
        .ok_or_else(|| StorageError::Damaged(format!("the record of {}", name(key))))
}

/// A record in words.
pub(crate) fn name(key: &[u8]) -> String {
    match parse(key) {
        Some((org, Key::Sandbox(id))) => format!("sandbox {id} of {}", org.as_str()),
        Some((org, Key::Snapshot(id))) => format!("snapshot {id} of {}", org.as_str()),
        Some((org, Key::Presets)) => format!("the presets of {}", org.as_str()),
        None => format!("the key {key:02x?}"),
    }
}

fn checksum(key: &[u8], contents: &[u8]) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(key);
    hash.update(contents);
    hash.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_whose_it_is() {
        let org = OrgId::new("acme");
        for of in [
            Key::Sandbox(SandboxId::from_bits(7)),
            Key::Snapshot(SnapshotId::from_bits(7)),
            Key::Presets,
        ] {
            assert_eq!(owner(&key(&org, &of)), Ok((org.clone(), of)));
        }
        assert!(owner(b"\0\0\0\x09short").is_err());
    }

    #[test]
    fn a_record_whose_key_or_contents_have_changed_is_damaged() {
        let key = key(&OrgId::new("acme"), &Key::Presets);
        let value = encode(&key, b"text", Some(ObjectId([7; 32])));
        assert_eq!(
            decode(&key, &value),
            Ok(Contents { text: Bytes::new(b"text"), image: Some([7; 32]) }),
        );
        for place in 0..value.len() {
            let mut value = value.clone();
            value[place] ^= 1;
            assert!(decode(&key, &value).is_err(), "{place}");
        }
        let other = super::key(&OrgId::new("acne"), &Key::Presets);
        assert!(decode(&other, &value).is_err());
    }
}
