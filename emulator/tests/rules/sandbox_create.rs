//! SB-CREATE: how a sandbox comes to be.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::shape::{SANDBOX, assert_shape};
use crate::support::{Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_create_answers_201_with_the_whole_running_sandbox),
        trial!(a_new_sandbox_can_be_used_paused_and_snapshotted_at_once),
        trial!(all_three_system_templates_exist),
        trial!(a_template_name_is_required_and_has_1_to_64_characters),
        trial!(an_unknown_template_is_a_bad_field),
        trial!(what_is_not_said_has_a_default),
        trial!(numbers_have_bounds),
        trial!(an_integer_is_an_integer),
        trial!(a_timeout_may_be_a_second),
        trial!(booleans_and_objects_have_their_types),
        trial!(all_bad_fields_are_listed_at_once),
        trial!(the_disk_is_fixed),
        trial!(no_policy_is_allow_all),
        trial!(env_vars_are_seen_by_commands_which_may_override_them),
        trial!(bad_env_vars_are_refused_by_name),
        trial!(a_refused_create_creates_nothing),
    ]
}

async fn a_create_answers_201_with_the_whole_running_sandbox() {
    let server = Server::start().await;
    let client = server.client();
    let fields = json!({
        "vcpu": 2, "memory": 2048, "timeout": 600, "auto_pause": true,
        "network_policy": {"mode": "deny-all"},
    });
    let answer = client.create(fields).await;
    proves!("SB-CREATE-01" => assert_eq!(answer.status, 201, "{answer:?}"));
    let sandbox = answer.json();
    proves!("SB-CREATE-01" => assert_shape(&sandbox, SANDBOX, &[]));
    for (field, value) in [
        ("template_name", json!("system/debian:bookworm")),
        ("vcpu", json!(2)),
        ("memory", json!(2048)),
        ("timeout", json!(600)),
        ("auto_pause", json!(true)),
        ("network_policy", json!({"mode": "deny-all"})),
    ] {
        proves!("SB-CREATE-01" => assert_eq!(sandbox[field], value, "{field}"));
    }
    proves!("SB-CREATE-08" => assert_eq!(sandbox["state"], "running"));
    let seen = client.get(&format!("/v1/sandbox/{}/", answer.text("id"))).await;
    proves!("SB-CREATE-01" => assert_eq!(seen.json(), sandbox));
}

async fn a_new_sandbox_can_be_used_paused_and_snapshotted_at_once() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    proves!("SB-CREATE-08" => assert_eq!(client.exec(&id, "true").await.status, 200));
    let id = client.a_running_sandbox().await;
    proves!("SB-CREATE-08" => assert_eq!(client.snapshot(&id, json!({})).await.status, 201));
    let id = client.a_running_sandbox().await;
    proves!("SB-CREATE-08" => assert_eq!(client.ask(&id, "pause").await.status, 201));
    proves!("SB-CREATE-08" =>
        assert_eq!(client.delete(&format!("/v1/sandbox/{id}")).await.status, 204));
}

async fn all_three_system_templates_exist() {
    let server = Server::start().await;
    let client = server.client();
    let mut ids = Vec::new();
    for name in
        ["system/debian:bookworm", "system/code-interpreter:v0.1.0", "system/desktop:v0.1.0"]
    {
        let answer = client.create(json!({"template_name": format!("  {name}\n")})).await;
        proves!("SB-CREATE-02" => assert_eq!(answer.status, 201, "{answer:?}"));
        assert_eq!(answer.text("template_name"), name);
        ids.push(answer.text("template_id"));
    }
    ids.dedup();
    assert_eq!(ids.len(), 3, "each has an id of its own");
}

async fn a_template_name_is_required_and_has_1_to_64_characters() {
    let server = Server::start().await;
    let client = server.client();
    let answer = client.post("/v1/sandbox", json!({})).await;
    proves!("SB-CREATE-02" => assert_eq!(answer.fields(), ["template_name"]));
    let required = answer.json()["errors"][0]["error"].clone();
    let mut refused = Vec::new();
    for name in [
        json!(null),
        json!(""),
        json!("  \t"),
        json!(7),
        json!(["x"]),
        json!("x".repeat(65)),
        json!("é".repeat(65)),
    ] {
        let answer = client.post("/v1/sandbox", json!({ "template_name": name })).await;
        proves!("SB-CREATE-02" => assert_eq!(answer.fields(), ["template_name"], "{name}"));
        refused.push(answer.json()["errors"][0]["error"].as_str().expect("text").to_owned());
    }
    assert_eq!(refused[0], required);
    // 64 characters are a name; whether they name anything is another matter.
    for name in ["x".repeat(64), "é".repeat(64), format!(" {} ", "x".repeat(64))] {
        let answer = client.post("/v1/sandbox", json!({ "template_name": name })).await;
        let error = answer.json()["errors"][0]["error"].as_str().expect("text").to_owned();
        proves!("SB-CREATE-02" => assert!(!refused.contains(&error), "{name}: {error}"));
    }
}

