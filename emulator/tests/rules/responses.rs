//! RESP: the union of the dialects in what clients get.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::shape::{ITEM, Kind, SANDBOX, SNAPSHOT, assert_shape, is_moment};
use crate::support::{Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(every_answer_with_a_sandbox_has_every_eras_fields),
        trial!(the_two_spellings_of_a_sandbox_agree),
        trial!(every_answer_with_a_snapshot_has_every_eras_fields),
        trial!(a_listed_sandbox_has_its_own_fields),
        trial!(a_command_has_every_eras_output),
        trial!(a_home_directory_has_two_names),
        trial!(moments_are_rfc_3339_with_z),
        trial!(ids_are_dns_labels_with_room_for_a_port),
    ]
}

async fn every_answer_with_a_sandbox_has_every_eras_fields() {
    let server = Server::start().await;
    let client = server.client();
    let policy = json!({"mode": "custom", "allow_domains": ["example.com"]});
    let mut sandboxes = Vec::new();
    for fields in [json!({}), json!({"network_policy": policy, "auto_pause": true})] {
        let answer = client.create(fields).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.text("id");
        sandboxes.push(answer.json());
        client.a_snapshot(&id, &format!("of-{id}")).await;
        for what in ["get", "pause", "get", "use", "stop", "get", "start"] {
            match what {
                "get" => sandboxes.push(client.get(&format!("/v1/sandbox/{id}/")).await.json()),
                "use" => drop(client.sh(&id, "true").await),
                other => sandboxes.push(client.change(&id, other).await),
            }
        }
        for path in ["/v1/snapshot/resume", "/v1/snapshot/restore"] {
            let answer = client.post(path, json!({"snapshot_name": format!("of-{id}")})).await;
            sandboxes.push(answer.json());
            client.remove(&answer.text("id")).await;
        }
    }
    assert_eq!(sandboxes.len(), 18);
    for sandbox in &sandboxes {
        proves!("RESP-01" => assert_shape(sandbox, SANDBOX, &[]));
    }
}

async fn the_two_spellings_of_a_sandbox_agree() {
    let server = Server::start().await;
    let client = server.client();
    for (seconds, minutes) in [(1, 1), (59, 1), (60, 1), (61, 2), (300, 5), (28_800, 480)] {
        let sandbox = client.create(json!({"timeout": seconds, "memory": 2048})).await.json();
        proves!("RESP-01" =>
            assert_eq!([&sandbox["timeout"], &sandbox["timeout_min"]], [seconds, minutes]));
        proves!("RESP-01" =>
            assert_eq!([&sandbox["memory"], &sandbox["memory_mib"]], [2048, 2048]));
        proves!("RESP-01" =>
            assert_eq!([&sandbox["disk"], &sandbox["disk_mib"]], [10_240, 10_240]));
        proves!("RESP-01" => assert_eq!(sandbox["network_policy"], json!({"mode": "allow-all"})));
        proves!("RESP-01" => assert_eq!(sandbox["mounts"], json!([])));
        assert_eq!(sandbox["template_name"], "system/debian:bookworm");
        client.remove(sandbox["id"].as_str().expect("an id")).await;
    }
}

async fn every_answer_with_a_snapshot_has_every_eras_fields() {
    let server = Server::start().await;
    let client = server.client();
    let first = client.a_sandbox_with(json!({"memory": 512, "vcpu": 2})).await;
    let created = client.snapshot(&first, json!({"name": "created"})).await.json();
    let path = format!("/v1/sandbox/{first}/snapshot/pause");
    let paused = client.post(&path, json!({"name": "paused"})).await.json();
    let second = client.a_sandbox_with(json!({"memory": 512, "vcpu": 2})).await;
    let killed = client
        .snapshot(&second, json!({"name": "killed", "kill_sandbox_after": true}))
        .await
        .json();
    proves!("RESP-02" => assert_shape(&created, SNAPSHOT, &[]));
    proves!("RESP-02" => assert_shape(&killed, SNAPSHOT, &[]));
    proves!("RESP-02" => assert_shape(&paused, SNAPSHOT, &[("state", Kind::Text)]));
    proves!("RESP-02" => assert_eq!(paused["state"], "paused"));
    let list = client.list("/v1/snapshots").await;
    assert_shape(&list, &[("items", Kind::List), ("total_items", Kind::Int)], &[]);
    for snapshot in
        list["items"].as_array().expect("items").iter().chain([&created, &killed, &paused])
    {
        if snapshot != &paused {
            proves!("RESP-02" => assert_shape(snapshot, SNAPSHOT, &[]));
        }
        proves!("RESP-02" => assert_eq!(snapshot["id"], snapshot["snapshot_id"]));
        proves!("RESP-02" =>
            assert_eq!([&snapshot["memory"], &snapshot["memory_mib"]], [512, 512]));
        proves!("RESP-02" =>
            assert_eq!([&snapshot["disk"], &snapshot["disk_mib"]], [10_240, 10_240]));
        proves!("RESP-02" => assert_eq!(snapshot["network_policy"], json!({"mode": "allow-all"})));
    }
}

