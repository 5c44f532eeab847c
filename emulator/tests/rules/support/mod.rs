//! What the trials share: a server in this process, a client that hides nothing, and the record
//! of the rules that were proven.

mod client;
mod page;
mod proof;
mod raw;
mod server;
mod steps;

use std::future::Future;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

pub(crate) use client::{Answer, Client};
pub(crate) use proof::prove;
pub(crate) use raw::Raw;
pub(crate) use server::Server;
pub(crate) use steps::until;

/// A trial of an async function, under the function's own name.
macro_rules! trial {
    ($function:ident) => {
        $crate::support::make_trial(concat!(module_path!(), "::", stringify!($function)), $function)
    };
}
pub(crate) use trial;

/// Runs an assertion and, when it has held, records the rules that it proves.
///
/// ```ignore
/// proves!("SB-CREATE-01", "SB-CREATE-08" => assert_eq!(answer.status, 201));
/// ```
macro_rules! proves {
    ($($rule:literal),+ => $assertion:expr) => {{
        $assertion;
        $crate::support::prove(&[$($rule),+]);
    }};
}
pub(crate) use proves;

/// Makes a trial. Each runs on a runtime of its own, in a thread of its own.
pub(crate) fn make_trial<F>(path: &'static str, function: fn() -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    let name = path.split_once("::").map_or(path, |(_, name)| name);
    Trial::test(name, move || {
        proof::enter(name);
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?
            .block_on(function());
        Ok(())
    })
}

/// Runs the trials and then judges the register.
pub(crate) fn run(arguments: &Arguments, trials: Vec<Trial>) -> ExitCode {
    let conclusion = libtest_mimic::run(arguments, trials);
    if arguments.list {
        return ExitCode::SUCCESS;
    }
    if conclusion.num_filtered_out > 0 {
        eprintln!("the register is not judged: some trials were filtered out");
        return conclusion.exit_code();
    }
    let judged = proof::judge();
    if conclusion.has_failed() { conclusion.exit_code() } else { judged }
}
