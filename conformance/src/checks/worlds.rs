//! CTL: organisations that are forked, exported and imported.

use serde_json::{Value, json};

use crate::check::{Check, Outcome, OwnWorld, Stop, Trial, check, meanwhile};
use crate::moment;
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(a_fork_has_everything_and_shares_nothing, Snapshots, ["CTL-04"])
        .when(&[C::Clock, C::Worlds, C::Seconds])
        .live(3),
    check!(a_command_stays_where_it_is_in_a_fork, Commands, ["CTL-04"])
        .when(&[C::Clock, C::Worlds]),
    check!(only_an_empty_organisation_becomes_another, Snapshots, ["CTL-05"])
        .when(&[C::Clock, C::Worlds])
        .live(2),
    check!(what_is_in_transition_is_not_forked, Sandbox, ["CTL-05"]).when(&[
        C::Clock,
        C::Worlds,
        C::Transitions,
    ]),
    check!(what_was_exported_is_imported, Snapshots, ["CTL-06"])
        .when(&[C::Clock, C::Worlds, C::Seconds])
        .live(3),
    check!(what_was_tampered_with_is_not_imported, Snapshots, ["CTL-07"])
        .when(&[C::Clock, C::Worlds]),
];

const HOUR: u64 = 3600;

/// A world with something of everything.
pub(super) struct Furnished {
    /// It runs.
    pub(super) running: String,
    /// It is paused.
    pub(super) paused: String,
    /// It is stopped, where sandboxes can be.
    pub(super) stopped: Option<String>,
    /// The snapshot of the first, and its name.
    pub(super) snapshot: String,
    pub(super) name: String,
    /// A file on the disk of each, with its state in it.
    pub(super) disk: String,
}

/// A file in memory of what runs and what is paused.
pub(super) const MEMORY: &str = "/dev/shm/f";

/// Puts something of everything into a world.
pub(super) async fn furnish(world: &Trial) -> Outcome<Furnished> {
    let mut ids = Vec::new();
    let mut disk = String::new();
    for state in ["running", "paused", "stopped"] {
        if state == "stopped" && !world.session.has(C::StopStart) {
            continue;
        }
        let id = world.sandbox_with(json!({ "timeout": HOUR })).await?.id;
        disk = format!("{}/f", world.workdir(&id).await?);
        world.write(&id, &disk, state.as_bytes()).await?;
        world.write(&id, MEMORY, b"memory").await?;
        match state {
            "paused" => drop(world.change(&id, "pause").await?),
            "stopped" => drop(world.change(&id, "stop").await?),
            _ => {}
        }
        ids.push(id);
    }
    let [running, paused, ..] = &*ids else { return Err(Stop::Unsupported("nothing was made")) };
    let name = world.name();
    let snapshot = world.a_snapshot(running, &name).await?;
    let (running, paused, stopped) = (running.clone(), paused.clone(), ids.get(2).cloned());
    Ok(Furnished { running, paused, stopped, snapshot, name, disk })
}

/// The lists of a world, in an order of their own, without the moments that a clock may move.
async fn lists(world: &OwnWorld<'_>) -> Outcome<Vec<Value>> {
    let mut all = world.listed().await?;
    all.extend(world.items("/v1/snapshots").await?);
    for item in &mut all {
        if let Some(item) = item.as_object_mut() {
            item.remove("timeout_at");
        }
    }
    all.sort_by_key(|item| item["id"].to_string());
    Ok(all)
}

