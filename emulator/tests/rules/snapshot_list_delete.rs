//! SNAP-LIST and SNAP-DEL: looking at snapshots and removing them.

use leap0_emulator_core::service::DeleteInUse;
use libtest_mimic::Trial;
use serde_json::json;

use crate::support::{Client, Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_list_is_filtered_by_a_part_of_the_name),
        trial!(a_long_filter_is_refused),
        trial!(a_list_is_paged_and_sorted),
        trial!(a_refused_snapshot_is_not_listed),
        trial!(there_is_no_get_for_one_snapshot),
        trial!(a_snapshot_is_deleted_by_id_and_not_by_name),
        trial!(a_deleted_snapshot_cannot_be_restored),
        trial!(a_running_copy_keeps_its_snapshot),
        trial!(a_copy_that_does_not_run_does_not_keep_its_snapshot),
        trial!(a_source_never_keeps_its_snapshots),
        trial!(a_running_copy_does_not_keep_it_where_the_switch_says_so),
        trial!(a_second_delete_is_404),
        trial!(resume_and_restore_are_ids_for_delete),
        trial!(concurrent_deletes_and_restores_leave_a_legal_state),
    ]
}

/// A sandbox with snapshots of these names, the oldest first.
async fn with_snapshots(names: &[&str]) -> (Server, Client, String) {
    let server = Server::with().settings(|settings| settings.max_sandboxes = None).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    for name in names {
        client.a_snapshot(&id, name).await;
        // The clock has moved on before the next is taken.
        client.sh(&id, "sleep 0.002").await;
    }
    (server, client, id)
}

async fn a_list_is_filtered_by_a_part_of_the_name() {
    let (_server, client, _) =
        with_snapshots(&["Alpha one", "alpha-two", "BETA", "ÉTÉ 100%"]).await;
    for (query, names) in [
        ("BETA", vec!["BETA"]),
        ("beta", vec!["BETA"]),
        ("eta", vec!["BETA"]),
        ("alpha", vec!["alpha-two", "Alpha one"]),
        ("ALPHA", vec!["alpha-two", "Alpha one"]),
        ("alpha%20one", vec!["Alpha one"]),
        ("alpha+one", vec!["Alpha one"]),
        ("%20%20beta%20", vec!["BETA"]),
        ("%C3%A9t%C3%A9", vec!["ÉTÉ 100%"]),
        ("100%25", vec!["ÉTÉ 100%"]),
        (".*", vec![]),
        ("gamma", vec![]),
        ("", vec!["ÉTÉ 100%", "BETA", "alpha-two", "Alpha one"]),
        ("%20", vec!["ÉTÉ 100%", "BETA", "alpha-two", "Alpha one"]),
    ] {
        let path = format!("/v1/snapshots?query={query}");
        proves!("SNAP-LIST-01" => assert_eq!(client.listed(&path, "name").await, names, "{query}"));
        let total = client.list(&format!("{path}&page-size=1")).await["total_items"].clone();
        proves!("SNAP-LIST-01" => assert_eq!(total, names.len(), "{query}"));
    }
}

async fn a_long_filter_is_refused() {
    let (_server, client, _) = with_snapshots(&[&"é".repeat(64)]).await;
    for (query, status) in [
        ("x".repeat(64), 200),
        ("x".repeat(65), 400),
        ("%C3%A9".repeat(64), 200),
        ("%C3%A9".repeat(65), 400),
    ] {
        let answer = client.get(&format!("/v1/snapshots?query={query}")).await;
        proves!("SNAP-LIST-02" => assert_eq!(answer.status, status, "{query}: {answer:?}"));
        if status == 400 {
            assert!(answer.message().contains("query"), "{answer:?}");
        }
    }
    let found = client.list(&format!("/v1/snapshots?query={}", "%C3%A9".repeat(64))).await;
    assert_eq!(found["total_items"], 1);
    for query in ["page=0", "page-size=101", "sort=name", "sort=state", "order-by=x", "page=x"] {
        assert_eq!(client.get(&format!("/v1/snapshots?{query}")).await.status, 400, "{query}");
    }
    let empty = "/v1/snapshots?query=&sort=&order-by=&page=&page-size=";
    assert_eq!(client.list(empty).await["total_items"], 1);
}

