//! Environment variables of the template, of the sandbox and of one command.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::inside::Inside;
use crate::support::{Server, prove, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_commands_variables_are_only_its_own),
        trial!(variables_go_over_each_other_template_sandbox_command),
        trial!(both_spellings_of_the_variables_are_read),
        trial!(a_value_may_be_any_text),
        trial!(the_sandboxs_variables_outlive_pause_stop_and_restore),
    ]
}

/// What a command prints with these variables.
async fn printed(inside: &Inside, command: &str, envs: Value) -> String {
    let answer = inside.execute(json!({"command": command, "envs": envs})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text("stdout")
}

async fn a_commands_variables_are_only_its_own() {
    let inside = Inside::start().await;
    let script = "echo \"$A|$B\"; sh -c 'echo \"child $A\"'; printenv A; export B=2; A=changed";
    let out = printed(&inside, script, json!({"A": "1"})).await;
    proves!("PROC-03" => assert_eq!(out, "1|\nchild 1\n1\n"));
    proves!("PROC-03" => assert_eq!(printed(&inside, "echo \"$A|$B\"", json!({})).await, "|\n"));
    proves!("PROC-03" => assert_eq!(printed(&inside, "echo \"$A\"", json!(null)).await, "\n"));
}

async fn variables_go_over_each_other_template_sandbox_command() {
    let inside = Inside::start().await;
    let client = &inside.client;
    let script = "echo \"$HOME $USER $A $B\"";
    let template = printed(&inside, script, json!({})).await;
    proves!("SB-CREATE-11" => assert_eq!(template, "/home/user user  \n"));
    let vars = json!({"HOME": "/tmp", "A": "sandbox", "B": "sandbox"});
    let id = client.a_sandbox_with(json!({"env_vars": vars})).await;
    let inside = inside.in_sandbox(id);
    let sandbox = printed(&inside, script, json!({})).await;
    proves!("SB-CREATE-11" => assert_eq!(sandbox, "/tmp user sandbox sandbox\n"));
    let command = printed(&inside, script, json!({"HOME": "/", "B": "command"})).await;
    proves!("SB-CREATE-11", "PROC-03" => assert_eq!(command, "/ user sandbox command\n"));
    let again = printed(&inside, script, json!({})).await;
    proves!("PROC-03" => assert_eq!(again, sandbox));
    // To set a variable to nothing is to set it.
    let empty = printed(&inside, "echo \"${A-unset}|${A:-empty}\"", json!({"A": ""})).await;
    proves!("SB-CREATE-11" => assert_eq!(empty, "|empty\n"));
    // The sandbox's are in every process.
    assert_eq!(printed(&inside, "sh -c 'printenv A'", json!({})).await, "sandbox\n");
}

async fn both_spellings_of_the_variables_are_read() {
    let inside = Inside::start().await;
    for field in ["envs", "env"] {
        let answer = inside.execute(json!({"command": "echo $A", field: {"A": "1"}})).await;
        proves!("REQ-05", "PROC-OP-EXECUTE" => assert_eq!(answer.text("stdout"), "1\n", "{field}"));
    }
    let answer = inside.execute(json!({"command": "x", "env": {"A": 1}})).await;
    proves!("REQ-05" => assert_eq!(answer.fields(), ["env.A"]));
}

async fn a_value_may_be_any_text() {
    let inside = Inside::start().await;
    for value in ["", "a b", "a=b", "'\"$HOME`ls`\\", "line\nline", "ünï ☃", &"x".repeat(100_000)]
    {
        let out = printed(&inside, "printf %s \"$A\"", json!({"A": value})).await;
        proves!("PROC-03" => assert_eq!(out, value));
    }
}

async fn the_sandboxs_variables_outlive_pause_stop_and_restore() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_sandbox_with(json!({"env_vars": {"A": "kept"}})).await;
    for (rule, changes) in [("SB-PAUSE-09", &["pause"][..]), ("SB-START-04", &["stop", "start"])] {
        for change in changes {
            let answer = client.post_empty(&format!("/v1/sandbox/{id}/{change}")).await;
            assert!(matches!(answer.status, 200 | 201), "{change}: {answer:?}");
        }
        assert_eq!(client.sh(&id, "echo $A").await, "kept\n", "{changes:?}");
        prove(&[rule]);
    }
    let path = format!("/v1/sandbox/{id}/snapshot/create");
    assert_eq!(client.post(&path, json!({"name": "s"})).await.status, 201);
    let request = json!({"snapshot_name": "s", "env_vars": {"A": "ignored"}});
    let copy = client.post("/v1/snapshot/restore", request).await.text("id");
    proves!("SNAP-REST-11" => assert_eq!(client.sh(&copy, "echo $A").await, "kept\n"));
}
