//! The operations that change what is on the disk. All of them pass a gate, at which tests make
//! them fail.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

/// Decides whether an operation takes place.
pub(crate) trait Gate: fmt::Debug + Send + Sync + 'static {
    /// Lets an operation take place, or has it fail.
    fn pass(&self, operation: Operation) -> Result<(), Refusal>;
}

/// What changes the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Makes a folder.
    MakeFolder,
    /// Writes to the file of an object.
    WriteFile,
    /// Writes to the database.
    WriteDatabase,
    /// Changes the length of the database.
    ResizeDatabase,
    /// Brings the file of an object to the disk.
    SyncFile,
    /// Brings the database to the disk.
    SyncDatabase,
    /// Brings the names in a folder to the disk.
    SyncFolder,
    /// Gives a file another name.
    Rename,
    /// Removes a file.
    Remove,
}

/// How an operation fails.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// What it says.
    pub(crate) error: io::Error,
    /// Whether a write gets half of its bytes to the file.
    pub(crate) half: bool,
}

/// A gate that is open.
#[derive(Debug)]
struct Open;

impl Gate for Open {
    fn pass(&self, _: Operation) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Changes files and folders. Nobody but the owner may read what it makes.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    gate: Arc<dyn Gate>,
}

impl Disk {
    /// The disk as it is.
    pub(crate) fn new() -> Self {
        Self { gate: Arc::new(Open) }
    }

    /// The disk behind a gate.
    #[cfg(feature = "faults")]
    pub(crate) fn behind(gate: Arc<dyn Gate>) -> Self {
        Self { gate }
    }

    /// Asks whether an operation may take place, of which nothing happens if not.
    pub(crate) fn pass(&self, operation: Operation) -> io::Result<()> {
        self.gate.pass(operation).map_err(|refusal| refusal.error)
    }

    /// Writes bytes by what it is given, which may be given the half of them.
    pub(crate) fn write(
        &self,
        operation: Operation,
        bytes: &[u8],
        write: impl FnOnce(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        match self.gate.pass(operation) {
            Ok(()) => write(bytes),
            Err(refusal) => {
                if refusal.half {
                    write(&bytes[..bytes.len() / 2])?;
                }
                Err(refusal.error)
            }
        }
    }

    /// Makes a folder, and those above it that are missing. It may be there.
    pub(crate) fn make_folder(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        self.pass(Operation::MakeFolder)?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        path.parent().map_or(Ok(()), |above| self.sync_folder(above))
    }

    /// Makes a file of these bytes in the place of any that is there. They are on the disk when
    /// this returns; its name may not be.
    pub(crate) fn write_file(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        self.write(Operation::WriteFile, bytes, |bytes| file.write_all(bytes))?;
        self.pass(Operation::SyncFile)?;
        file.sync_data()
    }

    /// Gives a file that is not ours a second name: ours. Its bytes are on the disk when this
    /// returns; the name may not be.
    pub(crate) fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.pass(Operation::SyncFile)?;
        File::open(from)?.sync_data()?;
        self.pass(Operation::Rename)?;
        fs::hard_link(from, to)
    }

    /// Copies a file that is not ours, in the place of any that is there. Its bytes are on the disk
    /// when this returns; its name may not be.
    pub(crate) fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.remove_file(to)?;
        let mut from = File::open(from)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        self.pass(Operation::WriteFile)?;
        io::copy(&mut from, &mut file)?;
        self.pass(Operation::SyncFile)?;
        file.sync_data()
    }

    /// Overwrites the first bytes of the database and brings them to the disk.
    pub(crate) fn overwrite(&self, file: &File, bytes: &[u8]) -> io::Result<()> {
        self.pass(Operation::WriteDatabase)?;
        file.write_all_at(bytes, 0)?;
        self.pass(Operation::SyncDatabase)?;
        file.sync_data()
    }

    /// Gives a file another name, in the place of any file that has it.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.pass(Operation::Rename)?;
        fs::rename(from, to)
    }

    /// Removes a file. There may be none.
    pub(crate) fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.pass(Operation::Remove)?;
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Brings the names in a folder to the disk.
    pub(crate) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.pass(Operation::SyncFolder)?;
        // The folder above a relative path of one name.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        File::open(path)?.sync_all()
    }
}
