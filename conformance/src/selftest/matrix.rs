//! Who sees what: rules against faults, and checks against faults.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Caught;
use crate::checks;

/// A fault that so many checks see at most is one that tells them apart.
const FEW: usize = 3;

/// How many faults of a rule are printed; the JSON report has them all.
const SHOWN: usize = 5;

/// How the checks that act at once are called.
const AT_ONCE: &str = "_at_once_can_be_put_in_order";

/// The kill matrix.
#[derive(Debug, Serialize)]
pub(crate) struct Matrix {
    /// The faults that turned a rule red, those that break the fewest rules first.
    pub(crate) rules: BTreeMap<String, Vec<String>>,
    /// The faults that no check but the generated sequences sees.
    pub(crate) only_sequences: Vec<String>,
    /// The faults that nobody sees but several clients at once.
    pub(crate) only_at_once: Vec<String>,
    pub(crate) checks: Vec<Sight>,
}

/// What a check sees.
#[derive(Debug, Serialize)]
pub(crate) struct Sight {
    pub(crate) check: &'static str,
    /// How many faults it sees.
    pub(crate) sees: usize,
    /// The fault that the fewest checks see beside it, and how many see it in all.
    pub(crate) sharpest: Option<(String, usize)>,
}

impl Sight {
    /// Whether there is a fault that hardly any other check sees.
    fn is_sharp(&self) -> bool {
        self.sharpest.as_ref().is_some_and(|(_, killers)| *killers <= FEW)
    }
}

impl Matrix {
    pub(crate) fn new(caught: &[Caught]) -> Self {
        let mut rules: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
        for one in caught {
            for rule in &one.broken {
                let faults = rules.entry(rule.clone()).or_default();
                faults.push((one.broken.len(), one.fault.clone()));
            }
        }
        let rules = rules.into_iter().map(|(rule, mut faults)| {
            faults.sort();
            (rule, faults.into_iter().map(|(_, fault)| fault).collect())
        });
        let checks = checks::all().map(|check| {
            let seen = caught.iter().filter(|one| one.killers.iter().any(|k| k == check.name));
            let sharpest = seen.clone().min_by_key(|one| one.killers.len());
            Sight {
                check: check.name,
                sees: seen.count(),
                sharpest: sharpest.map(|one| (one.fault.clone(), one.killers.len())),
            }
        });
        let only = |kills: &dyn Fn(&str) -> bool| {
            let alone = |one: &&Caught| {
                !one.killers.is_empty() && one.killers.iter().all(|check| kills(check))
            };
            caught.iter().filter(alone).map(|one| one.fault.clone()).collect()
        };
        Self {
            rules: rules.collect(),
            only_sequences: only(&|check| check == checks::SEQUENCES),
            only_at_once: only(&|check| check.ends_with(AT_ONCE)),
            checks: checks.collect(),
        }
    }

    /// The checks without a fault that hardly any other check sees.
    pub(crate) fn blunt(&self) -> impl Iterator<Item = &Sight> {
        self.checks.iter().filter(|sight| !sight.is_sharp())
    }

    /// Prints it, so much of each line as fits.
    pub(crate) fn print(&self) {
        println!("\nrules, and the faults that turn them red (those that break little first)");
        for (rule, faults) in &self.rules {
            let shown = faults.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(" ");
            let more = match faults.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" +{more}"),
            };
            println!("{rule:<28} {shown}{more}");
        }
        println!("\nchecks, how many faults each sees, and the one that the fewest others see");
        for sight in &self.checks {
            let sharpest = match &sight.sharpest {
                None => "nothing".to_owned(),
                Some((fault, 1)) => format!("{fault}, alone"),
                Some((fault, killers)) => format!("{fault}, one of {killers}"),
            };
            println!("{:<60} {:>3}  {sharpest}", sight.check, sight.sees);
        }
        for (by, faults) in [
            ("generated sequences", &self.only_sequences),
            ("several clients at once", &self.only_at_once),
        ] {
            println!("\n{} faults are seen by {by} alone: {}", faults.len(), faults.join(" "));
        }
        for sight in self.blunt() {
            println!("no fault is seen by {} and at most {} others", sight.check, FEW - 1);
        }
        let (sharp, all) = (self.checks.len() - self.blunt().count(), self.checks.len());
        println!("{sharp}/{all} checks are among at most {FEW} that see some fault");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caught(fault: &str, broken: &[&str], killers: &[&str]) -> Caught {
        let owned = |all: &[&str]| all.iter().map(|&text| text.to_owned()).collect();
        Caught {
            fault: fault.to_owned(),
            what: "",
            expected: Vec::new(),
            found: Vec::new(),
            broken: owned(broken),
            killers: owned(killers),
            took_ms: 0,
        }
    }

    #[test]
    fn a_check_is_blunt_unless_few_others_see_one_of_its_faults() {
        let [a, b, c, d] = [0, 1, 2, 3].map(|place| checks::all().nth(place).unwrap().name);
        let matrix = Matrix::new(&[
            caught("wide", &["SB-01", "SB-02"], &[a, b, c, d]),
            caught("narrow", &["SB-01"], &[a, b, c]),
            caught("odd", &[], &[checks::SEQUENCES]),
            caught("late", &[], &["stops_and_starts_at_once_can_be_put_in_order"]),
            caught("unseen", &[], &[]),
        ]);
        assert_eq!(matrix.rules["SB-01"], ["narrow", "wide"]);
        assert_eq!(matrix.only_sequences, ["odd"]);
        assert_eq!(matrix.only_at_once, ["late"]);
        let blunt: Vec<_> = matrix.blunt().map(|sight| sight.check).collect();
        assert!(blunt.contains(&d) && !blunt.contains(&a), "{blunt:?}");
        assert_eq!(blunt.len(), checks::all().count() - 5);
    }
}
