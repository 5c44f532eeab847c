//! The program with virtual machines: what is missing, and what is left behind.

#[path = "persistence/client.rs"]
#[expect(dead_code, reason = "those of machines in memory look at more")]
mod client;
#[path = "support/emulator.rs"]
mod emulator;
#[path = "persistence/kills.rs"]
mod kills;
#[path = "persistence/lives.rs"]
mod lives;
#[path = "support/machines.rs"]
mod machines;
#[path = "support/require.rs"]
mod require;

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};
use leap0_backend_qemu::default_folder;
use leap0_guest_image::Cache;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use client::start_on;
use emulator::Emulator;
use kills::{Load, kill_again_and_again};

const FLAGS: [&str; 4] = ["--backend", "qemu", "--accel", "tcg"];

fn main() -> ExitCode {
    let trial = |name: &'static str, function: fn() -> Result<()>| {
        Trial::ignorable_test(name, move || match machines::image() {
            Ok(_) => match function() {
                Ok(()) => Ok(Completion::Completed),
                Err(error) => Err(Failed::from(format!("{error:#}"))),
            },
            Err(why) => require::missing("qemu", &why),
        })
    };
    let trials = vec![
        trial("without_qemu_its_package_is_named", without_qemu_its_package_is_named),
        trial(
            "an_emulator_that_is_killed_leaves_nothing",
            an_emulator_that_is_killed_leaves_nothing,
        ),
        trial("what_is_kept_outlives_an_end_that_was_asked_for", || {
            lives::asked_to_end(&FLAGS);
            Ok(())
        }),
        trial("what_is_kept_outlives_a_kill", || {
            lives::killed_while_running(&FLAGS);
            Ok(())
        }),
        trial("what_was_acknowledged_outlives_every_kill", || {
            let load = Load { machines: &FLAGS, kills: 2, clients: 2, most: 14 };
            kill_again_and_again(load.or_as_told_by("LEAP0_KILLS_QEMU"));
            Ok(())
        }),
        trial("a_folder_of_other_machines_is_refused", a_folder_of_other_machines_is_refused),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn without_qemu_its_package_is_named() -> Result<()> {
    let output = Command::new(env!("CARGO_BIN_EXE_leap0-emulator"))
        .args(["--listen", "127.0.0.1:0"])
        .args(FLAGS)
        .env("PATH", "/nowhere")
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(2), "{}: {said}", output.status);
    ensure!(
        said == "leap0-emulator: qemu-system-x86_64 is not installed: on Debian and Ubuntu it is \
                 in the package qemu-system-x86\n",
        "{said}"
    );
    Ok(())
}

fn a_folder_of_other_machines_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_str().context("UTF-8")?;
    drop(start_on(&FLAGS, "other-machines", folder.path()));
    let verbs: [&[&str]; 2] =
        [&["--listen", "127.0.0.1:0", "--data-dir", path], &["state", "export", path, "file"]];
    for words in verbs {
        let output = Command::new(env!("CARGO_BIN_EXE_leap0-emulator")).args(words).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(2), "{}: {said}", output.status);
        ensure!(said.contains("holds machines of the qemu back end"), "{said}");
    }
    Ok(())
}

fn an_emulator_that_is_killed_leaves_nothing() -> Result<()> {
    let emulator = Emulator::start("killed", &FLAGS)?;
    let created = Command::new("curl")
        .args(["-sS", "--fail", "--noproxy", "*", "-H", "authorization: Bearer k"])
        .args(["-d", r#"{"template_name":"system/debian:bookworm"}"#])
        .arg(format!("{}/v1/sandbox", emulator.environment("k")[0].1))
        .output()
        .context("curl")?;
    let answer = String::from_utf8_lossy(&created.stdout).into_owned();
    let id = answer.split('"').find(|word| word.starts_with("sbx-")).context(answer.clone())?;
    let machine = format!("leap0-{id}");
    ensure!(runs(&machine)?, "{machine} does not run");
    let cache = Cache::open(None)?;
    let folder = default_folder(cache.images().parent().context("the cache has a parent")?);
    let left = emulators_in(&folder.join("run"))?;
    // Dropping it is SIGKILL.
    drop(emulator);
    // The kernel ends the machine at once, which takes it a moment.
    while runs(&machine)? {
        std::thread::yield_now();
    }
    let _next = Emulator::start("after-the-killed", &FLAGS)?;
    let now = emulators_in(&folder.join("run"))?;
    ensure!(left.iter().any(|run| !now.contains(run)), "nothing of {left:?} was removed: {now:?}");
    Ok(())
}

/// Whether a QEMU of that name runs.
fn runs(name: &str) -> Result<bool> {
    for entry in fs::read_dir("/proc")?.flatten() {
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if command.split(|byte| *byte == 0).any(|word| word == name.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn emulators_in(folder: &std::path::Path) -> Result<Vec<String>> {
    let names = fs::read_dir(folder)?.flatten();
    Ok(names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}
