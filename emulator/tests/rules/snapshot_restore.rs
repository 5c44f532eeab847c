//! SNAP-REST: making a sandbox from a snapshot.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::shape::{SANDBOX, assert_shape};
use crate::support::{Client, Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_restore_makes_a_brand_new_running_sandbox),
        trial!(a_snapshot_is_found_by_its_exact_name),
        trial!(a_bad_name_is_refused),
        trial!(size_and_template_are_the_snapshots),
        trial!(timeout_and_auto_pause_are_not_inherited),
        trial!(timeout_and_auto_pause_can_be_given),
        trial!(the_policy_is_the_snapshots_unless_another_is_given),
        trial!(copies_are_independent_of_each_other_and_of_the_source),
        trial!(a_restore_works_after_the_source_is_gone),
        trial!(a_restore_at_the_limit_is_429),
        trial!(files_and_memory_continue_and_the_server_says_what_does_not),
        trial!(the_environment_carries_over),
        trial!(all_bad_fields_of_a_restore_are_listed_at_once),
    ]
}

const PATHS: [&str; 2] = ["/v1/snapshot/resume", "/v1/snapshot/restore"];

/// A sandbox made with these fields, and its snapshot `base`.
async fn a_base(fields: Value) -> (Server, Client, String) {
    let server = Server::with().settings(|settings| settings.max_sandboxes = None).start().await;
    let client = server.client();
    let id = client.a_sandbox_with(fields).await;
    client.sh(&id, "echo base > /workspace/f").await;
    client.a_snapshot(&id, "base").await;
    (server, client, id)
}

async fn a_restore_makes_a_brand_new_running_sandbox() {
    let (_server, client, source) = a_base(json!({})).await;
    for path in PATHS {
        for slash in ["", "/"] {
            let body = json!({"snapshot_name": "base"});
            let answer = client.post(&format!("{path}{slash}"), body).await;
            proves!("SNAP-REST-01" => assert_eq!(answer.status, 201, "{answer:?}"));
            proves!("SNAP-REST-01" => assert_shape(&answer.json(), SANDBOX, &[]));
            proves!("SNAP-REST-01" => assert_eq!(answer.text("state"), "running"));
            let copy = answer.text("id");
            proves!("SNAP-REST-01" => assert_ne!(copy, source));
            proves!("SNAP-REST-01" =>
                assert_eq!(client.sh(&copy, "cat /workspace/f").await, "base\n"));
            client.remove(&copy).await;
        }
    }
    assert_eq!(client.state(&source).await, "running");
}

async fn a_snapshot_is_found_by_its_exact_name() {
    let (_server, client, id) = a_base(json!({})).await;
    for path in PATHS {
        for name in [" base ", "\tbase\n"] {
            let answer = client.post(path, json!({ "snapshot_name": name })).await;
            proves!("SNAP-REST-02" => assert_eq!(answer.status, 201, "{name:?}: {answer:?}"));
        }
        let by_id = client.listed("/v1/snapshots", "id").await;
        for name in ["bas", "base2", "BASE", "b", "*", &by_id[0], &id, &"x".repeat(64)] {
            let answer = client.post(path, json!({ "snapshot_name": name })).await;
            proves!("SNAP-REST-02" => assert_eq!(answer.status, 404, "{name:?}: {answer:?}"));
            assert!(answer.message().contains(name), "{answer:?}");
        }
    }
}

async fn a_bad_name_is_refused() {
    let (_server, client, _) = a_base(json!({})).await;
    for path in PATHS {
        for name in [
            json!(null),
            json!(""),
            json!("   "),
            json!("x".repeat(65)),
            json!("é".repeat(65)),
            json!(1),
            json!(true),
            json!(["base"]),
            json!({"name": "base"}),
        ] {
            let answer = client.post(path, json!({ "snapshot_name": name })).await;
            proves!("SNAP-REST-02" => assert_eq!(answer.fields(), ["snapshot_name"], "{name}"));
        }
        let answer = client.post(path, json!({"name": "base"})).await;
        proves!("SNAP-REST-02" => assert_eq!(answer.fields(), ["snapshot_name"]));
    }
}

