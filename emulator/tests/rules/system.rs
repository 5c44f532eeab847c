//! SYS: where a sandbox works and where its user lives.

use libtest_mimic::Trial;
use serde_json::json;

use crate::inside::{Inside, assert_json};
use crate::support::{prove, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(the_workdir_exists_and_commands_start_in_it),
        trial!(the_home_of_the_user_exists_and_is_writable),
        trial!(every_template_tells_both),
        trial!(asking_a_sandbox_for_its_directories_resumes_it_and_fails_as_any_use),
    ]
}

async fn the_workdir_exists_and_commands_start_in_it() {
    let inside = Inside::start().await;
    let answer = inside.client.get(&inside.path("system/workdir")).await;
    proves!("SYS-OP-WORKDIR" => assert_json(&answer));
    proves!("SYS-OP-WORKDIR" => assert_eq!(answer.json(), json!({"workdir": "/workspace"})));
    let info = inside.stat(&answer.text("workdir")).await;
    proves!("SYS-OP-WORKDIR" => assert_eq!(info["is_dir"], true));
    proves!("SYS-OP-WORKDIR", "PROC-04" => assert_eq!(inside.sh("pwd").await, "/workspace\n"));
    inside.write("/workspace/f", "by the api").await;
    assert_eq!(inside.sh("cat f && rm f").await, "by the api");
}

async fn the_home_of_the_user_exists_and_is_writable() {
    let inside = Inside::start().await;
    let answer = inside.client.get(&inside.path("system/user-home-dir")).await;
    proves!("SYS-OP-HOME" => assert_json(&answer));
    proves!("SYS-OP-HOME", "RESP-05" => assert_eq!(
        answer.json(),
        json!({"user_home_dir": "/home/user", "home_dir": "/home/user"})
    ));
    let home = answer.text("user_home_dir");
    let info = inside.stat(&home).await;
    proves!("SYS-OP-HOME" => assert_eq!(
        (&info["is_dir"], &info["owner"]),
        (&json!(true), &json!("user"))
    ));
    proves!("SYS-OP-HOME" => assert_eq!(inside.sh("echo $HOME").await, format!("{home}\n")));
    inside.write(&format!("{home}/.profile"), "x").await;
    assert_eq!(inside.sh("cat ~/.profile").await, "x");
}

/// The rule of each operation, its path, and the field that it answers.
const DIRECTORIES: [(&str, &str, &str); 2] = [
    ("SYS-OP-WORKDIR", "system/workdir", "workdir"),
    ("SYS-OP-HOME", "system/user-home-dir", "user_home_dir"),
];

async fn every_template_tells_both() {
    let mut inside = Inside::start().await;
    for template in ["system/code-interpreter:v0.1.0", "system/desktop:v0.1.0"] {
        let id = inside.client.a_sandbox_with(json!({"template_name": template})).await;
        inside = inside.in_sandbox(id);
        for (rule, path, field) in DIRECTORIES {
            let directory = inside.client.get(&inside.path(path)).await.text(field);
            assert_eq!(inside.stat(&directory).await["is_dir"], true, "{template} {path}");
            prove(&[rule]);
        }
    }
}

async fn asking_a_sandbox_for_its_directories_resumes_it_and_fails_as_any_use() {
    let inside = Inside::start().await;
    for (rule, path, _) in DIRECTORIES {
        assert_eq!(inside.client.post_empty(&inside.path("pause")).await.status, 201);
        assert_eq!(inside.client.get(&inside.path(path)).await.status, 200);
        proves!("SB-PAUSE-05" =>
            assert_eq!(inside.client.state(&inside.id).await, "running", "{path}"));
        let answer = inside.server().anonymous().get(&inside.path(path)).await;
        assert_eq!(answer.status, 401);
        let answer = inside.client.get(&format!("/v1/sandbox/sbx-none/{path}")).await;
        assert_eq!(answer.status, 404, "{path}");
        prove(&[rule]);
    }
    assert_eq!(inside.client.post_empty(&inside.path("stop")).await.status, 200);
    for (_, path, _) in DIRECTORIES {
        let answer = inside.client.get(&inside.path(path)).await;
        proves!("SB-STOP-03" => assert_eq!(answer.status, 409, "{path}"));
    }
}
