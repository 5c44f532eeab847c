//! SNAP-CREATE and SNAP-KILL: taking a snapshot.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::shape::{SNAPSHOT, assert_shape};
use crate::support::{Answer, Client, Raw, Server, proves, trial, until};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_snapshot_holds_disk_memory_and_resources),
        trial!(only_a_running_sandbox_can_be_snapshotted),
        trial!(the_source_runs_on),
        trial!(a_snapshot_without_a_name_is_named_after_its_template),
        trial!(a_name_has_1_to_64_characters_after_trimming),
        trial!(a_name_is_any_text_without_control_characters),
        trial!(a_taken_name_is_409_in_its_organisation_only),
        trial!(concurrent_snapshots_of_one_name_make_exactly_one),
        trial!(a_name_is_free_again_after_a_delete),
        trial!(there_is_no_limit_on_snapshots),
        trial!(a_snapshot_has_the_values_of_its_source),
        trial!(a_snapshot_of_a_copy_stands_alone),
        trial!(kill_sandbox_after_removes_the_source),
        trial!(a_client_that_hangs_up_strands_nothing),
    ]
}

async fn a_snapshot_holds_disk_memory_and_resources() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_sandbox_with(json!({"vcpu": 2, "memory": 2048})).await;
    client.sh(&id, "echo disk > /workspace/d; echo memory > /dev/shm/m").await;
    let answer = client.snapshot(&id, json!({"name": "all"})).await;
    proves!("SNAP-CREATE-01" => assert_eq!(answer.status, 201, "{answer:?}"));
    assert_shape(&answer.json(), SNAPSHOT, &[]);
    assert_eq!(answer.text("name"), "all");
    client.sh(&id, "echo changed > /workspace/d; rm /dev/shm/m").await;
    let copy = client.restore("all").await.json();
    let seen = client.sh(copy["id"].as_str().expect("an id"), "cat /workspace/d /dev/shm/m").await;
    proves!("SNAP-CREATE-01" => assert_eq!(seen, "disk\nmemory\n"));
    proves!("SNAP-CREATE-01" => assert_eq!([&copy["vcpu"], &copy["memory"]], [2, 2048]));
}

async fn only_a_running_sandbox_can_be_snapshotted() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    for (change, state) in [("pause", "paused"), ("stop", "stopped")] {
        client.change(&id, change).await;
        for what in ["snapshot/create", "snapshot/pause"] {
            let answer =
                client.post(&format!("/v1/sandbox/{id}/{what}"), json!({"name": "n"})).await;
            proves!("SNAP-CREATE-02" => assert_eq!(answer.status, 409, "{answer:?}"));
            proves!("SNAP-CREATE-02" =>
                assert!(answer.message().contains("not running"), "{answer:?}"));
            proves!("SNAP-CREATE-02" => assert_eq!(client.state(&id).await, state));
        }
        client.change_back(&id, change).await;
    }
    // Nothing was stored, and the name is free.
    assert_eq!(client.list("/v1/snapshots").await["total_items"], 0);
    client.a_snapshot(&id, "n").await;
}

async fn the_source_runs_on() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.sh(&id, "echo before > /dev/shm/m").await;
    let before = client.get(&format!("/v1/sandbox/{id}")).await.json();
    client.a_snapshot(&id, "one").await;
    let after = client.get(&format!("/v1/sandbox/{id}")).await.json();
    proves!("SNAP-CREATE-04" => assert_eq!(after, before, "the answer comes when it runs again"));
    proves!("SNAP-CREATE-04" => assert_eq!(client.sh(&id, "cat /dev/shm/m").await, "before\n"));
}

