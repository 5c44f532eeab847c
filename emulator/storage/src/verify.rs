//! Checks a folder that nobody has open.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use leap0_emulator_core::storage::{ObjectId, StorageError};
use redb::{ReadTransaction, ReadableDatabase as _, ReadableTable as _};

use crate::database;
use crate::disk::Disk;
use crate::entry::{Data, Entry};
use crate::error::{OpenError, database_error};
use crate::format;
use crate::object_files::{Found, ObjectFiles};
use crate::open::{DATABASE, is_ours, lock};
use crate::overlay::Overlay;
use crate::reader::object;
use crate::record;
use crate::tables::{COUNTS, OBJECTS, RECORDS};

/// What a check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Records that were checked.
    pub records: u64,
    /// Objects that were checked.
    pub objects: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// What is not as it was written, each in a sentence that says of what record or object.
    pub damages: Vec<String>,
    /// Files that no object needs. A crash leaves some, and the next opening removes them.
    pub superfluous: Vec<PathBuf>,
}

/// Checks everything in a folder and changes nothing in it.
///
/// It fails where there is no database to check: where it is so damaged that no table of it can be
/// trusted, too.
pub fn verify(path: &Path) -> Result<Report, OpenError> {
    let database_path = path.join(DATABASE);
    let _lock = lock(path)?;
    if !is_ours(path)? {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    let overlay = Overlay::open(&database_path).map_err(OpenError::io(&database_path))?;
    let database = database::builder().create_with_backend(overlay).map_err(Into::into);
    let database = database.map_err(OpenError::database(&database_path))?;
    let failed = OpenError::storage(&database_path);
    let transaction = database.begin_write().map_err(database_error).map_err(&failed)?;
    format::migrate(&transaction, &database_path)?;
    transaction.commit().map_err(database_error).map_err(&failed)?;

    let transaction = database.begin_read().map_err(database_error).map_err(&failed)?;
    let files = ObjectFiles::of(path, Disk::new());
    let mut check = Check { files, report: Report::default(), named: BTreeMap::new() };
    check.records(&transaction).map_err(&failed)?;
    let objects = check.objects(&transaction).map_err(&failed)?;
    check.counts(&transaction, &objects).map_err(&failed)?;
    check.files(&objects).map_err(OpenError::io(path))?;
    Ok(check.report)
}

struct Check {
    files: ObjectFiles,
    report: Report,
    /// How often an object is named, and by what first.
    named: BTreeMap<ObjectId, (u64, String)>,
}

impl Check {
    fn records(&mut self, transaction: &ReadTransaction) -> Result<(), StorageError> {
        let records = transaction.open_table(RECORDS).map_err(database_error)?;
        for record in records.iter().map_err(database_error)? {
            let (key, value) = record.map_err(database_error)?;
            self.report.records += 1;
            let whose = record::owner(key.value());
            match whose.and_then(|_| record::decode(key.value(), value.value())) {
                Ok(contents) => {
                    if let Some(image) = contents.image {
                        self.name(ObjectId(image), || record::name(key.value()));
                    }
                }
                Err(error) => self.report.damages.push(error.to_string()),
            }
        }
        Ok(())
    }

    /// The answer is the objects that there are, with those that have a file.
    fn objects(
        &mut self,
        transaction: &ReadTransaction,
    ) -> Result<BTreeMap<ObjectId, bool>, StorageError> {
        let table = transaction.open_table(OBJECTS).map_err(database_error)?;
        let mut objects = BTreeMap::new();
        for entry in table.iter().map_err(database_error)? {
            let (id, value) = entry.map_err(database_error)?;
            let id = ObjectId(*id.value());
            self.report.objects += 1;
            let entry = match Entry::decode(&id, value.value()) {
                Ok(entry) => entry,
                Err(error) => {
                    objects.insert(id, false);
                    self.report.damages.push(error.to_string());
                    continue;
                }
            };
            objects.insert(id, matches!(entry.data, Data::File(_)));
            for child in &entry.children {
                self.name(ObjectId(*child), || format!("object {id}"));
            }
            match self.bytes(&id, entry) {
                Ok(bytes) => self.report.bytes += bytes,
                Err(error) => self.report.damages.push(error.to_string()),
            }
        }
        Ok(objects)
    }

    /// How many bytes an object has, which are as they were.
    fn bytes(&self, id: &ObjectId, entry: Entry<'_>) -> Result<u64, StorageError> {
        match entry.data {
            Data::File(length) => {
                let children: Vec<_> = entry.children.into_iter().map(ObjectId).collect();
                self.files.check(id, &children, length).map(|()| length)
            }
            Data::Inline(_) => {
                object(id, entry, &self.files).map(|object| object.data.len() as u64)
            }
        }
    }

    /// Compares what names an object with what is there and with what is counted.
    fn counts(
        &mut self,
        transaction: &ReadTransaction,
        objects: &BTreeMap<ObjectId, bool>,
    ) -> Result<(), StorageError> {
        let mut counts = BTreeMap::new();
        let table = transaction.open_table(COUNTS).map_err(database_error)?;
        for count in table.iter().map_err(database_error)? {
            let (id, count) = count.map_err(database_error)?;
            counts.insert(ObjectId(*id.value()), count.value());
        }
        let damages = &mut self.report.damages;
        for (id, (_, by)) in self.named.iter().filter(|(id, _)| !objects.contains_key(id)) {
            damages.push(format!("damaged: object {id}, which {by} needs, is missing"));
        }
        let ids: BTreeSet<_> = objects.keys().chain(counts.keys()).collect();
        for id in ids {
            let named = self.named.get(id).map_or(0, |(count, _)| *count);
            let counted = counts.get(id).copied().unwrap_or(0);
            if named != counted {
                damages.push(format!(
                    "damaged: the count of object {id}: {named} name it, and {counted} are counted"
                ));
            } else if named == 0 {
                damages.push(format!("damaged: object {id} is there, and nothing needs it"));
            }
        }
        Ok(())
    }

    fn files(&mut self, objects: &BTreeMap<ObjectId, bool>) -> io::Result<()> {
        for found in self.files.list()? {
            match found {
                Found::Object(id) if objects.get(&id) == Some(&true) => {}
                Found::Object(id) => self.report.superfluous.push(self.files.path(&id)),
                Found::Unfinished(path) | Found::Foreign(path) => {
                    self.report.superfluous.push(path);
                }
            }
        }
        self.report.superfluous.sort();
        Ok(())
    }

    fn name(&mut self, id: ObjectId, by: impl FnOnce() -> String) {
        self.named.entry(id).or_insert_with(|| (0, by())).0 += 1;
    }
}