async fn a_list_is_paged_and_sorted() {
    let names: Vec<_> = (0..25).map(|number| format!("n{number:02}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let (_server, client, _) = with_snapshots(&names).await;
    let newest: Vec<_> = names.iter().rev().copied().collect();
    assert_eq!(client.listed("/v1/snapshots", "name").await, newest[..20]);
    assert_eq!(client.listed("/v1/snapshots?page=2", "name").await, newest[20..]);
    assert_eq!(client.listed("/v1/snapshots?page-size=100&order-by=asc", "name").await, names);
    assert_eq!(client.listed("/v1/snapshots?query=n1&page-size=3", "name").await, newest[5..8]);
    let past = client.list("/v1/snapshots?page=9").await;
    assert_eq!(past, json!({"items": [], "total_items": 25}));
    // One template: every order but that of the ids is a tie.
    for order in ["asc", "desc"] {
        let mut seen = Vec::new();
        for page in 1..=5 {
            let path =
                format!("/v1/snapshots?sort=template_id&order-by={order}&page-size=5&page={page}");
            seen.extend(client.listed(&path, "id").await);
        }
        let mut wanted = client.listed("/v1/snapshots?page-size=100", "id").await;
        wanted.sort_unstable();
        if order == "desc" {
            wanted.reverse();
        }
        proves!("SB-LIST-04" => assert_eq!(seen, wanted, "{order}"));
    }
    let desktop = client.a_sandbox_with(json!({"template_name": "system/desktop:v0.1.0"})).await;
    client.a_snapshot(&desktop, "desktop").await;
    let last =
        client.listed("/v1/snapshots?sort=template_id&order-by=asc&page=26&page-size=1", "name");
    assert_eq!(last.await, ["desktop"]);
}

async fn a_refused_snapshot_is_not_listed() {
    let (_server, client, id) = with_snapshots(&["taken"]).await;
    assert_eq!(client.snapshot(&id, json!({"name": "taken"})).await.status, 409);
    assert_eq!(client.snapshot(&id, json!({"name": ""})).await.status, 400);
    client.change(&id, "pause").await;
    assert_eq!(client.snapshot(&id, json!({"name": "paused"})).await.status, 409);
    assert_eq!(client.listed("/v1/snapshots", "name").await, ["taken"]);
}

async fn there_is_no_get_for_one_snapshot() {
    let (_server, client, _) = with_snapshots(&["base"]).await;
    let id = client.listed("/v1/snapshots", "id").await.remove(0);
    for path in
        [format!("/v1/snapshot/{id}"), format!("/v1/snapshots/{id}"), "/v1/snapshot/".to_owned()]
    {
        let answer = client.get(&path).await;
        proves!("SNAP-LIST-04" =>
            assert!([404, 405].contains(&answer.status), "{path}: {answer:?}"));
        assert!(!answer.message().is_empty());
    }
}

async fn a_snapshot_is_deleted_by_id_and_not_by_name() {
    let (_server, client, _) = with_snapshots(&["by-name", "a b"]).await;
    for name in ["by-name", "a%20b", "snap-none", "%00", "x%2Fy"] {
        let answer = client.delete(&format!("/v1/snapshot/{name}")).await;
        proves!("SNAP-DEL-01" => assert_eq!(answer.status, 404, "{name}: {answer:?}"));
    }
    let answer = client.delete("/v1/snapshot/").await;
    proves!("SNAP-DEL-06" => assert_eq!(answer.status, 404, "{answer:?}"));
    assert_eq!(client.list("/v1/snapshots").await["total_items"], 2);
    for (id, slash) in client.listed("/v1/snapshots", "id").await.iter().zip(["", "/"]) {
        let answer = client.delete(&format!("/v1/snapshot/{id}{slash}")).await;
        proves!("SNAP-DEL-01" => assert_eq!(answer.status, 204, "{answer:?}"));
    }
    assert_eq!(client.list("/v1/snapshots").await["total_items"], 0);
}

async fn a_deleted_snapshot_cannot_be_restored() {
    let (_server, client, _) = with_snapshots(&["gone", "kept"]).await;
    let ids = client.listed("/v1/snapshots?order-by=asc", "id").await;
    assert_eq!(client.delete(&format!("/v1/snapshot/{}", ids[0])).await.status, 204);
    for path in ["/v1/snapshot/resume", "/v1/snapshot/restore"] {
        for body in [json!({"snapshot_name": "gone"}), json!({"snapshot_id": ids[0]})] {
            let answer = client.post(path, body).await;
            proves!("SNAP-DEL-02" => assert_eq!(answer.status, 404, "{answer:?}"));
        }
    }
    proves!("SNAP-DEL-02" => assert_eq!(client.listed("/v1/snapshots", "name").await, ["kept"]));
    assert_eq!(client.restore("kept").await.status, 201);
}

async fn a_running_copy_keeps_its_snapshot() {
    let (_server, client, _) = with_snapshots(&["base"]).await;
    let snapshot = format!("/v1/snapshot/{}", client.listed("/v1/snapshots", "id").await[0]);
    let copy = client.a_copy("base").await;
    let answer = client.delete(&snapshot).await;
    proves!("SNAP-DEL-03", "SNAP-DEL-05" => assert_eq!(answer.status, 409, "{answer:?}"));
    proves!("SNAP-DEL-05" => assert!(answer.message().contains(&copy), "{answer:?}"));
    assert_eq!(client.list("/v1/snapshots").await["total_items"], 1);
    let second = client.a_copy("base").await;
    client.change(&copy, "pause").await;
    let answer = client.delete(&snapshot).await;
    proves!("SNAP-DEL-05" => assert!(answer.message().contains(&second), "{answer:?}"));
    client.remove(&second).await;
    // A use makes the first active again.
    client.sh(&copy, "true").await;
    let answer = client.delete(&snapshot).await;
    proves!("SNAP-DEL-03" => assert_eq!(answer.status, 409, "{answer:?}"));
    client.remove(&copy).await;
    let answer = client.delete(&snapshot).await;
    proves!("SNAP-DEL-03" => assert_eq!(answer.status, 204, "{answer:?}"));
}

async fn a_copy_that_does_not_run_does_not_keep_its_snapshot() {
    for what in ["pause", "stop", "delete"] {
        let (_server, client, _) = with_snapshots(&["base"]).await;
        let snapshot = format!("/v1/snapshot/{}", client.listed("/v1/snapshots", "id").await[0]);
        let copy = client.a_copy("base").await;
        client.sh(&copy, "echo own > /workspace/f").await;
        match what {
            "delete" => client.remove(&copy).await,
            other => drop(client.change(&copy, other).await),
        }
        let answer = client.delete(&snapshot).await;
        proves!("SNAP-DEL-03" => assert_eq!(answer.status, 204, "{what}: {answer:?}"));
        if what != "delete" {
            // It owns its saved state.
            client.change_back(&copy, what).await;
            let seen = client.sh(&copy, "cat /workspace/f").await;
            proves!("SNAP-DEL-03" => assert_eq!(seen, "own\n", "{what}"));
        }
    }
}

async fn a_source_never_keeps_its_snapshots() {
    let (_server, client, id) = with_snapshots(&["one"]).await;
    assert_eq!(client.state(&id).await, "running");
    let snapshot = format!("/v1/snapshot/{}", client.listed("/v1/snapshots", "id").await[0]);
    let answer = client.delete(&snapshot).await;
    proves!("SNAP-DEL-03" => assert_eq!(answer.status, 204, "{answer:?}"));
    assert_eq!(client.exec(&id, "true").await.status, 200);
}

async fn a_running_copy_does_not_keep_it_where_the_switch_says_so() {
    let allow = |settings: &mut leap0_emulator_core::service::Settings| {
        settings.delete_in_use = DeleteInUse::Allow;
    };
    let server = Server::with().settings(allow).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.sh(&id, "echo kept > /workspace/f").await;
    let snapshot = client.a_snapshot(&id, "base").await;
    let copy = client.a_copy("base").await;
    let answer = client.delete(&format!("/v1/snapshot/{snapshot}")).await;
    proves!("SNAP-DEL-05" => assert_eq!(answer.status, 204, "{answer:?}"));
    proves!("SNAP-DEL-05" => assert_eq!(client.sh(&copy, "cat /workspace/f").await, "kept\n"));
    assert_eq!(client.restore("base").await.status, 404);
}

async fn a_second_delete_is_404() {
    let (_server, client, _) = with_snapshots(&["base"]).await;
    let snapshot = format!("/v1/snapshot/{}", client.listed("/v1/snapshots", "id").await[0]);
    assert_eq!(client.delete(&snapshot).await.status, 204);
    let answer = client.delete(&snapshot).await;
    proves!("SNAP-DEL-04" => assert_eq!(answer.status, 404, "{answer:?}"));
    assert!(!answer.message().is_empty());
}

async fn resume_and_restore_are_ids_for_delete() {
    let (_server, client, _) = with_snapshots(&["resume", "restore"]).await;
    for path in ["/v1/snapshot/resume", "/v1/snapshot/restore", "/v1/snapshot/resume/"] {
        let answer = client.delete(path).await;
        proves!("SNAP-DEL-07" => assert_eq!(answer.status, 404, "{answer:?}"));
        let answer = client.get(path).await;
        proves!("SNAP-LIST-04" => assert_eq!(answer.status, 405, "{answer:?}"));
    }
    assert_eq!(client.list("/v1/snapshots").await["total_items"], 2);
}

async fn concurrent_deletes_and_restores_leave_a_legal_state() {
    for round in 0..10 {
        let (_server, client, source) = with_snapshots(&["base"]).await;
        let snapshot = format!("/v1/snapshot/{}", client.listed("/v1/snapshots", "id").await[0]);
        let requests: Vec<_> = (0..8)
            .map(|n| {
                let (client, snapshot, source) = (client.clone(), snapshot.clone(), source.clone());
                tokio::spawn(async move {
                    match (n + round) % 4 {
                        0 => ("delete", client.delete(&snapshot).await),
                        1 => ("again", client.snapshot(&source, json!({"name": "base"})).await),
                        _ => ("restore", client.restore("base").await),
                    }
                })
            })
            .collect();
        let (mut deleted, mut copies) = (0, 0);
        for request in requests {
            let (what, answer) = request.await.expect("no panic");
            let legal: &[u16] = match what {
                "delete" => &[204, 404, 409],
                "again" => &[201, 409],
                _ => &[201, 404],
            };
            assert!(legal.contains(&answer.status), "{what}: {answer:?}");
            deleted += u16::from(what == "delete" && answer.status == 204);
            if what == "restore" && answer.status == 201 {
                copies += 1;
                assert_eq!(client.exec(&answer.text("id"), "true").await.status, 200);
            }
        }
        assert!(deleted <= 1, "it can be deleted once");
        // A name has at most one snapshot, and every sandbox that was answered is there.
        assert!(client.list("/v1/snapshots").await["total_items"].as_u64() <= Some(1));
        assert_eq!(client.list("/v1/sandboxes").await["total_items"], copies + 1);
    }
}
