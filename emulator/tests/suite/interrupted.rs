//! Ctrl-C at moments that nobody chose: the suite takes away what it made.
//!
//! A moment is a number of requests. They pass through a relay of this process, which interrupts
//! the suite between two of them.

use std::fs;
use std::process::Stdio;

use anyhow::{Result, ensure};
use libtest_mimic::Trial;

use crate::emulator::Emulator;
use crate::process::{OTHER_KEY, suite};
use crate::relay::{Relay, get};
use crate::trial;

/// How many moments there are.
const MOMENTS: u64 = 10;
/// Where they come from: another number gives others.
const SEED: u64 = 0x1EA9_0001;
/// The requests that a run has at least, generated sequences included.
const REQUESTS: u64 = 2000;

pub(crate) fn trials() -> Vec<Trial> {
    let random = (1..=MOMENTS).map(|place| {
        let request = 1 + scattered(SEED + place) % REQUESTS;
        trial(&format!("interrupted_at_request_{request}_it_leaves_nothing"), move || {
            leaves_nothing(&format!("interrupted-{request}"), move |count, _| count == request)
        })
    });
    // What belongs to another organisation is made once only, which hardly a random moment meets.
    let elsewhere = trial("interrupted_in_another_organisation_it_leaves_nothing", || {
        leaves_nothing("interrupted-elsewhere", |_, head| {
            head.starts_with("POST /v1/sandbox HTTP") && head.contains(OTHER_KEY)
        })
    });
    random.chain([elsewhere]).collect()
}

/// A number that is a long way from that of the next seed (`SplitMix64`).
fn scattered(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Runs the suite, and interrupts it before the first request that is the moment: a count from 1,
/// and the head of the request.
fn leaves_nothing(
    name: &str,
    moment: impl Fn(u64, &str) -> bool + Send + Sync + 'static,
) -> Result<()> {
    let emulator = Emulator::start(name, &[])?;
    let url = emulator.environment("")[0].1;
    let folder = tempfile::tempdir()?;
    let relay = Relay::start(url, moment)?;
    let mut command = suite(&relay.url, name, "", "", folder.path());
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    relay.interrupts(child.id());
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(relay.has_interrupted(), "the moment never came; {}: {said}", output.status);
    ensure!(output.status.code() == Some(2), "{}: {said}", output.status);
    ensure!(said.lines().last() == Some("leap0-conformance: interrupted"), "{said}");
    for key in [name, OTHER_KEY] {
        for list in ["sandboxes", "snapshots"] {
            let left = get(url, &format!("/v1/{list}?page-size=100"), key)?;
            ensure!(left.contains("\"total_items\":0"), "{list} of {key}: {left}\n{said}");
        }
    }
    let journals = fs::read_dir(folder.path().join("leap0-conformance"))?.count();
    ensure!(journals == 0, "{journals} journals are left");
    Ok(())
}
