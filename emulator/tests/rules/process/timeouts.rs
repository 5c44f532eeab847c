//! Commands that take longer than they may.

use libtest_mimic::Trial;
use serde_json::json;

use crate::inside::Inside;
use crate::support::{proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_command_that_takes_too_long_is_ended_and_its_output_kept),
        trial!(what_has_timed_out_does_not_go_on),
        trial!(any_timeout_of_at_least_a_second_is_accepted),
    ]
}

async fn a_command_that_takes_too_long_is_ended_and_its_output_kept() {
    let inside = Inside::start().await;
    for wait in ["while :; do :; done", "sleep 600", "sleep 600 | cat", "(while :; do :; done)"] {
        let command = format!("echo partial; printf 'so far' >&2; touch ran; {wait}; touch late");
        let answer = inside.execute(json!({"command": command, "timeout": 1})).await;
        proves!("PROC-05" => assert_eq!(answer.status, 200, "{wait}: {answer:?}"));
        proves!("PROC-05" => assert_eq!(answer.json()["exit_code"], 124, "{wait}: {answer:?}"));
        proves!("PROC-05" => assert_eq!(answer.text("stdout"), "partial\n", "{wait}"));
        let stderr = answer.text("stderr");
        let note = stderr.strip_prefix("so far").unwrap_or_else(|| panic!("{wait}: {stderr:?}"));
        proves!("PROC-05" => assert!(note.contains("timeout"), "{wait}: {stderr:?}"));
    }
    proves!("PROC-05" => assert_eq!(inside.listed_after_a_while().await, "ran\n"));
}

async fn what_has_timed_out_does_not_go_on() {
    let inside = Inside::start().await;
    let script = "while [ ! -e go ]; do :; done; touch late";
    for command in [script, &format!("sh -c '{script}'"), &format!("true | {{ {script}; }}")] {
        let answer = inside.execute(json!({"command": command, "timeout": 1})).await;
        proves!("PROC-05" => assert_eq!(answer.json()["exit_code"], 124, "{command}: {answer:?}"));
    }
    inside.write("/workspace/go", "").await;
    proves!("PROC-05" => assert_eq!(inside.listed_after_a_while().await, "go\n"));
}

async fn any_timeout_of_at_least_a_second_is_accepted() {
    let inside = Inside::start().await;
    for timeout in [
        "1",
        "null",
        "1800",
        "28801",
        "1800000",
        "9223372036854775807",
        "18446744073709551615",
        "100000000000000000000000",
    ] {
        let body = format!(r#"{{"command": "echo ran", "timeout": {timeout}}}"#);
        let answer = inside.client.send("POST", &inside.path("process/execute"), body).await;
        proves!("PROC-06" => assert_eq!(answer.status, 200, "{timeout}: {answer:?}"));
        assert_eq!(answer.text("stdout"), "ran\n");
    }
    for timeout in ["0", "-1", "-9223372036854775808", "-1e30", "1.5", "\"30\"", "true", "[1]"] {
        let body = format!(r#"{{"command": "touch ran", "timeout": {timeout}}}"#);
        let answer = inside.client.send("POST", &inside.path("process/execute"), body).await;
        proves!("PROC-06" => assert_eq!(answer.fields(), ["timeout"], "{timeout}"));
    }
    assert!(!inside.exists("/workspace/ran").await);
}