async fn size_and_template_are_the_snapshots() {
    let fields = json!({"template_name": "system/desktop:v0.1.0", "vcpu": 3, "memory": 4096});
    let (_server, client, source) = a_base(fields).await;
    let source = client.get(&format!("/v1/sandbox/{source}")).await.json();
    for path in PATHS {
        let body = json!({
            "snapshot_name": "base", "vcpu": 1, "memory": 512, "memory_mib": "x", "disk": 1,
            "template_name": "system/debian:bookworm", "env_vars": {"A": 1}, "vcpus": [],
        });
        let answer = client.post(path, body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        for field in
            ["template_id", "template_name", "vcpu", "memory", "memory_mib", "disk", "disk_mib"]
        {
            proves!("SNAP-REST-03" => assert_eq!(answer.json()[field], source[field], "{field}"));
        }
    }
}

async fn timeout_and_auto_pause_are_not_inherited() {
    let (_server, client, _) = a_base(json!({"timeout": 7200, "auto_pause": true})).await;
    for path in PATHS {
        for fields in [json!({}), json!({"timeout": null, "timeout_min": null, "auto_pause": null})]
        {
            let mut body = fields;
            body["snapshot_name"] = json!("base");
            let copy = client.post(path, body).await.json();
            proves!("SNAP-REST-04" =>
                assert_eq!([&copy["timeout"], &copy["timeout_min"]], [300, 5]));
            proves!("SNAP-REST-05" => assert_eq!(copy["auto_pause"], false));
        }
    }
}

async fn timeout_and_auto_pause_can_be_given() {
    let (_server, client, _) = a_base(json!({})).await;
    for path in PATHS {
        for (field, value, seconds) in [("timeout", 1800, 1800), ("timeout_min", 30, 1800)] {
            let body = json!({"snapshot_name": "base", field: value, "auto_pause": true});
            let copy = client.post(path, body).await.json();
            proves!("SNAP-REST-04" => assert_eq!(copy["timeout"], seconds));
            proves!("SNAP-REST-05" => assert_eq!(copy["auto_pause"], true));
            let seen =
                client.get(&format!("/v1/sandbox/{}", copy["id"].as_str().expect("id"))).await;
            assert_eq!(seen.json(), copy);
        }
    }
}

async fn the_policy_is_the_snapshots_unless_another_is_given() {
    let policy = json!({
        "mode": "custom", "allow_domains": ["example.com"], "allow_cidrs": ["10.0.0.0/8"],
    });
    let (_server, client, _) = a_base(json!({ "network_policy": policy })).await;
    for path in PATHS {
        for given in [json!({}), json!({"network_policy": null})] {
            let mut body = given;
            body["snapshot_name"] = json!("base");
            let copy = client.post(path, body).await.json();
            proves!("SNAP-REST-06" => assert_eq!(copy["network_policy"], policy));
        }
        // Another replaces it whole: the domains of the first are gone.
        let other = json!({"mode": "custom", "allow_cidrs": ["1.2.3.4/32"]});
        let body = json!({"snapshot_name": "base", "network_policy": other});
        let copy = client.post(path, body).await.json();
        proves!("SNAP-REST-06" => assert_eq!(copy["network_policy"], other));
    }
    let list = client.list("/v1/snapshots").await;
    assert_eq!(list["items"][0]["network_policy"], policy, "the snapshot keeps its own");
}

async fn copies_are_independent_of_each_other_and_of_the_source() {
    let (_server, client, source) = a_base(json!({})).await;
    let (first, second) = (client.a_copy("base").await, client.a_copy("base").await);
    client.sh(&first, "echo first > /workspace/f; echo x > /workspace/new").await;
    client.sh(&source, "rm /workspace/f").await;
    proves!("SNAP-REST-07" => assert_eq!(client.sh(&second, "cat /workspace/f").await, "base\n"));
    let third = client.a_copy("base").await;
    let seen = client.sh(&third, "cat /workspace/f; ls /workspace").await;
    proves!("SNAP-REST-07" => assert_eq!(seen, "base\nf\n"));
    proves!("SNAP-REST-07" => assert_eq!(client.sh(&first, "cat /workspace/f").await, "first\n"));
    client.remove(&first).await;
    proves!("SNAP-REST-07" => assert_eq!(client.exec(&second, "true").await.status, 200));
    let mut ids = client.listed("/v1/sandboxes", "id").await;
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

async fn a_restore_works_after_the_source_is_gone() {
    let (_server, client, source) = a_base(json!({})).await;
    client.remove(&source).await;
    let killed = client.a_running_sandbox().await;
    client.sh(&killed, "echo killed > /workspace/f").await;
    client.snapshot(&killed, json!({"name": "killed", "kill_sandbox_after": true})).await;
    let paused = client.a_running_sandbox().await;
    client.sh(&paused, "echo paused > /workspace/f").await;
    client.post(&format!("/v1/sandbox/{paused}/snapshot/pause"), json!({"name": "paused"})).await;
    assert_eq!(client.list("/v1/sandboxes").await["total_items"], 0);
    for name in ["base", "killed", "paused"] {
        let copy = client.restore(name).await;
        proves!("SNAP-REST-08" => assert_eq!(copy.status, 201, "{copy:?}"));
        let seen = client.sh(&copy.text("id"), "cat /workspace/f").await;
        proves!("SNAP-REST-08" => assert_eq!(seen, format!("{name}\n")));
    }
}

async fn a_restore_at_the_limit_is_429() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = Some(1)).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.a_snapshot(&id, "base").await;
    for path in PATHS {
        let answer = client.post(path, json!({"snapshot_name": "base"})).await;
        proves!("SNAP-REST-09" => assert_eq!(answer.status, 429, "{answer:?}"));
        proves!("SNAP-REST-09" =>
            assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|after| after > 0), "{answer:?}"));
        assert!(answer.message().contains("--max-sandboxes"), "{answer:?}");
    }
    assert_eq!(client.list("/v1/sandboxes").await["total_items"], 1);
    client.remove(&id).await;
    proves!("SNAP-REST-09" => assert_eq!(client.restore("base").await.status, 201));
}

