//! SB, SB-CREATE and LIM: what a sandbox can be asked to be.

use serde_json::{Value, json};

use crate::check::{Check, Outcome, Trial, check};
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(a_sandbox_has_a_disk_of_ten_gib, Sandbox, ["SB-01", "LIM-01"]),
    check!(a_template_is_required, Nothing, ["SB-CREATE-02"]).live(1),
    check!(a_sandbox_has_defaults, Sandbox, ["SB-CREATE-03", "LIM-01"]),
    check!(values_at_their_bounds_are_taken, Sandbox, ["SB-CREATE-03", "LIM-01"]),
    check!(values_out_of_bounds_are_refused, Sandbox, ["SB-CREATE-03", "LIM-01"]),
    check!(a_timeout_of_one_second, Sandbox, ["SB-CREATE-04"]),
    check!(an_unknown_template, Nothing, ["SB-CREATE-07"]).live(1),
    check!(traffic_is_allowed_by_default, Sandbox, ["SB-CREATE-10"]),
    check!(variables_are_in_every_environment, Commands, ["SB-CREATE-11"]),
    check!(three_sandboxes_and_no_more, Snapshots, ["SB-CREATE-05", "LIM-03", "SNAP-REST-09"])
        .when(&[C::Exclusive])
        .live(3),
    check!(a_stopped_sandbox_takes_no_place, Snapshots, ["SB-CREATE-06", "SB-START-03"])
        .when(&[C::Exclusive, C::StopStart])
        .live(3),
    check!(a_rate_limit_is_a_429, Nothing, ["LIM-04"]).when(&[C::RateLimit]),
];

/// A number under the name of either era.
fn either<'a>(body: &'a Value, newer: &str, older: &str) -> &'a Value {
    body.get(newer).unwrap_or(&body[older])
}

async fn a_sandbox_has_a_disk_of_ten_gib(t: &Trial) -> Outcome {
    let sandbox = t.sandbox_with(json!({"disk": 2048, "disk_mib": 2048})).await?;
    let seen = t.get(sandbox.path("")).await?;
    for body in [&sandbox.made, &seen.json] {
        t.same("SB-01", "the disk", either(body, "disk", "disk_mib"), &json!(10240));
        t.same("LIM-01", "the disk", either(body, "disk", "disk_mib"), &json!(10240));
    }
    Ok(())
}

async fn a_template_is_required(t: &Trial) -> Outcome {
    let answer = t.post("/v1/sandbox", json!({})).await?;
    t.status("SB-CREATE-02", &answer, 400);
    t.decided("SB-CREATE-02", "the 400 is on it", answer.fields() == ["template_name"]);
    for name in [json!(" "), json!("x".repeat(65)), json!(7)] {
        let answer = t.post("/v1/sandbox", json!({ "template_name": name })).await?;
        t.decided_status("SB-CREATE-02", &answer, 400);
    }
    Ok(())
}

async fn a_sandbox_has_defaults(t: &Trial) -> Outcome {
    let answer = t.create_raw(json!({"template_name": t.session.template()})).await?;
    t.status("SB-CREATE-03", &answer, 201);
    for rule in ["SB-CREATE-03", "LIM-01"] {
        t.same(rule, "vcpu", &answer.json["vcpu"], &json!(1));
        if rule == "SB-CREATE-03" {
            let memory = either(&answer.json, "memory", "memory_mib");
            t.same(rule, "memory", memory, &json!(1024));
        }
        match answer.json.get("timeout") {
            Some(seconds) => t.same(rule, "timeout", seconds, &json!(300)),
            None => t.same(rule, "timeout_min", &answer.json["timeout_min"], &json!(5)),
        };
    }
    t.same("SB-CREATE-03", "auto_pause", &answer.json["auto_pause"], &json!(false));
    Ok(())
}

/// The names of memory and timeout in the words of the target, and how many of the timeout make
/// eight hours.
fn words(t: &Trial) -> (&'static str, &'static str, u64) {
    if t.session.has(C::Seconds) {
        ("memory", "timeout", 28_800)
    } else {
        ("memory_mib", "timeout_min", 480)
    }
}

async fn values_at_their_bounds_are_taken(t: &Trial) -> Outcome {
    let (memory, ..) = words(t);
    for (vcpu, mib) in [(1, 512), (8, 8192)] {
        let answer = t.create(json!({"vcpu": vcpu, memory: mib})).await?;
        for rule in ["SB-CREATE-03", "LIM-01"] {
            t.status(rule, &answer, 201);
            t.same(rule, "vcpu", &answer.json["vcpu"], &json!(vcpu));
            t.same(rule, memory, &answer.json[memory], &json!(mib));
        }
        if answer.ok() {
            t.running(&answer).await?;
            t.remove(answer.text("id")).await?;
        }
    }
    Ok(())
}

async fn values_out_of_bounds_are_refused(t: &Trial) -> Outcome {
    let (memory, timeout, most) = words(t);
    for (field, value) in [
        ("vcpu", json!(0)),
        ("vcpu", json!(9)),
        (memory, json!(510)),
        (memory, json!(513)),
        (memory, json!(8194)),
        (timeout, json!(0)),
        (timeout, json!(most + 1)),
    ] {
        let answer = t.create(json!({ field: value })).await?;
        for rule in ["SB-CREATE-03", "LIM-01"] {
            t.status(rule, &answer, 400);
        }
        t.decided("SB-CREATE-03", "the 400 is on the field", answer.fields() == [field]);
        if answer.ok() {
            t.remove(answer.text("id")).await?;
        }
    }
    for (field, value) in [("vcpu", json!("1")), (memory, json!(1024.5)), ("vcpu", json!(true))] {
        let answer = t.create(json!({ field: value })).await?;
        t.decided_status("SB-CREATE-03", &answer, 400);
        if answer.ok() {
            t.remove(answer.text("id")).await?;
        }
    }
    Ok(())
}

