//! The port behind which state outlives the process.
//!
//! A [`Storage`] keeps small *records*, one for each sandbox and snapshot of an organisation, and
//! the *objects* that images are made of. A [`Ledger`] changes the records of one organisation, all
//! of a list or none, and what it has answered is on the disk.

mod object;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

pub use object::{Object, ObjectId};

use crate::id::{OrgId, SandboxId, SnapshotId};

/// Keeps what has to outlive the process.
pub trait Storage: fmt::Debug + Send + Sync + 'static {
    /// Every record, in no order.
    fn load(&self) -> Result<Vec<Stored>, StorageError>;

    /// The records of one organisation, to be changed. The one before it has ended.
    fn ledger(&self, org: &OrgId) -> Arc<dyn Ledger>;

    /// What images are read from.
    fn objects(&self) -> Arc<dyn Objects>;
}

/// The records of one organisation while one world is in its place.
#[async_trait]
pub trait Ledger: fmt::Debug + Send + Sync + 'static {
    /// Makes all of the changes, or none. They are on the disk when this returns. On a ledger that
    /// has ended it does nothing, and succeeds: nobody can see that world any more.
    async fn commit(&self, changes: Vec<Change>) -> Result<(), StorageError>;

    /// Removes every record of the organisation, and ends the ledger. One that failed has ended
    /// nothing.
    async fn end(&self) -> Result<(), StorageError>;
}

/// Reads objects.
pub trait Objects: fmt::Debug + Send + Sync + 'static {
    /// The object of this id, checked against it.
    fn get(&self, id: &ObjectId) -> Result<Object, StorageError>;

    /// Makes a file of the bytes of the object of this id, checked against it, at a path where
    /// there is none. It may be the storage's own under a second name: nobody writes to it.
    fn place(&self, id: &ObjectId, at: &Path) -> Result<(), StorageError>;
}

/// Takes the objects of one image, those below first.
pub trait ObjectWriter {
    /// Whether an object is there already, with everything below it.
    fn has(&mut self, id: &ObjectId) -> Result<bool, StorageError>;

    /// Adds one. Its children are there; its id is [`Object::id`].
    fn put(&mut self, id: ObjectId, object: &Object) -> Result<(), StorageError>;

    /// Adds one without children whose bytes are those of a file, which nobody will write to any
    /// more. The file stays where it is, and may become the storage's own under a second name.
    fn put_file(&mut self, id: ObjectId, file: &Path) -> Result<(), StorageError>;
}

/// What has a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A sandbox.
    Sandbox(SandboxId),
    /// A snapshot.
    Snapshot(SnapshotId),
    /// What tests have set for the organisation, such as its clock.
    Presets,
}

/// A change of one record.
#[derive(Debug)]
pub struct Change {
    /// Whose.
    pub key: Key,
    /// What becomes of it.
    pub to: Record,
}

/// What a record becomes.
pub enum Record {
    /// There is none any more; there may have been none.
    Gone,
    /// This text, with this image.
    Is(Vec<u8>, Contents),
}

/// The image of a record.
pub enum Contents {
    /// It has none.
    None,
    /// The one that it has, if it has one.
    AsBefore,
    /// The one that this writes; the answer is its root. It may be called again if what was
    /// written was taken back.
    New(Save),
}

/// Writes an image down.
pub type Save = Box<dyn Fn(&mut dyn ObjectWriter) -> Result<ObjectId, StorageError> + Send>;

/// A record as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The organisation.
    pub org: OrgId,
    /// Whose.
    pub key: Key,
    /// Its text.
    pub text: Vec<u8>,
    /// The root of its image.
    pub image: Option<ObjectId>,
}

/// Something was not written or could not be read. The text names host paths and is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// There is no room left.
    #[error("no space left: {0}")]
    Full(String),
    /// The disk, or what stands for it, has failed.
    #[error("{0}")]
    Io(String),
    /// What was read is not what was written.
    #[error("damaged: {0}")]
    Damaged(String),
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("Gone"),
            Self::Is(text, contents) => {
                f.debug_tuple("Is").field(&text.len()).field(contents).finish()
            }
        }
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::AsBefore => "AsBefore",
            Self::New(_) => "New",
        })
    }
}
