//! Files of disks and memories, kept as long as something needs them.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use leap0_emulator_core::spec::DISK_MIB;
use leap0_emulator_core::storage::{ObjectId, Objects, StorageError};

use crate::isolation::Isolation;

/// How the files of disks are called.
const DISK: &str = "disk";

/// Bytes of every disk.
const DISK_BYTES: u64 = (DISK_MIB as u64) << 20;

/// The folder that holds the files of one emulator. What a file holds is the business of whoever
/// asked for it; here it has a name and an end.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    isolation: Isolation,
    next: AtomicU64,
    /// Layers that are in a data folder too, so that those who share one there share it here.
    known: Mutex<HashMap<ObjectId, Weak<Layer>>>,
}

/// A file that is removed with the last that needs it.
pub(crate) struct Stored {
    path: PathBuf,
    kept: bool,
    /// What a data folder calls its bytes, once that was asked.
    mark: OnceLock<ObjectId>,
}

/// A frozen disk layer: what one machine wrote over the layers below.
#[derive(Debug)]
pub(crate) struct Layer {
    file: Stored,
    id: u64,
    below: Option<Arc<Layer>>,
}

/// An empty layer that lies upon nothing yet.
#[derive(Debug)]
pub(crate) struct Draft {
    file: Stored,
    id: u64,
}

/// A disk layer that a machine may write to.
#[derive(Debug)]
pub(crate) struct Top {
    file: Stored,
    id: u64,
    below: Arc<Layer>,
}

impl Store {
    /// Takes a folder that exists and is ours alone.
    pub(crate) fn new(folder: PathBuf, isolation: Isolation) -> Self {
        Self { folder, isolation, next: AtomicU64::new(1), known: Mutex::default() }
    }

    /// A file that a memory can be saved to. The disk inside is not used; what is saved is kept
    /// beside it.
    pub(crate) async fn memory(&self) -> io::Result<Stored> {
        self.create("memory", self.id(), None, Some(1 << 20)).await
    }

    /// A file that takes what is written over a saved memory while it is loaded.
    pub(crate) async fn over_memory(&self, memory: &Stored) -> io::Result<Stored> {
        self.create("restore", self.id(), Some((memory.path(), "raw")), None).await
    }

    /// Takes over a finished file that somebody else may remove: it stays as long as we need it.
    pub(crate) fn adopt(&self, file: &Path) -> io::Result<Stored> {
        let path = self.folder.join(format!("adopted-{}.qcow2", self.id()));
        bring(file, &path)?;
        Ok(Stored::new(path))
    }

    /// Takes over a finished layer that lies upon `below`.
    pub(crate) fn adopt_layer(&self, file: &Path, below: &Arc<Layer>) -> io::Result<Arc<Layer>> {
        Ok(self.layer(self.adopt(file)?, Some(Arc::clone(below))))
    }

    /// Brings back a file from a data folder.
    pub(crate) fn bring_back(
        &self,
        id: &ObjectId,
        from: &dyn Objects,
    ) -> Result<Stored, StorageError> {
        let file = Stored::new(self.folder.join(format!("kept-{}.qcow2", self.id())));
        from.place(id, file.path())?;
        let admitted = self.isolation.admit(file.path());
        admitted
            .map_err(|error| StorageError::Io(format!("{}: {error}", file.path().display())))?;
        file.mark.get_or_init(|| *id);
        Ok(file)
    }

    /// A finished layer of a file.
    pub(crate) fn layer(&self, file: Stored, below: Option<Arc<Layer>>) -> Arc<Layer> {
        Arc::new(Layer { file, id: self.id(), below })
    }

    /// What a data folder calls the bytes of a file, to which nobody writes from now on.
    pub(crate) fn mark(&self, file: &Stored) -> io::Result<ObjectId> {
        if let Some(id) = file.mark.get() {
            return Ok(*id);
        }
        // Whoever has it under another name says who may read it.
        if fs::metadata(file.path())?.nlink() == 1 {
            self.isolation.seal(file.path())?;
        }
        let id = ObjectId::read(&[], File::open(file.path())?)?;
        Ok(*file.mark.get_or_init(|| id))
    }