async fn an_unknown_template_is_a_bad_field() {
    let server = Server::start().await;
    let client = server.client();
    for name in ["x", "debian", "System/Debian:Bookworm", "system/debian"] {
        let answer = client.create(json!({ "template_name": name })).await;
        proves!("SB-CREATE-07" => assert_eq!(answer.fields(), ["template_name"], "{name}"));
    }
}

async fn what_is_not_said_has_a_default() {
    let server = Server::start().await;
    let sandbox = server.client().create(json!({})).await.json();
    for (field, value) in [
        ("vcpu", json!(1)),
        ("memory", json!(1024)),
        ("timeout", json!(300)),
        ("timeout_min", json!(5)),
        ("auto_pause", json!(false)),
    ] {
        proves!("SB-CREATE-03" => assert_eq!(sandbox[field], value, "{field}"));
    }
}

async fn numbers_have_bounds() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = None).start().await;
    let client = server.client();
    for (field, good, bad) in [
        ("vcpu", vec![1, 8], vec![0, 9, -1, 1_000_000_000_000_i64]),
        ("memory", vec![512, 514, 8192], vec![510, 511, 513, 8191, 8194, 0, -512]),
        ("memory_mib", vec![512, 8192], vec![511, 513, 8193, 8194]),
        ("timeout", vec![1, 28_800], vec![0, 28_801, -1]),
        ("timeout_min", vec![1, 480], vec![0, 481, -1]),
    ] {
        for value in good {
            let answer = client.create(json!({field: value})).await;
            proves!("SB-CREATE-03", "LIM-01" =>
                assert_eq!(answer.status, 201, "{field} {value}: {answer:?}"));
            proves!("SB-CREATE-03" => assert_eq!(answer.json()[field], value, "{field}"));
        }
        for value in bad {
            let answer = client.create(json!({field: value})).await;
            proves!("SB-CREATE-03", "LIM-01" => assert_eq!(answer.fields(), [field], "{value}"));
        }
    }
}

