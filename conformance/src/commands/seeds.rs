//! `run --seeds`: judge a target again and again, each time with other sequences.

use std::collections::BTreeMap;

use super::run::{CannotRun, judge_once};
use crate::report::word;
use crate::run::{Grades, RunOptions, Verdict};

/// Judges a target with so many seeds, one after another, and prints the rules that are not graded
/// the same by all. The exit code is that of the worst run, and 1 if there is such a rule.
pub async fn run_seeds(mut options: RunOptions, count: u64) -> Result<u8, CannotRun> {
    let first = options.seed.unwrap_or(1);
    let mut seen = Seen::default();
    let mut codes = Vec::new();
    for seed in (first..).take(usize::try_from(count).unwrap_or(usize::MAX)) {
        options.seed = Some(seed);
        let judged = judge_once(&options).await?;
        let code = judged.grades.exit_code(&judged.session);
        let (pass, fail) = (judged.grades.count(Verdict::Pass), judged.grades.count(Verdict::Fail));
        println!("seed {seed}: {pass} rules hold, {fail} broken, exit code {code}");
        seen.note(seed, &judged.grades);
        codes.push(code);
    }
    let different = seen.different();
    for line in &different {
        println!("{line}");
    }
    let verdict = match different.len() {
        0 => "all give the same grades".to_owned(),
        1 => "1 rule is graded otherwise by some".to_owned(),
        rules => format!("{rules} rules are graded otherwise by some"),
    };
    println!("{count} seeds from {first} on: {verdict}");
    // A rule that is broken outweighs one that could not be judged.
    let worst = if codes.contains(&1) { 1 } else { codes.into_iter().max().unwrap_or(0) };
    Ok(if different.is_empty() { worst } else { 1 })
}

/// The verdicts on each rule, with the seeds that came to them.
#[derive(Debug, Default)]
struct Seen(BTreeMap<&'static str, BTreeMap<Verdict, Vec<u64>>>);

impl Seen {
    fn note(&mut self, seed: u64, grades: &Grades) {
        for graded in &grades.0 {
            let verdicts = self.0.entry(graded.rule.id.as_str()).or_default();
            verdicts.entry(graded.verdict).or_default().push(seed);
        }
    }

    /// The rules with several verdicts, in words.
    fn different(&self) -> Vec<String> {
        let several = self.0.iter().filter(|(_, verdicts)| verdicts.len() > 1);
        let in_words = |(rule, verdicts): (&&str, &BTreeMap<Verdict, Vec<u64>>)| {
            let each = verdicts.iter().map(|(verdict, seeds)| {
                let seeds: Vec<_> = seeds.iter().map(ToString::to_string).collect();
                format!("{} with {}", word(*verdict), seeds.join(" "))
            });
            format!("{rule}: {}", each.collect::<Vec<_>>().join("; "))
        };
        several.map(in_words).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_is_graded_otherwise_is_told_with_the_seeds() {
        let mut seen = Seen::default();
        for (seed, verdict) in [(1, Verdict::Pass), (2, Verdict::Fail), (3, Verdict::Pass)] {
            let of = |rule| seen.0.get(rule).cloned().unwrap_or_default();
            let (mut one, mut other) = (of("SB-01"), of("SB-02"));
            one.entry(verdict).or_default().push(seed);
            other.entry(Verdict::Pass).or_default().push(seed);
            seen.0.extend([("SB-01", one), ("SB-02", other)]);
        }
        assert_eq!(seen.different(), ["SB-01: pass with 1 3; fail with 2"]);
    }
}