async fn a_snapshot_without_a_name_is_named_after_its_template() {
    let server = Server::start().await;
    let client = server.client();
    let mut names = BTreeSet::new();
    for (template, slug) in [
        ("system/debian:bookworm", "debian-bookworm-"),
        ("system/code-interpreter:v0.1.0", "code-interpreter-v0.1.0-"),
    ] {
        let id = client.a_sandbox_with(json!({ "template_name": template })).await;
        for body in [json!({}), json!({"name": null})] {
            let name = client.snapshot(&id, body).await.text("name");
            let digits = name.strip_prefix(slug).unwrap_or_else(|| panic!("{name}"));
            proves!("SNAP-CREATE-05" => assert!(digits.len() >= 8 && name.len() <= 64, "{name}"));
            proves!("SNAP-CREATE-05" =>
                assert!(digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}"));
            names.insert(name);
        }
        names.insert(client.ask(&id, "snapshot/create").await.text("name"));
    }
    proves!("SNAP-CREATE-05" => assert_eq!(names.len(), 6, "{names:?}"));
    for name in names {
        let copy = client.a_copy(&name).await;
        client.remove(&copy).await;
    }
}

async fn a_name_has_1_to_64_characters_after_trimming() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let paths = ["create", "pause"].map(|what| format!("/v1/sandbox/{id}/snapshot/{what}"));
    for name in ["", " ", " \t\n ", &"x".repeat(65), &"é".repeat(65), &"🦀".repeat(65)] {
        for path in &paths {
            let answer = client.post(path, json!({ "name": name })).await;
            proves!("SNAP-CREATE-06", "SNAP-PAUSE-04" =>
                assert_eq!(answer.fields(), ["name"], "{name:?}"));
        }
    }
    for name in [json!(1), json!(true), json!(["x"]), json!({})] {
        for path in &paths {
            let answer = client.post(path, json!({ "name": name })).await;
            proves!("SNAP-CREATE-06" => assert_eq!(answer.fields(), ["name"], "{name}"));
        }
    }
    let long = ["x".repeat(64), "é".repeat(64), "🦀".repeat(64)];
    for name in ["a", long[0].as_str(), &long[1], &long[2]] {
        let answer = client.snapshot(&id, json!({ "name": name })).await;
        proves!("SNAP-CREATE-06" => assert_eq!(answer.status, 201, "{answer:?}"));
        assert_eq!(answer.text("name"), name);
    }
    // 64 characters, and blanks that do not count.
    let answer = client.snapshot(&id, json!({"name": format!(" \t{} \n", "y".repeat(64))})).await;
    proves!("SNAP-CREATE-06" => assert_eq!(answer.text("name"), "y".repeat(64)));
    let answer = client.snapshot(&id, json!({"name": "  a  "})).await;
    proves!("SNAP-CREATE-06" => assert_eq!(answer.status, 409, "`a` is taken: {answer:?}"));
    let kill = client.snapshot(&id, json!({"name": "", "kill_sandbox_after": "yes"})).await;
    assert_eq!(kill.fields(), ["name", "kill_sandbox_after"]);
}

async fn a_name_is_any_text_without_control_characters() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    for name in ["a\nb", "a\tb", "a\0b", "\u{7f}", "x\u{85}y", "\u{1b}[31m", "a\u{9c}"] {
        let answer = client.snapshot(&id, json!({ "name": name })).await;
        proves!("SNAP-CREATE-07" => assert_eq!(answer.fields(), ["name"], "{name:?}"));
    }
    let names =
        ["Base", "base", "a b", "a/b?c=d&e", "naïve ☃ 雪 🦀", "..", "\"'\\<>", "%2F", "null"];
    for name in names {
        let answer = client.snapshot(&id, json!({ "name": name })).await;
        proves!("SNAP-CREATE-07" => assert_eq!(answer.status, 201, "{name}: {answer:?}"));
        proves!("SNAP-CREATE-07" => assert_eq!(answer.text("name"), name));
        let copy = client.restore(name).await;
        proves!("SNAP-CREATE-07" => assert_eq!(copy.status, 201, "{name}: {copy:?}"));
        client.remove(&copy.text("id")).await;
    }
    proves!("SNAP-CREATE-07" => assert_eq!(client.restore("BASE").await.status, 404));
}

