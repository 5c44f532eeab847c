//! SB-GET and SB-LIST: looking at sandboxes.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use serde_json::json;

use crate::shape::is_moment;
use crate::support::{Client, Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(looking_at_a_paused_sandbox_does_not_resume_it),
        trial!(a_deleted_sandbox_is_not_found),
        trial!(the_total_counts_what_matches_before_paging),
        trial!(pages_are_stable_and_miss_nothing),
        trial!(a_list_is_sorted_by_age_or_by_state),
        trial!(a_deleted_sandbox_is_never_listed),
        trial!(bad_queries_are_refused_and_empty_ones_absent),
        trial!(times_are_listed_while_a_clock_runs),
    ]
}

/// A client of a server whose organisations have no limit.
async fn unlimited() -> (Server, Client) {
    let server = Server::with().settings(|settings| settings.max_sandboxes = None).start().await;
    let client = server.client();
    (server, client)
}

async fn looking_at_a_paused_sandbox_does_not_resume_it() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.change(&id, "pause").await;
    for path in [format!("/v1/sandbox/{id}"), format!("/v1/sandbox/{id}/")] {
        for _ in 0..2 {
            let answer = client.get(&path).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            proves!("SB-GET-01" => assert_eq!(answer.json()["state"], "paused"));
        }
    }
    proves!("SB-PAUSE-05" => assert_eq!(client.item(&id).await["state"], "paused"));
}

async fn a_deleted_sandbox_is_not_found() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.remove(&id).await;
    let answer = client.get(&format!("/v1/sandbox/{id}/")).await;
    proves!("SB-GET-02" => assert_eq!(answer.status, 404, "{answer:?}"));
    assert!(!answer.message().is_empty());
}

async fn the_total_counts_what_matches_before_paging() {
    let (_server, client) = unlimited().await;
    for number in 0..25 {
        let id = client.a_running_sandbox().await;
        if number % 5 == 0 {
            client.change(&id, "stop").await;
        }
    }
    for (query, items, total) in [
        ("", 20, 25),
        ("?page=2", 5, 25),
        ("?page=3", 0, 25),
        ("?page=1000000000000&page-size=100", 0, 25),
        ("?page=18446744073709551615&page-size=100", 0, 25),
        ("?page-size=100", 25, 25),
        ("?page-size=1", 1, 25),
        ("?page-size=7&page=4", 4, 25),
        ("?state=stopped", 5, 5),
        ("?state=running&page-size=6&page=4", 2, 20),
        ("?state=paused", 0, 0),
    ] {
        let list = client.list(&format!("/v1/sandboxes{query}")).await;
        proves!("SB-LIST-01" =>
            assert_eq!(list["items"].as_array().map(Vec::len), Some(items), "{query}"));
        proves!("SB-LIST-01" => assert_eq!(list["total_items"], total, "{query}"));
    }
}

async fn pages_are_stable_and_miss_nothing() {
    let (_server, client) = unlimited().await;
    let mut made = BTreeSet::new();
    for _ in 0..12 {
        made.insert(client.a_running_sandbox().await);
    }
    // All have the same state: every order but that of the ids is a tie.
    for (sort, order) in [("state", "asc"), ("state", "desc"), ("created_at", "asc")] {
        let mut seen = Vec::new();
        for page in 1..=6 {
            let path =
                format!("/v1/sandboxes?sort={sort}&order-by={order}&page={page}&page-size=2");
            seen.extend(client.listed(&path, "id").await);
        }
        let all: BTreeSet<_> = seen.iter().cloned().collect();
        proves!("SB-LIST-04" => assert_eq!(all, made, "{sort} {order}"));
        if sort == "state" {
            let mut wanted: Vec<_> = made.iter().cloned().collect();
            if order == "desc" {
                wanted.reverse();
            }
            proves!("SB-LIST-04" => assert_eq!(seen, wanted, "{order}"));
        }
    }
}

