//! SB-TMO: what happens at the end of a sandbox's time.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::listed;
use crate::check::{Check, Outcome, Sandbox, Stop, Trial, check};
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(a_sandbox_pauses_at_its_timeout, Commands, ["SB-TMO-02", "SB-CREATE-09"]),
    check!(a_sandbox_does_not_run_on_after_its_timeout, Sandbox, ["SB-TMO-03"]),
    check!(a_restored_sandbox_has_its_own_timeout, Snapshots, ["SB-TMO-02", "SB-TMO-03"]),
    check!(a_timeout_is_a_fixed_moment, Sandbox, ["SB-TMO-01", "SB-GET-03"]),
    check!(a_timeout_is_not_early, Sandbox, ["SB-TMO-01", "SB-TMO-02"]),
    check!(a_timeout_waits_for_a_capture, Snapshots, ["SB-TMO-04"]).when(&[C::Transitions]),
    check!(a_paused_sandbox_has_no_timeout, Commands, ["SB-TMO-05", "SB-PAUSE-08"]),
];

/// The shortest timeout that targets are asked for, in seconds.
const SHORT: u64 = 2;
/// How much later than asked for a timeout may act, in seconds.
const LATE: u64 = 30;

/// Fields that ask for a short timeout, and what it is in seconds.
fn short(t: &Trial) -> Outcome<(Value, u64)> {
    if t.session.has(C::Seconds) {
        Ok((json!({ "timeout": SHORT }), SHORT))
    } else if t.session.settings.until_patience.as_secs() > 60 {
        Ok((json!({"timeout_min": 1}), 60))
    } else {
        Err(Stop::Unsupported("the target has no timeout of less than a minute"))
    }
}

/// A sandbox that times out soon, or within a minute where the target allows no less.
async fn short_lived(t: &Trial, auto_pause: bool) -> Outcome<(Sandbox, u64)> {
    let (mut fields, mut seconds) = short(t)?;
    fields["auto_pause"] = json!(auto_pause);
    let template = t.session.template().to_owned();
    fields["template_name"] = json!(template);
    let mut answer = t.create_raw(fields.clone()).await?;
    if answer.status == 400 {
        seconds = 60;
        fields["timeout"] = json!(seconds);
        answer = t.create_raw(fields).await?;
    }
    if !answer.ok() {
        return Err(Stop::Unprepared(format!("a short timeout: {}", answer.brief())));
    }
    Ok((t.running(&answer).await?, seconds))
}

/// Waits for a state other than `running`, through those on the way.
async fn after_timeout(t: &Trial, id: &str, seconds: u64) -> Outcome<String> {
    let passing = ["running", "snapshotting", "deleting", "stopping"];
    t.until(seconds + LATE, async || Ok(!passing.contains(&&*t.state(id).await?))).await?;
    t.state(id).await
}

async fn a_sandbox_pauses_at_its_timeout(t: &Trial) -> Outcome {
    let (sandbox, seconds) = short_lived(t, true).await?;
    t.sh(&sandbox.id, "echo disk > /tmp/d; echo memory > /dev/shm/m").await?;
    let state = after_timeout(t, &sandbox.id, seconds).await?;
    for rule in ["SB-TMO-02", "SB-CREATE-09"] {
        t.same(rule, "the state after the timeout", &*state, "paused");
    }
    if state == "paused" {
        let seen = t.exec(&sandbox.id, "cat /tmp/d /dev/shm/m").await?;
        t.same("SB-CREATE-09", "what it holds then", seen.printed(), "disk\nmemory\n");
        let listed = t.get(format!("/v1/snapshots?query={}", sandbox.id)).await?;
        let none = listed.json["items"].as_array().is_some_and(Vec::is_empty);
        t.decided("SB-CREATE-09", "what is saved for it is in no list", none);
    }
    Ok(())
}

async fn a_sandbox_does_not_run_on_after_its_timeout(t: &Trial) -> Outcome {
    let (sandbox, seconds) = short_lived(t, false).await?;
    let state = after_timeout(t, &sandbox.id, seconds).await?;
    t.must("SB-TMO-03", "it does not run after its timeout", state != "running");
    t.decided("SB-TMO-03", "it is deleted", state == "gone");
    Ok(())
}

