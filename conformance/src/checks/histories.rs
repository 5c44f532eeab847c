//! Several clients at once: what they are told has to be what calls one after another can be told.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::check::{Check, Outcome, Stop, Trial, check};
use crate::history::{
    Budget, Contradiction, Dice, History, Theme, Verdict, judge, keeps_used, record, write,
};
use crate::register;
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(
        uses_at_once_can_be_put_in_order,
        Commands,
        ["FS-OP-READ-FILE", "FS-OP-WRITE-FILE", "PROC-OP-EXECUTE", "STATE-USE-RUNNING"]
    ),
    check!(
        pauses_at_once_can_be_put_in_order,
        Commands,
        ["SB-PAUSE-01", "SB-PAUSE-02", "SB-PAUSE-05", "SB-PAUSE-09", "STATE-PAUSE-RUNNING"]
    ),
    check!(
        stops_and_starts_at_once_can_be_put_in_order,
        Commands,
        ["SB-STOP-01", "SB-START-01", "SB-START-02"]
    )
    .when(&[C::StopStart]),
    check!(
        deletes_at_once_can_be_put_in_order,
        Snapshots,
        ["SB-DEL-01", "SB-DEL-03", "STATE-DELETE-RUNNING", "STATE-SNAPSHOT-RUNNING"]
    )
    .live(3),
    check!(
        snapshots_at_once_can_be_put_in_order,
        Snapshots,
        [
            "SNAP-CREATE-01",
            "SNAP-CREATE-02",
            "SNAP-CREATE-04",
            "SNAP-CREATE-08",
            "SNAP-CREATE-10",
            "SNAP-REST-01",
            "SNAP-REST-02",
            "SNAP-DEL-01",
            "SNAP-DEL-02",
            "SNAP-DEL-03",
            "SNAP-DEL-04",
            "SNAP-LIST-01",
            "STATE-SNAPSHOT-RUNNING",
        ]
    )
    .live(3),
];

/// How much one history may cost to judge.
const BUDGET: Budget = Budget { steps: 300_000, time: Duration::from_secs(3) };

async fn uses_at_once_can_be_put_in_order(t: &Trial) -> Outcome {
    histories(t, Theme::Uses).await
}

async fn pauses_at_once_can_be_put_in_order(t: &Trial) -> Outcome {
    histories(t, Theme::Pauses).await
}

async fn stops_and_starts_at_once_can_be_put_in_order(t: &Trial) -> Outcome {
    histories(t, Theme::Stops).await
}

async fn deletes_at_once_can_be_put_in_order(t: &Trial) -> Outcome {
    histories(t, Theme::Deletes).await
}

async fn snapshots_at_once_can_be_put_in_order(t: &Trial) -> Outcome {
    histories(t, Theme::Snapshots).await
}

/// Records histories and judges each of them.
async fn histories(t: &Trial, theme: Theme) -> Outcome {
    let settings = &t.session.settings;
    if t.session.histories() == 0 {
        return Err(Stop::Unsupported("no concurrent histories were asked for (--histories 0)"));
    }
    let restore = *t.restore_paths().first().unwrap_or(&"/v1/snapshot/restore");
    let keeps = match theme {
        Theme::Snapshots => keeps_used(&t.session, restore).await.unwrap_or(false),
        _ => false,
    };
    let (mut exercised, mut broken) = (BTreeSet::new(), BTreeSet::new());
    let (mut judged, mut recorded, mut unanswered) = (0, 0, None);
    for round in 0..t.session.histories() {
        // Every check and every round goes another way, and all of them the same for one seed.
        let seed = settings.seed.wrapping_mul(1000) + u64::try_from(round).unwrap_or(0);
        let mut dice = Dice::new(seed ^ ((theme as u64) << 56));
        let plan = theme.plan(round, &mut dice, t.session.has(C::StopStart));
        let Some(mut found) = record(&t.session, restore, plan, t.check.live).await else {
            continue;
        };
        recorded += 1;
        found.history.keeps_used = keeps;
        t.keep(found.exchanges.clone());
        match judge(&found.history, BUDGET).verdict {
            Verdict::Ok => {
                judged += 1;
                exercised.extend(exercises(t.check, &found.history));
            }
            Verdict::Unknown => {}
            Verdict::Violation(contradiction) => {
                judged += 1;
                t.keep(found.exchanges.get(contradiction.last).cloned().into_iter().collect());
                broken.insert(tell(t, &found.history, &contradiction));
                break;
            }
        }
        if found.unanswered.is_some() {
            unanswered = found.unanswered;
            break;
        }
    }
    if let Some(request) = unanswered.filter(|_| broken.is_empty()) {
        return Err(Stop::Unanswered(request));
    }
    if judged == 0 {
        let what = if recorded == 0 { "recorded" } else { "judged within the budget" };
        return Err(Stop::Unprepared(format!("no history could be {what}")));
    }
    for rule in t.check.rules.iter().filter(|rule| !broken.contains(*rule)) {
        if exercised.contains(rule) {
            // One that the budget was not enough for is none that was judged.
            t.must(rule, format!("{judged} of {recorded} histories can be put in order"), true);
        } else {
            t.decided(rule, "no concurrent history came to it", true);
        }
    }
    Ok(())
}

/// The rules of a check about what was asked for and answered in a history.
fn exercises(check: &Check, history: &History) -> BTreeSet<&'static str> {
    let answered = history.calls.iter().filter(|call| call.answer.is_some());
    let words: BTreeSet<&str> = answered.map(|call| call.operation.word()).collect();
    let about = |rule: &&'static str| {
        let rule = register().get(rule);
        let scopes = rule.map_or(&[][..], |rule| &rule.operations);
        scopes.iter().any(|scope| words.iter().any(|word| scope.covers(word)))
    };
    check.rules.iter().copied().filter(about).collect()
}

/// Claims that a rule is broken, and gives it.
fn tell(t: &Trial, history: &History, found: &Contradiction) -> &'static str {
    let listed = t.check.rules.iter().find(|rule| **rule == found.rule);
    // A contradiction can turn up where another was looked for.
    let rule = listed.unwrap_or(&t.check.rules[0]);
    let about = if *rule == found.rule { String::new() } else { format!("; see {}", found.rule) };
    let place = write_down(t, history, found);
    let what = format!("{} (seed {}{about}{place})", found.words, history.seed);
    t.must(rule, what, false);
    rule
}

/// Leaves a history and its explanation, and says where.
fn write_down(t: &Trial, history: &History, found: &Contradiction) -> String {
    let Some(folder) = &t.session.settings.findings else { return String::new() };
    let base = folder.join(format!("{}-{}", t.session.prefix(), t.check.name.replace('_', "-")));
    let forms =
        [("json", write(history)), ("txt", format!("{} is broken. {}\n", found.rule, found.words))];
    let put = |(end, text): &(&str, String)| -> std::io::Result<PathBuf> {
        let path = base.with_extension(end);
        std::fs::write(&path, text)?;
        Ok(path)
    };
    if std::fs::create_dir_all(folder).is_err() || forms.iter().any(|form| put(form).is_err()) {
        return String::new();
    }
    format!("; {}.json, .txt", base.display())
}
