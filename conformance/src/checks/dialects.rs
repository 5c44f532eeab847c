//! REQ and RESP: the words of every era.

use serde_json::{Value, json};

use crate::check::{Check, Outcome, Trial, check};
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(
        memory_and_timeout_in_the_words_of_eras_b_to_d,
        Sandbox,
        ["REQ-01", "REQ-02", "RESP-01"]
    )
    .when(&[C::Seconds]),
    check!(memory_and_timeout_in_the_words_of_era_a, Sandbox, ["REQ-01", "REQ-02", "RESP-01"])
        .when(&[C::Minutes]),
    check!(a_restore_takes_seconds, Snapshots, ["REQ-02"]).when(&[C::Seconds]),
    check!(a_restore_takes_minutes, Snapshots, ["REQ-02"]).when(&[C::Minutes]),
    check!(both_spellings_at_once, Sandbox, ["REQ-03"]).when(&[C::Minutes, C::Seconds]),
    check!(resume_and_restore_are_one_operation, Snapshots, ["REQ-04"])
        .when(&[C::Resume, C::Restore]),
    check!(snapshot_pause_is_a_snapshot_that_ends_its_source, Snapshots, ["REQ-04"])
        .when(&[C::SnapshotPause]),
    check!(variables_of_a_command_are_its_envs, Commands, ["REQ-05"]).shared(),
    check!(a_list_takes_its_order_and_page_size, Snapshots, ["REQ-06"]),
    check!(a_restore_by_snapshot_id, Snapshots, ["REQ-08"]),
    check!(a_snapshot_in_the_words_of_its_eras, Snapshots, ["RESP-02"]),
    check!(a_listed_sandbox_has_its_fields, Sandbox, ["RESP-03", "SB-LIST-05"]),
    check!(the_home_directory_is_answered, Commands, ["RESP-05", "SYS-OP-HOME"]).shared(),
    check!(a_command_is_answered_in_the_words_of_its_eras, Commands, ["RESP-04", "PROC-09"])
        .shared(),
    check!(ids_and_timestamps_have_their_form, Sandbox, ["RESP-06", "RESP-07", "SB-02"]),
];

async fn memory_and_timeout_in_the_words_of_eras_b_to_d(t: &Trial) -> Outcome {
    let wish = json!({"template_name": t.session.template(), "memory": 2048, "timeout": 230});
    let answer = t.create_raw(wish).await?;
    t.same("REQ-01", "memory", &answer.json["memory"], &json!(2048));
    t.same("REQ-02", "timeout", &answer.json["timeout"], &json!(230));
    for field in ["memory", "disk", "timeout"] {
        t.must("RESP-01", format!("{field} is a number"), answer.json[field].is_u64());
    }
    Ok(())
}

async fn memory_and_timeout_in_the_words_of_era_a(t: &Trial) -> Outcome {
    let wish = json!({"template_name": t.session.template(), "memory_mib": 2048, "timeout_min": 3});
    let answer = t.create_raw(wish).await?;
    t.same("REQ-01", "memory_mib", &answer.json["memory_mib"], &json!(2048));
    t.same("REQ-02", "timeout_min", &answer.json["timeout_min"], &json!(3));
    for field in ["memory_mib", "disk_mib", "timeout_min"] {
        t.must("RESP-01", format!("{field} is a number"), answer.json[field].is_u64());
    }
    Ok(())
}

/// A snapshot whose source is gone.
async fn a_lone_snapshot(t: &Trial) -> Outcome<String> {
    let sandbox = t.sandbox().await?;
    let name = t.name();
    t.a_snapshot(&sandbox.id, &name).await?;
    t.remove(&sandbox.id).await?;
    Ok(name)
}

async fn a_restore_takes_seconds(t: &Trial) -> Outcome {
    let name = a_lone_snapshot(t).await?;
    for path in t.restore_paths() {
        let answer = t.restore_on(path, &name, json!({"timeout": 230})).await?;
        t.same("REQ-02", "timeout", &answer.json["timeout"], &json!(230));
        t.remove(answer.text("id")).await?;
    }
    Ok(())
}