    /// Remembers what a data folder calls a layer.
    pub(crate) fn know(&self, id: ObjectId, layer: &Arc<Layer>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, layer| layer.strong_count() > 0);
        known.insert(id, Arc::downgrade(layer));
    }

    /// The layer that a data folder calls so, if it is here.
    pub(crate) fn known(&self, id: &ObjectId) -> Option<Arc<Layer>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(id)?.upgrade()
    }

    /// An empty layer over a frozen one.
    pub(crate) async fn top(&self, below: &Arc<Layer>) -> io::Result<Top> {
        let draft = self.draft(below.path()).await?;
        Ok(draft.over(Arc::clone(below)))
    }

    /// An empty layer over a file that is about to be frozen.
    pub(crate) async fn draft(&self, below: &Path) -> io::Result<Draft> {
        let id = self.id();
        let file = self.create(DISK, id, Some((below, "qcow2")), Some(DISK_BYTES)).await?;
        Ok(Draft { file, id })
    }

    /// The read-only image that all layers lie upon; it is not ours to remove.
    pub(crate) fn base(&self, path: PathBuf) -> Arc<Layer> {
        Arc::new(Layer { file: Stored::not_ours(path), id: self.id(), below: None })
    }

    /// Creates a qcow2 file of some bytes, or as large as what it lies upon, over another of the
    /// named format. What it lies upon is not looked at when the size is given: a machine may be
    /// writing to it.
    async fn create(
        &self,
        kind: &str,
        id: u64,
        below: Option<(&Path, &str)>,
        size: Option<u64>,
    ) -> io::Result<Stored> {
        let file = Stored::new(self.folder.join(format!("{kind}-{id}.qcow2")));
        let mut command = tokio::process::Command::new("qemu-img");
        command.args(["create", "-q", "-f", "qcow2"]);
        if kind == DISK {
            // A page that is written over a layer below takes a page here and not a cluster.
            command.args(["-o", "extended_l2=on"]);
        }
        if let Some((path, format)) = below {
            command.arg("-b").arg(path).args(["-F", format]);
            if size.is_some() {
                command.arg("-u");
            }
        }
        command.arg(file.path());
        if let Some(size) = size {
            command.arg(size.to_string());
        }
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!("qemu-img create: {}", said.trim_end())));
        }
        self.isolation.give(file.path())?;
        Ok(file)
    }

    fn id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

/// Makes a file visible under another path: as a second name where that is possible.
pub(crate) fn bring(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => fs::copy(from, to).map(drop),
        other => other,
    }
}

impl Stored {
    fn new(path: PathBuf) -> Self {
        Self { path, kept: false, mark: OnceLock::new() }
    }

    /// One that is not ours to remove.
    fn not_ours(path: PathBuf) -> Self {
        Self { path, kept: true, mark: OnceLock::new() }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            log::warn!("{}: cannot be removed: {error}", self.path.display());
        }
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

impl Layer {
    /// Where its file is.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Its file.
    pub(crate) fn file(&self) -> &Stored {
        &self.file
    }

    /// What it lies upon.
    pub(crate) fn below(&self) -> Option<&Arc<Layer>> {
        self.below.as_ref()
    }

    /// The name of its node in every machine that has it.
    pub(crate) fn node(&self) -> String {
        node(self.id)
    }

    /// Files from here down.
    pub(crate) fn depth(&self) -> usize {
        std::iter::successors(Some(self), |layer| layer.below.as_deref()).count()
    }
}

impl Draft {
    /// Where its file is.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// The name of its node.
    pub(crate) fn node(&self) -> String {
        node(self.id)
    }

    /// The layer, on what it was made for.
    pub(crate) fn over(self, below: Arc<Layer>) -> Top {
        Top { file: self.file, id: self.id, below }
    }
}

#[cfg(test)]
impl Top {
    /// A layer over layers that are only names.
    pub(crate) fn for_test(id: u64, below: &[&str]) -> Self {
        let file = |path: &str| Stored::not_ours(path.into());
        let below = below
            .iter()
            .zip(1..)
            .fold(None, |below, (path, id)| Some(Arc::new(Layer { file: file(path), id, below })));
        let path = format!("/state/images/disk-{id}.qcow2");
        Self { file: file(&path), id, below: below.expect("at least one") }
    }
}

impl Top {
    /// Where its file is.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// What it lies upon.
    pub(crate) fn below(&self) -> &Arc<Layer> {
        &self.below
    }

    /// The name of its node in the machine that writes to it.
    pub(crate) fn node(&self) -> String {
        node(self.id)
    }

    /// Files from here down.
    pub(crate) fn depth(&self) -> usize {
        1 + self.below.depth()
    }

    /// What was between has been copied up: it lies upon `below` now.
    pub(crate) fn settle_upon(&mut self, below: Arc<Layer>) {
        self.below = below;
    }

    /// Nothing will be written to it any more.
    pub(crate) fn freeze(self) -> Arc<Layer> {
        Arc::new(Layer { file: self.file, id: self.id, below: Some(self.below) })
    }
}

fn node(id: u64) -> String {
    format!("disk{id}")
}