/// Claims that everything furnished is there and can be used; leaves nothing but the first.
pub(super) async fn is_all_there(
    t: &Trial,
    world: &Trial,
    rule: &'static str,
    furnished: &Furnished,
) -> Outcome {
    let Furnished { running, paused, stopped, snapshot, name, disk } = furnished;
    for (id, state) in [(running, "running"), (paused, "paused")] {
        let text = world.read(id, disk).await?;
        t.same(rule, "a file on the disk", &text.as_deref(), &Some(state));
        let text = world.read(id, MEMORY).await?;
        t.same(rule, "a file in memory", &text.as_deref(), &Some("memory"));
    }
    world.remove(paused).await?;
    if let Some(id) = stopped {
        t.same(rule, "a stopped sandbox", &*world.state(id).await?, "stopped");
        world.change(id, "start").await?;
        let text = world.read(id, disk).await?;
        t.same(rule, "a file of what was stopped", &text.as_deref(), &Some("stopped"));
        let text = world.read(id, MEMORY).await?;
        t.same(rule, "memory of what was stopped", &text.as_deref(), &None);
        world.remove(id).await?;
    }
    let taken = world.snapshot(running, json!({ "name": name })).await?;
    t.same(rule, "what a name that is taken is answered", &taken.status, &409);
    let copy = world.a_copy(name).await?;
    for (file, wanted) in [(&**disk, "running"), (MEMORY, "memory")] {
        let text = world.read(&copy.id, file).await?;
        t.same(rule, "a file of a copy of the snapshot", &text.as_deref(), &Some(wanted));
    }
    world.remove(&copy.id).await?;
    let gone = world.delete(format!("/v1/snapshot/{snapshot}")).await?;
    t.must(rule, "the snapshot is deleted by its id", gone.ok());
    Ok(())
}

async fn a_fork_has_everything_and_shares_nothing(t: &Trial) -> Outcome {
    const RULE: &str = "CTL-04";
    t.in_a_world(async |world| {
        let furnished = furnish(&world.trial).await?;
        let (fork, short) = (world.another(), world.another());
        let before = lists(world).await?;
        t.status(RULE, &world.fork(&fork).await?, 204);
        t.same(RULE, "what a fork lists", &lists(&fork).await?, &before);
        t.same(RULE, "what a fork counts", &fork.counts().await?, &world.counts().await?);
        // One that ends at once takes nothing with it.
        t.status(RULE, &world.fork(&short).await?, 204);
        short.reset().await?;

        let (here, there) = (&world.trial, &fork.trial);
        let Furnished { running, disk, .. } = &furnished;
        there.write(running, disk, b"fork").await?;
        there.write(running, MEMORY, b"fork").await?;
        let text = here.read(running, disk).await?;
        t.same(RULE, "a file that was written in a fork", &text.as_deref(), &Some("running"));
        there.write(running, disk, b"running").await?;
        there.write(running, MEMORY, b"memory").await?;
        here.write(running, disk, b"here").await?;
        is_all_there(t, there, RULE, &furnished).await?;
        there.remove(running).await?;
        here.write(running, disk, b"running").await?;
        t.same(RULE, "what the original lists", &lists(world).await?.len(), &before.len());
        let one_more = world.another();
        t.status(RULE, &world.fork(&one_more).await?, 204);
        fork.reset().await?;
        is_all_there(t, here, RULE, &furnished).await?;
        // And it goes on without the one that it was made of.
        world.reset().await?;
        is_all_there(t, &one_more.trial, RULE, &furnished).await
    })
    .await
}

async fn a_command_stays_where_it_is_in_a_fork(t: &Trial) -> Outcome {
    const RULE: &str = "CTL-04";
    t.in_a_world(async |world| {
        let id = world.running(json!({})).await?;
        let dir = world.trial.workdir(&id).await?;
        let at = |name: &str| format!("{dir}/{name}");
        let (here, fork) = (&world.trial, world.another());
        let script = format!(
            "echo up > {}; while [ ! -e {} ]; do sleep 0.1; done; echo done > {}",
            at("up"),
            at("go"),
            at("done")
        );
        let (waits, up) = (here.exec(&id, &script), at("up"));
        tokio::pin!(waits);
        let runs = async || Ok(here.read(&id, &up).await?.is_some());
        if let Some(answer) = meanwhile(waits.as_mut(), runs).await? {
            let why = format!("a command that waits was answered {}", answer.brief());
            return Err(Stop::Unprepared(why));
        }
        t.status(RULE, &world.fork(&fork).await?, 204);
        fork.trial.write(&id, &at("go"), b"").await?;
        let text = here.read(&id, &at("go")).await?;
        t.same(RULE, "what a fork writes for a command", &text.as_deref(), &None);
        here.write(&id, &at("go"), b"").await?;
        t.status(RULE, &waits.await?, 200);
        let text = here.read(&id, &at("done")).await?;
        t.same(RULE, "what the command did", &text.as_deref().map(str::trim), &Some("done"));
        let text = fork.trial.read(&id, &at("done")).await?;
        t.same(RULE, "what it did in the fork", &text.as_deref(), &None);
        Ok(())
    })
    .await
}