async fn a_restore_takes_minutes(t: &Trial) -> Outcome {
    let name = a_lone_snapshot(t).await?;
    for path in t.restore_paths() {
        let answer = t.restore_on(path, &name, json!({"timeout_min": 3})).await?;
        t.same("REQ-02", "timeout_min", &answer.json["timeout_min"], &json!(3));
        t.remove(answer.text("id")).await?;
    }
    Ok(())
}

async fn both_spellings_at_once(t: &Trial) -> Outcome {
    let template = t.session.template();
    let agree = json!({
        "template_name": template, "memory": 1024, "memory_mib": 1024,
        "timeout": 180, "timeout_min": 3,
    });
    t.decided_status("REQ-03", &t.create_raw(agree).await?, 201);
    for (field, wish) in [
        ("memory", json!({"template_name": template, "memory": 1024, "memory_mib": 2048})),
        ("timeout", json!({"template_name": template, "timeout": 180, "timeout_min": 4})),
    ] {
        let answer = t.create_raw(wish).await?;
        t.decided_status("REQ-03", &answer, 400);
        t.decided("REQ-03", "the 400 is on the newer name", answer.fields() == [field]);
        if answer.ok() {
            t.remove(answer.text("id")).await?;
        }
    }
    Ok(())
}

async fn resume_and_restore_are_one_operation(t: &Trial) -> Outcome {
    let name = a_lone_snapshot(t).await?;
    let mut seen: Vec<Value> = Vec::new();
    for path in ["/v1/snapshot/resume", "/v1/snapshot/restore"] {
        let answer = t.restore_on(path, &name, json!({})).await?;
        t.status("REQ-04", &answer, 201);
        let mut body = answer.json.clone();
        t.remove(answer.text("id")).await?;
        for of_its_own in ["id", "created_at"] {
            body[of_its_own] = Value::Null;
        }
        seen.push(body);
    }
    t.same("REQ-04", "what restore answers", &seen[1], &seen[0]);
    Ok(())
}

async fn snapshot_pause_is_a_snapshot_that_ends_its_source(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let name = t.name();
    let answer = t.post(sandbox.path("snapshot/pause"), json!({ "name": name })).await?;
    t.status("REQ-04", &answer, 201);
    t.must("REQ-04", "its source does not run on", t.state(&sandbox.id).await? != "running");
    t.session.remove_sandbox(&sandbox.id).await;
    t.status("REQ-04", &t.restore_with(&name, json!({})).await?, 201);
    Ok(())
}

async fn variables_of_a_command_are_its_envs(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    for (field, ours) in [("envs", false), ("env", true)] {
        let body = json!({"command": "echo $FRUIT", field: {"FRUIT": "pear"}});
        let answer = t.post(inside.path("process/execute"), body).await?;
        let held = answer.printed() == "pear\n";
        if ours {
            t.decided("REQ-05", "env is read like envs", held);
        } else {
            t.must("REQ-05", "envs are in the environment of the command", held);
        }
    }
    Ok(())
}

