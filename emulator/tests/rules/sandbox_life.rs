//! SB-PAUSE, SB-STOP, SB-START and SB-DEL: what happens to a sandbox between create and delete.

use libtest_mimic::Trial;
use serde_json::json;

use crate::shape::{SANDBOX, assert_shape};
use crate::support::{Client, Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_pause_answers_201_with_the_paused_sandbox),
        trial!(a_pause_makes_no_named_snapshot),
        trial!(there_is_no_resume_path),
        trial!(what_runs_inside_resumes_and_what_does_not_leaves_paused),
        trial!(a_resume_keeps_files_env_and_id),
        trial!(concurrent_uses_of_a_paused_sandbox_all_succeed),
        trial!(a_stop_keeps_the_disk_and_loses_memory),
        trial!(a_start_answers_200_with_the_whole_running_sandbox),
        trial!(a_start_keeps_what_the_sandbox_was_asked_to_be),
        trial!(a_start_at_the_limit_is_429),
        trial!(a_stopped_sandbox_says_how_to_start_it),
        trial!(a_delete_takes_running_paused_and_stopped_sandboxes),
        trial!(a_second_delete_is_404),
        trial!(snapshots_survive_their_source),
        trial!(concurrent_requests_leave_a_legal_state),
    ]
}

async fn a_pause_answers_201_with_the_paused_sandbox() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let before = client.get(&format!("/v1/sandbox/{id}")).await.json();
    let answer = client.ask(&id, "pause").await;
    proves!("SB-PAUSE-01" => assert_eq!(answer.status, 201, "{answer:?}"));
    proves!("SB-PAUSE-01" => assert_shape(&answer.json(), SANDBOX, &[]));
    let mut wanted = before;
    wanted["state"] = json!("paused");
    proves!("SB-PAUSE-01" => assert_eq!(answer.json(), wanted));
    let again = client.ask(&id, "pause").await;
    proves!("SB-PAUSE-02" => assert_eq!(again.status, 409, "{again:?}"));
    assert!(again.message().contains("not running"), "{again:?}");
}

async fn a_pause_makes_no_named_snapshot() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    // It would be listed, were there one.
    client.a_snapshot(&id, "named").await;
    assert_eq!(client.list("/v1/snapshots").await["total_items"], 1);
    client.change(&id, "pause").await;
    proves!("SB-PAUSE-03" => assert_eq!(client.listed("/v1/snapshots", "name").await, ["named"]));
    client.sh(&id, "true").await;
    proves!("SB-PAUSE-03" => assert_eq!(client.list("/v1/snapshots").await["total_items"], 1));
}

async fn there_is_no_resume_path() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.change(&id, "pause").await;
    for what in ["resume", "unpause", "restore"] {
        proves!("SB-PAUSE-04" => assert_eq!(client.ask(&id, what).await.status, 404, "{what}"));
    }
    let start = client.ask(&id, "start").await;
    proves!("SB-START-01" => assert_eq!(start.status, 409, "{start:?}"));
    proves!("SB-PAUSE-04" => assert_eq!(client.state(&id).await, "paused"));
}

async fn what_runs_inside_resumes_and_what_does_not_leaves_paused() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.sh(&id, "printf x > /workspace/f").await;
    let base = format!("/v1/sandbox/{id}");
    let uses = [
        ("POST", "process/execute", r#"{"command":"true"}"#),
        ("POST", "filesystem/exists", r#"{"path":"/none"}"#),
        ("POST", "filesystem/read-file", r#"{"path":"/workspace/f"}"#),
        ("POST", "filesystem/write-file?path=/workspace/g", "bytes"),
        ("GET", "system/workdir", ""),
        ("GET", "system/user-home-dir", ""),
    ];
    for (method, what, body) in uses {
        client.change(&id, "pause").await;
        let answer = client.send(method, &format!("{base}/{what}"), body).await;
        assert!(answer.status < 300, "{what}: {answer:?}");
        proves!("SB-PAUSE-05" => assert_eq!(client.state(&id).await, "running", "{what}"));
    }
    client.change(&id, "pause").await;
    let quiet = [
        ("GET", base.clone(), 200),
        ("GET", "/v1/sandboxes".to_owned(), 200),
        ("GET", "/v1/snapshots".to_owned(), 200),
        ("POST", format!("{base}/pause"), 409),
        ("POST", format!("{base}/stop"), 409),
        ("POST", format!("{base}/start"), 409),
        ("POST", format!("{base}/snapshot/create"), 409),
        ("POST", format!("{base}/snapshot/pause"), 409),
        ("POST", format!("{base}/mounts"), 501),
        ("POST", format!("{base}/presigned-url"), 501),
        ("POST", format!("{base}/ssh/access"), 501),
    ];
    for (method, path, status) in quiet {
        assert_eq!(client.send(method, &path, "{}").await.status, status, "{method} {path}");
        proves!("SB-PAUSE-05" => assert_eq!(client.state(&id).await, "paused", "{method} {path}"));
    }
}

async fn a_resume_keeps_files_env_and_id() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_sandbox_with(json!({"env_vars": {"FRUIT": "pear"}})).await;
    client
        .sh(&id, "echo disk > /workspace/d; echo memory > /dev/shm/m; echo run > /run/lock/r")
        .await;
    client.change(&id, "pause").await;
    let seen = client.sh(&id, "cat /workspace/d /dev/shm/m /run/lock/r; echo $FRUIT").await;
    proves!("SB-PAUSE-09", "SB-PAUSE-01" => assert_eq!(seen, "disk\nmemory\nrun\npear\n"));
    proves!("SB-PAUSE-09" => assert_eq!(client.listed("/v1/sandboxes", "id").await, [id]));
}

async fn concurrent_uses_of_a_paused_sandbox_all_succeed() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.sh(&id, "echo kept > /dev/shm/m").await;
    client.change(&id, "pause").await;
    let uses: Vec<_> = (0..16)
        .map(|_| {
            let (client, id) = (client.clone(), id.clone());
            tokio::spawn(async move { client.exec(&id, "cat /dev/shm/m").await })
        })
        .collect();
    for used in uses {
        let answer = used.await.expect("no panic");
        assert_eq!(answer.status, 200, "{answer:?}");
        proves!("SB-PAUSE-05", "SB-PAUSE-09" => assert_eq!(answer.text("stdout"), "kept\n"));
    }
    assert_eq!(client.state(&id).await, "running");
}

