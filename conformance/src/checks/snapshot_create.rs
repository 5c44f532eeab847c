//! SNAP-CREATE, SNAP-KILL and SNAP-PAUSE: taking a snapshot.

use serde_json::{Value, json};

use crate::check::{Check, Outcome, Trial, check};
use crate::http::Answer;
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(a_snapshot_holds_memory_disk_and_resources, Snapshots, ["SNAP-CREATE-01"]),
    check!(only_a_running_sandbox_is_captured, Sandbox, ["SNAP-CREATE-02"]),
    check!(a_stopped_sandbox_is_not_captured, Sandbox, ["SNAP-CREATE-02"]).when(&[C::StopStart]),
    check!(the_source_of_a_snapshot_goes_on, Commands, ["SNAP-CREATE-04", "SB-04"]),
    check!(a_snapshot_without_a_name_gets_one, Snapshots, ["SNAP-CREATE-05"]),
    check!(a_name_has_1_to_64_characters, Sandbox, ["SNAP-CREATE-06"]),
    check!(any_text_is_a_name, Sandbox, ["SNAP-CREATE-07"]),
    check!(a_name_that_is_taken_is_a_409, Sandbox, ["SNAP-CREATE-08", "SNAP-KILL-01"]),
    check!(of_two_captures_of_one_name_one_is_made, Sandbox, ["SNAP-CREATE-08"]).live(2),
    check!(a_name_of_a_deleted_snapshot_is_free, Snapshots, ["SNAP-CREATE-10"]),
    check!(there_are_as_many_snapshots_as_one_likes, Sandbox, ["SNAP-CREATE-13"]),
    check!(a_snapshot_has_the_values_of_its_source, Sandbox, ["SNAP-CREATE-14"]),
    check!(a_snapshot_of_a_copy_stands_alone, Snapshots, ["SNAP-CREATE-15"]).live(2),
    check!(kill_sandbox_after_ends_the_source, Snapshots, ["SNAP-KILL-01", "SNAP-KILL-02"])
        .when(&[C::Kill]),
    check!(
        a_snapshot_pause_stores_and_ends,
        Snapshots,
        ["SNAP-PAUSE-01", "SNAP-PAUSE-02", "SNAP-PAUSE-03"]
    )
    .when(&[C::SnapshotPause]),
    check!(a_snapshot_pause_refuses_what_create_does, Sandbox, ["SNAP-PAUSE-04", "SNAP-PAUSE-05"])
        .when(&[C::SnapshotPause]),
];

async fn a_snapshot_holds_memory_disk_and_resources(t: &Trial) -> Outcome {
    let sandbox = t.sandbox_with(json!({"vcpu": 2})).await?;
    let name = t.name();
    t.sh(&sandbox.id, "echo disk > /tmp/d; echo memory > /dev/shm/m").await?;
    let taken = t.snapshot(&sandbox.id, json!({ "name": name })).await?;
    t.same("SNAP-CREATE-01", "vcpu", &taken.json["vcpu"], &json!(2));
    t.sh(&sandbox.id, "echo later > /tmp/d; echo later > /dev/shm/m").await?;
    t.remove(&sandbox.id).await?;
    let copy = t.a_copy(&name).await?;
    let seen = t.exec(&copy.id, "cat /tmp/d /dev/shm/m").await?;
    t.same("SNAP-CREATE-01", "disk and memory", seen.printed(), "disk\nmemory\n");
    Ok(())
}

async fn only_a_running_sandbox_is_captured(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "pause").await?;
    let answer = t.snapshot(&sandbox.id, json!({ "name": t.name() })).await?;
    t.refused("SNAP-CREATE-02", &answer);
    t.decided_status("SNAP-CREATE-02", &answer, 409);
    let paused = t.state(&sandbox.id).await? == "paused";
    t.decided("SNAP-CREATE-02", "it is not resumed for it", paused);
    Ok(())
}

async fn a_stopped_sandbox_is_not_captured(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "stop").await?;
    t.refused("SNAP-CREATE-02", &t.snapshot(&sandbox.id, json!({ "name": t.name() })).await?);
    t.same("SNAP-CREATE-02", "the state", &*t.state(&sandbox.id).await?, "stopped");
    Ok(())
}