async fn a_restored_sandbox_has_its_own_timeout(t: &Trial) -> Outcome {
    let source = t.sandbox().await?;
    let name = t.name();
    t.a_snapshot(&source.id, &name).await?;
    t.remove(&source.id).await?;
    for (auto_pause, rule) in [(true, "SB-TMO-02"), (false, "SB-TMO-03")] {
        let (mut fields, seconds) = short(t)?;
        fields["auto_pause"] = json!(auto_pause);
        let answer = t.restore_with(&name, fields).await?;
        if !answer.ok() {
            return Err(Stop::Unprepared(format!("a short timeout: {}", answer.brief())));
        }
        let copy = t.running(&answer).await?;
        let state = after_timeout(t, &copy.id, seconds).await?;
        if auto_pause {
            t.same(rule, "the state after the timeout", &*state, "paused");
            t.session.remove_sandbox(&copy.id).await;
        } else {
            t.must(rule, "it does not run after its timeout", state != "running");
        }
    }
    Ok(())
}

async fn a_timeout_is_a_fixed_moment(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let first = listed(t, &sandbox.id).await?["timeout_at"].clone();
    if !first.is_u64() {
        return Err(Stop::Unsupported("the target does not tell timeout_at"));
    }
    // Long enough for whole seconds to differ.
    let begun = Instant::now();
    let waited = t.until(5, async || Ok(begun.elapsed().as_millis() > 1100)).await?;
    t.post(sandbox.path("filesystem/exists"), json!({"path": "/"})).await?;
    let used = listed(t, &sandbox.id).await?["timeout_at"].clone();
    t.must("SB-TMO-01", "timeout_at stays when it is used", waited && used == first);
    t.get(sandbox.path("")).await?;
    let read = listed(t, &sandbox.id).await?["timeout_at"].clone();
    t.decided("SB-GET-03", "timeout_at stays when it is read", read == first);
    Ok(())
}

async fn a_timeout_is_not_early(t: &Trial) -> Outcome {
    let (sandbox, seconds) = short_lived(t, true).await?;
    let begun = Instant::now();
    // Half of its time after it was seen running it runs for certain.
    let half = u128::from(seconds) * 500;
    let mut early = false;
    while begun.elapsed().as_millis() < half {
        let at = begun.elapsed().as_millis();
        early |= t.state(&sandbox.id).await? != "running" && at < half;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    t.must("SB-TMO-01", "it runs until its timeout", !early);
    let state = after_timeout(t, &sandbox.id, seconds).await?;
    t.must("SB-TMO-02", "its timeout acts", state == "paused");
    Ok(())
}

/// How often a timeout is made to fall into a capture: it may fall between two.
const ROUNDS: usize = 3;

/// How long before the end of its time captures of a sandbox begin, in milliseconds.
const AHEAD: u128 = 800;

async fn a_timeout_waits_for_a_capture(t: &Trial) -> Outcome {
    let mut whole = false;
    for _ in 0..ROUNDS {
        let (sandbox, seconds) = short_lived(t, false).await?;
        let begun = Instant::now();
        let soon = u128::from(seconds) * 1000 - AHEAD;
        t.until(seconds + 5, async || Ok(begun.elapsed().as_millis() > soon)).await?;
        // One capture after another until it has ended: its time is over during one of them.
        let (mut taken, mut cut) = (Vec::new(), false);
        while t.state(&sandbox.id).await? == "running" {
            let answer = t.snapshot(&sandbox.id, json!({ "name": t.name() })).await?;
            cut |= answer.status != 201;
            taken.push(answer);
            if begun.elapsed().as_secs() > seconds + LATE {
                return Err(Stop::Unprepared("its time was never over".to_owned()));
            }
        }
        let mut stored = !taken.is_empty();
        for answer in taken.iter().filter(|answer| answer.ok()) {
            let list = t.get(format!("/v1/snapshots?query={}", answer.text("name"))).await?;
            stored &= list.json["items"][0]["id"] == answer.json["id"];
        }
        whole = stored && !cut;
        if whole {
            break;
        }
    }
    t.decided("SB-TMO-04", "the capture that a timeout falls into is stored", whole);
    Ok(())
}

async fn a_paused_sandbox_has_no_timeout(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let before = listed(t, &sandbox.id).await?["timeout_at"].as_u64();
    t.change(&sandbox.id, "pause").await?;
    let paused = listed(t, &sandbox.id).await?;
    t.decided("SB-TMO-05", "timeout_at is left out", paused["timeout_at"].is_null());
    let begun = Instant::now();
    t.until(5, async || Ok(begun.elapsed().as_millis() > 1100)).await?;
    t.sh(&sandbox.id, "true").await?;
    let after = listed(t, &sandbox.id).await?["timeout_at"].as_u64();
    let anew = after.zip(before).is_some_and(|(after, before)| after > before);
    t.decided("SB-PAUSE-08", "the timeout is counted anew after a resume", anew);
    Ok(())
}
