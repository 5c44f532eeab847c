// The families of trials, included by each program that runs them: every one of these has its own
// idea of what sandboxes are made of.

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
mod mutation;
mod network;
mod operations;
mod order;
mod process;
mod requests;
mod responses;
mod restarts;
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
mod tricks;
mod wire;
mod worlds;

use libtest_mimic::{Arguments, Trial};

fn trials() -> Vec<Trial> {
    let families = [
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
        restarts::trials(),
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
        tricks::trials(),
        wire::trials(),
        worlds::trials(),
    ];
    families.into_iter().flatten().collect()
}
