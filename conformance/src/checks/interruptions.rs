//! PROC-11: commands that run while their sandbox changes its state.

use serde_json::json;
use tokio::task::JoinHandle;

use crate::check::{Check, Outcome, Sandbox, Stop, Trial, check};
use crate::http::{Answer, Exchange, Request};
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(a_command_under_a_pause_or_a_delete, Commands, ["PROC-11"]),
    check!(a_command_under_a_stop, Commands, ["PROC-11"]).when(&[C::StopStart]),
    check!(a_command_under_a_capture, Snapshots, ["PROC-11"]),
    check!(a_frozen_command_runs_on, Snapshots, ["PROC-11"]).when(&[C::Processes]).live(2),
];

/// How long a command runs that is not to come to its end, in seconds.
const LONG: u64 = 10;

/// Where a command says that it has begun.
const BEGUN: &str = "/tmp/leap0-begun";

/// A command that runs by now.
struct Running(JoinHandle<Exchange>);

impl Running {
    /// Begins a command, and waits until it has.
    async fn begin(t: &Trial, sandbox: &Sandbox, command: &str) -> Outcome<Self> {
        let body = json!({"command": format!("echo begun > {BEGUN}; {command}")});
        let request = Request::post(sandbox.path("process/execute"), &body);
        let session = t.session.clone();
        let running = Self(tokio::spawn(async move { session.send(request).await }));
        let begun = async || Ok(t.read(&sandbox.id, BEGUN).await?.is_some());
        if t.until(30, begun).await? {
            Ok(running)
        } else {
            Err(Stop::Unprepared("no command was seen to run".to_owned()))
        }
    }

    /// Its answer.
    async fn ended(self) -> Outcome<Answer> {
        let exchange = self.0.await.map_err(|error| Stop::Unprepared(error.to_string()))?;
        exchange.answer.map_err(|why| Stop::Unanswered(format!("POST process/execute: {why}")))
    }
}

/// That a command is told that it was cut off.
fn cut(t: &Trial, what: &str, answer: &Answer, statuses: &[u16]) {
    let held = statuses.contains(&answer.status);
    t.decided("PROC-11", format!("its caller hears of the {what} ({})", answer.brief()), held);
}

async fn a_command_under_a_pause_or_a_delete(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let command = Running::begin(t, &sandbox, &format!("sleep {LONG}; echo end")).await?;
    t.change(&sandbox.id, "pause").await?;
    let answer = command.ended().await?;
    cut(t, "pause", &answer, &[409]);
    t.decided("PROC-11", "the message says so", answer.message().contains("pause"));
    t.remove(&sandbox.id).await?;
    let second = t.sandbox().await?;
    let command = Running::begin(t, &second, &format!("sleep {LONG}; echo end")).await?;
    t.remove(&second.id).await?;
    cut(t, "delete", &command.ended().await?, &[409, 404]);
    Ok(())
}

async fn a_command_under_a_stop(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let command = Running::begin(t, &sandbox, &format!("sleep {LONG}; echo end")).await?;
    t.change(&sandbox.id, "stop").await?;
    cut(t, "stop", &command.ended().await?, &[409]);
    Ok(())
}

async fn a_command_under_a_capture(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let command = Running::begin(t, &sandbox, "sleep 1; echo end").await?;
    let name = t.name();
    let taken = t.snapshot(&sandbox.id, json!({ "name": name })).await?;
    t.decided_status("PROC-11", &taken, 201);
    let answer = command.ended().await?;
    let whole = answer.status == 200 && answer.printed() == "end\n";
    t.decided("PROC-11", "it runs to its end in the source", whole);
    Ok(())
}

/// Waits for a file, and says so with another one.
const WAITING: &str = "while [ ! -e /tmp/leap0-go ]; do sleep 0.1; done; echo end > /tmp/leap0-end";

async fn a_frozen_command_runs_on(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let command = Running::begin(t, &sandbox, WAITING).await?;
    let name = t.name();
    t.a_snapshot(&sandbox.id, &name).await?;
    t.change(&sandbox.id, "pause").await?;
    cut(t, "pause", &command.ended().await?, &[409]);
    let copy = t.a_copy(&name).await?;
    for (id, what) in [(&sandbox.id, "after a resume"), (&copy.id, "in a copy")] {
        t.write(id, "/tmp/leap0-go", b"").await?;
        let ended = async || Ok(t.read(id, "/tmp/leap0-end").await?.is_some());
        let runs_on = t.until(30, ended).await?;
        t.decided("PROC-11", format!("it runs on {what}"), runs_on);
    }
    Ok(())
}
