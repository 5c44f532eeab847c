//! `/_emulator/world/*`: an organisation's world, copied whole.

use leap0_emulator_core::clock::ClockMode;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::support::{Client, Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_fork_has_everything_and_shares_nothing),
        trial!(a_command_under_way_stays_with_the_world_it_came_to),
        trial!(a_fork_of_a_fork_and_the_end_of_its_parent),
        trial!(the_time_of_a_fork_goes_on_by_itself),
        trial!(a_fork_goes_to_an_empty_organisation_only),
        trial!(an_exported_world_comes_back_whole_on_another_server),
        trial!(a_file_that_is_no_exported_world_is_refused_whole),
    ]
}

async fn fork(from: &Client, to_key: &str) {
    let answer = from.post("/_emulator/world/fork", json!({ "to_key": to_key })).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

async fn a_fork_has_everything_and_shares_nothing() {
    let server = Server::start().await;
    let (a, b) = (server.client_with_key("a"), server.client_with_key("b"));
    let running = a.a_running_sandbox().await;
    a.sh(&running, "echo disk > f; echo memory > /dev/shm/f").await;
    let paused = a.a_running_sandbox().await;
    a.sh(&paused, "echo paused > f").await;
    a.post_empty(&format!("/v1/sandbox/{paused}/pause")).await;
    let stopped = a.a_running_sandbox().await;
    a.sh(&stopped, "echo stopped > f").await;
    a.post(&format!("/v1/sandbox/{running}/snapshot/create"), json!({"name": "s"})).await;
    a.post_empty(&format!("/v1/sandbox/{stopped}/stop")).await;
    let fault = json!({"faults": [{"operation": "sandbox/list", "delay_ms": 0}]});
    a.send("PUT", "/_emulator/faults", fault.to_string()).await;
    let before = (a.get("/v1/sandboxes").await.json(), a.get("/v1/snapshots").await.json());

    fork(&a, "b").await;
    let after = (b.get("/v1/sandboxes").await.json(), b.get("/v1/snapshots").await.json());
    proves!("CTL-04" => assert_eq!(before, after));
    assert_eq!(b.get("/_emulator/faults").await.json()["faults"][0]["operation"], "sandbox/list");
    assert_eq!(b.get("/_emulator/requests").await.json()["requests"][0]["path"], "/v1/sandboxes");

    // Both write, to what was running, paused, stopped or saved; neither sees the other's.
    a.sh(&running, "echo a > f; echo a > /dev/shm/f").await;
    let script = "cat f /dev/shm/f";
    proves!("CTL-04" => assert_eq!(b.sh(&running, script).await, "disk\nmemory\n"));
    b.sh(&running, "echo b > f").await;
    assert_eq!(a.sh(&running, "cat f").await, "a\n");
    a.sh(&paused, "echo a > f").await;
    assert_eq!(b.state(&paused).await, "paused");
    assert_eq!(b.sh(&paused, "cat f").await, "paused\n");
    b.post_empty(&format!("/v1/sandbox/{stopped}/start")).await;
    assert_eq!(b.sh(&stopped, "cat f").await, "stopped\n");
    assert_eq!(a.state(&stopped).await, "stopped");
    assert_eq!(a.delete(&format!("/v1/sandbox/{running}")).await.status, 204);
    assert_eq!(b.sh(&running, "cat f").await, "b\n");
    let snapshot = before.1["items"][0]["id"].as_str().expect("an id");
    assert_eq!(a.delete(&format!("/v1/snapshot/{snapshot}")).await.status, 204);
    b.delete(&format!("/v1/sandbox/{paused}")).await;
    let copy = b.post("/v1/snapshot/restore", json!({"snapshot_name": "s"})).await;
    assert_eq!(b.sh(&copy.text("id"), "cat f").await, "disk\n");
}

async fn a_command_under_way_stays_with_the_world_it_came_to() {
    let server = Server::start().await;
    let (a, b) = (server.client_with_key("a"), server.client_with_key("b"));
    let id = a.a_running_sandbox().await;
    let waiting = {
        let (a, id) = (a.clone(), id.clone());
        let script = "echo up > up; while [ ! -e go ]; do sleep 0.01; done; echo done > done";
        tokio::spawn(async move { a.sh(&id, script).await })
    };
    while a.exec(&id, "cat up").await.json()["exit_code"] != 0 {
        tokio::task::yield_now().await;
    }
    fork(&a, "b").await;
    b.sh(&id, "touch go").await;
    assert!(!waiting.is_finished(), "the other world's file is not its own");
    a.sh(&id, "touch go").await;
    waiting.await.expect("no panic");
    assert_eq!(a.sh(&id, "cat done").await, "done\n");
    proves!("CTL-04" => assert_eq!(b.sh(&id, "ls").await, "go\nup\n"));
}

async fn a_fork_of_a_fork_and_the_end_of_its_parent() {
    let server = Server::start().await;
    let client = |key| server.client_with_key(key);
    let id = client("a").a_running_sandbox().await;
    client("a").sh(&id, "echo 1 > f").await;
    fork(&client("a"), "b").await;
    fork(&client("b"), "c").await;
    client("b").post("/_emulator/reset", json!({})).await;
    client("a").sh(&id, "echo 2 > f").await;
    assert_eq!(client("c").sh(&id, "cat f").await, "1\n");
    client("a").post("/_emulator/reset", json!({})).await;
    assert_eq!(client("c").sh(&id, "cat f; echo 3 > f; cat f").await, "1\n3\n");
}

async fn the_time_of_a_fork_goes_on_by_itself() {
    let server =
        Server::with().settings(|settings| settings.clock = ClockMode::Frozen).start().await;
    let (a, b) = (server.client_with_key("a"), server.client_with_key("b"));
    let id = a.a_sandbox_with(json!({"timeout": 60})).await;
    fork(&a, "b").await;
    assert_eq!(a.get("/_emulator/clock").await.json(), b.get("/_emulator/clock").await.json());
    let advance = json!({"action": "advance", "ms": 60_000});
    assert_eq!(b.post("/_emulator/clock", advance).await.status, 200);
    assert_eq!(b.get(&format!("/v1/sandbox/{id}")).await.status, 404);
    assert_eq!(a.state(&id).await, "running");
}

async fn a_fork_goes_to_an_empty_organisation_only() {
    let server = Server::with().keys(&["a", "a2:a", "b"]).start().await;
    let (a, b) = (server.client_with_key("a"), server.client_with_key("b"));
    a.a_running_sandbox().await;
    let kept = b.a_running_sandbox().await;
    let fork = async |body| a.post("/_emulator/world/fork", body).await;
    assert_eq!(fork(json!({})).await.fields(), ["to_key"]);
    assert_eq!(fork(json!({"to_key": "nobody's"})).await.fields(), ["to_key"]);
    for taken in ["a", "a2", "b"] {
        let refused = fork(json!({ "to_key": taken })).await.status;
        proves!("CTL-05" => assert_eq!(refused, 409, "{taken}"));
    }
    assert_eq!(b.state(&kept).await, "running");
    b.delete(&format!("/v1/sandbox/{kept}")).await;
    assert_eq!(fork(json!({"to_key": "b"})).await.status, 204);
}

async fn an_exported_world_comes_back_whole_on_another_server() {
    let server =
        Server::with().settings(|settings| settings.clock = ClockMode::Frozen).start().await;
    let client = server.client();
    let running = client
        .a_sandbox_with(json!({"timeout": 60, "env_vars": {"A": "b"}, "vcpu": 2, "memory": 2048}))
        .await;
    let script = r"printf '\000\377' > f; ln -s f l; chmod 4711 f; echo hot > /dev/shm/f";
    client.sh(&running, script).await;
    let snapshot =
        client.post(&format!("/v1/sandbox/{running}/snapshot/create"), json!({"name": "s"})).await;
    let paused = client.a_sandbox_with(json!({"auto_pause": true})).await;
    client.sh(&paused, "echo paused > /dev/shm/f").await;
    client.post_empty(&format!("/v1/sandbox/{paused}/pause")).await;
    let stopped = client.post("/v1/snapshot/restore", json!({"snapshot_name": "s"})).await;
    let stopped = stopped.text("id");
    client.sh(&stopped, "echo stopped > g").await;
    client.post_empty(&format!("/v1/sandbox/{stopped}/stop")).await;
    client.post("/_emulator/clock", json!({"action": "advance", "ms": 20_000})).await;
    let exported = client.get("/_emulator/world/state").await;
    assert_eq!(exported.status, 200);
    let look = async |client: &Client| {
        let mut seen = Vec::new();
        for path in ["/v1/sandboxes", "/v1/snapshots", "/_emulator/clock"] {
            seen.push(client.get(path).await.json());
        }
        for id in [&running, &paused, &stopped] {
            seen.push(client.get(&format!("/v1/sandbox/{id}")).await.json());
        }
        seen
    };
    let before = look(&client).await;

    let other = Server::start().await;
    let copy = other.client();
    let put = copy.send("PUT", "/_emulator/world/state", exported.body.clone()).await;
    assert_eq!(put.status, 204, "{put:?}");
    proves!("CTL-06" => assert_eq!(look(&copy).await, before));
    let script = "od -An -tx1 f; stat -c '%a %U' f; readlink l; cat /dev/shm/f; echo $A; hostname";
    assert_eq!(
        copy.sh(&running, script).await,
        format!(" 00 ff\n4711 user\nf\nhot\nb\n{running}\n")
    );
    assert_eq!(copy.sh(&paused, "cat /dev/shm/f").await, "paused\n");
    copy.post_empty(&format!("/v1/sandbox/{stopped}/start")).await;
    assert_eq!(copy.sh(&stopped, "cat g; ls /dev/shm").await, "stopped\n");
    let in_use = copy.delete(&format!("/v1/snapshot/{}", snapshot.text("id"))).await;
    assert_eq!(in_use.status, 409, "whose copy runs came along");
    copy.post("/_emulator/clock", json!({"action": "advance", "ms": 39_999})).await;
    assert_eq!(copy.state(&running).await, "running");
    copy.post("/_emulator/clock", json!({"action": "advance", "ms": 1})).await;
    assert_eq!(copy.get(&format!("/v1/sandbox/{running}")).await.status, 404);
    assert_eq!(client.state(&running).await, "running", "the original was only read");
    assert_eq!(client.sh(&running, "cat /dev/shm/f").await, "hot\n");

    let again = copy.send("PUT", "/_emulator/world/state", exported.body).await;
    proves!("CTL-05" => assert_eq!(again.status, 409, "not over what is there"));
}

async fn a_file_that_is_no_exported_world_is_refused_whole() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.post(&format!("/v1/sandbox/{id}/snapshot/create"), json!({"name": "s"})).await;
    let good = client.get("/_emulator/world/state").await.json();
    client.post("/_emulator/reset", json!({})).await;
    let bad = |change: fn(&mut Value)| {
        let mut file = good.clone();
        change(&mut file);
        file.to_string()
    };
    for file in [
        String::new(),
        "[]".to_owned(),
        good.to_string()[..200].to_owned(),
        bad(|file| file["version"] = json!(2)),
        bad(|file| file["surprise"] = json!(1)),
        bad(|file| file["sandboxes"][0]["spec"]["memory_mib"] = json!(7)),
        bad(|file| file["sandboxes"][0]["spec"]["template"] = json!("none")),
        bad(|file| file["sandboxes"][0]["state"] = json!("stopped")),
        bad(|file| file["snapshots"][0]["name"] = json!("")),
        bad(|file| file["contents"]["images"] = json!([])),
        bad(|file| file["contents"]["nodes"][0]["mode"] = json!(0o10_0000)),
        bad(|file| {
            let twice = file["snapshots"][0].clone();
            file["snapshots"].as_array_mut().expect("a list").push(twice);
        }),
    ] {
        let answer = client.send("PUT", "/_emulator/world/state", file).await;
        proves!("CTL-07" => assert_eq!(answer.fields(), ["body"]));
    }
    assert_eq!(client.get("/v1/sandboxes").await.json()["total_items"], 0);
    let put = client.send("PUT", "/_emulator/world/state", good.to_string()).await;
    assert_eq!(put.status, 204, "{put:?}");
    assert_eq!(client.state(&id).await, "running");
}