async fn only_an_empty_organisation_becomes_another(t: &Trial) -> Outcome {
    const RULE: &str = "CTL-05";
    t.in_a_world(async |world| {
        let id = world.running(json!({})).await?;
        world.trial.a_snapshot(&id, "of-it").await?;
        let exported = world.export().await?;
        let other = world.another();
        let theirs = other.running(json!({})).await?;
        let snapshot = other.trial.a_snapshot(&theirs, "of-theirs").await?;
        t.status(RULE, &world.fork(world).await?, 409);
        let tries = async |what: &str| -> Outcome {
            for answer in [world.fork(&other).await?, other.import(&exported.json).await?] {
                t.same(RULE, what, &answer.status, &409);
            }
            Ok(())
        };
        tries("an organisation with a sandbox and a snapshot").await?;
        other.trial.remove(&theirs).await?;
        tries("an organisation with a snapshot").await?;
        let restored = other.trial.a_copy("of-theirs").await?;
        other.trial.change(&restored.id, "pause").await?;
        other.trial.delete(format!("/v1/snapshot/{snapshot}")).await?;
        tries("an organisation with a sandbox").await?;
        let counted = (other.counts().await?, other.state(&restored.id).await?);
        let wanted = ((1.into(), 0.into()), "paused".to_owned());
        t.same(RULE, "what such an organisation has after that", &counted, &wanted);
        other.trial.remove(&restored.id).await?;
        t.status(RULE, &world.fork(&other).await?, 204);
        Ok(())
    })
    .await
}

async fn what_is_in_transition_is_not_forked(t: &Trial) -> Outcome {
    const RULE: &str = "CTL-05";
    t.in_a_world(async |world| {
        let id = world.running(json!({})).await?;
        let other = world.another();
        // It does not end before the clock is moved, or takes as long as it takes.
        world.tell_the_clock(json!({ "action": "freeze" })).await?;
        let none = json!({});
        let pause = world.post(&id, "pause", &none);
        tokio::pin!(pause);
        let changes = async || Ok(world.state(&id).await? != "running");
        if meanwhile(pause.as_mut(), changes).await?.is_some() {
            return Err(Stop::Unprepared("no pause was seen under way".to_owned()));
        }
        let (refused, still) = (world.fork(&other).await?, world.state(&id).await?);
        if still == "paused" {
            return Err(Stop::Unprepared("a pause ended too early to be forked".to_owned()));
        }
        t.status(RULE, &refused, 409);
        world.advance(HOUR / 60).await?;
        pause.await?;
        world.until(&id, "paused").await?;
        t.status(RULE, &world.fork(&other).await?, 204);
        Ok(())
    })
    .await
}

/// How long a sandbox has to live, in milliseconds, if the list tells.
async fn left(world: &OwnWorld<'_>, id: &str) -> Outcome<Option<i64>> {
    let listed = world.listed().await?;
    let item = listed.iter().find(|item| item["id"] == id);
    let at = item.and_then(|item| item["timeout_at"].as_i64());
    let now = moment::parse(world.clock().await?.text("now"));
    Ok(at.zip(now).map(|(at, now)| at * 1000 - now))
}