async fn a_taken_name_is_409_in_its_organisation_only() {
    let server = Server::start().await;
    let (client, other) = (server.client(), server.client_with_key("another"));
    let (id, theirs) = (client.a_running_sandbox().await, other.a_running_sandbox().await);
    client.a_snapshot(&id, "taken").await;
    let second = client.a_running_sandbox().await;
    for source in [&id, &second] {
        let answer =
            client.snapshot(source, json!({"name": "taken", "kill_sandbox_after": true})).await;
        proves!("SNAP-CREATE-08" => assert_eq!(answer.status, 409, "{answer:?}"));
        proves!("SNAP-CREATE-08" => assert!(answer.message().contains("taken"), "{answer:?}"));
        proves!("SNAP-KILL-01" => assert_eq!(client.state(source).await, "running"));
    }
    proves!("SNAP-CREATE-08" =>
        assert_eq!(other.snapshot(&theirs, json!({"name": "taken"})).await.status, 201));
    assert_eq!(client.list("/v1/snapshots").await["total_items"], 1);
}

async fn concurrent_snapshots_of_one_name_make_exactly_one() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = None).start().await;
    let client = server.client();
    let mut sources = Vec::new();
    for _ in 0..8 {
        sources.push(client.a_running_sandbox().await);
    }
    for round in 0..5 {
        let requests: Vec<_> = sources
            .iter()
            .map(|id| {
                let (client, id) = (client.clone(), id.clone());
                let body = json!({"name": format!("round-{round}")});
                tokio::spawn(async move { client.snapshot(&id, body).await })
            })
            .collect();
        let mut made = 0;
        for request in requests {
            let answer: Answer = request.await.expect("no panic");
            assert!([201, 409].contains(&answer.status), "{answer:?}");
            made += u16::from(answer.status == 201);
        }
        proves!("SNAP-CREATE-08" => assert_eq!(made, 1));
        assert_eq!(client.list("/v1/snapshots").await["total_items"], round + 1);
    }
    for source in sources {
        assert_eq!(client.state(&source).await, "running");
    }
}

async fn a_name_is_free_again_after_a_delete() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    for round in ["first", "second"] {
        client.sh(&id, &format!("echo {round} > /workspace/f")).await;
        let answer = client.snapshot(&id, json!({"name": "again"})).await;
        proves!("SNAP-CREATE-10" => assert_eq!(answer.status, 201, "{answer:?}"));
        let copy = client.a_copy("again").await;
        let seen = client.sh(&copy, "cat /workspace/f").await;
        proves!("SNAP-CREATE-10" => assert_eq!(seen, format!("{round}\n")));
        client.remove(&copy).await;
        let gone = client.delete(&format!("/v1/snapshot/{}", answer.text("id"))).await;
        assert_eq!(gone.status, 204);
    }
}

async fn there_is_no_limit_on_snapshots() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    for number in 0..150 {
        let answer = client.snapshot(&id, json!({})).await;
        proves!("SNAP-CREATE-13" => assert_eq!(answer.status, 201, "{number}: {answer:?}"));
    }
    assert_eq!(client.list("/v1/snapshots").await["total_items"], 150);
}

async fn a_snapshot_has_the_values_of_its_source() {
    let server = Server::start().await;
    let client = server.client();
    let policy = json!({
        "mode": "custom", "allow_domains": ["*.example.com"], "allow_cidrs": ["10.0.0.0/8"],
        "transforms": [{"domain": "a.example.com", "inject_headers": {"x": "y"}}],
    });
    let fields = json!({
        "template_name": "system/desktop:v0.1.0", "vcpu": 4, "memory": 4096, "network_policy": policy,
    });
    let source = client.create(fields).await.json();
    let id = source["id"].as_str().expect("an id");
    let snapshot = client.snapshot(id, json!({})).await.json();
    for field in
        ["template_id", "vcpu", "memory", "memory_mib", "disk", "disk_mib", "network_policy"]
    {
        proves!("SNAP-CREATE-14" => assert_eq!(snapshot[field], source[field], "{field}"));
    }
    proves!("SNAP-CREATE-14" => assert_eq!(snapshot["network_policy"], policy));
}

