//! LIM: bodies, quotas, and what the server says of them.

use libtest_mimic::Trial;
use serde_json::json;

use crate::support::{Raw, Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_body_may_have_10_mib),
        trial!(a_larger_body_is_413_whether_its_length_is_announced_or_not),
        trial!(a_large_body_does_not_cost_an_earlier_refusal_its_answer),
        trial!(the_body_limit_can_be_set),
        trial!(three_sandboxes_are_the_default_limit),
        trial!(paused_sandboxes_count_and_stopped_and_deleted_ones_do_not),
        trial!(the_limit_is_each_organisations_own),
        trial!(the_limit_can_be_lifted),
        trial!(concurrent_creates_do_not_pass_the_limit),
        trial!(capabilities_tell_the_limits),
    ]
}

const MIB: usize = 1 << 20;

async fn a_body_may_have_10_mib() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let path = format!("/v1/sandbox/{id}/filesystem/write-file?path=/workspace/large");
    let answer = client.send("POST", &path, vec![b'x'; 10 * MIB]).await;
    proves!("LIM-02" => assert_eq!(answer.status, 204, "{answer:?}"));
    assert_eq!(client.sh(&id, "stat -c %s /workspace/large").await, format!("{}\n", 10 * MIB));
    let answer = client.send("POST", &path, vec![b'x'; 10 * MIB + 1]).await;
    proves!("LIM-02" => assert_eq!(answer.status, 413, "{answer:?}"));
}

async fn a_larger_body_is_413_whether_its_length_is_announced_or_not() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.change(&id, "pause").await;
    let paths = [
        "/v1/sandbox".to_owned(),
        "/v1/snapshot/restore".to_owned(),
        format!("/v1/sandbox/{id}/pause"),
        format!("/v1/sandbox/{id}/snapshot/create"),
        format!("/v1/sandbox/{id}/process/execute"),
        format!("/v1/sandbox/{id}/filesystem/write-file?path=/workspace/f"),
    ];
    for path in &paths {
        let answer = client.send("POST", path, vec![b'x'; 11 * MIB]).await;
        proves!("LIM-02" => assert_eq!(answer.status, 413, "{path}: {answer:?}"));
        assert!(answer.message().contains("10485760"), "{answer:?}");
        let mut raw = Raw::open(&server).await;
        let chunked = ["transfer-encoding: chunked"];
        raw.head(&format!("POST {path}"), Some("key-of-the-trial"), &chunked).await;
        let chunk = [format!("{MIB:x}\r\n").as_bytes(), &vec![b'x'; MIB], b"\r\n"].concat();
        for _ in 0..11 {
            raw.write(&chunk).await;
        }
        raw.write(b"0\r\n\r\n").await;
        let answer = raw.answer().await;
        proves!("LIM-02" => assert_eq!(answer.status, 413, "{path}: {answer:?}"));
        assert!(answer.head.contains("content-type: application/json"), "{answer:?}");
        assert!(answer.body.contains("\"message\""), "{answer:?}");
    }
    assert_eq!(client.state(&id).await, "paused");
    // One that is announced is refused before it is sent.
    let mut raw = Raw::open(&server).await;
    let announced = ["content-length: 11534336", "expect: 100-continue"];
    raw.head("POST /v1/sandbox", Some("key-of-the-trial"), &announced).await;
    let body = vec![b'x'; 11 * MIB];
    raw.write(&body).await;
    assert!([100, 413].contains(&raw.answer().await.status));
}

async fn a_large_body_does_not_cost_an_earlier_refusal_its_answer() {
    let server = Server::start().await;
    let client = server.client();
    for _ in 0..3 {
        let answer = server.anonymous().send("POST", "/v1/sandbox", vec![b'x'; 11 * MIB]).await;
        assert_eq!(answer.status, 401, "{answer:?}");
        let path = "/v1/sandbox/sbx-none/filesystem/write-file?path=/f";
        let answer = client.send("POST", path, vec![b'x'; 11 * MIB]).await;
        proves!("WIRE-10" => assert_eq!(answer.status, 404, "{answer:?}"));
    }
}

