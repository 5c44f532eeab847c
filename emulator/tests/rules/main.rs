//! The rules of the API, each proven over HTTP by an assertion that ran.
//!
//! Every trial owns a server on a free port. An assertion names the rules it proves with
//! [`proves!`]; when all trials have run, the register is asked which rules nobody has proven.

mod support;

mod access;
mod auth;
mod bad_input;
mod clients;
mod faults;
mod files;
mod inside;
mod journal;
mod limits;
mod network;
mod operations;
mod order;
mod process;
mod requests;
mod responses;
mod sandbox_create;
mod sandbox_life;
mod sandbox_list;
mod shape;
mod side_by_side;
mod snapshot_create;
mod snapshot_list_delete;
mod snapshot_pause;
mod snapshot_restore;
mod states;
mod system;
mod time;
mod transitions;
mod wire;
mod worlds;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = [
        access::trials(),
        auth::trials(),
        bad_input::trials(),
        clients::trials(),
        faults::trials(),
        files::trials(),
        journal::trials(),
        limits::trials(),
        network::trials(),
        order::trials(),
        process::trials(),
        requests::trials(),
        responses::trials(),
        sandbox_create::trials(),
        sandbox_life::trials(),
        sandbox_list::trials(),
        side_by_side::trials(),
        snapshot_create::trials(),
        snapshot_list_delete::trials(),
        snapshot_pause::trials(),
        snapshot_restore::trials(),
        states::trials(),
        system::trials(),
        time::trials(),
        transitions::trials(),
        wire::trials(),
        worlds::trials(),
    ];
    support::run(&arguments, trials.into_iter().flatten().collect())
}