async fn the_source_of_a_snapshot_goes_on(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.sh(&sandbox.id, "echo disk > /tmp/d; echo memory > /dev/shm/m").await?;
    let taken = t.snapshot(&sandbox.id, json!({ "name": t.name() })).await?;
    let runs = t.until(30, async || Ok(t.state(&sandbox.id).await? == "running")).await?;
    t.must("SNAP-CREATE-04", "the source runs", runs && taken.ok());
    t.decided("SB-04", "a capture does not end in paused", runs);
    let seen = t.exec(&sandbox.id, "cat /tmp/d /dev/shm/m").await?;
    t.same("SNAP-CREATE-04", "what it holds", seen.printed(), "disk\nmemory\n");
    Ok(())
}

async fn a_snapshot_without_a_name_gets_one(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let mut names = Vec::new();
    for _ in 0..2 {
        let answer = t.snapshot(&sandbox.id, json!({})).await?;
        t.status("SNAP-CREATE-05", &answer, 201);
        t.must("SNAP-CREATE-05", "it has a name", !answer.text("name").is_empty());
        if answer.ok() {
            names.push(answer.text("name").to_owned());
        }
    }
    let null = t.snapshot(&sandbox.id, json!({"name": null})).await?;
    t.decided_status("SNAP-CREATE-05", &null, 201);
    if let [first, second] = &*names {
        t.must("SNAP-CREATE-05", "no two have one name", first != second);
    }
    t.remove(&sandbox.id).await?;
    let template = t.session.template().rsplit('/').next().unwrap_or("");
    let word = template.split(':').next().unwrap_or("").to_owned();
    for name in names {
        let made_from = name.to_lowercase().contains(&word.to_lowercase());
        t.must("SNAP-CREATE-05", format!("{name} is made from the template's name"), made_from);
        let reads = reads_as_made_up(&name, template);
        t.decided("SNAP-CREATE-05", format!("{name} is the template, a hyphen and digits"), reads);
        let copy = t.a_copy(&name).await?;
        t.remove(&copy.id).await?;
    }
    Ok(())
}

/// Whether a name is a template's, a hyphen, and eight or more hexadecimal digits.
fn reads_as_made_up(name: &str, template: &str) -> bool {
    let Some((head, digits)) = name.rsplit_once('-') else {
        return false;
    };
    let plain = |text: &str| text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "-");
    digits.len() >= 8
        && digits.chars().all(|c| c.is_ascii_hexdigit())
        && plain(head) == plain(template)
        && name.chars().count() <= 64
}

/// A name of the suite's own with so many characters.
fn long(t: &Trial, length: usize) -> String {
    let name = t.name();
    format!("{name}{}", "x".repeat(length - name.len()))
}

async fn a_name_has_1_to_64_characters(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    for bad in [String::new(), "  ".to_owned(), long(t, 65)] {
        let answer = t.snapshot(&sandbox.id, json!({ "name": bad })).await?;
        t.refused("SNAP-CREATE-06", &answer);
        t.decided("SNAP-CREATE-06", "it is a 400 on name", answer.fields() == ["name"]);
    }
    let longest = long(t, 64);
    let answer = t.snapshot(&sandbox.id, json!({ "name": longest })).await?;
    t.status("SNAP-CREATE-06", &answer, 201);
    t.same("SNAP-CREATE-06", "the name", answer.text("name"), &*longest);
    let name = t.name();
    let answer = t.snapshot(&sandbox.id, json!({ "name": format!("  {name} ") })).await?;
    t.decided("SNAP-CREATE-06", "blanks around it are removed", answer.text("name") == name);
    Ok(())
}

async fn any_text_is_a_name(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    for tail in ["A b", "a/b?c=d&e", "naïve ☃ 雪", "\"'\\<>", "%2F"] {
        let name = format!("{} {tail}", t.name());
        let answer = t.snapshot(&sandbox.id, json!({ "name": name })).await?;
        let kept = answer.status == 201 && answer.text("name") == name;
        t.decided("SNAP-CREATE-07", format!("{tail:?} is a name"), kept);
    }
    let answer =
        t.snapshot(&sandbox.id, json!({ "name": format!("{}\n", t.name()) + "x" })).await?;
    t.decided_status("SNAP-CREATE-07", &answer, 400);
    Ok(())
}

