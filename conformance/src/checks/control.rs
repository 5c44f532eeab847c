//! CTL: the clock that a local server lets be moved, its failures on demand, and resets.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::check::{Check, Outcome, OwnWorld, Stop, Trial, check, meanwhile};
use crate::moment;
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(a_clock_does_as_it_is_told, Nothing, ["CTL-01"]).when(&[C::Clock]),
    check!(what_falls_due_happens_at_its_moment, Sandbox, ["CTL-02"])
        .when(&[C::Clock, C::Seconds])
        .live(3),
    check!(what_changes_falls_due_among_the_rest, Sandbox, ["CTL-02"])
        .when(&[C::Clock, C::Seconds, C::Transitions])
        .live(2),
    check!(a_reset_forgets_one_organisation, Commands, ["CTL-03"]).when(&[C::Clock]).live(2),
    check!(what_is_told_to_fail_fails_and_leaves_nothing, Snapshots, ["CTL-08"])
        .when(&[C::Clock, C::Faults])
        .live(2),
];

const HOUR: u64 = 3600;
/// How often something else is asked meanwhile.
const LOOKS: usize = 20;
/// How far from its moment something may be shown, in milliseconds: some tell times coarsely.
const NEAR: i64 = 60_000;

/// The moment that a clock shows, and whether it stands.
async fn shown(world: &OwnWorld<'_>) -> Outcome<(i64, String)> {
    let clock = world.clock().await?;
    let now = moment::parse(clock.text("now"))
        .ok_or_else(|| Stop::Unprepared(format!("the clock was answered {}", clock.brief())))?;
    Ok((now, clock.text("mode").to_owned()))
}

async fn a_clock_does_as_it_is_told(t: &Trial) -> Outcome {
    t.in_a_world(async |world| {
        let other = world.another();
        let before = shown(&other).await?.0;
        t.same("CTL-01", "a clock that nobody touched", &*shown(world).await?.1, "system");
        world.tell_the_clock(json!({ "action": "freeze" })).await?;
        let (stands, mode) = shown(world).await?;
        t.same("CTL-01", "a frozen clock", &*mode, "frozen");
        world.tell_the_clock(json!({ "action": "advance", "ms": 1500 })).await?;
        let (moved, mode) = shown(world).await?;
        t.same("CTL-01", "a frozen clock that was advanced", &*mode, "frozen");
        t.same("CTL-01", "how far it was advanced", &(moved - stands), &1500);

        let to = "2040-02-29T12:00:00.250Z";
        world.tell_the_clock(json!({ "action": "set", "to": to })).await?;
        let (set, mode) = shown(world).await?;
        t.same("CTL-01", "a clock that was set", &Some(set), &moment::parse(to));
        t.same("CTL-01", "a frozen clock that was set", &*mode, "frozen");
        let dated = world.trial.get("/v1/sandboxes").await?;
        let date = dated.header("date");
        let follows = date.is_empty() || date == "Wed, 29 Feb 2040 12:00:00 GMT";
        t.must("CTL-01", "an answer has the date of its organisation", follows);
        let back = "2001-01-01T00:00:00Z";
        world.tell_the_clock(json!({ "action": "set", "to": back })).await?;
        let set = shown(world).await?.0;
        t.same("CTL-01", "a clock that was set back", &Some(set), &moment::parse(back));

        world.tell_the_clock(json!({ "action": "resume" })).await?;
        t.same("CTL-01", "a resumed clock", &*shown(world).await?.1, "system");
        let goes = t.until(5, async || Ok(shown(world).await?.0 > set)).await?;
        t.must("CTL-01", "a resumed clock goes on", goes);
        let near = shown(world).await?.0 - set < 2 * NEAR;
        t.must("CTL-01", "a resumed clock goes on from where it stood", near);
        let untouched = shown(&other).await?;
        t.same("CTL-01", "the clock of another organisation", &*untouched.1, "system");
        let near = (0..2 * NEAR).contains(&(untouched.0 - before));
        t.must("CTL-01", "the clock of another organisation goes as ever", near);
        Ok(())
    })
    .await
}

/// When the state of a sandbox changed, if the list tells it.
fn changed(listed: &[Value], id: &str) -> Option<i64> {
    let item = listed.iter().find(|item| item["id"] == id)?;
    moment::parse(item["state_change_time"].as_str()?)
}

