//! Virtual machines against the contract that every back end fulfils.

mod support;

use std::process::ExitCode;
use std::sync::Arc;

use leap0_emulator_core::backend::contract;
use libtest_mimic::{Arguments, Completion, Trial};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each check boots and saves machines of its own: more at once than processors only wait.
    arguments.test_threads.get_or_insert(2);
    let runtime = Arc::new(Runtime::new().expect("a runtime"));
    let backend =
        support::settings().map(|settings| Arc::new(runtime.block_on(support::backend(settings))));
    let trials = contract::checks().into_iter().map(|(name, check)| {
        let (runtime, backend) = (Arc::clone(&runtime), backend.clone());
        Trial::ignorable_test(name, move || match backend {
            Ok(backend) => {
                runtime.block_on(check(&*backend));
                Ok(Completion::Completed)
            }
            Err(why) => support::missing("qemu", &why),
        })
    });
    let trials = trials.collect();
    // The trials' own handles go before the machines' folder does.
    drop(backend);
    libtest_mimic::run(&arguments, trials).exit_code()
}
