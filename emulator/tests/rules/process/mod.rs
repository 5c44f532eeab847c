//! PROC: `process/execute`.

mod commands;
mod environment;
mod interruption;
mod output;
mod side_by_side;
mod timeouts;

use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    [
        commands::trials(),
        output::trials(),
        environment::trials(),
        timeouts::trials(),
        side_by_side::trials(),
        interruption::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
