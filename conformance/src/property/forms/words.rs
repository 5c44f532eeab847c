//! A sequence in words.

use super::super::step::FILES;
use super::super::{Action, Contradiction, Step};
use super::request::{names, on};

/// What happened, in a paragraph.
pub(crate) fn words(steps: &[Step], found: &Contradiction) -> String {
    let names = names(steps);
    let told: Vec<String> = steps
        .iter()
        .map(|step| {
            let it = on(step, &names).replace('_', " ");
            let own = names.get(&step.label).cloned().unwrap_or_default().replace('_', " ");
            match step.action {
                Action::Create => format!("{own} is made"),
                Action::Restore => format!("{own} is restored from {it}"),
                Action::Snapshot { kill: false } => format!("{own} is taken of {it}"),
                Action::Snapshot { kill: true } => format!("{own} is taken of {it}, which it ends"),
                Action::SnapshotAgain { .. } => {
                    format!("a name that is taken is asked for on {it}")
                }
                Action::Write(file) => {
                    format!("step {} writes {} in {it}", step.label, FILES[file])
                }
                Action::Look => format!("{it} is looked at"),
                Action::Pause => format!("{it} is paused"),
                Action::Stop => format!("{it} is stopped"),
                Action::Start => format!("{it} is started"),
                Action::Delete => format!("{it} is deleted"),
                Action::DeleteSnapshot => format!("{it} is deleted"),
            }
        })
        .collect();
    let seen: String = found.seen.chars().take(120).collect();
    format!("{}. Then {}, but {} was seen.", capital(&told.join("; ")), found.wanted, seen)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