async fn a_stop_keeps_the_disk_and_loses_memory() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client
        .sh(&id, "echo disk > /workspace/d; echo memory > /dev/shm/m; echo run > /run/lock/r")
        .await;
    let answer = client.ask(&id, "stop").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_shape(&answer.json(), SANDBOX, &[]);
    proves!("SB-STOP-01" => assert_eq!(answer.json()["state"], "stopped"));
    let again = client.ask(&id, "stop").await;
    proves!("SB-STOP-01" => assert_eq!(again.status, 409, "{again:?}"));
    client.change(&id, "start").await;
    let seen = client.sh(&id, "cat /workspace/d").await;
    proves!("SB-STOP-01", "SB-START-02" => assert_eq!(seen, "disk\n"));
    let exists = format!("/v1/sandbox/{id}/filesystem/exists");
    for path in ["/dev/shm/m", "/run/lock/r"] {
        let answer = client.post(&exists, json!({ "path": path })).await;
        proves!("SB-STOP-01" => assert_eq!(answer.json()["exists"], false, "{path}"));
    }
}

async fn a_start_answers_200_with_the_whole_running_sandbox() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let refused = client.ask(&id, "start").await;
    proves!("SB-START-01" => assert_eq!(refused.status, 409, "{refused:?}"));
    assert!(refused.message().contains("not stopped"), "{refused:?}");
    client.change(&id, "stop").await;
    let answer = client.ask(&id, "start").await;
    proves!("SB-START-02" => assert_eq!(answer.status, 200, "{answer:?}"));
    proves!("SB-START-02" => assert_shape(&answer.json(), SANDBOX, &[]));
    proves!("SB-START-02" => assert_eq!(answer.json()["state"], "running"));
    proves!("SB-START-02" => assert_eq!(client.exec(&id, "true").await.status, 200));
}

async fn a_start_keeps_what_the_sandbox_was_asked_to_be() {
    let server = Server::start().await;
    let client = server.client();
    let fields = json!({
        "vcpu": 2, "memory": 2048, "timeout": 900, "auto_pause": true,
        "env_vars": {"FRUIT": "pear"},
        "network_policy": {"mode": "custom", "allow_domains": ["example.com"]},
    });
    let id = client.a_sandbox_with(fields).await;
    let before = client.get(&format!("/v1/sandbox/{id}")).await.json();
    let first = client.item(&id).await;
    // The clock has moved on before the second launch.
    client.sh(&id, "sleep 0.005").await;
    client.change(&id, "stop").await;
    let stopped = client.item(&id).await;
    let started = client.change(&id, "start").await;
    proves!("SB-START-04" => assert_eq!(started, before, "nothing is new, not even created_at"));
    proves!("SB-START-04" => assert_eq!(client.sh(&id, "printf $FRUIT").await, "pear"));
    let second = client.item(&id).await;
    let launched =
        |item: &serde_json::Value| item["launch_time"].as_str().expect("text").to_owned();
    proves!("SB-START-04" => assert!(launched(&second) > launched(&first), "{first} {second}"));
    assert!(launched(&second).as_str() >= stopped["state_change_time"].as_str().expect("text"));
}

