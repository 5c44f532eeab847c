//! `self-test`: judge the suite.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::run::CannotRun;
use crate::model::{CATALOGUE, ODDITIES};
use crate::register;
use crate::rule::Statement;
use crate::selftest::{Bench, Caught, Clean, Odd, clean, fault, oddity};

/// What `self-test` is told.
#[derive(Clone, Debug, Default)]
pub struct SelfTestOptions {
    /// Run every check on every faulty server, and print who sees what.
    pub matrix: bool,
    /// Where to write everything that was found.
    pub json: Option<PathBuf>,
    /// Only servers whose name has this in it.
    pub only: Option<String>,
}

/// How many servers are judged at once.
const AT_ONCE: usize = 32;

/// Judges servers that are broken and servers that are odd, and prints how the suite did. The last
/// line counts. The exit code is 0 if every fault was caught and no oddity was reported.
pub async fn self_test(options: SelfTestOptions) -> Result<u8, CannotRun> {
    let wanted = |name: &str| options.only.as_ref().is_none_or(|only| name.contains(&**only));
    let mut clean_runs = Clean::default();
    if options.only.is_none() {
        let (fast, slow, limited, rated) = tokio::join!(
            clean(Bench::Fast),
            clean(Bench::Slow),
            clean(Bench::Limited),
            clean(Bench::Rated)
        );
        for run in [fast, slow, limited, rated] {
            clean_runs.alarms.extend(run.alarms);
            clean_runs.proven.extend(run.proven);
        }
    }
    for alarm in &clean_runs.alarms {
        println!("the reference server is said to break {alarm}");
    }
    let semaphore = Arc::new(Semaphore::new(AT_ONCE));
    let (mut faults, mut odd) = (JoinSet::new(), JoinSet::new());
    for entry in CATALOGUE.iter().filter(|entry| wanted(&entry.fault.name())) {
        let semaphore = semaphore.clone();
        faults.spawn(async move {
            let _place = semaphore.acquire_owned().await;
            fault(entry, options.matrix).await
        });
    }
    for (kind, what) in ODDITIES.iter().filter(|(kind, _)| wanted(&kind.name())) {
        let semaphore = semaphore.clone();
        odd.spawn(async move {
            let _place = semaphore.acquire_owned().await;
            oddity(*kind, what).await
        });
    }
    let mut caught = faults.join_all().await;
    let mut odd = odd.join_all().await;
    caught.sort_by(|a, b| a.fault.cmp(&b.fault));
    odd.sort_by(|a, b| a.oddity.cmp(&b.oddity));
    Ok(report(&options, &clean_runs, &caught, &odd))
}

fn report(options: &SelfTestOptions, clean: &Clean, caught: &[Caught], odd: &[Odd]) -> u8 {
    for one in caught.iter().filter(|one| one.found.is_empty()) {
        println!(
            "not caught: {} ({}) by {}; broken: {}",
            one.fault,
            one.what,
            one.expected.join(" "),
            if one.broken.is_empty() { "nothing".to_owned() } else { one.broken.join(" ") },
        );
    }
    for one in odd {
        for alarm in &one.alarms {
            println!("false alarm: {} ({}): {alarm}", one.oddity, one.what);
        }
        for open in &one.unverified {
            println!("unverified: {} ({}): {open}", one.oddity, one.what);
        }
    }
    let unproven = unproven(clean, caught);
    if options.only.is_none() {
        println!(
            "{} stated or implied rules hold on the reference server and were turned red; {} not: {}",
            proven(clean, caught).len(),
            unproven.len(),
            unproven.join(" "),
        );
    }
    if options.matrix {
        matrix(caught);
    }
    let (k, n) = (caught.iter().filter(|one| !one.found.is_empty()).count(), caught.len());
    let (f, m) = (odd.iter().filter(|one| !one.alarms.is_empty()).count(), odd.len());
    if let Some(path) = &options.json {
        let all = json!({"clean": clean, "faults": caught, "oddities": odd, "unproven": unproven});
        let text = serde_json::to_string_pretty(&all).unwrap_or_default();
        if let Err(why) = std::fs::write(path, text) {
            eprintln!("leap0-conformance: cannot write {}: {why}", path.display());
            return 2;
        }
    }
    println!("faults {k}/{n} caught, oddities {f}/{m} false alarms");
    u8::from(k < n || f > 0 || !clean.alarms.is_empty())
}

/// Rules that a check saw hold and a fault turned red.
fn proven<'a>(clean: &'a Clean, caught: &'a [Caught]) -> BTreeSet<&'a str> {
    let red: BTreeSet<&str> =
        caught.iter().flat_map(|one| &one.broken).map(String::as_str).collect();
    let green = clean.proven.iter().map(String::as_str);
    green.filter(|rule| red.contains(rule)).filter(|rule| binds(rule)).collect()
}

fn binds(rule: &str) -> bool {
    register()
        .get(rule)
        .is_some_and(|rule| rule.statement != Statement::Silent && rule.not_built.is_none())
}

fn unproven<'a>(clean: &Clean, caught: &[Caught]) -> Vec<&'a str> {
    let proven = proven(clean, caught);
    let all = register().iter().map(|rule| rule.id.as_str());
    all.filter(|rule| binds(rule) && !proven.contains(rule)).collect()
}

/// Which check sees which fault.
fn matrix(caught: &[Caught]) {
    let mut kills: BTreeMap<&str, Vec<(&str, usize)>> = BTreeMap::new();
    for one in caught {
        println!("{}: {} checks: {}", one.fault, one.killers.len(), one.killers.join(" "));
        for killer in &one.killers {
            kills.entry(killer).or_default().push((&one.fault, one.killers.len()));
        }
    }
    for check in crate::checks::all() {
        let few = kills
            .get(check.name)
            .map_or(0, |seen| seen.iter().filter(|(_, killers)| *killers <= 3).count());
        let seen = kills.get(check.name).map_or(0, Vec::len);
        let note = match (seen, few) {
            (0, _) => " kills nothing",
            (_, 0) => " is never among the few that see a fault",
            _ => "",
        };
        println!("{}: sees {seen} faults, {few} of them with at most two others{note}", check.name);
    }
}
