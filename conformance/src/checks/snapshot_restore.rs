//! SNAP-REST and SNAP-DEL: restoring and deleting snapshots.

use serde_json::{Value, json};

use super::NO_POLICY;
use crate::check::{Check, Outcome, Stop, Trial, check};

pub(super) const CHECKS: &[Check] = &[
    check!(a_snapshot_is_found_by_its_name_alone, Snapshots, ["SNAP-REST-02"]),
    check!(a_copy_has_the_resources_of_its_snapshot, Snapshots, ["SNAP-REST-03"]),
    check!(a_copy_has_a_timeout_of_its_own, Snapshots, ["SNAP-REST-04", "SNAP-REST-05"]),
    check!(a_copy_has_the_policy_of_its_snapshot, Snapshots, ["SNAP-REST-06"]),
    check!(copies_are_independent, Snapshots, ["SNAP-REST-07"]).live(3),
    check!(memory_and_files_go_on_as_they_were, Snapshots, ["SNAP-REST-10"]),
    check!(a_copy_has_the_environment_of_its_source, Snapshots, ["SNAP-REST-11"]),
    check!(a_snapshot_is_deleted_by_its_id, Snapshots, ["SNAP-DEL-01", "SNAP-DEL-04"]),
    check!(a_deleted_snapshot_is_restored_no_more, Snapshots, ["SNAP-DEL-02"]),
    check!(a_snapshot_in_use_is_not_deleted, Snapshots, ["SNAP-DEL-03", "SNAP-DEL-05"]).live(2),
    check!(a_source_does_not_keep_its_snapshot, Snapshots, ["SNAP-DEL-03", "SB-DEL-04"]).live(2),
    check!(odd_ids_of_snapshots, Nothing, ["SNAP-DEL-06", "SNAP-DEL-07"]),
];

/// A snapshot of a sandbox with these fields and what this command wrote; the sandbox is gone.
async fn snapshot_of(t: &Trial, fields: Value, command: &str) -> Outcome<(String, String)> {
    let sandbox = t.sandbox_with(fields).await?;
    if !command.is_empty() {
        t.sh(&sandbox.id, command).await?;
    }
    let name = t.name();
    let id = t.a_snapshot(&sandbox.id, &name).await?;
    t.remove(&sandbox.id).await?;
    Ok((name, id))
}

async fn a_snapshot_is_found_by_its_name_alone(t: &Trial) -> Outcome {
    let (name, _) = snapshot_of(t, json!({}), "").await?;
    for path in t.restore_paths() {
        for wrong in [name[..name.len() - 1].to_owned(), format!("{name}x")] {
            t.status("SNAP-REST-02", &t.restore_on(path, &wrong, json!({})).await?, 404);
        }
        let upper = t.restore_on(path, &name.to_uppercase(), json!({})).await?;
        t.decided_status("SNAP-REST-02", &upper, 404);
        for body in [json!({}), json!({"snapshot_name": ""})] {
            let answer = t.post(path, body).await?;
            t.refused("SNAP-REST-02", &answer);
            t.decided_status("SNAP-REST-02", &answer, 400);
        }
        let answer = t.restore_on(path, &name, json!({})).await?;
        t.status("SNAP-REST-02", &answer, 201);
        t.remove(answer.text("id")).await?;
    }
    Ok(())
}

async fn a_copy_has_the_resources_of_its_snapshot(t: &Trial) -> Outcome {
    let fields = json!({"vcpu": 2, "memory": 2048, "memory_mib": 2048});
    let (name, _) = snapshot_of(t, fields, "").await?;
    for path in t.restore_paths() {
        let asked = json!({"vcpu": 4, "memory": 4096, "memory_mib": 4096, "disk": 1});
        let answer = t.restore_on(path, &name, asked).await?;
        if !answer.ok() {
            // Refusing the fields is one way of not letting them change anything.
            t.decided_status("SNAP-REST-03", &answer, 201);
        }
        let plain = if answer.ok() { answer } else { t.restore_on(path, &name, json!({})).await? };
        t.same("SNAP-REST-03", "vcpu", &plain.json["vcpu"], &json!(2));
        for (field, wanted) in
            [("memory", 2048), ("memory_mib", 2048), ("disk", 10240), ("disk_mib", 10240)]
        {
            if let Some(seen) = plain.json.get(field) {
                t.same("SNAP-REST-03", field, seen, &json!(wanted));
            }
        }
        t.remove(plain.text("id")).await?;
    }
    Ok(())
}

