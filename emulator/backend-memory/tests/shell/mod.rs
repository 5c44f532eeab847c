//! The parts of the comparison.

pub(crate) mod compare;
pub(crate) mod fake;
pub(crate) mod outcome;
pub(crate) mod readme;
pub(crate) mod reference;
pub(crate) mod require;
pub(crate) mod table;
