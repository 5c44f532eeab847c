//! What images are made of.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

/// A piece of an image: bytes, and the pieces below it. It never changes, so that images share what
/// they have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The objects below, in the order that the bytes count them in.
    pub children: Vec<ObjectId>,
    /// What the back end has written.
    pub data: Arc<Vec<u8>>,
}

/// The SHA-256 of an object: of the number of its children (four bytes, the lowest first), their
/// ids and its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub [u8; 32]);

impl Object {
    /// Its id.
    pub fn id(&self) -> ObjectId {
        let mut hash = head(&self.children);
        hash.update(self.data.as_slice());
        ObjectId(hash.finalize().into())
    }
}

impl ObjectId {
    /// The id of an object whose bytes are read and not kept.
    pub fn read(children: &[Self], mut data: impl Read) -> io::Result<Self> {
        let mut hash = head(children);
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match data.read(&mut buffer) {
                Ok(0) => return Ok(Self(hash.finalize().into())),
                Ok(count) => hash.update(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The hash of what stands before the bytes.
fn head(children: &[ObjectId]) -> Sha256 {
    let mut hash = Sha256::new();
    hash.update(u32::try_from(children.len()).unwrap_or(u32::MAX).to_le_bytes());
    for child in children {
        hash.update(child.0);
    }
    hash
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_has_another_id() {
        let object = |children: &[ObjectId], data: &[u8]| {
            Object { children: children.to_vec(), data: Arc::new(data.to_vec()) }.id()
        };
        let leaf = object(&[], b"x");
        let ids = [
            leaf,
            object(&[], b""),
            object(&[leaf], b""),
            object(&[leaf, leaf], b""),
            // The bytes of a child are not a child.
            object(&[], &leaf.0),
        ];
        for (place, id) in ids.iter().enumerate() {
            assert!(!ids[..place].contains(id), "{place}");
        }
        assert_eq!(leaf, object(&[], b"x"));
    }

    #[test]
    fn bytes_that_are_read_have_the_same_id_as_those_in_memory() {
        let data: Vec<u8> = (0..=255).cycle().take(700_000).collect();
        let child = ObjectId([7; 32]);
        for children in [vec![], vec![child]] {
            let read = ObjectId::read(&children, data.as_slice()).expect("memory can be read");
            assert_eq!(read, Object { children, data: Arc::new(data.clone()) }.id());
        }
    }
}