async fn files_and_memory_continue_and_the_server_says_what_does_not() {
    let (server, client, source) = a_base(json!({})).await;
    client
        .sh(&source, "echo memory > /dev/shm/m; echo run > /run/lock/r; chmod 640 /workspace/f")
        .await;
    client.a_snapshot(&source, "memory").await;
    client.sh(&source, "rm /dev/shm/m /run/lock/r /workspace/f").await;
    let copy = client.a_copy("memory").await;
    let seen =
        client.sh(&copy, "cat /workspace/f /dev/shm/m /run/lock/r; stat -c %a /workspace/f").await;
    proves!("SNAP-REST-10" => assert_eq!(seen, "base\nmemory\nrun\n640\n"));
    let said = server.anonymous().get("/_emulator/capabilities").await.json();
    proves!("SNAP-REST-10" => assert_eq!(said["backend"]["process-survival"], false, "{said}"));
    assert_eq!(said["backend"]["memory-survival"], true, "{said}");
}

async fn the_environment_carries_over() {
    let (_server, client, _) = a_base(json!({"env_vars": {"FRUIT": "pear"}})).await;
    for path in PATHS {
        let body = json!({"snapshot_name": "base", "env_vars": {"FRUIT": "plum", "MORE": "x"}});
        let copy = client.post(path, body).await;
        assert_eq!(copy.status, 201, "{copy:?}");
        let seen = client.sh(&copy.text("id"), "printf '%s|%s' \"$FRUIT\" \"$MORE\"").await;
        proves!("SNAP-REST-11" => assert_eq!(seen, "pear|"));
    }
}

async fn all_bad_fields_of_a_restore_are_listed_at_once() {
    let (_server, client, _) = a_base(json!({})).await;
    for path in PATHS {
        let body = json!({
            "snapshot_name": "", "timeout": "300", "timeout_min": 1.5, "auto_pause": 1,
            "network_policy": {"mode": "custom", "allow_domains": ["x"]},
        });
        let mut fields = client.post(path, body).await.fields();
        fields.sort_unstable();
        let wanted = [
            "auto_pause",
            "network_policy.allow_domains[0]",
            "snapshot_name",
            "timeout",
            "timeout_min",
        ];
        proves!("WIRE-10" => assert_eq!(fields, wanted, "{path}"));
        for timeout in
            [json!("300"), json!(1.5), json!(300.0), json!(true), json!([300]), json!(-1)]
        {
            let body = json!({"snapshot_name": "base", "timeout": timeout});
            assert_eq!(client.post(path, body).await.fields(), ["timeout"], "{timeout}");
        }
    }
    assert_eq!(client.list("/v1/sandboxes").await["total_items"], 1);
}