async fn a_start_at_the_limit_is_429() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = Some(1)).start().await;
    let client = server.client();
    let stopped = client.a_running_sandbox().await;
    client.change(&stopped, "stop").await;
    let running = client.a_running_sandbox().await;
    let answer = client.ask(&stopped, "start").await;
    proves!("SB-START-03" => assert_eq!(answer.status, 429, "{answer:?}"));
    proves!("SB-START-03" =>
        assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|after| after > 0), "{answer:?}"));
    assert!(answer.message().contains("--max-sandboxes"), "{answer:?}");
    assert_eq!(client.state(&stopped).await, "stopped");
    // The state is asked first.
    assert_eq!(client.ask(&running, "start").await.status, 409);
    client.remove(&running).await;
    proves!("SB-START-03" => assert_eq!(client.ask(&stopped, "start").await.status, 200));
}

async fn a_stopped_sandbox_says_how_to_start_it() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.change(&id, "stop").await;
    let base = format!("/v1/sandbox/{id}");
    for (method, what, body) in [
        ("POST", "process/execute", r#"{"command":"true"}"#),
        ("POST", "filesystem/ls", r#"{"path":"/"}"#),
        ("POST", "filesystem/write-file?path=/x", "bytes"),
        ("GET", "system/workdir", ""),
    ] {
        let answer = client.send(method, &format!("{base}/{what}"), body).await;
        proves!("SB-STOP-03" => assert_eq!(answer.status, 409, "{what}: {answer:?}"));
        proves!("SB-STOP-03" => assert!(answer.message().contains("start"), "{answer:?}"));
        proves!("SB-STOP-03" => assert_eq!(client.state(&id).await, "stopped", "{what}"));
    }
}

async fn a_delete_takes_running_paused_and_stopped_sandboxes() {
    let server = Server::start().await;
    let client = server.client();
    for state in ["", "pause", "stop"] {
        let id = client.a_running_sandbox().await;
        if !state.is_empty() {
            client.change(&id, state).await;
        }
        let answer = client.delete(&format!("/v1/sandbox/{id}/")).await;
        proves!("SB-DEL-01" => assert_eq!(answer.status, 204, "{state}: {answer:?}"));
        proves!("SB-DEL-01" =>
            assert_eq!(client.get(&format!("/v1/sandbox/{id}")).await.status, 404));
        assert_eq!(client.exec(&id, "true").await.status, 404);
    }
}

async fn a_second_delete_is_404() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.remove(&id).await;
    for id in [id.as_str(), "sbx-none", "x", "%20"] {
        let answer = client.delete(&format!("/v1/sandbox/{id}")).await;
        proves!("SB-DEL-03" => assert_eq!(answer.status, 404, "{id}"));
        assert!(!answer.message().is_empty());
    }
}

async fn snapshots_survive_their_source() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.sh(&id, "echo kept > /workspace/f").await;
    client.a_snapshot(&id, "survivor").await;
    client.remove(&id).await;
    proves!("SB-DEL-04" => assert_eq!(client.listed("/v1/snapshots", "name").await, ["survivor"]));
    let copy = client.a_copy("survivor").await;
    proves!("SB-DEL-04" => assert_eq!(client.sh(&copy, "cat /workspace/f").await, "kept\n"));
}

/// Sends one request of a sandbox.
async fn request(client: Client, id: String, what: &'static str) -> (&'static str, u16) {
    let answer = match what {
        "delete" => client.delete(&format!("/v1/sandbox/{id}")).await,
        "use" => client.exec(&id, "true").await,
        "snapshot" => client.snapshot(&id, json!({})).await,
        other => client.ask(&id, other).await,
    };
    (what, answer.status)
}

async fn concurrent_requests_leave_a_legal_state() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = None).start().await;
    let client = server.client();
    for round in 0..8 {
        let id = client.a_running_sandbox().await;
        let whats = ["snapshot", "delete", "pause", "stop", "use", "start", "snapshot", "pause"];
        let requests: Vec<_> = (0..whats.len())
            .map(|n| tokio::spawn(request(client.clone(), id.clone(), whats[(n + round) % 8])))
            .collect();
        let mut deleted = 0;
        for sent in requests {
            let (what, status) = sent.await.expect("no panic");
            let legal: &[u16] = match what {
                "delete" => &[204, 409],
                "use" => &[200, 404, 409],
                "start" | "stop" => &[200, 404, 409],
                _ => &[201, 404, 409],
            };
            assert!(legal.contains(&status), "{what}: {status}");
            deleted += u16::from(what == "delete" && status == 204);
        }
        let seen = client.get(&format!("/v1/sandbox/{id}")).await;
        if deleted == 1 {
            proves!("SB-DEL-01" => assert_eq!(seen.status, 404, "{seen:?}"));
        } else {
            let state = seen.text("state");
            assert!(["running", "paused", "stopped"].contains(&state.as_str()), "{state}");
            client.remove(&id).await;
        }
    }
    assert_eq!(client.list("/v1/sandboxes").await["total_items"], 0);
}