async fn what_was_exported_is_imported(t: &Trial) -> Outcome {
    const RULE: &str = "CTL-06";
    const NEAR: i64 = 20_000;
    t.in_a_world(async |world| {
        let furnished = furnish(&world.trial).await?;
        world.advance(HOUR / 2).await?;
        let (before, had) = (lists(world).await?, left(world, &furnished.running).await?);
        let (again, frozen) = (world.another(), world.another());
        let exported = world.export().await?;
        t.must(RULE, "what is exported is JSON", exported.ok() && exported.json.is_object());
        let imported = again.import(&exported.json).await?;
        t.must(RULE, "it can be imported", imported.ok());
        t.same(RULE, "what is listed", &lists(&again).await?, &before);
        t.same(RULE, "what is counted", &again.counts().await?, &world.counts().await?);
        let has = left(&again, &furnished.running).await?;
        let near = had.zip(has).is_none_or(|(had, has)| (had - has).abs() < NEAR);
        t.must(RULE, "what runs has as long to live as it had", near);
        let mode = again.clock().await?.text("mode").to_owned();
        t.same(RULE, "a clock that went", &*mode, "system");
        is_all_there(t, &again.trial, RULE, &furnished).await?;

        world.tell_the_clock(json!({ "action": "freeze" })).await?;
        let stood = world.clock().await?;
        let imported = frozen.import(&world.export().await?.json).await?;
        t.must(RULE, "what stands can be imported", imported.ok());
        t.same(RULE, "a clock that stood", &frozen.clock().await?.json, &stood.json);
        t.same(RULE, "what is listed where the clock stands", &lists(&frozen).await?, &before);
        for world in [world, &frozen] {
            world.tell_the_clock(json!({ "action": "resume" })).await?;
        }
        is_all_there(t, &world.trial, RULE, &furnished).await
    })
    .await
}

/// The numbers of a file, but for the contents, by their places.
fn places(file: &Value, at: &str, found: &mut Vec<String>) {
    match file {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "contents") {
                places(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (place, value) in items.iter().enumerate() {
                places(value, &format!("{at}/{place}"), found);
            }
        }
        Value::Number(_) => found.push(at.to_owned()),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// A file with other numbers in it.
fn tampered(file: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    places(file, "", &mut found);
    let mut files = Vec::new();
    for at in found {
        let number = file.pointer(&at).and_then(Value::as_i64).unwrap_or(0);
        for other in [number + 1, 4_000_000] {
            let mut file = file.clone();
            if let Some(place) = file.pointer_mut(&at) {
                *place = other.into();
            }
            files.push(file);
        }
    }
    files
}

async fn what_was_tampered_with_is_not_imported(t: &Trial) -> Outcome {
    const RULE: &str = "CTL-07";
    t.in_a_world(async |world| {
        let id = world.running(json!({ "vcpu": 2 })).await?;
        world.trial.a_snapshot(&id, "of-it").await?;
        world.trial.change(&id, "pause").await?;
        let file = world.export().await?.json;
        let other = world.another();
        let mut wrong = vec![json!({}), json!([]), json!({ "format": "another" })];
        for field in ["format", "version"] {
            let mut file = file.clone();
            if let Some(value) = file.get_mut(field) {
                *value = if value.is_string() { "another".into() } else { 999.into() };
                wrong.push(file);
            }
        }
        for file in wrong {
            t.status(RULE, &other.import(&file).await?, 400);
            let counted = other.counts().await?;
            t.same(RULE, "what it has made", &counted, &(0.into(), 0.into()));
        }
        // Another number may be as good as the first. What comes of it has to be possible.
        for file in tampered(&file) {
            let answer = other.import(&file).await?;
            if !answer.ok() {
                t.status(RULE, &answer, 400);
                continue;
            }
            let mut made = other.items("/v1/snapshots").await?;
            for item in other.listed().await? {
                let id = item["id"].as_str().unwrap_or_default();
                made.push(other.trial.get(format!("/v1/sandbox/{id}")).await?.json);
            }
            let odd = made.iter().find(|item| {
                let number = |field: &str| item[field].as_u64().unwrap_or(0);
                let memory = number("memory").max(number("memory_mib"));
                !(1..=8).contains(&number("vcpu"))
                    || !(512..=8192).contains(&memory)
                    || memory % 2 != 0
            });
            t.same(RULE, "what can't have been exported", &odd, &None);
            other.reset().await?;
        }
        Ok(())
    })
    .await
}
