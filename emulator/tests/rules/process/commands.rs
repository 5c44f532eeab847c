//! What a command is, where it starts, and how it ends.

use libtest_mimic::Trial;
use serde_json::json;

use crate::inside::{Inside, assert_json};
use crate::support::{proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_command_is_a_script_of_the_shell),
        trial!(a_failed_command_is_an_answer_with_its_exit_code),
        trial!(a_command_starts_in_the_workdir_or_where_it_is_told),
        trial!(a_missing_directory_to_start_in_is_refused),
        trial!(every_bad_field_of_a_command_is_named_at_once),
        trial!(nothing_of_a_command_is_left_for_the_next_but_its_files),
    ]
}

async fn a_command_is_a_script_of_the_shell() {
    let inside = Inside::start().await;
    let answer = inside.execute(json!({"command": "echo out; echo err >&2"})).await;
    proves!("PROC-OP-EXECUTE" => assert_json(&answer));
    proves!("PROC-OP-EXECUTE", "RESP-04" => assert_eq!(
        answer.json(),
        json!({"exit_code": 0, "stdout": "out\n", "stderr": "err\n", "result": "out\n"})
    ));
    for (command, stdout) in [
        ("echo $0", "sh\n"),
        ("echo $#", "0\n"),
        ("printf '%s,' a 'b c' \"d $((1 + 2))\"; # nothing", "a,b c,d 3,"),
        ("printf 'b\\na\\n' | sort | tr a-z A-Z", "A\nB\n"),
        ("f() { echo \"$1-$2\"; }; f 1 2 && x=$(f 3 4); echo \"$x\"", "1-2\n3-4\n"),
        ("for i in 1 2 3; do\n  [ $i = 2 ] && continue\n  echo $i\ndone", "1\n3\n"),
        ("cat <<end\nhere $((6 * 7))\nend\n", "here 42\n"),
        ("case x in y) echo y;; x) echo x;; esac", "x\n"),
        ("(cd / && pwd); pwd", "/\n/workspace\n"),
        ("false || echo or; ! false && echo not", "or\nnot\n"),
        ("echo one > f; echo two >> f; cat < f; wc -l < f", "one\ntwo\n2\n"),
        ("set -e; false; echo unreached", ""),
        ("id -un; echo ~", "user\n/home/user\n"),
        // Nobody types anything.
        ("cat; read line || echo end", "end\n"),
    ] {
        let answer = inside.execute(json!({"command": command})).await;
        proves!("PROC-01" => assert_eq!(answer.text("stdout"), stdout, "{command}: {answer:?}"));
    }
    // The content type does not matter.
    let text = inside.client.header("content-type", "text/plain;charset=UTF-8");
    let answer =
        text.send("POST", &inside.path("process/execute"), r#"{"command":"echo x"}"#).await;
    proves!("WIRE-01" => assert_eq!(answer.text("stdout"), "x\n"));
}

async fn a_failed_command_is_an_answer_with_its_exit_code() {
    let inside = Inside::start().await;
    inside.write("/workspace/not-executable", "#!/bin/sh\n").await;
    for (command, code) in [
        ("true", 0),
        ("false", 1),
        ("exit 7", 7),
        ("exit 300", 44),
        ("(exit 3); exit", 3),
        ("no-such-command", 127),
        ("./no-such-file", 127),
        ("./not-executable", 126),
        ("/workspace", 126),
        ("echo 'unterminated", 2),
        ("if then", 2),
        ("kill -9 $$", 137),
        ("kill -TERM $$", 143),
        ("sh -c 'kill -9 $$'", 137),
        ("sh -c 'exit 9'", 9),
        ("cat /nowhere", 1),
        ("true | false", 1),
        ("false | true", 0),
        ("set -e; false; true", 1),
    ] {
        let answer = inside.execute(json!({"command": command})).await;
        proves!("PROC-02" => assert_eq!(answer.status, 200, "{command}"));
        proves!("PROC-02" => assert_eq!(answer.json()["exit_code"], code, "{command}: {answer:?}"));
        if matches!(code, 2 | 126 | 127) {
            assert!(!answer.text("stderr").is_empty(), "{command}");
        }
    }
    let answer = inside.execute(json!({"command": "echo before; kill -9 $$; echo after"})).await;
    proves!("PROC-02" => assert_eq!(
        (&answer.json()["exit_code"], &*answer.text("stdout")),
        (&json!(137), "before\n")
    ));
}

async fn a_command_starts_in_the_workdir_or_where_it_is_told() {
    let inside = Inside::start().await;
    inside.sh("mkdir -p 'a dir ☃' && ln -s /tmp link").await;
    for (request, expected) in [
        (json!({}), "/workspace"),
        (json!({"cwd": null}), "/workspace"),
        (json!({"cwd": "/workspace/a dir ☃"}), "/workspace/a dir ☃"),
        (json!({"cwd": "/"}), "/"),
        (json!({"cwd": "/usr/../tmp/"}), "/tmp"),
        (json!({"cwd": "/workspace/link"}), "/tmp"),
    ] {
        let mut request = request;
        request["command"] = json!("pwd -P; echo here > x 2>/dev/null || true");
        let answer = inside.execute(request.clone()).await;
        proves!("PROC-04" =>
            assert_eq!(answer.text("stdout"), format!("{expected}\n"), "{request}"));
    }
    proves!("PROC-04" => assert_eq!(inside.sh("cat x /tmp/x").await, "here\nhere\n"));
}

async fn a_missing_directory_to_start_in_is_refused() {
    let inside = Inside::start().await;
    inside.write("/workspace/file", "x").await;
    for cwd in ["/nowhere", "/workspace/nowhere", "/workspace/file", "/root", ""] {
        let answer = inside.execute(json!({"command": "touch ran", "cwd": cwd})).await;
        proves!("PROC-04" => assert_eq!(answer.fields(), ["cwd"], "{cwd}"));
    }
    assert_eq!(inside.sh("ls").await, "file\n");
}

async fn every_bad_field_of_a_command_is_named_at_once() {
    let inside = Inside::start().await;
    for (request, fields) in [
        (json!({}), &["command"][..]),
        (json!({"command": null}), &["command"]),
        (json!({"command": ""}), &["command"]),
        (json!({"command": ["ls"]}), &["command"]),
        (json!({"command": "a\0b"}), &["command"]),
        (
            json!({"cwd": 1, "envs": {"A": 1, "B": "ok", "C": null}, "timeout": "30"}),
            &["command", "cwd", "envs.A", "envs.C", "timeout"],
        ),
        (json!({"command": "x", "envs": ["A=1"]}), &["envs"]),
        (json!({"command": "x", "cwd": "/\0", "timeout": 0}), &["cwd", "timeout"]),
    ] {
        let answer = inside.execute(request.clone()).await;
        proves!("PROC-OP-EXECUTE" => assert_eq!(answer.fields(), fields, "{request}"));
    }
    for name in ["", "A=B", "A\0"] {
        let answer = inside.execute(json!({"command": "x", "envs": {name: "1"}})).await;
        proves!("PROC-OP-EXECUTE" => assert_eq!(answer.fields().len(), 1, "{name:?}"));
    }
}

async fn nothing_of_a_command_is_left_for_the_next_but_its_files() {
    let inside = Inside::start().await;
    inside.sh("cd /tmp; x=1; export y=2; f() { :; }; alias g=true; umask 0; echo kept > f").await;
    let seen = inside.sh("pwd; echo \"$x$y\"; umask; f 2>/dev/null || echo no f; cat /tmp/f").await;
    proves!("PROC-01", "PROC-04" =>
        assert_eq!(seen.trim_start(), "/workspace\n\n0022\nno f\nkept\n"));
}