async fn a_timeout_of_one_second(t: &Trial) -> Outcome {
    let wish = json!({"template_name": t.session.template(), "timeout": 1});
    let answer = t.create_raw(wish).await?;
    t.decided_status("SB-CREATE-04", &answer, 201);
    Ok(())
}

async fn an_unknown_template(t: &Trial) -> Outcome {
    let answer = t.post("/v1/sandbox", json!({ "template_name": t.name() })).await?;
    t.decided_status("SB-CREATE-07", &answer, 400);
    t.decided("SB-CREATE-07", "the 400 is on it", answer.fields() == ["template_name"]);
    Ok(())
}

async fn traffic_is_allowed_by_default(t: &Trial) -> Outcome {
    for fields in [json!({}), json!({"network_policy": null})] {
        let answer = t.create(fields).await?;
        t.status("SB-CREATE-10", &answer, 201);
        let policy = &answer.json["network_policy"];
        let open = policy.is_null() || policy["mode"] == "allow-all";
        t.must("SB-CREATE-10", "no policy, or one that allows all", open);
        t.remove(answer.text("id")).await?;
    }
    Ok(())
}

async fn variables_are_in_every_environment(t: &Trial) -> Outcome {
    let fields = json!({"env_vars": {"FRUIT": "pear", "SPACED": "a  b"}});
    let sandbox = t.sandbox_with(fields).await?;
    let seen = t.sh(&sandbox.id, "echo \"$FRUIT:$SPACED\"").await?;
    t.same("SB-CREATE-11", "what a command sees", &*seen, "pear:a  b\n");
    let body = json!({"command": "echo $FRUIT", "envs": {"FRUIT": "fig"}});
    let answer = t.post(sandbox.path("process/execute"), body).await?;
    t.decided("SB-CREATE-11", "envs win over env_vars", answer.printed() == "fig\n");
    let bad = t.create(json!({"env_vars": {"FRUIT": 7}})).await?;
    t.decided_status("SB-CREATE-11", &bad, 400);
    Ok(())
}

async fn three_sandboxes_and_no_more(t: &Trial) -> Outcome {
    let first = t.sandbox().await?;
    let name = t.name();
    t.a_snapshot(&first.id, &name).await?;
    for _ in 0..2 {
        let wish = json!({"template_name": t.session.template(), "timeout": 240});
        let request = crate::http::Request::post("/v1/sandbox", &wish);
        let answer = t.send(request.final_429()).await?;
        for rule in ["SB-CREATE-05", "LIM-03"] {
            t.status(rule, &answer, 201);
        }
    }
    let wish = json!({"template_name": t.session.template(), "timeout": 240});
    let request = crate::http::Request::post("/v1/sandbox", &wish);
    let over = t.send(request.final_429()).await?;
    for rule in ["SB-CREATE-05", "LIM-03"] {
        t.status(rule, &over, 409);
    }
    t.decided("SB-CREATE-05", "it has a message only", over.json.get("errors").is_none());
    for path in t.restore_paths() {
        let body = json!({ "snapshot_name": name });
        let request = crate::http::Request::post(path, &body).final_429();
        let answer = t.send(request).await?;
        t.status("SNAP-REST-09", &answer, 429);
        let after = !answer.header("retry-after").is_empty();
        t.decided("SNAP-REST-09", "it has Retry-After", after);
    }
    t.remove(&first.id).await?;
    t.status("LIM-03", &t.create(json!({})).await?, 201);
    Ok(())
}

async fn a_stopped_sandbox_takes_no_place(t: &Trial) -> Outcome {
    let first = t.sandbox().await?;
    let second = t.sandbox().await?;
    t.sandbox().await?;
    t.change(&first.id, "stop").await?;
    let wish = json!({"template_name": t.session.template(), "timeout": 240});
    let request = crate::http::Request::post("/v1/sandbox", &wish);
    let another = t.send(request.final_429()).await?;
    t.status("SB-CREATE-06", &another, 201);
    let start = crate::http::Request::new("POST", first.path("start")).final_429();
    t.status("SB-START-03", &t.send(start.clone()).await?, 429);
    t.change(&second.id, "pause").await?;
    let full = t.send(start).await?;
    t.decided("SB-CREATE-06", "a paused sandbox takes a place", full.status == 429);
    Ok(())
}

async fn a_rate_limit_is_a_429(t: &Trial) -> Outcome {
    let mut refused = None;
    for _ in 0..1100 {
        let request = crate::http::Request::get("/v1/sandboxes?page-size=1").final_429();
        let answer = t.send(request).await?;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    t.must("LIM-04", "more than 1000 requests in a minute are a 429", refused.is_some());
    let after = refused.is_some_and(|answer| !answer.header("retry-after").is_empty());
    t.decided("LIM-04", "it has Retry-After", after);
    Ok(())
}
