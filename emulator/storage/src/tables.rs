//! The tables of the database. Keys and values that vary in length are bytes: what redb makes of
//! text that is damaged is a panic.

use redb::TableDefinition;

/// Records; `record` has what is in them.
pub(crate) const RECORDS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("records");

/// Objects; `entry` has what is in them.
pub(crate) const OBJECTS: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("objects");

/// How many name an object: records whose image it is the root of, and each place among the
/// children of an object. One that nobody names is in neither table.
pub(crate) const COUNTS: TableDefinition<&[u8; 32], u64> = TableDefinition::new("counts");

/// What is to be known of the database itself; `format` has what is in it.
pub(crate) const META: TableDefinition<&[u8], &[u8]> = TableDefinition::new("meta");