async fn an_integer_is_an_integer() {
    let server = Server::start().await;
    let client = server.client();
    for (field, value) in
        [("vcpu", 2), ("memory", 1024), ("memory_mib", 1024), ("timeout", 60), ("timeout_min", 1)]
    {
        for text in [
            format!("\"{value}\""),
            format!("{value}.5"),
            format!("{value}.0"),
            format!("{value}e0"),
            "1e300".to_owned(),
            "99999999999999999999999".to_owned(),
            "true".to_owned(),
            "false".to_owned(),
            format!("[{value}]"),
            "{}".to_owned(),
            "\"\"".to_owned(),
        ] {
            let body = format!(r#"{{"template_name":"system/debian:bookworm","{field}":{text}}}"#);
            let answer = client.send("POST", "/v1/sandbox", body).await;
            proves!("SB-CREATE-03" => assert_eq!(answer.fields(), [field], "{text}"));
        }
    }
    assert_eq!(client.list("/v1/sandboxes").await["total_items"], 0);
}

async fn a_timeout_may_be_a_second() {
    let server = Server::start().await;
    let client = server.client();
    for seconds in [1, 30] {
        let answer = client.create(json!({ "timeout": seconds })).await;
        proves!("SB-CREATE-04" => assert_eq!(answer.status, 201, "{answer:?}"));
    }
}

async fn booleans_and_objects_have_their_types() {
    let server = Server::start().await;
    let client = server.client();
    for (field, bad) in [
        ("auto_pause", vec![json!("true"), json!(1), json!(0), json!([]), json!({})]),
        ("env_vars", vec![json!("A=b"), json!(["A=b"]), json!(1), json!(true)]),
        ("network_policy", vec![json!("allow-all"), json!([]), json!(1), json!(false)]),
        ("mounts", vec![json!({}), json!("x"), json!(1), json!(true)]),
    ] {
        for value in bad {
            let answer = client.create(json!({field: value})).await;
            proves!("SB-CREATE-03" => assert_eq!(answer.fields(), [field], "{value}"));
        }
    }
}

async fn all_bad_fields_are_listed_at_once() {
    let server = Server::start().await;
    let body = json!({
        "template_name": 1, "vcpu": 0, "memory": 513, "timeout": "300", "auto_pause": "yes",
        "env_vars": {"A": 1, "B=": "x"}, "mounts": 3,
        "network_policy": {"mode": "some", "allow_domains": ["x"], "allow_cidrs": "all"},
    });
    let answer = server.client().post("/v1/sandbox", body).await;
    let mut fields = answer.fields();
    fields.sort_unstable();
    let wanted = [
        "auto_pause",
        "env_vars.A",
        "env_vars.B=",
        "memory",
        "mounts",
        "network_policy.allow_cidrs",
        "network_policy.allow_domains[0]",
        "network_policy.mode",
        "template_name",
        "timeout",
        "vcpu",
    ];
    proves!("WIRE-10", "SB-CREATE-03" => assert_eq!(fields, wanted));
}

async fn the_disk_is_fixed() {
    let server = Server::start().await;
    let client = server.client();
    for fields in [json!({}), json!({"disk": 1, "disk_mib": 20_480}), json!({"disk": "large"})] {
        let answer = client.create(fields).await;
        proves!("SB-01", "LIM-01" => assert_eq!(answer.json()["disk"], 10_240, "{answer:?}"));
    }
}

async fn no_policy_is_allow_all() {
    let server = Server::start().await;
    let client = server.client();
    for fields in [json!({}), json!({"network_policy": null})] {
        let answer = client.create(fields).await;
        let policy = answer.json()["network_policy"].clone();
        proves!("SB-CREATE-10" => assert_eq!(policy, json!({"mode": "allow-all"})));
    }
    let answer = client.create(json!({"network_policy": {}})).await;
    proves!("SB-CREATE-10" => assert_eq!(answer.fields(), ["network_policy.mode"]));
}

async fn env_vars_are_seen_by_commands_which_may_override_them() {
    let server = Server::start().await;
    let client = server.client();
    // `HOME` is the template's own.
    let env = json!({"FRUIT": "pear", "EMPTY": "", "MORE": "a b\n'c'", "HOME": "/elsewhere"});
    let id = client.a_sandbox_with(json!({ "env_vars": env })).await;
    let seen =
        client.sh(&id, "printf '%s|%s|%s|%s' \"$FRUIT\" \"$EMPTY\" \"$MORE\" \"$HOME\"").await;
    proves!("SB-CREATE-11" => assert_eq!(seen, "pear||a b\n'c'|/elsewhere"));
    let path = format!("/v1/sandbox/{id}/process/execute");
    let body = json!({"command": "printf $FRUIT", "envs": {"FRUIT": "plum"}});
    let answer = client.post(&path, body).await;
    proves!("SB-CREATE-11" => assert_eq!(answer.text("stdout"), "plum"));
    proves!("SB-CREATE-11" => assert_eq!(client.sh(&id, "printf $FRUIT").await, "pear"));
}

async fn bad_env_vars_are_refused_by_name() {
    let server = Server::start().await;
    let client = server.client();
    for (env, field) in [
        (json!({"A": 1}), "env_vars.A"),
        (json!({"A": null}), "env_vars.A"),
        (json!({"A": ["x"]}), "env_vars.A"),
        (json!({"A=B": "x"}), "env_vars.A=B"),
        (json!({"A\0": "x"}), "env_vars.A\0"),
        (json!({"A": "x\0y"}), "env_vars.A"),
        (json!({"": "x"}), "env_vars."),
    ] {
        let answer = client.create(json!({ "env_vars": env })).await;
        proves!("SB-CREATE-11" => assert_eq!(answer.fields(), [field], "{env}"));
    }
}

async fn a_refused_create_creates_nothing() {
    let server = Server::start().await;
    let client = server.client();
    let bad: [Value; 3] =
        [json!({"vcpu": 0}), json!({"mounts": [{}]}), json!({"template_name": "x"})];
    for fields in bad {
        assert!(client.create(fields).await.status >= 400);
    }
    assert_eq!(client.list("/v1/sandboxes").await, json!({"items": [], "total_items": 0}));
}
