//! Every check, by what it is about.

mod auth;
mod clock;
mod control;
mod core;
mod dialects;
mod files;
mod histories;
mod interruptions;
mod lists;
mod network;
mod processes;
mod restarts;
mod sandbox_create;
mod sandbox_life;
mod searches;
mod sequences;
mod snapshot_create;
mod snapshot_restore;
mod states;
mod timeouts;
mod transitions;
mod wire;
mod worlds;

use serde_json::Value;

use crate::check::{Check, Outcome, Stop, Trial};

/// Every check.
pub(crate) fn all() -> impl Iterator<Item = &'static Check> {
    [
        core::CHECKS,
        auth::CHECKS,
        wire::CHECKS,
        dialects::CHECKS,
        sandbox_create::CHECKS,
        sandbox_life::CHECKS,
        timeouts::CHECKS,
        clock::CHECKS,
        control::CHECKS,
        worlds::CHECKS,
        restarts::CHECKS,
        lists::CHECKS,
        states::CHECKS,
        snapshot_create::CHECKS,
        snapshot_restore::CHECKS,
        network::CHECKS,
        files::CHECKS,
        searches::CHECKS,
        processes::CHECKS,
        interruptions::CHECKS,
        transitions::CHECKS,
        sequences::CHECKS,
        histories::CHECKS,
    ]
    .into_iter()
    .flatten()
}

/// The check that tries what nobody thought of.
pub(crate) const SEQUENCES: &str = "generated_sequences_go_as_predicted";

/// What is said where policies are in no answer.
const NO_POLICY: &str = "the target does not show network policies";

/// How many pages of a list are looked through.
const PAGES: usize = 50;

/// A sandbox as the list shows it, among those of other users.
async fn listed(trial: &Trial, id: &str) -> Outcome<Value> {
    for page in 1..=PAGES {
        let list = trial.get(format!("/v1/sandboxes?page-size=100&page={page}")).await?;
        let items = list.json["items"].as_array().cloned().unwrap_or_default();
        if let Some(item) = items.iter().find(|item| item["id"] == id) {
            return Ok(item.clone());
        }
        if items.is_empty() {
            break;
        }
    }
    Err(Stop::Unprepared(format!("sandbox {id} is not in the list")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_check_has_a_name_of_its_own_and_rules_of_the_register() {
        let mut names = BTreeSet::new();
        for check in super::all() {
            assert!(names.insert(check.name), "{} is there twice", check.name);
            for rule in check.rules {
                assert!(crate::register().get(rule).is_some(), "{}: {rule}", check.name);
            }
        }
    }
}