async fn a_copy_has_a_timeout_of_its_own(t: &Trial) -> Outcome {
    let (name, _) = snapshot_of(t, json!({"auto_pause": true}), "").await?;
    for path in t.restore_paths() {
        let answer = t.restore_on(path, &name, json!({})).await?;
        match answer.json.get("timeout") {
            Some(seconds) => t.same("SNAP-REST-04", "timeout", seconds, &json!(300)),
            None => t.same("SNAP-REST-04", "timeout_min", &answer.json["timeout_min"], &json!(5)),
        };
        t.same("SNAP-REST-05", "auto_pause", &answer.json["auto_pause"], &json!(false));
        t.remove(answer.text("id")).await?;
        let answer = t.restore_on(path, &name, json!({"auto_pause": true})).await?;
        t.same("SNAP-REST-05", "auto_pause", &answer.json["auto_pause"], &json!(true));
        t.remove(answer.text("id")).await?;
    }
    Ok(())
}

async fn a_copy_has_the_policy_of_its_snapshot(t: &Trial) -> Outcome {
    let policy = json!({"mode": "custom", "allow_domains": ["example.com"]});
    let (name, _) = snapshot_of(t, json!({ "network_policy": policy }), "").await?;
    for path in t.restore_paths() {
        let answer = t.restore_on(path, &name, json!({})).await?;
        let seen = &answer.json["network_policy"];
        if answer.ok() && seen.is_null() {
            return Err(Stop::Unsupported(NO_POLICY));
        }
        t.same("SNAP-REST-06", "the mode", &seen["mode"], &json!("custom"));
        t.same("SNAP-REST-06", "the domains", &seen["allow_domains"], &policy["allow_domains"]);
        t.remove(answer.text("id")).await?;
        let other = json!({"network_policy": {"mode": "deny-all"}});
        let answer = t.restore_on(path, &name, other).await?;
        let seen = &answer.json["network_policy"];
        t.same("SNAP-REST-06", "the mode that was asked for", &seen["mode"], &json!("deny-all"));
        let whole = seen.get("allow_domains").is_none_or(|old| old == &json!([]));
        t.decided("SNAP-REST-06", "the whole policy is replaced", whole);
        t.remove(answer.text("id")).await?;
    }
    Ok(())
}

async fn copies_are_independent(t: &Trial) -> Outcome {
    let source = t.sandbox().await?;
    t.write(&source.id, "/tmp/f", b"base").await?;
    let name = t.name();
    t.a_snapshot(&source.id, &name).await?;
    let first = t.restore_with(&name, json!({})).await?;
    let second = t.restore_with(&name, json!({})).await?;
    t.status("SNAP-REST-07", &first, 201);
    t.status("SNAP-REST-07", &second, 201);
    let (one, two) = (t.running(&first).await?, t.running(&second).await?);
    t.must("SNAP-REST-07", "every copy has an id of its own", one.id != two.id);
    t.write(&one.id, "/tmp/f", b"one").await?;
    t.write(&source.id, "/tmp/f", b"source").await?;
    for (id, wanted) in [(&two.id, "base"), (&one.id, "one"), (&source.id, "source")] {
        let seen = t.read(id, "/tmp/f").await?;
        t.same("SNAP-REST-07", "the file", &seen.as_deref(), &Some(wanted));
    }
    t.remove(&one.id).await?;
    t.remove(&source.id).await?;
    let seen = t.read(&two.id, "/tmp/f").await?;
    t.same("SNAP-REST-07", "the file when others are gone", &seen.as_deref(), &Some("base"));
    let again = t.a_copy(&name).await?;
    let seen = t.read(&again.id, "/tmp/f").await?;
    t.same("SNAP-REST-07", "the file of a later copy", &seen.as_deref(), &Some("base"));
    Ok(())
}

async fn memory_and_files_go_on_as_they_were(t: &Trial) -> Outcome {
    let command = "echo disk > /tmp/d; echo memory > /dev/shm/m; mkdir -p /tmp/dir/deep";
    let (name, _) = snapshot_of(t, json!({}), command).await?;
    for path in t.restore_paths() {
        let answer = t.restore_on(path, &name, json!({})).await?;
        let copy = t.running(&answer).await?;
        let seen = t.exec(&copy.id, "cat /tmp/d /dev/shm/m").await?;
        t.same("SNAP-REST-10", "files and memory", seen.printed(), "disk\nmemory\n");
        let exists = json!({"path": "/tmp/dir/deep"});
        let answer = t.post(copy.path("filesystem/exists"), exists).await?;
        t.same("SNAP-REST-10", "the directory", &answer.json["exists"], &json!(true));
        t.remove(&copy.id).await?;
    }
    Ok(())
}

