//! Which rules were proven, and by which trials.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Mutex;

use leap0_conformance::register;

use super::page;

/// Trials by the rules that they have proven.
pub(super) type Proven = BTreeMap<&'static str, BTreeSet<&'static str>>;

static PROVEN: Mutex<Proven> = Mutex::new(BTreeMap::new());

thread_local! {
    static TRIAL: Cell<&'static str> = const { Cell::new("?") };
}

/// Names the trial that runs in this thread.
pub(crate) fn enter(trial: &'static str) {
    TRIAL.set(trial);
}

/// Records rules whose assertion has held. Unknown ids fail the trial.
pub(crate) fn prove(rules: &[&'static str]) {
    for rule in rules {
        assert!(register().get(rule).is_some(), "{rule} is not in the register");
        PROVEN
            .lock()
            .expect("no panic under the lock")
            .entry(rule)
            .or_default()
            .insert(TRIAL.get());
    }
}

/// Fails if a rule that is built is cited by no code or proven by no trial, or if the page that
/// says so is not the one that is kept.
pub(crate) fn judge() -> ExitCode {
    let proven = PROVEN.lock().expect("no panic under the lock");
    let cited = page::citations();
    let built: Vec<_> = register().iter().filter(|rule| rule.not_built.is_none()).collect();
    let mut failed = false;
    for rule in &built {
        let id = rule.id.as_str();
        if !proven.contains_key(id) {
            eprintln!("{id} is proven by no trial: {}", rule.sentence);
            failed = true;
        }
        if !cited.contains_key(id) {
            eprintln!("{id} is cited by no code: {}", rule.sentence);
            failed = true;
        }
    }
    let count =
        |has: &dyn Fn(&str) -> bool| built.iter().filter(|rule| has(rule.id.as_str())).count();
    eprintln!(
        "register: {} of {} rules proven by a passing trial, {} cited in the code, {} not built",
        count(&|id| proven.contains_key(id)),
        built.len(),
        count(&|id| cited.contains_key(id)),
        register().iter().count() - built.len()
    );
    if let Err(why) = page::keep(&page::write(&proven, &cited)) {
        eprintln!("{why}");
        failed = true;
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