async fn a_snapshot_of_a_copy_stands_alone() {
    let server = Server::start().await;
    let client = server.client();
    let source = client.a_running_sandbox().await;
    client.sh(&source, "echo old > /workspace/f").await;
    let older = client.a_snapshot(&source, "older").await;
    let copy = client.a_copy("older").await;
    client.sh(&copy, "echo new >> /workspace/f").await;
    client.a_snapshot(&copy, "newer").await;
    client.remove(&copy).await;
    client.remove(&source).await;
    let answer = client.delete(&format!("/v1/snapshot/{older}")).await;
    proves!("SNAP-CREATE-15" => assert_eq!(answer.status, 204, "{answer:?}"));
    let second = client.a_copy("newer").await;
    proves!("SNAP-CREATE-15" =>
        assert_eq!(client.sh(&second, "cat /workspace/f").await, "old\nnew\n"));
}

async fn kill_sandbox_after_removes_the_source() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = Some(1)).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.sh(&id, "echo kept > /workspace/f").await;
    let answer = client.snapshot(&id, json!({"name": "killed", "kill_sandbox_after": true})).await;
    proves!("SNAP-KILL-01" => assert_eq!(answer.status, 201, "{answer:?}"));
    proves!("SNAP-KILL-01", "SNAP-KILL-02" =>
        assert_eq!(client.get(&format!("/v1/sandbox/{id}")).await.status, 404));
    // The quota is free.
    let copy = client.restore("killed").await;
    proves!("SNAP-KILL-02" => assert_eq!(copy.status, 201, "{copy:?}"));
    assert_eq!(client.sh(&copy.text("id"), "cat /workspace/f").await, "kept\n");
    for keep in [json!({"kill_sandbox_after": false}), json!({"kill_sandbox_after": null})] {
        assert_eq!(client.snapshot(&copy.text("id"), keep).await.status, 201);
        assert_eq!(client.state(&copy.text("id")).await, "running");
    }
    let bad: [Value; 3] = [json!("true"), json!(1), json!([])];
    for kill in bad {
        let answer = client.snapshot(&copy.text("id"), json!({ "kill_sandbox_after": kill })).await;
        assert_eq!(answer.fields(), ["kill_sandbox_after"]);
    }
}

/// Whether a snapshot of this name is stored.
async fn stored(client: &Client, name: &str) -> bool {
    client.listed("/v1/snapshots?page-size=100", "name").await.iter().any(|stored| stored == name)
}

async fn a_client_that_hangs_up_strands_nothing() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    // A command that is still running makes the snapshot take its time.
    let command = {
        let (client, id) = (client.clone(), id.clone());
        tokio::spawn(async move { client.exec(&id, "touch /workspace/begun; sleep 20").await })
    };
    let exists = format!("/v1/sandbox/{id}/filesystem/exists");
    until("the command has begun", async || {
        client.post(&exists, json!({"path": "/workspace/begun"})).await.json()["exists"] == true
    })
    .await;
    // The client has hung up in the middle if the snapshot was seen under way before it did.
    let mut caught = 0;
    for attempt in 0..50 {
        let name = format!("attempt-{attempt}");
        let body = json!({ "name": name }).to_string();
        let length = format!("content-length: {}", body.len());
        let mut raw = Raw::open(&server).await;
        let request = format!("POST /v1/sandbox/{id}/snapshot/create");
        raw.head(&request, Some("key-of-the-trial"), &[&length]).await;
        raw.write(body.as_bytes()).await;
        until("the snapshot begins", async || {
            client.state(&id).await == "snapshotting" || stored(&client, &name).await
        })
        .await;
        let under_way = !stored(&client, &name).await;
        drop(raw);
        until("the snapshot is stored", async || stored(&client, &name).await).await;
        until("the source runs again", async || client.state(&id).await == "running").await;
        caught += usize::from(under_way);
        if caught == 3 {
            break;
        }
    }
    proves!("SNAP-CREATE-04" => assert!(caught > 0, "never hung up in the middle"));
    assert_eq!(client.post(&exists, json!({"path": "/workspace/begun"})).await.status, 200);
    client.remove(&id).await;
    assert_eq!(command.await.expect("no panic").status, 404);
    assert_eq!(client.restore("attempt-0").await.status, 201);
}
