//! Commands run at the same time.

use libtest_mimic::Trial;
use serde_json::json;

use crate::inside::Inside;
use crate::support::{proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(two_commands_that_wait_for_each_other_both_end),
        trial!(a_command_sees_what_the_api_does_meanwhile),
        trial!(busy_commands_hold_up_no_other_sandbox),
    ]
}

async fn two_commands_that_wait_for_each_other_both_end() {
    let inside = Inside::start().await;
    let first = inside.start_command("touch a; while [ ! -e b ]; do :; done; echo first");
    let second = inside.start_command("while [ ! -e a ]; do :; done; touch b; echo second");
    for (command, said) in [(first, "first\n"), (second, "second\n")] {
        let answer = command.await.expect("no panic");
        proves!("PROC-08" => assert_eq!(answer.json()["exit_code"], 0, "{answer:?}"));
        proves!("PROC-08" => assert_eq!(answer.text("stdout"), said));
    }
}

async fn a_command_sees_what_the_api_does_meanwhile() {
    let inside = Inside::start().await;
    let script = "echo early; touch started; until [ -s go ]; do :; done; cat go";
    let command = inside.start_command(script);
    inside.until_exists("/workspace/started").await;
    proves!("PROC-10" => assert!(!command.is_finished()));
    inside.write("/workspace/go", "from the api").await;
    let answer = command.await.expect("no panic");
    proves!("PROC-08" => assert_eq!(answer.text("stdout"), "early\nfrom the api"));
    // In one piece: its length is known when it begins.
    let length = answer.body.len().to_string();
    proves!("PROC-10" => assert_eq!(answer.header("content-length"), length));
}

async fn busy_commands_hold_up_no_other_sandbox() {
    let inside = Inside::start().await;
    let other = inside.client.a_running_sandbox().await;
    let busy: Vec<_> = (0..4)
        .map(|index| inside.start_command(&format!("touch busy{index}; while :; do :; done")))
        .collect();
    for index in 0..4 {
        inside.until_exists(&format!("/workspace/busy{index}")).await;
    }
    for index in 0..50 {
        let answer = match index % 3 {
            0 => inside.client.exec(&other, "echo x").await,
            1 => inside.client.get("/v1/sandboxes").await,
            _ => {
                let path = format!("/v1/sandbox/{other}/filesystem/ls");
                inside.client.post(&path, json!({"path": "/"})).await
            }
        };
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    // The same sandbox answers as well.
    let answer = inside.execute(json!({"command": "echo x"})).await;
    proves!("PROC-08" => assert_eq!(answer.text("stdout"), "x\n"));
    proves!("PROC-08" => assert!(busy.iter().all(|command| !command.is_finished())));
    assert_eq!(inside.client.delete(&inside.path("")).await.status, 204);
    for command in busy {
        assert_eq!(command.await.expect("no panic").status, 404);
    }
}
