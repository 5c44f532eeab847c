//! Commits and images in few words.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use leap0_emulator_core::id::{OrgId, SandboxId, SnapshotId};
use leap0_emulator_core::storage::{
    Change, Contents, Key, Ledger, Object, ObjectId, Objects, Record, Storage, StorageError, Stored,
};
use leap0_storage::{DataFolder, verify};
use tempfile::TempDir;

/// The back end that has made the images.
pub(crate) const BACKEND: &str = "test";

/// More than is kept in the database itself.
pub(crate) const LARGE: usize = 100_000;

/// A folder in memory, where there is one: a disk is slow at what is done a thousand times, and
/// what a test sees is the same.
pub(crate) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}

pub(crate) fn open(path: &Path) -> DataFolder {
    DataFolder::open(path, BACKEND).expect("the folder can be opened")
}

pub(crate) fn acme() -> OrgId {
    OrgId::new("acme")
}

pub(crate) fn sandbox(number: u64) -> Key {
    Key::Sandbox(SandboxId::from_bits(number))
}

pub(crate) fn snapshot(number: u64) -> Key {
    Key::Snapshot(SnapshotId::from_bits(number))
}

/// An image: what a leaf holds, or what is above it.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    /// Those below first.
    pub(crate) objects: Vec<Object>,
}

impl Image {
    pub(crate) fn leaf(data: impl Into<Vec<u8>>) -> Self {
        Self { objects: vec![Object { children: Vec::new(), data: Arc::new(data.into()) }] }
    }

    /// Bytes enough for a file of their own.
    pub(crate) fn large(seed: u8) -> Self {
        Self::leaf(vec![seed; LARGE + usize::from(seed)])
    }

    pub(crate) fn above(children: &[&Self], data: impl Into<Vec<u8>>) -> Self {
        let root = Object {
            children: children.iter().map(|image| image.root()).collect(),
            data: Arc::new(data.into()),
        };
        let mut objects: Vec<Object> =
            children.iter().flat_map(|image| image.objects.clone()).collect();
        objects.push(root);
        Self { objects }
    }

    pub(crate) fn root(&self) -> ObjectId {
        self.objects.last().expect("an image has a root").id()
    }

    /// As a back end writes it: what is there already is not written again.
    pub(crate) fn contents(&self) -> Contents {
        let image = self.clone();
        Contents::New(Box::new(move |writer| {
            for object in &image.objects {
                let id = object.id();
                if !writer.has(&id)? {
                    writer.put(id, object)?;
                }
            }
            Ok(image.root())
        }))
    }
}

pub(crate) fn is(key: Key, text: &str, contents: Contents) -> Change {
    Change { key, to: Record::Is(text.as_bytes().to_vec(), contents) }
}

pub(crate) fn gone(key: Key) -> Change {
    Change { key, to: Record::Gone }
}

pub(crate) fn stored(org: &OrgId, key: Key, text: &str, image: Option<&Image>) -> Stored {
    Stored { org: org.clone(), key, text: text.as_bytes().to_vec(), image: image.map(Image::root) }
}

/// Every record, in an order.
pub(crate) fn load(folder: &DataFolder) -> Vec<Stored> {
    let mut stored = folder.load().expect("the records can be read");
    stored.sort_by(|a, b| (&a.org, &a.key).cmp(&(&b.org, &b.key)));
    stored
}

/// Reads an image whole, and checks that it is this one.
pub(crate) fn assert_readable(objects: &dyn Objects, image: &Image) {
    for object in &image.objects {
        assert_eq!(objects.get(&object.id()).as_ref(), Ok(object));
    }
}

pub(crate) fn commit(ledger: &dyn Ledger, changes: Vec<Change>) -> Result<(), StorageError> {
    block_on(ledger.commit(changes))
}

pub(crate) fn end(ledger: &dyn Ledger) -> Result<(), StorageError> {
    block_on(ledger.end())
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// The files of objects, by their place in the folder.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![folder.join("objects")];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().into_iter().flatten() {
            let path = entry.expect("a name").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                names.push(path.file_name().expect("a name").to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    names
}

/// Checks a folder that is closed: nothing is damaged and nothing superfluous.
pub(crate) fn assert_sound(path: &Path) {
    let report = verify(path).expect("the folder can be checked");
    assert!(report.damages.is_empty() && report.superfluous.is_empty(), "{report:?}");
}

/// What a folder should hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    records: BTreeMap<(OrgId, Key), (String, Option<Image>)>,
}

impl Model {
    pub(crate) fn set(&mut self, org: &OrgId, key: Key, text: &str, image: Option<Image>) {
        self.records.insert((org.clone(), key), (text.into(), image));
    }

    /// The image that a record has.
    pub(crate) fn image(&self, org: &OrgId, key: &Key) -> Option<Image> {
        self.records.get(&(org.clone(), key.clone()))?.1.clone()
    }

    pub(crate) fn remove(&mut self, org: &OrgId, key: &Key) {
        self.records.remove(&(org.clone(), key.clone()));
    }

    pub(crate) fn end(&mut self, org: &OrgId) {
        self.records.retain(|(of, _), _| of != org);
    }

    pub(crate) fn stored(&self) -> Vec<Stored> {
        self.records
            .iter()
            .map(|((org, key), (text, image))| stored(org, key.clone(), text, image.as_ref()))
            .collect()
    }

    /// Checks that the folder holds this, and can read its images.
    pub(crate) fn assert_is(&self, folder: &DataFolder) {
        assert_eq!(load(folder), self.stored());
        for image in self.records.values().filter_map(|(_, image)| image.as_ref()) {
            assert_readable(&*folder.objects(), image);
        }
    }
}
