//! From claims to a verdict for each rule, and from those to an exit code.

use std::collections::{BTreeMap, BTreeSet};

use super::ladder::{Done, Ending};
use super::options::Profile;
use super::{Known, Session};
use crate::check::{Check, Kind, Stop};
use crate::http::Exchange;
use crate::register;
use crate::rule::{Rule, Statement};
use crate::schema::{Observed, Observer};

/// How a target stands to a rule.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// It was seen to hold, and nothing spoke against it.
    Pass,
    /// It is broken.
    Fail,
    /// The target says or shows that it lacks what the rule is about.
    Unsupported,
    /// It could not be judged.
    Unverified,
    /// It is broken, as the list of known failures says.
    ExpectedFail,
    /// It holds, and the list of known failures says that it does not.
    UnexpectedPass,
    /// The suite itself is at fault.
    SuiteError,
    /// No check is about it.
    Unchecked,
}

/// What a verdict rests on.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) check: String,
    /// What was to be so, or why nothing was seen.
    pub(crate) what: String,
    pub(crate) seen: String,
    pub(crate) exchange: Option<Exchange>,
}

/// A rule and its verdict.
#[derive(Clone, Debug)]
pub(crate) struct Graded {
    pub(crate) rule: &'static Rule,
    pub(crate) verdict: Verdict,
    pub(crate) evidence: Vec<Evidence>,
    /// How many claims held.
    pub(crate) held: usize,
    /// The names of the checks that are about it.
    pub(crate) checks: BTreeSet<&'static str>,
    /// Where the target took another way than this project's decision.
    pub(crate) readings: Vec<Evidence>,
    /// How many claims agree with this project's decision.
    pub(crate) as_decided: usize,
    /// Whether the verdict counts for the exit code.
    pub(crate) binding: bool,
}

/// Every rule of the register, in its order.
#[derive(Debug)]
pub(crate) struct Grades(pub(crate) Vec<Graded>);

#[derive(Default)]
struct Tally {
    held: usize,
    failed: Vec<Evidence>,
    errors: Vec<Evidence>,
    unverified: Vec<Evidence>,
    unsupported: Vec<Evidence>,
    checks: BTreeSet<&'static str>,
    readings: Vec<Evidence>,
    as_decided: usize,
}

/// Judges every rule by what the checks and the observer saw.
pub(crate) fn grade(
    done: &[Done],
    observed: &BTreeMap<String, Observed>,
    profile: Profile,
    known: &Known,
) -> Grades {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for done in done {
        tally(done, &mut tallies);
    }
    for rule in Observer::rules() {
        tallies.entry(rule).or_default();
    }
    for (rule, seen) in observed {
        let Some(tally) = tallies.get_mut(&**rule) else { continue };
        tally.held += seen.held;
        tally.checks.insert("every_exchange");
        tally.failed.extend(seen.broken.iter().map(|(fault, exchange)| Evidence {
            check: "every exchange".to_owned(),
            what: fault.clone(),
            seen: String::new(),
            exchange: Some(exchange.clone()),
        }));
    }
    let graded = register().iter().map(|rule| {
        let tally = tallies.remove(rule.id.as_str()).unwrap_or_default();
        one(rule, tally, profile, known)
    });
    Grades(graded.collect())
}

fn tally<'a>(done: &'a Done, tallies: &mut BTreeMap<&'a str, Tally>) {
    let name = done.check.sentence();
    let evidence = |what: String, seen: String, exchange: Option<usize>| Evidence {
        check: name.clone(),
        what,
        seen,
        exchange: exchange.and_then(|place| done.exchanges.get(place)).cloned(),
    };
    let mut spoken_of = BTreeSet::new();
    for claim in &done.claims {
        let tally = tallies.entry(claim.rule).or_default();
        spoken_of.insert(claim.rule);
        let proof = evidence(claim.what.clone(), claim.seen.clone(), claim.exchange);
        match (claim.kind, claim.held) {
            _ if !done.check.rules.contains(&claim.rule) => {
                tally.errors.push(evidence(
                    "the check does not list it".into(),
                    String::new(),
                    None,
                ));
            }
            (Kind::Statement, true) => tally.held += 1,
            (Kind::Statement, false) => tally.failed.push(proof),
            (Kind::Decision, true) => tally.as_decided += 1,
            (Kind::Decision, false) => tally.readings.push(proof),
        }
    }
    let last = done.exchanges.len().checked_sub(1);
    let all_claimed = done.check.rules.iter().all(|rule| spoken_of.contains(rule));
    let last_claimed = done.claims.last().map(|claim| claim.rule).filter(|_| all_claimed);
    for rule in done.check.rules {
        let tally = tallies.entry(rule).or_default();
        tally.checks.insert(done.check.name);
        let open = !spoken_of.contains(rule);
        match &done.ending {
            Ending::Complete if open => {
                tally.errors.push(evidence(
                    "the check claims nothing of it".into(),
                    String::new(),
                    None,
                ));
            }
            Ending::Complete => {}
            Ending::Panicked(why) => tally.errors.push(evidence(why.clone(), String::new(), last)),
            Ending::Unverified(why) => {
                tally.unverified.push(evidence(why.clone(), String::new(), last));
            }
            Ending::Stopped(Stop::Unanswered(why)) if open || Some(*rule) == last_claimed => {
                tally.failed.push(evidence("every request is answered".into(), why.clone(), last));
            }
            // What was claimed before the end is not all that there was to claim.
            Ending::Stopped(Stop::Unprepared(why)) => {
                tally.unverified.push(evidence(why.clone(), String::new(), last));
            }
            Ending::Stopped(Stop::Unsupported(why)) if open => {
                tally.unsupported.push(evidence((*why).to_owned(), String::new(), last));
            }
            Ending::Stopped(_) => {}
        }
    }
}

