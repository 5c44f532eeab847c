//! The stored snapshots of a world, with the orders they are looked up in.

use std::sync::Arc;

use imbl::OrdMap;
use memchr::memmem::Finder;

use super::ServiceError;
use super::sandbox::Spec;
use crate::backend::Checkpoint;
use crate::clock::Timestamp;
use crate::id::SnapshotId;
use crate::spec::SnapshotName;

/// A stored snapshot.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) id: SnapshotId,
    pub(super) name: SnapshotName,
    pub(super) spec: Arc<Spec>,
    pub(super) created_at: Timestamp,
    pub(super) checkpoint: Arc<dyn Checkpoint>,
}

impl Snapshot {
    /// Its id.
    pub fn id(&self) -> &SnapshotId {
        &self.id
    }

    /// Its name.
    pub fn name(&self) -> &SnapshotName {
        &self.name
    }

    /// What its source was at the capture (SNAP-CREATE-14).
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// When it was taken.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

/// Every stored snapshot, as many as there are (SNAP-CREATE-13), and every name that is taken. Copying it is O(1).
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf {
    snapshots: OrdMap<SnapshotId, Arc<Snapshot>>,
    names: OrdMap<SnapshotName, Slot>,
    /// One map for each order of a list, so that no list of any length is sorted or looked up
    /// item by item; ids break ties (SB-LIST-04).
    ages: OrdMap<(Timestamp, SnapshotId), Listed>,
    templates: OrdMap<(Arc<str>, SnapshotId), Listed>,
}

/// A stored snapshot at its place in a list.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    snapshot: Arc<Snapshot>,
    /// Its name in lower case, which a filter looks at in every one of them.
    folded_name: Arc<str>,
}

impl Listed {
    /// The snapshot.
    pub(super) fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Whether its name contains a text that is in lower case (SNAP-LIST-01).
    pub(super) fn is_named_like(&self, folded: &Finder<'_>) -> bool {
        folded.find(self.folded_name.as_bytes()).is_some()
    }
}

/// Who has a name.
#[derive(Clone, Debug)]
enum Slot {
    /// A snapshot that is being created (SNAP-CREATE-09).
    Reserved,
    /// A stored snapshot.
    Stored(Arc<Snapshot>),
}

impl Shelf {
    /// Takes a name before the capture begins, so that two captures cannot both have it.
    pub(super) fn reserve(&mut self, name: &SnapshotName) -> Result<(), ServiceError> {
        match self.names.get(name) {
            Some(Slot::Reserved) => Err(ServiceError::NameReserved(name.clone())),
            Some(Slot::Stored(_)) => Err(ServiceError::NameTaken(name.clone())),
            None => {
                self.names.insert(name.clone(), Slot::Reserved);
                Ok(())
            }
        }
    }

    /// Whether a name is taken.
    pub(super) fn has_name(&self, name: &SnapshotName) -> bool {
        self.names.contains_key(name)
    }

    /// Gives a reserved name back: after a failed capture, or a deletion (SNAP-CREATE-10).
    pub(super) fn release(&mut self, name: &SnapshotName) {
        if matches!(self.names.get(name), Some(Slot::Reserved)) {
            self.names.remove(name);
        }
    }

    /// Stores a snapshot under the name that was reserved for it.
    pub(super) fn store(&mut self, snapshot: Arc<Snapshot>) {
        let folded_name = snapshot.name.as_str().to_lowercase().into();
        let listed = Listed { snapshot: Arc::clone(&snapshot), folded_name };
        let template = Arc::clone(&snapshot.spec.template.id);
        self.ages.insert((snapshot.created_at, snapshot.id.clone()), listed.clone());
        self.templates.insert((template, snapshot.id.clone()), listed);
        self.names.insert(snapshot.name.clone(), Slot::Stored(Arc::clone(&snapshot)));
        self.snapshots.insert(snapshot.id.clone(), snapshot);
    }

    /// Takes a snapshot away. Its name stays reserved until that is kept.
    pub(super) fn withdraw(&mut self, id: &SnapshotId) -> Option<Arc<Snapshot>> {
        let snapshot = self.snapshots.remove(id)?;
        self.names.insert(snapshot.name.clone(), Slot::Reserved);
        self.ages.remove(&(snapshot.created_at, id.clone()));
        self.templates.remove(&(Arc::clone(&snapshot.spec.template.id), id.clone()));
        Some(snapshot)
    }

    /// Finds a snapshot by id.
    pub(super) fn get(&self, id: &SnapshotId) -> Option<&Arc<Snapshot>> {
        self.snapshots.get(id)
    }

    /// Finds a stored snapshot by its exact name (SNAP-REST-02, SNAP-REST-13).
    pub(super) fn find(&self, name: &SnapshotName) -> Option<&Arc<Snapshot>> {
        match self.names.get(name)? {
            Slot::Reserved => None,
            Slot::Stored(snapshot) => Some(snapshot),
        }
    }

    /// How many are stored.
    pub(super) fn len(&self) -> usize {
        self.snapshots.len()
    }

    /// Every stored snapshot, oldest first.
    pub(super) fn oldest_first(&self) -> impl Iterator<Item = &Arc<Snapshot>> {
        self.by_age().map(Listed::snapshot)
    }

    /// Every stored snapshot as a list shows it, oldest first.
    pub(super) fn by_age(&self) -> impl DoubleEndedIterator<Item = &Listed> {
        self.ages.values()
    }

    /// Every stored snapshot as a list shows it, by its template's id.
    pub(super) fn by_template(&self) -> impl DoubleEndedIterator<Item = &Listed> {
        self.templates.values()
    }
}
