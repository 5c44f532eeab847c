//! The stories of `scenarios/`, told to the emulator's binary: what is asked and answered is kept
//! in `scenarios/transcripts/`, and is the same whatever sandboxes are made of.
//!
//! `cargo insta review` shows what is different and takes it over.

#[path = "support/emulator.rs"]
mod emulator;
#[path = "support/machines.rs"]
mod machines;
#[path = "support/require.rs"]
mod require;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use leap0_conformance::RunOptions;
use leap0_conformance::commands::{Told, tell};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use emulator::Emulator;

const STORIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");

/// One emulator for all stories, each of which has a key and so an organisation of its own.
struct Stage {
    name: &'static str,
    flags: &'static [&'static str],
    emulator: OnceLock<Result<Emulator>>,
}

impl Stage {
    fn new(name: &'static str, flags: &'static [&'static str]) -> Arc<Self> {
        Arc::new(Self { name, flags, emulator: OnceLock::new() })
    }

    fn emulator(&self) -> Result<&Emulator> {
        let start = || Emulator::start(&format!("stories-{}", self.name), self.flags);
        self.emulator.get_or_init(start).as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))
    }
}

fn main() -> ExitCode {
    let memory = Stage::new("memory", &[]);
    let qemu = Stage::new("qemu", &["--backend", "qemu", "--accel", "tcg"]);
    let stories = files_in(STORIES, "toml");
    let mut trials = vec![Trial::test("every_transcript_is_of_a_story", || {
        every_transcript_is_of_a_story().map_err(|error| Failed::from(format!("{error:#}")))
    })];
    for story in &stories {
        let (name, path, stage) = (stem(story), story.clone(), Arc::clone(&memory));
        trials.push(Trial::ignorable_test(format!("memory::{name}"), move || told(&stage, &path)));
        let (path, stage) = (story.clone(), Arc::clone(&qemu));
        trials.push(Trial::ignorable_test(
            format!("qemu::{name}"),
            move || match machines::image() {
                Ok(_) => told(&stage, &path),
                Err(why) => require::missing("qemu", &why),
            },
        ));
    }
    let code = libtest_mimic::run(&Arguments::from_args(), trials).exit_code();
    // The emulators end with their stages, of which these are the last.
    drop((memory, qemu));
    code
}

/// Tells a story and compares its transcript with the one that is kept.
fn told(stage: &Stage, path: &Path) -> Result<Completion, Failed> {
    let story = stem(path);
    let said = tell_on(stage, path).map_err(|error| format!("{error:#}"))?;
    let transcript = match said {
        Told::AsTold(transcript) => transcript,
        Told::Otherwise(transcript) => return Err(transcript.into()),
        // What a back end lacks is seen; in memory nothing is to be lacking.
        Told::Skipped(why) if stage.name == "memory" => return Err(why.into()),
        Told::Skipped(why) => {
            eprintln!("skipped: {why}");
            return Ok(Completion::ignored_with(why));
        }
    };
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../scenarios/transcripts");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(story, transcript));
    Ok(Completion::Completed)
}

fn tell_on(stage: &Stage, path: &Path) -> Result<Told> {
    let url = stage.emulator()?.environment("")[0].1.to_owned();
    let runtime = tokio::runtime::Runtime::new().context("cannot start a runtime")?;
    let mut options = RunOptions::new(&url, &stem(path));
    // A machine takes seconds for what is done in memory at once, and longer on a busy host.
    options.patience = Duration::from_mins(3);
    runtime.block_on(tell(path, options)).context("cannot tell the story")
}

fn every_transcript_is_of_a_story() -> Result<()> {
    let stories: Vec<_> = files_in(STORIES, "toml").iter().map(|path| stem(path)).collect();
    let kept = files_in(&format!("{STORIES}/transcripts"), "snap");
    ensure!(!stories.is_empty(), "there are no stories in {STORIES}");
    for transcript in kept {
        ensure!(stories.contains(&stem(&transcript)), "{} has no story", transcript.display());
    }
    Ok(())
}

fn files_in(folder: &str, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == end))
        .collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