async fn what_falls_due_happens_at_its_moment(t: &Trial) -> Outcome {
    t.in_a_world(async |world| {
        let mut ids = Vec::new();
        for hours in 1..=3 {
            let fields = json!({ "timeout": hours * HOUR, "auto_pause": true });
            ids.push((hours, world.running(fields).await?));
        }
        world.tell_the_clock(json!({ "action": "freeze" })).await?;
        let begun = shown(world).await?.0;
        let (last, first) = ids.split_last().ok_or(Stop::Unsupported("nothing was made"))?;
        let due = |hours: u64| begun + i64::try_from(hours * HOUR * 1000).unwrap_or(i64::MAX);

        // On the way of an advance, and on that of a set.
        world
            .tell_the_clock(json!({ "action": "advance", "ms": (2 * HOUR + HOUR / 2) * 1000 }))
            .await?;
        let listed = world.listed().await?;
        for (hours, id) in first {
            t.same("CTL-02", "what fell due in an advance", &*world.state(id).await?, "paused");
            let near = changed(&listed, id).is_none_or(|at| (at - due(*hours)).abs() < NEAR);
            t.must("CTL-02", "it happened at its moment, within an advance", near);
        }
        t.same("CTL-02", "what was not due", &*world.state(&last.1).await?, "running");
        let (late, day) = (due(last.0) + 10 * NEAR, due(24));
        let at = |ms: i64| moment::rfc3339(u64::try_from(ms).unwrap_or(0));
        world.tell_the_clock(json!({ "action": "set", "to": at(late) })).await?;
        t.same("CTL-02", "what fell due in a set", &*world.state(&last.1).await?, "paused");
        let near = changed(&world.listed().await?, &last.1)
            .is_none_or(|at| (at - due(last.0)).abs() < NEAR);
        t.must("CTL-02", "it happened at its moment, within a set", near);

        world.tell_the_clock(json!({ "action": "set", "to": at(day) })).await?;
        let before = world.listed().await?;
        world.tell_the_clock(json!({ "action": "set", "to": at(begun) })).await?;
        t.same("CTL-02", "what a clock that is set back changes", &world.listed().await?, &before);
        Ok(())
    })
    .await
}

/// A change of state is under way when another sandbox times out: the clock stops between the two
/// ends.
async fn what_changes_falls_due_among_the_rest(t: &Trial) -> Outcome {
    t.in_a_world(async |world| {
        let times_out = world.running(json!({ "timeout": HOUR, "auto_pause": true })).await?;
        let is_paused = world.running(json!({ "timeout": 2 * HOUR })).await?;
        let listed = world.listed().await?;
        let item = listed.iter().find(|item| item["id"] == *times_out);
        let launched = item.and_then(|item| moment::parse(item["launch_time"].as_str()?));
        let Some(launched) = launched else {
            return Err(Stop::Unsupported("the target does not tell when a sandbox was launched"));
        };
        world.tell_the_clock(json!({ "action": "freeze" })).await?;
        let now = shown(world).await?.0;
        let due = launched + i64::try_from(HOUR * 1000).unwrap_or(i64::MAX);
        if (launched % 1000, now % 1000) == (0, 0) || due - now < NEAR {
            return Err(Stop::Unsupported("the target tells times too coarsely"));
        }
        // One millisecond before the timeout a pause begins, which ends after it.
        let advance = |ms: i64| json!({ "action": "advance", "ms": ms });
        world.tell_the_clock(advance(due - 1 - now)).await?;
        let none = json!({});
        let pause = world.post(&is_paused, "pause", &none);
        tokio::pin!(pause);
        let changes = async || Ok(world.state(&is_paused).await? != "running");
        if meanwhile(pause.as_mut(), changes).await?.is_some() {
            return Err(Stop::Unprepared("no pause was seen under way".to_owned()));
        }
        // Past the end of the pause, and not past that of the other one.
        let ended = async || {
            world.tell_the_clock(advance(1)).await?;
            Ok(world.state(&is_paused).await? == "paused")
        };
        t.until(60, ended).await?;
        let at = changed(&world.listed().await?, &times_out);
        let on_time = at.is_none_or(|at| at <= due + 1);
        t.must("CTL-02", "it timed out before the pause had ended", on_time);
        world.tell_the_clock(json!({ "action": "resume" })).await?;
        pause.await?;
        Ok(())
    })
    .await
}

async fn a_reset_forgets_one_organisation(t: &Trial) -> Outcome {
    t.in_a_world(async |world| {
        let other = world.another();
        let (id, kept) = (world.running(json!({})).await?, other.running(json!({})).await?);
        let dir = other.trial.workdir(&kept).await?;
        let file = format!("{dir}/f");
        other.trial.write(&kept, &file, b"kept").await?;
        world.trial.a_snapshot(&id, "here").await?;
        other.trial.a_snapshot(&kept, "there").await?;
        world.tell_the_clock(json!({ "action": "freeze" })).await?;
        t.same(
            "CTL-03",
            "what is counted before a reset",
            &world.counts().await?,
            &(1.into(), 1.into()),
        );

        let script = "echo up > up; while [ ! -e never ]; do sleep 0.1; done";
        let waits = world.trial.exec(&id, script);
        tokio::pin!(waits);
        let up = format!("{dir}/up");
        let runs = async || Ok(world.trial.read(&id, &up).await?.is_some());
        if let Some(answer) = meanwhile(waits.as_mut(), runs).await? {
            let why = format!("a command that waits was answered {}", answer.brief());
            return Err(Stop::Unprepared(why));
        }
        let answer = world.reset().await?;
        t.status("CTL-03", &answer, 204);
        let patience = t.session.settings.until_patience;
        let ended = tokio::time::timeout(patience, waits).await;
        t.must("CTL-03", "a command that ran has an answer", matches!(ended, Ok(Ok(_))));

        t.same("CTL-03", "the state of a forgotten sandbox", &*world.state(&id).await?, "gone");
        for path in ["/v1/sandboxes", "/v1/snapshots"] {
            t.same("CTL-03", path, &world.items(path).await?, &Vec::<Value>::new());
        }
        t.same("CTL-03", "what is counted after it", &world.counts().await?, &(0.into(), 0.into()));
        t.same("CTL-03", "the clock after it", &*shown(world).await?.1, "system");
        t.same(
            "CTL-03",
            "what another organisation has",
            &other.counts().await?,
            &(1.into(), 1.into()),
        );
        let text = other.trial.read(&kept, &file).await?;
        t.same("CTL-03", "a file of another organisation", &text.as_deref(), &Some("kept"));
        Ok(())
    })
    .await
}