async fn the_body_limit_can_be_set() {
    let server = Server::with().max_body(100).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let path = format!("/v1/sandbox/{id}/filesystem/write-file?path=/workspace/f");
    for (length, status) in [(0, 204), (100, 204), (101, 413), (1000, 413)] {
        let answer = client.send("POST", &path, vec![b'x'; length]).await;
        proves!("LIM-02" => assert_eq!(answer.status, status, "{length}: {answer:?}"));
    }
}

async fn three_sandboxes_are_the_default_limit() {
    let server = Server::start().await;
    let client = server.client();
    for _ in 0..3 {
        client.a_running_sandbox().await;
    }
    let answer = client.create(json!({})).await;
    proves!("SB-CREATE-05", "LIM-03" => assert_eq!(answer.status, 409, "{answer:?}"));
    proves!("SB-CREATE-05" => assert!(answer.message().contains("--max-sandboxes"), "{answer:?}"));
    let keys: Vec<_> = answer.json().as_object().expect("an object").keys().cloned().collect();
    proves!("SB-CREATE-05" => assert_eq!(keys, ["message"]));
    assert_eq!(client.list("/v1/sandboxes").await["total_items"], 3);
    // Everything else is served at the limit.
    let id = client.listed("/v1/sandboxes", "id").await.remove(0);
    assert_eq!(client.snapshot(&id, json!({"name": "s"})).await.status, 201);
    let restore = client.restore("s").await;
    proves!("LIM-03" => assert_eq!(restore.status, 429, "{restore:?}"));
    client.change(&id, "pause").await;
    assert_eq!(client.exec(&id, "true").await.status, 200, "a resume needs no place");
}

async fn paused_sandboxes_count_and_stopped_and_deleted_ones_do_not() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = Some(1)).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    proves!("SB-CREATE-06" => assert_eq!(client.create(json!({})).await.status, 409));
    client.change(&id, "pause").await;
    proves!("SB-CREATE-06" => assert_eq!(client.create(json!({})).await.status, 409));
    client.sh(&id, "true").await;
    client.change(&id, "stop").await;
    let second = client.create(json!({})).await;
    proves!("SB-CREATE-06" => assert_eq!(second.status, 201, "{second:?}"));
    client.remove(&second.text("id")).await;
    let third = client.create(json!({})).await;
    proves!("SB-CREATE-06" => assert_eq!(third.status, 201, "{third:?}"));
    client.remove(&third.text("id")).await;
    // A stopped one that is deleted gives nothing back twice.
    client.remove(&id).await;
    assert_eq!(client.create(json!({})).await.status, 201);
    proves!("SB-CREATE-06" => assert_eq!(client.create(json!({})).await.status, 409));
}

async fn the_limit_is_each_organisations_own() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = Some(1)).start().await;
    for key in ["one", "two", "three"] {
        let client = server.client_with_key(key);
        proves!("SB-CREATE-05" => assert_eq!(client.create(json!({})).await.status, 201));
        proves!("SB-CREATE-05" => assert_eq!(client.create(json!({})).await.status, 409));
    }
}

async fn the_limit_can_be_lifted() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = None).start().await;
    let client = server.client();
    for _ in 0..30 {
        proves!("LIM-03" => assert_eq!(client.create(json!({})).await.status, 201));
    }
}

async fn concurrent_creates_do_not_pass_the_limit() {
    let server = Server::start().await;
    let client = server.client();
    let creates: Vec<_> = (0..24)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.create(json!({})).await.status })
        })
        .collect();
    let mut made = 0;
    for create in creates {
        let status = create.await.expect("no panic");
        assert!([201, 409].contains(&status), "{status}");
        made += u32::from(status == 201);
    }
    proves!("SB-CREATE-05", "LIM-03" => assert_eq!(made, 3));
    assert_eq!(client.list("/v1/sandboxes").await["total_items"], 3);
}

async fn capabilities_tell_the_limits() {
    let server = Server::start().await;
    let said = server.anonymous().get("/_emulator/capabilities").await.json();
    assert_eq!(said["quotas"]["max_sandboxes"], 3, "{said}");
    assert_eq!(said["quotas"]["max_body_bytes"], 10_485_760, "{said}");
}
