//! `self-test`: judge the suite.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::run::CannotRun;
use crate::model::{Fault, ODDITIES, Oddity, catalogue};
use crate::register;
use crate::rule::Statement;
use crate::selftest::{Bench, Caught, Clean, Matrix, Odd, clean, fault, oddity};

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

/// How many servers are judged at once: most of the time they wait, but with many more of them a
/// state that lasts a moment passes unseen on a busy machine.
const AT_ONCE: usize = 16;

/// Judges servers that are broken and servers that are odd, and prints how the suite did. The last
/// line counts. The exit code is 0 if every fault was caught and no oddity was reported, and, with
/// the matrix, every check is among the few that see some fault.
pub async fn self_test(options: SelfTestOptions) -> Result<u8, CannotRun> {
    let wanted = |name: &str| options.only.as_ref().is_none_or(|only| name.contains(&**only));
    let semaphore = Arc::new(Semaphore::new(AT_ONCE));
    let (mut plain, mut faults, mut odd) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
    if options.only.is_none() {
        for bench in [Bench::Fast, Bench::Slow, Bench::Limited, Bench::Rated] {
            plain.spawn(clean(bench));
        }
    }
    // What takes the longest begins first, so that nothing waits for it in the end; what keeps the
    // processors busy comes last.
    let (slow, others): (Vec<&(Oddity, &str)>, Vec<_>) = ODDITIES
        .iter()
        .filter(|(kind, _)| wanted(&kind.name()))
        .partition(|(kind, _)| matches!(kind, Oddity::SlowTransitions | Oddity::BusyRefuses));
    let judge_odd = |odd: &mut JoinSet<Odd>, (kind, what): (Oddity, &'static str)| {
        let semaphore = semaphore.clone();
        odd.spawn(async move {
            let _place = semaphore.acquire_owned().await;
            oddity(kind, what).await
        });
    };
    for one in slow {
        judge_odd(&mut odd, *one);
    }
    let mut entries: Vec<_> = catalogue().filter(|e| wanted(&e.fault.name())).collect();
    // A server that keeps what is deleted is asked again and again to let go of it.
    entries.sort_by_key(|entry| !entry.slow && entry.fault != Fault::DeleteKeeps);
    for entry in entries {
        let semaphore = semaphore.clone();
        faults.spawn(async move {
            let _place = semaphore.acquire_owned().await;
            fault(entry, options.matrix).await
        });
    }
    for one in others {
        judge_odd(&mut odd, *one);
    }
    let mut clean_runs = Clean::default();
    for run in plain.join_all().await {
        clean_runs.alarms.extend(run.alarms);
        clean_runs.proven.extend(run.proven);
    }
    for alarm in &clean_runs.alarms {
        println!("the reference server is said to break {alarm}");
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
    let matrix = options.matrix.then(|| Matrix::new(caught));
    if let Some(matrix) = &matrix {
        matrix.print();
    }
    let (k, n) = (caught.iter().filter(|one| !one.found.is_empty()).count(), caught.len());
    let (f, m) = (odd.iter().filter(|one| !one.alarms.is_empty()).count(), odd.len());
    if let Some(path) = &options.json {
        let all = json!({
            "clean": clean, "faults": caught, "oddities": odd, "unproven": unproven,
            "matrix": matrix,
        });
        let text = serde_json::to_string_pretty(&all).unwrap_or_default();
        if let Err(why) = std::fs::write(path, text) {
            eprintln!("leap0-conformance: cannot write {}: {why}", path.display());
            return 2;
        }
    }
    println!("faults {k}/{n} caught, oddities {f}/{m} false alarms");
    // What is left out with `--only` leaves checks without their faults.
    let blunt =
        options.only.is_none() && matrix.is_some_and(|matrix| matrix.blunt().next().is_some());
    u8::from(k < n || f > 0 || !clean.alarms.is_empty() || blunt)
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