async fn a_list_takes_its_order_and_page_size(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let prefix = t.name();
    t.snapshots_apart(&sandbox.id, &prefix, 2).await?;
    let created = |answer: &crate::http::Answer| -> Vec<String> {
        let items = answer.json["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["created_at"].to_string()).collect()
    };
    for (order, size, ours) in [("order-by", "page-size", false), ("order_by", "page_size", true)] {
        let one = t.get(format!("/v1/snapshots?{size}=1")).await?;
        let up = t.get(format!("/v1/snapshots?{order}=asc&{size}=100")).await?;
        let times = created(&up);
        let held = created(&one).len() == 1 && times.len() > 1 && times.is_sorted();
        if ours {
            t.decided("REQ-06", "order_by and page_size are the same", held);
        } else {
            t.must("REQ-06", "a page of one item, and a list that begins with the oldest", held);
        }
    }
    Ok(())
}

async fn a_restore_by_snapshot_id(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let id = t.a_snapshot(&sandbox.id, &t.name()).await?;
    t.remove(&sandbox.id).await?;
    for path in t.restore_paths() {
        let answer = t.post(path, json!({ "snapshot_id": id })).await?;
        t.decided_status("REQ-08", &answer, 201);
        if answer.ok() {
            t.remove(answer.text("id")).await?;
        }
    }
    Ok(())
}

async fn a_snapshot_in_the_words_of_its_eras(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let taken = t.snapshot(&sandbox.id, json!({ "name": t.name() })).await?;
    let words: [(C, &[&str]); 2] = [
        (C::Seconds, &["id", "name", "template_id", "vcpu", "memory", "disk", "created_at"]),
        (C::Minutes, &["memory_mib", "disk_mib", "snapshot_id"]),
    ];
    for (era, fields) in words {
        if t.session.has(era) {
            for field in fields {
                let there = taken.json.get(field).is_some_and(|value| !value.is_null());
                t.must("RESP-02", format!("{field} is in the answer"), there);
            }
        }
    }
    let oldest = taken.json.get("snapshot_id").unwrap_or(&taken.json["id"]);
    t.same("RESP-02", "snapshot_id", oldest, &taken.json["id"]);
    t.decided("RESP-02", "it has no state", taken.json.get("state").is_none());
    Ok(())
}

async fn a_listed_sandbox_has_its_fields(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let item = super::listed(t, &sandbox.id).await?;
    for field in ["id", "template_id", "pod_id", "state", "created_at"] {
        t.must("RESP-03", format!("{field} is in the item"), item[field].is_string());
    }
    t.must("SB-LIST-05", "pod_id is a text", item["pod_id"].is_string());
    if let Some(at) = item.get("timeout_at").filter(|at| !at.is_null()) {
        t.must("SB-LIST-05", "timeout_at is in whole seconds", at.is_u64());
        // Milliseconds would be far beyond this.
        let seconds = at.as_u64().is_some_and(|at| at < 100_000_000_000);
        t.must("SB-LIST-05", "timeout_at is in Unix seconds", seconds);
    }
    t.decided("RESP-03", "timeout_at is there", item["timeout_at"].is_u64());
    Ok(())
}

async fn the_home_directory_is_answered(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let answer = t.get(inside.path("system/user-home-dir")).await?;
    for rule in ["RESP-05", "SYS-OP-HOME"] {
        t.status(rule, &answer, 200);
        let home = answer.text("user_home_dir");
        t.must(rule, "user_home_dir is an absolute path", home.starts_with('/'));
    }
    let home = json!({"path": answer.text("user_home_dir")});
    let exists = t.fs(&inside, "exists", home).await?;
    t.decided("SYS-OP-HOME", "it exists", exists.json["exists"] == true);
    t.decided(
        "RESP-05",
        "home_dir repeats it",
        answer.json["home_dir"] == answer.json["user_home_dir"],
    );
    Ok(())
}

async fn a_command_is_answered_in_the_words_of_its_eras(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let answer = t.exec(&inside.sandbox, "echo out; echo err >&2").await?;
    if t.session.has(C::Seconds) {
        for rule in ["RESP-04", "PROC-09"] {
            t.same(rule, "stdout", answer.text("stdout"), "out\n");
            t.same(rule, "stderr", answer.text("stderr"), "err\n");
        }
    }
    if t.session.has(C::Minutes) {
        for rule in ["RESP-04", "PROC-09"] {
            t.must(rule, "result has the output", answer.text("result").contains("out\n"));
        }
    }
    t.decided("PROC-09", "result is standard output", answer.text("result") == "out\n");
    Ok(())
}

async fn ids_and_timestamps_have_their_form(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let id = &*sandbox.id;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    t.must("SB-02", "the id can stand in a path as it is", id.bytes().all(plain));
    let label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    t.must("RESP-07", "the id is a label of a host name", id.len() < 58 && id.bytes().all(label));
    let created = sandbox.made["created_at"].as_str().unwrap_or("");
    t.must("RESP-06", "created_at is of RFC 3339", crate::moment::is_rfc3339(created));
    t.decided("RESP-06", "created_at ends in Z", created.ends_with('Z'));
    t.decided("RESP-07", "the id begins with sbx-", id.starts_with("sbx-"));
    Ok(())
}
