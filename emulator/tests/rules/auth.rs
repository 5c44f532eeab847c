//! AUTH: keys and organisations.

use libtest_mimic::Trial;
use serde_json::json;

use crate::operations::{BUILT, Names};
use crate::support::{Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(every_call_needs_a_key),
        trial!(the_key_comes_in_four_forms),
        trial!(another_organisations_sandbox_and_snapshot_are_not_found),
        trial!(the_leap0_header_wins_and_does_not_fall_back),
        trial!(a_browsers_basic_value_is_no_key),
        trial!(an_unknown_key_is_refused_where_keys_are_listed),
    ]
}

async fn every_call_needs_a_key() {
    let server = Server::start().await;
    let anonymous = server.anonymous();
    for (method, path) in [
        ("GET", "/v1/sandboxes"),
        ("POST", "/v1/sandbox"),
        ("GET", "/v1/sandbox/sbx-none"),
        ("POST", "/v1/snapshot/restore"),
        ("POST", "/v1/sandbox/sbx-none/git/clone"),
    ] {
        let answer = anonymous.send(method, path, "{}").await;
        proves!("AUTH-01", "AUTH-04" => assert_eq!(answer.status, 401, "{method} {path}"));
        assert!(!answer.message().is_empty());
    }
    let names = Names { sandbox: "sbx-none".to_owned(), ..Names::default() };
    for row in BUILT {
        let answer = row.send(&anonymous, &names, "").await;
        proves!("AUTH-01" => assert_eq!(answer.status, 401, "{}", row.name));
    }
    for header in ["authorization", "leap0-authorization"] {
        for value in ["", " ", "Bearer", "Bearer ", "bearer\t"] {
            let answer = anonymous.header(header, value).get("/v1/sandboxes").await;
            proves!("AUTH-04" => assert_eq!(answer.status, 401, "{header}: {value:?}"));
        }
    }
}

async fn the_key_comes_in_four_forms() {
    let server = Server::start().await;
    let id = server.client_with_key("k1").a_running_sandbox().await;
    let path = format!("/v1/sandbox/{id}");
    for header in ["authorization", "leap0-authorization"] {
        for value in ["k1", "Bearer k1", "bearer k1", "BEARER k1"] {
            let answer = server.anonymous().header(header, value).get(&path).await;
            proves!("AUTH-01", "AUTH-02", "AUTH-03" =>
                assert_eq!(answer.status, 200, "{header}: {value}"));
        }
    }
}

async fn another_organisations_sandbox_and_snapshot_are_not_found() {
    let server = Server::with().keys(&["a:acme", "a2:acme", "b:other"]).start().await;
    let (ours, same, other) =
        (server.client_with_key("a"), server.client_with_key("a2"), server.client_with_key("b"));
    let id = ours.a_running_sandbox().await;
    let snapshot =
        ours.post(&format!("/v1/sandbox/{id}/snapshot/create"), json!({"name": "s"})).await;
    let snapshot = snapshot.text("id");
    let sandbox = format!("/v1/sandbox/{id}");
    assert_eq!(same.get(&sandbox).await.status, 200);
    for (method, path) in [
        ("GET", sandbox.clone()),
        ("DELETE", sandbox.clone()),
        ("POST", format!("{sandbox}/pause")),
        ("POST", format!("{sandbox}/process/execute")),
        ("POST", format!("{sandbox}/git/clone")),
        ("DELETE", format!("/v1/snapshot/{snapshot}")),
    ] {
        let answer = other.send(method, &path, "{}").await;
        proves!("AUTH-05" => assert_eq!(answer.status, 404, "{method} {path}"));
    }
    let restore = other.post("/v1/snapshot/restore", json!({"snapshot_name": "s"})).await;
    proves!("AUTH-05" => assert_eq!(restore.status, 404));
    assert_eq!(other.get("/v1/sandboxes").await.json()["total_items"], 0);
    assert_eq!(other.get("/v1/snapshots").await.json()["total_items"], 0);
    assert_eq!(ours.state(&id).await, "running");
}

async fn the_leap0_header_wins_and_does_not_fall_back() {
    let server = Server::with().keys(&["good", "other"]).start().await;
    let id = server.client_with_key("good").a_running_sandbox().await;
    let path = format!("/v1/sandbox/{id}");
    let both = server.client_with_key("for-the-app").header("leap0-authorization", "good");
    proves!("AUTH-06" => assert_eq!(both.get(&path).await.status, 200));
    let wrong = server.client_with_key("good").header("leap0-authorization", "wrong");
    proves!("AUTH-06" => assert_eq!(wrong.get(&path).await.status, 401));
}

async fn a_browsers_basic_value_is_no_key() {
    let server = Server::start().await;
    for header in ["authorization", "leap0-authorization"] {
        for value in ["Basic c2J4LWE6", "basic c2J4LWE6"] {
            let answer = server.anonymous().header(header, value).get("/v1/sandboxes").await;
            proves!("AUTH-10" => assert_eq!(answer.status, 401, "{header}: {value}"));
        }
    }
}

async fn an_unknown_key_is_refused_where_keys_are_listed() {
    let server = Server::with().keys(&["known"]).start().await;
    assert_eq!(server.client_with_key("known").get("/v1/sandboxes").await.status, 200);
    let answer = server.client_with_key("unknown").get("/v1/sandboxes").await;
    proves!("AUTH-04" => assert_eq!(answer.status, 401));
}