async fn what_is_told_to_fail_fails_and_leaves_nothing(t: &Trial) -> Outcome {
    const RULE: &str = "CTL-08";
    t.in_a_world(async |world| {
        let id = world.running(json!({})).await?;
        let file = format!("{}/f", world.trial.workdir(&id).await?);
        world.trial.write(&id, &file, b"kept").await?;
        let template = json!({ "template_name": t.session.template() });
        let (of, none) = (|what: &str| format!("/v1/sandbox/{id}/{what}"), json!({}));
        let named = json!({ "name": "free" });
        let fails = async |operation: &str, point: &str, path: &str, body: &Value| -> Outcome {
            world.fail(json!([{ "operation": operation, "first": 1, "fail": point }])).await?;
            t.status(RULE, &world.trial.post(path, body.clone()).await?, 503);
            Ok(())
        };

        for (operation, point, body) in [
            ("snapshot/create", "before-copy", &named),
            ("snapshot/create", "before-commit", &named),
            ("sandbox/pause", "before-copy", &none),
        ] {
            let path = of(operation.trim_start_matches("sandbox/"));
            fails(operation, point, &path, body).await?;
            let after = world.state(&id).await?;
            t.same(RULE, "the source of what failed", &*after, "running");
            let text = world.trial.read(&id, &file).await?;
            t.same(RULE, "a file of it", &text.as_deref(), &Some("kept"));
            let stored = world.items("/v1/snapshots").await?.len();
            t.same(RULE, "how many snapshots that has stored", &stored, &0);
        }
        let again = world.trial.post(of("snapshot/create"), named.clone()).await?;
        t.status(RULE, &again, 201);
        fails("sandbox/create", "before-ready", "/v1/sandbox", &template).await?;
        if let Some(path) = t.restore_paths().first() {
            let operation = path.trim_start_matches("/v1/");
            fails(operation, "before-ready", path, &json!({ "snapshot_name": "free" })).await?;
        }
        let there = world.listed().await?.len();
        t.same(RULE, "how many sandboxes there are after launches that failed", &there, &1);

        world.trial.change(&id, "pause").await?;
        let exists = json!({ "path": file });
        fails("filesystem/exists", "before-ready", &of("filesystem/exists"), &exists).await?;
        let after = world.until(&id, "paused").await?;
        t.must(RULE, "what was paused is, after a resume that failed", after);
        let next = world.trial.post(of("filesystem/exists"), exists).await?;
        t.must(RULE, "the next use resumes it", next.json["exists"] == true);
        if t.session.has(C::StopStart) {
            world.trial.change(&id, "stop").await?;
            fails("sandbox/start", "before-ready", &of("start"), &none).await?;
            let after = world.until(&id, "stopped").await?;
            t.must(RULE, "what was stopped is, after a start that failed", after);
            world.trial.change(&id, "start").await?;
        }
        let text = world.trial.read(&id, &file).await?;
        t.same(RULE, "a file after all of it", &text.as_deref(), &Some("kept"));

        let answer = json!({ "status": 418, "retry_after": 7 });
        world.fail(json!([{ "operation": "sandbox/list", "first": 1, "answer": answer }])).await?;
        let told = world.trial.get("/v1/sandboxes").await?;
        t.status(RULE, &told, 418);
        t.same(RULE, "its Retry-After", told.header("retry-after"), "7");
        t.status(RULE, &world.trial.get("/v1/sandboxes").await?, 200);

        // A delay is one of the organisation's clock.
        let delay = json!({ "operation": "sandbox/list", "first": 1, "delay_ms": 60_000 });
        world.fail(json!([delay])).await?;
        world.tell_the_clock(json!({ "action": "freeze" })).await?;
        let late = world.trial.get("/v1/sandboxes");
        tokio::pin!(late);
        let looks = AtomicUsize::new(0);
        let often = async || {
            world.state(&id).await?;
            Ok(looks.fetch_add(1, Ordering::Relaxed) == LOOKS)
        };
        let early = meanwhile(late.as_mut(), often).await?;
        t.must(RULE, "what is told to take longer does, while the clock stands", early.is_none());
        world.tell_the_clock(json!({ "action": "advance", "ms": 60_000 })).await?;
        let answer = match early {
            Some(answer) => answer,
            None => late.await?,
        };
        t.status(RULE, &answer, 200);
        Ok(())
    })
    .await
}