async fn a_copy_has_the_environment_of_its_source(t: &Trial) -> Outcome {
    let (name, _) = snapshot_of(t, json!({"env_vars": {"FRUIT": "pear"}}), "").await?;
    let answer = t.restore_with(&name, json!({"env_vars": {"FRUIT": "fig"}})).await?;
    let plain = if answer.ok() { answer } else { t.restore_with(&name, json!({})).await? };
    let copy = t.running(&plain).await?;
    let seen = t.exec(&copy.id, "echo $FRUIT").await?;
    let set = ["pear\n", "fig\n"].contains(&seen.printed());
    t.must("SNAP-REST-11", "the variable is set in the copy", set);
    t.decided("SNAP-REST-11", "env_vars are ignored", seen.printed() == "pear\n");
    t.remove(&copy.id).await?;
    let copy = t.a_copy(&name).await?;
    let seen = t.exec(&copy.id, "echo $FRUIT").await?;
    t.same("SNAP-REST-11", "the variable", seen.printed(), "pear\n");
    Ok(())
}

async fn a_snapshot_is_deleted_by_its_id(t: &Trial) -> Outcome {
    let (name, id) = snapshot_of(t, json!({}), "").await?;
    let by_name = t.delete(format!("/v1/snapshot/{name}")).await?;
    t.decided_status("SNAP-DEL-01", &by_name, 404);
    let path = format!("/v1/snapshot/{id}");
    t.status("SNAP-DEL-01", &t.delete(&*path).await?, 204);
    t.status("SNAP-DEL-04", &t.delete(&*path).await?, 404);
    let list = t.get(format!("/v1/snapshots?query={name}")).await?;
    t.same("SNAP-DEL-01", "how many are left", &list.json["total_items"], &json!(0));
    Ok(())
}

async fn a_deleted_snapshot_is_restored_no_more(t: &Trial) -> Outcome {
    let (name, id) = snapshot_of(t, json!({}), "").await?;
    let answer = t.restore_with(&name, json!({})).await?;
    if answer.ok() {
        t.remove(answer.text("id")).await?;
    }
    let gone = t.delete(format!("/v1/snapshot/{id}")).await?;
    t.must("SNAP-DEL-02", "it is deleted", gone.ok());
    for path in t.restore_paths() {
        t.refused("SNAP-DEL-02", &t.restore_on(path, &name, json!({})).await?);
        t.decided_status("SNAP-DEL-02", &t.restore_on(path, &name, json!({})).await?, 404);
    }
    Ok(())
}

async fn a_snapshot_in_use_is_not_deleted(t: &Trial) -> Outcome {
    let (name, id) = snapshot_of(t, json!({}), "").await?;
    let copy = t.a_copy(&name).await?;
    let path = format!("/v1/snapshot/{id}");
    let answer = t.delete(&*path).await?;
    // Whether a copy still uses its snapshot is open; that it stays usable if it does is not.
    t.decided_status("SNAP-DEL-05", &answer, 409);
    if answer.status == 409 {
        let again = t.restore_with(&name, json!({})).await?;
        t.status("SNAP-DEL-03", &again, 201);
        t.remove(again.text("id")).await?;
        let named = answer.message().contains(&copy.id);
        t.decided("SNAP-DEL-05", "the message names the sandbox", named);
    }
    let used = t.post(copy.path("filesystem/exists"), json!({"path": "/"})).await?;
    t.status("SNAP-DEL-03", &used, 200);
    t.change(&copy.id, "pause").await?;
    if answer.status == 409 {
        t.decided_status("SNAP-DEL-03", &t.delete(&*path).await?, 204);
    }
    // It owns what it saved.
    let used = t.post(copy.path("filesystem/exists"), json!({"path": "/"})).await?;
    t.status("SNAP-DEL-03", &used, 200);
    t.remove(&copy.id).await?;
    Ok(())
}

async fn a_source_does_not_keep_its_snapshot(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let id = t.a_snapshot(&sandbox.id, &t.name()).await?;
    let answer = t.delete(format!("/v1/snapshot/{id}")).await?;
    t.decided_status("SNAP-DEL-03", &answer, 204);
    t.decided_status("SB-DEL-04", &answer, 204);
    let used = t.post(sandbox.path("filesystem/exists"), json!({"path": "/"})).await?;
    t.status("SNAP-DEL-03", &used, 200);
    let (name, id) = snapshot_of(t, json!({}), "").await?;
    let copy = t.a_copy(&name).await?;
    t.remove(&copy.id).await?;
    let unused = t.delete(format!("/v1/snapshot/{id}")).await?;
    t.status("SNAP-DEL-03", &unused, 204);
    let list = t.get(format!("/v1/snapshots?query={name}")).await?;
    t.same("SB-DEL-04", "how many are left", &list.json["total_items"], &json!(0));
    Ok(())
}

async fn odd_ids_of_snapshots(t: &Trial) -> Outcome {
    let request = crate::http::Request::delete("/v1/snapshot/").undescribed();
    t.decided_status("SNAP-DEL-06", &t.send(request).await?, 404);
    for name in ["resume", "restore"] {
        let request = crate::http::Request::delete(format!("/v1/snapshot/{name}")).undescribed();
        t.decided_status("SNAP-DEL-07", &t.send(request).await?, 404);
    }
    Ok(())
}
