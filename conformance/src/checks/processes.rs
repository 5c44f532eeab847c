//! PROC and SYS: commands.

use serde_json::json;

use crate::check::{Check, Inside, Outcome, Trial, check};
use crate::http::Answer;

pub(super) const CHECKS: &[Check] = &[
    check!(a_command_is_a_shell_script, Commands, ["PROC-01"]).shared(),
    check!(a_failed_command_is_a_200, Commands, ["PROC-02"]).shared(),
    check!(variables_are_for_one_command, Commands, ["PROC-03"]).shared(),
    check!(a_command_starts_in_the_workdir, Commands, ["PROC-04", "SYS-OP-WORKDIR"]).shared(),
    check!(a_command_that_takes_too_long, Commands, ["PROC-05", "PROC-06"]).shared(),
    check!(output_that_is_no_text, Commands, ["PROC-07"]).shared(),
    check!(commands_run_at_once, Commands, ["PROC-08"]).shared(),
    check!(output_and_errors_are_apart, Commands, ["PROC-09"]).shared(),
    check!(a_command_is_answered_when_it_has_ended, Commands, ["PROC-10"]).shared(),
];

async fn run(t: &Trial, inside: &Inside, body: serde_json::Value) -> Outcome<Answer> {
    t.post(inside.path("process/execute"), body).await
}

async fn a_command_is_a_shell_script(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    for (command, wanted) in [
        ("x=pear; echo \"$x\" | cat", "pear\n"),
        ("false || echo saved", "saved\n"),
        ("true && echo both; echo third", "both\nthird\n"),
        ("echo 'single $x'", "single $x\n"),
    ] {
        let answer = run(t, &inside, json!({ "command": command })).await?;
        t.same("PROC-01", &format!("what {command} prints"), answer.printed(), wanted);
    }
    Ok(())
}

async fn a_failed_command_is_a_200(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    for (command, code) in [("exit 7", 7), ("false", 1), ("echo x; exit 255", 255)] {
        let answer = run(t, &inside, json!({ "command": command })).await?;
        t.status("PROC-02", &answer, 200);
        t.same("PROC-02", "exit_code", &answer.json["exit_code"], &json!(code));
    }
    let killed = run(t, &inside, json!({"command": "kill -9 $$"})).await?;
    t.decided("PROC-02", "a signal is 128 + n", killed.json["exit_code"] == 137);
    Ok(())
}

async fn variables_are_for_one_command(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let body = json!({"command": "echo \"<$FRUIT>\"", "envs": {"FRUIT": "pear"}});
    let answer = run(t, &inside, body).await?;
    t.same("PROC-03", "what the command sees", answer.printed(), "<pear>\n");
    let next = run(t, &inside, json!({"command": "echo \"<$FRUIT>\""})).await?;
    t.same("PROC-03", "what the next one sees", next.printed(), "<>\n");
    Ok(())
}

async fn a_command_starts_in_the_workdir(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let told = t.get(inside.path("system/workdir")).await?;
    t.status("SYS-OP-WORKDIR", &told, 200);
    let workdir = told.text("workdir").to_owned();
    t.must("SYS-OP-WORKDIR", "it is an absolute path", workdir.starts_with('/'));
    let exists = t.fs(&inside, "exists", json!({ "path": workdir })).await?;
    t.decided("SYS-OP-WORKDIR", "it exists", exists.json["exists"] == true);
    let answer = run(t, &inside, json!({"command": "pwd"})).await?;
    t.same("PROC-04", "where it starts", answer.printed(), &*format!("{workdir}\n"));
    let answer = run(t, &inside, json!({"command": "pwd", "cwd": inside.dir})).await?;
    t.same("PROC-04", "where cwd starts it", answer.printed(), &*format!("{}\n", inside.dir));
    let missing = run(t, &inside, json!({"command": "pwd", "cwd": inside.at("none")})).await?;
    t.decided_status("PROC-04", &missing, 400);
    Ok(())
}

async fn a_command_that_takes_too_long(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let body = json!({"command": "echo begun; sleep 20", "timeout": 1});
    let answer = run(t, &inside, body).await?;
    let held = answer.status == 200 && answer.json["exit_code"] == 124;
    t.decided("PROC-05", "it is a 200 with exit code 124", held);
    t.decided("PROC-05", "what was printed so far is there", answer.printed() == "begun\n");
    let zero = run(t, &inside, json!({"command": "true", "timeout": 0})).await?;
    t.decided_status("PROC-06", &zero, 400);
    let long = run(t, &inside, json!({"command": "true", "timeout": 1_800_000})).await?;
    t.decided_status("PROC-06", &long, 200);
    Ok(())
}

async fn output_that_is_no_text(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    t.write(&inside.sandbox, &inside.at("latin"), b"caf\xe9\n").await?;
    let command = format!("cat {}", inside.at("latin"));
    let answer = run(t, &inside, json!({ "command": command })).await?;
    t.decided("PROC-07", "with a replacement character", answer.printed() == "caf\u{fffd}\n");
    Ok(())
}

async fn commands_run_at_once(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let begun = tokio::time::Instant::now();
    let sleep = || run(t, &inside, json!({"command": "sleep 1; echo done"}));
    let (one, two, three) = tokio::join!(sleep(), sleep(), sleep());
    for answer in [one?, two?, three?] {
        t.decided("PROC-08", "each of them is served", answer.printed() == "done\n");
    }
    t.decided("PROC-08", "none waits for another", begun.elapsed().as_millis() < 2500);
    Ok(())
}

async fn output_and_errors_are_apart(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let answer = run(t, &inside, json!({"command": "echo out; echo err >&2"})).await?;
    if answer.json.get("stdout").is_some() {
        t.same("PROC-09", "stdout", answer.text("stdout"), "out\n");
        t.same("PROC-09", "stderr", answer.text("stderr"), "err\n");
    } else {
        t.must("PROC-09", "result has the output", answer.text("result").contains("out\n"));
    }
    Ok(())
}

async fn a_command_is_answered_when_it_has_ended(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let file = inside.at("late");
    let command = format!("echo first; sleep 1; echo last > {file}; cat {file}");
    let answer = run(t, &inside, json!({ "command": command })).await?;
    t.same("PROC-10", "everything that it printed", answer.printed(), "first\nlast\n");
    let seen = t.read(&inside.sandbox, &file).await?;
    t.same("PROC-10", "what it wrote in the end", &seen.as_deref(), &Some("last\n"));
    Ok(())
}