async fn a_name_that_is_taken_is_a_409(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let name = t.name();
    t.a_snapshot(&sandbox.id, &name).await?;
    t.status("SNAP-CREATE-08", &t.snapshot(&sandbox.id, json!({ "name": name })).await?, 409);
    let kill = json!({"name": name, "kill_sandbox_after": true});
    t.status("SNAP-CREATE-08", &t.snapshot(&sandbox.id, kill).await?, 409);
    let running = t.state(&sandbox.id).await? == "running";
    t.decided("SNAP-KILL-01", "nothing is ended if nothing is stored", running);
    let list = t.get(format!("/v1/snapshots?query={name}")).await?;
    t.same("SNAP-CREATE-08", "how many have the name", &list.json["total_items"], &json!(1));
    Ok(())
}

async fn of_two_captures_of_one_name_one_is_made(t: &Trial) -> Outcome {
    let (one, two) = (t.sandbox().await?, t.sandbox().await?);
    for _ in 0..5 {
        let body = json!({ "name": t.name() });
        let (first, second) =
            tokio::join!(t.snapshot(&one.id, body.clone()), t.snapshot(&two.id, body));
        let (first, second) = (first?, second?);
        let made = [&first, &second].iter().filter(|answer| answer.status == 201).count();
        t.same("SNAP-CREATE-08", "how many of two at once are made", &made, &1);
        let refused = [&first, &second].iter().filter(|answer| answer.status == 409).count();
        t.same("SNAP-CREATE-08", "how many of two at once are a 409", &refused, &1);
    }
    Ok(())
}

async fn a_name_of_a_deleted_snapshot_is_free(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let name = t.name();
    for round in ["first", "second"] {
        t.write(&sandbox.id, "/tmp/f", round.as_bytes()).await?;
        let answer = t.snapshot(&sandbox.id, json!({ "name": name })).await?;
        t.status("SNAP-CREATE-10", &answer, 201);
        if round == "first" {
            t.delete(format!("/v1/snapshot/{}", answer.text("id"))).await?;
        }
    }
    t.remove(&sandbox.id).await?;
    let copy = t.a_copy(&name).await?;
    let seen = t.read(&copy.id, "/tmp/f").await?;
    t.same("SNAP-CREATE-10", "what the second one holds", &seen.as_deref(), &Some("second"));
    Ok(())
}

async fn there_are_as_many_snapshots_as_one_likes(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    for _ in 0..8 {
        let answer = t.snapshot(&sandbox.id, json!({ "name": t.name() })).await?;
        t.decided_status("SNAP-CREATE-13", &answer, 201);
    }
    Ok(())
}

async fn a_snapshot_has_the_values_of_its_source(t: &Trial) -> Outcome {
    let policy = json!({"mode": "custom", "allow_domains": ["example.com"]});
    let fields = json!({"vcpu": 2, "memory": 2048, "memory_mib": 2048, "network_policy": policy});
    let sandbox = t.sandbox_with(fields).await?;
    let taken = t.snapshot(&sandbox.id, json!({ "name": t.name() })).await?;
    for field in ["template_id", "vcpu", "memory", "memory_mib", "disk", "disk_mib"] {
        if let Some(wanted) = sandbox.made.get(field) {
            t.same("SNAP-CREATE-14", field, &taken.json[field], wanted);
        }
    }
    let same = taken.json["network_policy"] == sandbox.made["network_policy"];
    t.decided("SNAP-CREATE-14", "and the network policy", same);
    Ok(())
}

async fn a_snapshot_of_a_copy_stands_alone(t: &Trial) -> Outcome {
    let source = t.sandbox().await?;
    let (older, newer) = (t.name(), t.name());
    t.write(&source.id, "/tmp/old", b"old").await?;
    let older_id = t.a_snapshot(&source.id, &older).await?;
    t.remove(&source.id).await?;
    let copy = t.a_copy(&older).await?;
    t.write(&copy.id, "/tmp/new", b"new").await?;
    t.a_snapshot(&copy.id, &newer).await?;
    t.remove(&copy.id).await?;
    let gone = t.delete(format!("/v1/snapshot/{older_id}")).await?;
    t.decided_status("SNAP-CREATE-15", &gone, 204);
    let second = t.a_copy(&newer).await?;
    let seen = (t.read(&second.id, "/tmp/old").await?, t.read(&second.id, "/tmp/new").await?);
    let whole = seen == (Some("old".to_owned()), Some("new".to_owned()));
    t.decided("SNAP-CREATE-15", "it is whole without the older one", whole);
    Ok(())
}

