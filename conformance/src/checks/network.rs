//! NET: network policies, as far as answers show them.

use serde_json::{Value, json};

use super::NO_POLICY;
use crate::check::{Check, Outcome, Stop, Trial, check};
use crate::http::Answer;

pub(super) const CHECKS: &[Check] = &[
    check!(a_policy_has_a_mode_and_bounded_lists, Sandbox, ["NET-01"]),
    check!(a_restore_takes_a_policy_too, Snapshots, ["NET-01"]),
    check!(a_domain_has_two_labels, Sandbox, ["NET-02"]),
    check!(a_range_is_ipv4, Sandbox, ["NET-03"]),
    check!(lists_beside_another_mode, Sandbox, ["NET-05"]),
    check!(a_policy_comes_back_as_it_was_given, Sandbox, ["NET-06"]),
];

/// Asks for a sandbox with a policy, and removes it at once.
async fn with_policy(t: &Trial, policy: Value) -> Outcome<Answer> {
    let answer = t.create(json!({ "network_policy": policy })).await?;
    if answer.ok() {
        t.running(&answer).await?;
        t.remove(answer.text("id")).await?;
    }
    Ok(answer)
}

fn custom(field: &str, value: &Value) -> Value {
    json!({"mode": "custom", field: value})
}

/// Each list with its bound and an item.
fn lists() -> [(&'static str, usize, Value); 3] {
    [
        ("allow_domains", 50, json!("example.com")),
        ("allow_cidrs", 10, json!("10.0.0.0/8")),
        ("transforms", 20, json!({"domain": "example.com", "inject_headers": {"x": "y"}})),
    ]
}

async fn a_policy_has_a_mode_and_bounded_lists(t: &Trial) -> Outcome {
    for mode in ["allow-all", "deny-all", "custom"] {
        let answer = with_policy(t, json!({ "mode": mode })).await?;
        t.status("NET-01", &answer, 201);
        if let Some(policy) = answer.json.get("network_policy") {
            t.same("NET-01", "the mode", &policy["mode"], &json!(mode));
        }
    }
    t.status("NET-01", &with_policy(t, json!({"mode": "sometimes"})).await?, 400);
    for (field, most, item) in lists() {
        let full = with_policy(t, custom(field, &json!(vec![item.clone(); most]))).await?;
        t.status("NET-01", &full, 201);
        let over = with_policy(t, custom(field, &json!(vec![item; most + 1]))).await?;
        t.status("NET-01", &over, 400);
        let named = over.fields() == [format!("network_policy.{field}")];
        t.decided("NET-01", "the 400 is on the field in the policy", named);
    }
    Ok(())
}

async fn a_restore_takes_a_policy_too(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let name = t.name();
    t.a_snapshot(&sandbox.id, &name).await?;
    t.remove(&sandbox.id).await?;
    for path in t.restore_paths() {
        for (policy, status) in [(json!({"mode": "deny-all"}), 201), (json!({"mode": "x"}), 400)] {
            let fields = json!({ "network_policy": policy });
            let answer = t.restore_on(path, &name, fields).await?;
            t.status("NET-01", &answer, status);
            if answer.ok() {
                t.remove(answer.text("id")).await?;
            }
        }
    }
    Ok(())
}

async fn a_domain_has_two_labels(t: &Trial) -> Outcome {
    let good = json!(["example.com", "*.example.com", "a-b.c1.io"]);
    t.status("NET-02", &with_policy(t, custom("allow_domains", &good)).await?, 201);
    let transform = json!([{"domain": "*.example.com"}]);
    t.status("NET-02", &with_policy(t, custom("transforms", &transform)).await?, 201);
    for bad in ["com", "*.com", "-a.com", "a.com:443", "a b.com"] {
        let answer = with_policy(t, custom("allow_domains", &json!([bad]))).await?;
        t.decided_status("NET-02", &answer, 400);
    }
    Ok(())
}

async fn a_range_is_ipv4(t: &Trial) -> Outcome {
    let good = json!(["10.0.0.0/24", "1.2.3.4/32", "0.0.0.0/0"]);
    t.status("NET-03", &with_policy(t, custom("allow_cidrs", &good)).await?, 201);
    for (range, status) in
        [("1.2.3.4", 201), ("10.1.2.3/8", 201), ("1.2.3.4/33", 400), ("::1/128", 400)]
    {
        let answer = with_policy(t, custom("allow_cidrs", &json!([range]))).await?;
        t.decided_status("NET-03", &answer, status);
    }
    Ok(())
}

async fn lists_beside_another_mode(t: &Trial) -> Outcome {
    for mode in ["allow-all", "deny-all"] {
        let answer =
            with_policy(t, json!({"mode": mode, "allow_domains": ["example.com"]})).await?;
        t.decided_status("NET-05", &answer, 201);
        if answer.ok() {
            let policy = answer.json.get("network_policy");
            let policy = policy.ok_or(Stop::Unsupported(NO_POLICY))?;
            t.same("NET-05", "the mode", &policy["mode"], &json!(mode));
        } else {
            t.status("NET-05", &answer, 400);
        }
    }
    Ok(())
}

async fn a_policy_comes_back_as_it_was_given(t: &Trial) -> Outcome {
    let policy = json!({
        "mode": "custom",
        "transforms": [{"domain": "api.example.com", "inject_headers": {"x-key": "hush"}}],
    });
    let sandbox = t.sandbox_with(json!({ "network_policy": policy })).await?;
    let seen = t.get(sandbox.path("")).await?;
    let injected = "/network_policy/transforms/0/inject_headers";
    let kept = seen.json.pointer(injected) == Some(&json!({"x-key": "hush"}));
    t.decided("NET-06", "the headers that are injected come back", kept);
    Ok(())
}
