//! FS: the filesystem operations.

mod editing;
mod forms;
mod listing;
mod making;
mod moving;
mod paths;
mod permissions;
mod reading;
mod searching;
mod validation;
mod writing;

use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    [
        paths::trials(),
        validation::trials(),
        listing::trials(),
        making::trials(),
        writing::trials(),
        reading::trials(),
        forms::trials(),
        searching::trials(),
        editing::trials(),
        moving::trials(),
        permissions::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