async fn a_list_is_sorted_by_age_or_by_state() {
    let (_server, client) = unlimited().await;
    let mut made = Vec::new();
    for state in ["stop", "", "pause"] {
        let id = client.a_running_sandbox().await;
        if !state.is_empty() {
            client.change(&id, state).await;
        }
        // The clock has moved on before the next is made.
        client.sh(&client.a_running_sandbox().await, "sleep 0.002").await;
        made.push(id);
    }
    let only = |ids: Vec<String>| -> Vec<String> {
        ids.into_iter().filter(|id| made.contains(id)).collect()
    };
    let oldest = only(client.listed("/v1/sandboxes?order-by=asc", "id").await);
    assert_eq!(oldest, made);
    let newest: Vec<_> = made.iter().rev().cloned().collect();
    for query in
        ["", "?sort=created_at", "?order-by=desc", "?sort=&order-by=&page=&page-size=&state="]
    {
        let listed = only(client.listed(&format!("/v1/sandboxes{query}"), "id").await);
        assert_eq!(listed, newest, "{query}");
    }
    let states = client.listed("/v1/sandboxes?sort=state&order-by=asc", "state").await;
    assert_eq!(states, ["paused", "running", "running", "running", "running", "stopped"]);
}

async fn a_deleted_sandbox_is_never_listed() {
    let (_server, client) = unlimited().await;
    let (kept, gone) = (client.a_running_sandbox().await, client.a_running_sandbox().await);
    client.remove(&gone).await;
    proves!("SB-LIST-02" => assert_eq!(client.listed("/v1/sandboxes", "id").await, [kept]));
    let answer = client.get("/v1/sandboxes?state=deleted").await;
    proves!("SB-LIST-02", "SB-LIST-03" => assert_eq!(answer.status, 400, "{answer:?}"));
}

async fn bad_queries_are_refused_and_empty_ones_absent() {
    let server = Server::start().await;
    let client = server.client();
    for query in [
        "page=0",
        "page=-1",
        "page=x",
        "page=1.0",
        "page=99999999999999999999999",
        "page=1%20",
        "page-size=0",
        "page-size=101",
        "page-size=ten",
        "sort=id",
        "sort=CREATED_AT",
        "order-by=up",
        "order_by=DESC",
        "state=asleep",
        "state=Running",
        "state=%ff",
    ] {
        let answer = client.get(&format!("/v1/sandboxes?{query}")).await;
        proves!("SB-LIST-03" => assert_eq!(answer.status, 400, "{query}: {answer:?}"));
        assert!(!answer.message().is_empty());
    }
    for query in ["page=", "page-size=", "sort=", "order-by=", "state=", "query=", "&&", "=", "?"] {
        let answer = client.get(&format!("/v1/sandboxes?{query}")).await;
        proves!("SB-LIST-03" => assert_eq!(answer.status, 200, "{query}: {answer:?}"));
    }
    for state in [
        "starting",
        "stopping",
        "running",
        "snapshotting",
        "paused",
        "unpausing",
        "stopped",
        "deleting",
    ] {
        let answer = client.get(&format!("/v1/sandboxes?state={state}")).await;
        proves!("SB-LIST-03" => assert_eq!(answer.status, 200, "{state}"));
    }
}

async fn times_are_listed_while_a_clock_runs() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_sandbox_with(json!({"timeout": 600})).await;
    let item = client.item(&id).await;
    proves!("SB-LIST-05" => assert!(item["launch_time"].as_str().is_some_and(is_moment), "{item}"));
    proves!("SB-LIST-05" =>
        assert!(item["state_change_time"].as_str().is_some_and(is_moment), "{item}"));
    proves!("SB-LIST-05" => assert_eq!(item["pod_id"], ""));
    let date = client.get("/v1/sandboxes").await;
    assert!(!date.header("date").is_empty(), "a Date header: {date:?}");
    // Ten minutes from now, in whole seconds.
    let timeout_at = item["timeout_at"].as_i64().expect("unix seconds");
    let now: i64 = client.sh(&id, "date +%s").await.trim().parse().expect("a number");
    proves!("SB-LIST-05" =>
        assert!((now + 540..=now + 600).contains(&timeout_at), "{timeout_at} at {now}"));
    for state in ["pause", "stop"] {
        client.change(&id, state).await;
        let item = client.item(&id).await;
        proves!("SB-TMO-05" => assert!(item.get("timeout_at").is_none(), "{item}"));
        client.change_back(&id, state).await;
        let item = client.item(&id).await;
        proves!("SB-TMO-05" => assert!(item["timeout_at"].is_i64(), "{item}"));
    }
}
