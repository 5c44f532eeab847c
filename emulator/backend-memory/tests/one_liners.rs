//! What users write in a shell, on the in-memory shell and on a real one.
//!
//! `shell/one_liners.toml` is the table. A difference that the table does not list fails, one that
//! it lists and that has gone fails too, and one that both shells call a success fails unless the
//! table says why nobody is misled.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

mod shell;

use shell::readme;
use shell::require::missing;
use shell::table::{OneLiner, read};
use shell::{compare, fake, reference};

/// What came of the one-liners that ran.
#[derive(Debug, Default)]
struct Count {
    alike: AtomicUsize,
    listed: AtomicUsize,
}

fn main() -> ExitCode {
    let table = read();
    let count = Arc::new(Count::default());
    let dash = reference::find().map(Arc::new);
    let mut trials = vec![
        Trial::test("the_table_has_at_least_150_one_liners", {
            let rows = table.len();
            move || if rows >= 150 { Ok(()) } else { Err(format!("only {rows}").into()) }
        }),
        Trial::test("the_readme_lists_every_difference", {
            let listed: Vec<String> = table.iter().filter_map(|row| row.differs.clone()).collect();
            move || Ok(readme::lists(&listed)?)
        }),
    ];
    trials.extend(table.into_iter().enumerate().map(|(index, row)| {
        let (count, dash) = (Arc::clone(&count), dash.clone());
        Trial::ignorable_test(name(index, &row.script), move || match dash {
            Ok(dash) => run(&row, &dash, &count),
            Err(why) => missing("dash", &why),
        })
    }));
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    let (alike, listed) = (count.alike.load(Ordering::SeqCst), count.listed.load(Ordering::SeqCst));
    println!(
        "one-liners: {} run on the fake and on dash, {alike} alike, {listed} listed",
        alike + listed
    );
    conclusion.exit_code()
}

fn run(row: &OneLiner, dash: &reference::Dash, count: &Count) -> Result<Completion, Failed> {
    let fake = fake::run(&row.script)?;
    let reference = dash.run(&row.script)?;
    let same = compare::judge(row, &fake, &reference)?;
    let counter = if same { &count.alike } else { &count.listed };
    counter.fetch_add(1, Ordering::SeqCst);
    Ok(Completion::Completed)
}

/// A short name that says which row it is.
fn name(index: usize, script: &str) -> String {
    let line = script.trim().lines().next().unwrap_or_default();
    let short: String = line.chars().take(60).collect();
    format!("{:03} {short}", index + 1)
}