async fn a_listed_sandbox_has_its_own_fields() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let list = client.list("/v1/sandboxes").await;
    assert_shape(&list, &[("items", Kind::List), ("total_items", Kind::Int)], &[]);
    let item = client.item(&id).await;
    proves!("RESP-03" => assert_shape(&item, ITEM, &[]));
    proves!("RESP-03", "SB-LIST-05" => assert_eq!(item["pod_id"], ""));
    let created = client.get(&format!("/v1/sandbox/{id}")).await.json();
    for field in ["id", "template_id", "state", "created_at"] {
        assert_eq!(item[field], created[field], "{field}");
    }
}

async fn a_command_has_every_eras_output() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let output = client.exec(&id, "echo out; echo err >&2; exit 3").await.json();
    let shape = &[
        ("exit_code", Kind::Int),
        ("stdout", Kind::Text),
        ("stderr", Kind::Text),
        ("result", Kind::Text),
    ];
    proves!("RESP-04" => assert_shape(&output, shape, &[]));
    let wanted = json!({"exit_code": 3, "stdout": "out\n", "stderr": "err\n", "result": "out\n"});
    proves!("RESP-04" => assert_eq!(output, wanted));
}

async fn a_home_directory_has_two_names() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let home = client.get(&format!("/v1/sandbox/{id}/system/user-home-dir")).await.json();
    proves!("RESP-05" =>
        assert_shape(&home, &[("user_home_dir", Kind::Text), ("home_dir", Kind::Text)], &[]));
    proves!("RESP-05" => assert_eq!(home["user_home_dir"], home["home_dir"]));
}

async fn moments_are_rfc_3339_with_z() {
    for good in ["2026-04-22T10:00:00Z", "2026-04-22T10:00:00.125Z"] {
        assert!(is_moment(good), "{good}");
    }
    for bad in [
        "2026-04-22T10:00:00",
        "2026-04-22 10:00:00Z",
        "2026-04-22T10:00:00+00:00",
        "1776852000",
        "2026-04-22T10:00:00.Z",
    ] {
        assert!(!is_moment(bad), "{bad}");
    }
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let snapshot = client.snapshot(&id, json!({})).await.json();
    let sandbox = client.get(&format!("/v1/sandbox/{id}")).await.json();
    let item = client.item(&id).await;
    for moment in [
        &snapshot["created_at"],
        &sandbox["created_at"],
        &item["created_at"],
        &item["launch_time"],
        &item["state_change_time"],
    ] {
        proves!("RESP-06" => assert!(moment.as_str().is_some_and(is_moment), "{moment}"));
    }
}

/// The rule for an id: a DNS label with a prefix, whose ends can't be mistaken for a port.
fn assert_id(id: &Value, prefix: &str) {
    let id = id.as_str().expect("text");
    let tail = id.strip_prefix(prefix).unwrap_or_else(|| panic!("{id} begins with {prefix}"));
    assert!(!tail.is_empty() && id.len() <= 57, "{id}");
    let of_a_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    assert!(id.bytes().all(of_a_label) && !id.ends_with('-'), "{id}");
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (first, last) = (id.split('-').next(), id.rsplit('-').next());
    assert!(!first.is_some_and(all_digits) && !last.is_some_and(all_digits), "{id}");
}

async fn ids_are_dns_labels_with_room_for_a_port() {
    let server = Server::start().await;
    let client = server.client();
    for _ in 0..20 {
        let id = client.a_running_sandbox().await;
        let snapshot = client.snapshot(&id, json!({})).await.json();
        proves!("RESP-07", "SB-02" => assert_id(&json!(id), "sbx-"));
        proves!("RESP-07", "SB-02" => assert_id(&snapshot["id"], "snap-"));
        let template = client.get(&format!("/v1/sandbox/{id}")).await.json()["template_id"].clone();
        proves!("RESP-07" => assert_id(&template, "tpl-"));
        client.remove(&id).await;
    }
}