fn one(rule: &'static Rule, mut tally: Tally, profile: Profile, known: &Known) -> Graded {
    let silent = rule.statement == Statement::Silent;
    let emulator = profile == Profile::Emulator;
    let binding = (!silent || emulator) && rule.not_built.is_none();
    if emulator {
        tally.failed.append(&mut tally.readings);
        tally.held += tally.as_decided;
    } else if silent {
        tally.held += tally.as_decided + tally.readings.len();
    }
    let (verdict, evidence) = if !tally.failed.is_empty() {
        match known.reason(rule.id.as_str()) {
            Some(_) => (Verdict::ExpectedFail, tally.failed),
            None => (Verdict::Fail, tally.failed),
        }
    } else if !tally.errors.is_empty() {
        (Verdict::SuiteError, tally.errors)
    } else if !tally.unverified.is_empty() {
        (Verdict::Unverified, tally.unverified)
    } else if tally.held > 0 {
        match known.reason(rule.id.as_str()) {
            Some(_) => (Verdict::UnexpectedPass, Vec::new()),
            None => (Verdict::Pass, Vec::new()),
        }
    } else if !tally.unsupported.is_empty() {
        (Verdict::Unsupported, tally.unsupported)
    } else {
        (Verdict::Unchecked, Vec::new())
    };
    Graded {
        rule,
        verdict,
        evidence,
        held: tally.held,
        checks: tally.checks,
        readings: tally.readings,
        as_decided: tally.as_decided,
        binding,
    }
}

impl Grades {
    pub(crate) fn count(&self, verdict: Verdict) -> usize {
        self.0.iter().filter(|graded| graded.verdict == verdict).count()
    }

    /// The rules that count for the exit code and are of this verdict.
    pub(crate) fn binding(&self, verdict: Verdict) -> impl Iterator<Item = &Graded> {
        self.0.iter().filter(move |graded| graded.binding && graded.verdict == verdict)
    }

    /// 0 if all required rules hold, 1 if one is broken, 2 if too little was judged: in a strict run
    /// already where one of them could not be verified.
    pub(crate) fn exit_code(&self, session: &Session) -> u8 {
        if self.binding(Verdict::Fail).next().is_some() || self.count(Verdict::UnexpectedPass) > 0 {
            return 1;
        }
        let judged = self.binding(Verdict::Pass).next().is_some();
        let core_open = self.0.iter().any(|graded| {
            graded.rule.core
                && matches!(
                    graded.verdict,
                    Verdict::Unverified
                        | Verdict::SuiteError
                        | Verdict::Unsupported
                        | Verdict::Unchecked
                )
        });
        let open = session.settings.strict && self.binding(Verdict::Unverified).next().is_some();
        let no_era = session.eras().is_empty();
        if !judged || core_open || open || no_era || self.count(Verdict::SuiteError) > 0 {
            2
        } else {
            0
        }
    }
}

/// Whether a check is called like this, or is about a rule that is.
pub(crate) fn is_wanted(check: &Check, text: &str) -> bool {
    let text = text.to_lowercase();
    check.name.contains(&text.replace([' ', '-'], "_"))
        || check.rules.iter().any(|rule| rule.to_lowercase().contains(&text))
}

/// The checks that a run is to have.
pub(crate) fn chosen(
    all: impl Iterator<Item = &'static Check>,
    only: Option<&str>,
    takes: impl Fn(usize) -> bool,
) -> Vec<&'static Check> {
    let wanted = |check: &Check| only.is_none_or(|text| is_wanted(check, text));
    // Core checks are the ground that all others stand on, so they are in every part.
    all.enumerate()
        .filter(|(place, check)| super::ladder::is_core(check) || (wanted(check) && takes(*place)))
        .map(|(_, check)| check)
        .collect()
}