async fn kill_sandbox_after_ends_the_source(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let name = t.name();
    t.write(&sandbox.id, "/tmp/f", name.as_bytes()).await?;
    let kill = json!({"name": name, "kill_sandbox_after": true});
    let answer = t.snapshot(&sandbox.id, kill).await?;
    t.status("SNAP-KILL-01", &answer, 201);
    let ended = t.until(30, async || Ok(t.state(&sandbox.id).await? != "running")).await?;
    t.must("SNAP-KILL-01", "the source ends", ended);
    let state = t.state(&sandbox.id).await?;
    t.must("SNAP-KILL-02", "the source is not running", state != "running");
    t.decided("SNAP-KILL-02", "it is deleted", state == "gone");
    if state == "gone" {
        t.session.ledger.gone(&sandbox.id);
    } else {
        t.session.remove_sandbox(&sandbox.id).await;
    }
    let restored = t.restore_with(&name, json!({})).await?;
    t.status("SNAP-KILL-01", &restored, 201);
    let copy = t.running(&restored).await?;
    let seen = t.read(&copy.id, "/tmp/f").await?;
    t.same("SNAP-KILL-01", "what was stored before", &seen, &Some(name));
    let keep = json!({"name": t.name(), "kill_sandbox_after": false});
    t.status("SNAP-KILL-01", &t.snapshot(&copy.id, keep).await?, 201);
    t.same("SNAP-KILL-01", "the state with false", &*t.state(&copy.id).await?, "running");
    Ok(())
}

async fn pause_into(t: &Trial, id: &str, body: Value) -> Outcome<Answer> {
    t.post(format!("/v1/sandbox/{id}/snapshot/pause"), body).await
}

async fn a_snapshot_pause_stores_and_ends(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let name = t.name();
    t.write(&sandbox.id, "/tmp/f", name.as_bytes()).await?;
    let answer = pause_into(t, &sandbox.id, json!({ "name": name })).await?;
    t.status("SNAP-PAUSE-01", &answer, 201);
    t.status("SNAP-PAUSE-02", &answer, 201);
    t.same("SNAP-PAUSE-02", "its state", answer.text("state"), "paused");
    t.same("SNAP-PAUSE-02", "its name", answer.text("name"), &*name);
    let state = t.state(&sandbox.id).await?;
    t.must("SNAP-PAUSE-01", "the source has ended", state != "running");
    let legal = ["gone", "deleted", "paused"].contains(&&*state);
    t.must("SNAP-PAUSE-03", format!("the source is gone, deleted or paused ({state})"), legal);
    t.decided("SNAP-PAUSE-03", "the source is gone", state == "gone");
    if state == "gone" {
        t.session.ledger.gone(&sandbox.id);
    } else {
        t.session.remove_sandbox(&sandbox.id).await;
    }
    let copy = t.a_copy(&name).await?;
    let seen = t.read(&copy.id, "/tmp/f").await?;
    t.same("SNAP-PAUSE-01", "what was stored", &seen, &Some(name));
    Ok(())
}

async fn a_snapshot_pause_refuses_what_create_does(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let name = t.name();
    t.a_snapshot(&sandbox.id, &name).await?;
    let taken = pause_into(t, &sandbox.id, json!({ "name": name })).await?;
    t.status("SNAP-PAUSE-04", &taken, 409);
    let running = t.state(&sandbox.id).await? == "running";
    t.decided("SNAP-PAUSE-05", "the source runs on", running);
    if !running {
        return Ok(());
    }
    let long = pause_into(t, &sandbox.id, json!({ "name": long(t, 65) })).await?;
    t.refused("SNAP-PAUSE-04", &long);
    t.change(&sandbox.id, "pause").await?;
    let paused = pause_into(t, &sandbox.id, json!({ "name": t.name() })).await?;
    t.status("SNAP-PAUSE-04", &paused, 409);
    Ok(())
}
