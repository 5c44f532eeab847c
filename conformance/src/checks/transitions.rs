//! STATE, SB-03 and the like: states in between, on targets that are slow enough to show them.
//!
//! An operation counts as tried in a state only if the state was read before and after it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::check::{Check, Outcome, Sandbox, Stop, Trial, check};
use crate::http::{Answer, Request};
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(
        a_starting_sandbox_is_left_alone,
        Sandbox,
        [
            "STATE-GET-STARTING",
            "STATE-DELETE-STARTING",
            "STATE-PAUSE-STARTING",
            "STATE-STOP-STARTING",
            "STATE-START-STARTING",
            "STATE-SNAPSHOT-STARTING",
            "STATE-USE-STARTING",
            "SB-DEL-02",
        ]
    )
    .when(&[C::Transitions, C::StopStart]),
    check!(
        a_snapshotting_sandbox_is_left_alone,
        Snapshots,
        [
            "STATE-GET-SNAPSHOTTING",
            "STATE-DELETE-SNAPSHOTTING",
            "STATE-PAUSE-SNAPSHOTTING",
            "STATE-STOP-SNAPSHOTTING",
            "STATE-START-SNAPSHOTTING",
            "STATE-SNAPSHOT-SNAPSHOTTING",
            "STATE-USE-SNAPSHOTTING",
            "SB-05",
            "SB-DEL-02",
            "SNAP-CREATE-03",
            "SNAP-CREATE-11",
        ]
    )
    .when(&[C::Transitions, C::StopStart]),
    check!(
        an_unpausing_sandbox_is_left_alone,
        Sandbox,
        [
            "STATE-GET-UNPAUSING",
            "STATE-DELETE-UNPAUSING",
            "STATE-PAUSE-UNPAUSING",
            "STATE-STOP-UNPAUSING",
            "STATE-START-UNPAUSING",
            "STATE-SNAPSHOT-UNPAUSING",
            "STATE-USE-UNPAUSING",
            "SB-DEL-02",
        ]
    )
    .when(&[C::Transitions, C::StopStart]),
    check!(
        a_stopping_sandbox_is_left_alone,
        Sandbox,
        [
            "STATE-GET-STOPPING",
            "STATE-DELETE-STOPPING",
            "STATE-PAUSE-STOPPING",
            "STATE-STOP-STOPPING",
            "STATE-START-STOPPING",
            "STATE-SNAPSHOT-STOPPING",
            "STATE-USE-STOPPING",
            "SB-STOP-02",
            "SB-DEL-02",
        ]
    )
    .when(&[C::Transitions, C::StopStart]),
    check!(
        a_deleting_sandbox_is_left_alone,
        Sandbox,
        [
            "STATE-GET-DELETING",
            "STATE-DELETE-DELETING",
            "STATE-PAUSE-DELETING",
            "STATE-STOP-DELETING",
            "STATE-START-DELETING",
            "STATE-SNAPSHOT-DELETING",
            "STATE-USE-DELETING",
        ]
    )
    .when(&[C::Transitions, C::StopStart]),
    check!(
        a_name_is_taken_while_its_snapshot_is_made,
        Snapshots,
        ["SNAP-CREATE-09", "SNAP-REST-13", "SNAP-LIST-03"]
    )
    .when(&[C::Transitions])
    .live(2),
    check!(a_sandbox_goes_from_state_to_state, Sandbox, ["SB-03"])
        .when(&[C::Transitions, C::StopStart]),
];

/// How often a transition is begun anew to try one more operation in it.
const ROUNDS: usize = 15;

/// How a sandbox is brought into a transition.
#[derive(Clone, Copy)]
enum Way {
    Start,
    Snapshot,
    Unpause,
    Stop,
    Delete,
}

impl Way {
    fn request(self, t: &Trial, sandbox: &Sandbox) -> Request {
        match self {
            Self::Start => Request::new("POST", sandbox.path("start")),
            Self::Snapshot => {
                Request::post(sandbox.path("snapshot/create"), &json!({ "name": t.name() }))
            }
            Self::Unpause => {
                Request::post(sandbox.path("filesystem/exists"), &json!({"path": "/"}))
            }
            Self::Stop => Request::new("POST", sandbox.path("stop")),
            Self::Delete => Request::delete(sandbox.path("")),
        }
    }

    fn state(self) -> &'static str {
        match self {
            Self::Start => "starting",
            Self::Snapshot => "snapshotting",
            Self::Unpause => "unpausing",
            Self::Stop => "stopping",
            Self::Delete => "deleting",
        }
    }

    /// A sandbox that is one step before the transition.
    async fn ready(self, t: &Trial) -> Outcome<Sandbox> {
        let sandbox = t.sandbox().await?;
        match self {
            Self::Start => drop(t.change(&sandbox.id, "stop").await?),
            Self::Unpause => drop(t.change(&sandbox.id, "pause").await?),
            Self::Snapshot | Self::Stop | Self::Delete => {}
        }
        Ok(sandbox)
    }
}

/// What is tried in a state: a word of the rule's id, and the request.
fn tries(t: &Trial, sandbox: &Sandbox) -> [(&'static str, Request); 7] {
    let name = json!({ "name": t.name() });
    [
        ("GET", Request::get(sandbox.path(""))),
        ("DELETE", Request::delete(sandbox.path(""))),
        ("PAUSE", Request::new("POST", sandbox.path("pause"))),
        ("STOP", Request::new("POST", sandbox.path("stop"))),
        ("START", Request::new("POST", sandbox.path("start"))),
        ("SNAPSHOT", Request::post(sandbox.path("snapshot/create"), &name)),
        ("USE", Request::post(sandbox.path("filesystem/exists"), &json!({"path": "/"}))),
    ]
}

/// What came of a request that was sent in a state.
enum Tried {
    /// The state had passed.
    TooLate,
    /// It was answered in the state, or as if it were.
    Within(Answer),
    /// It was accepted, and the state was over then: perhaps it came too late.
    Accepted(Answer),
}

/// Sends a request in a state.
async fn within(t: &Trial, way: Way, place: usize) -> Outcome<Tried> {
    let sandbox = way.ready(t).await?;
    let under_way = {
        let (session, request) = (t.session.clone(), way.request(t, &sandbox));
        tokio::spawn(async move { session.send(request).await })
    };
    let mut tried = Tried::TooLate;
    while !under_way.is_finished() {
        if t.state(&sandbox.id).await? == way.state() {
            let (word, request) = tries(t, &sandbox)[place].clone();
            let answer = t.send(request).await?;
            let still = t.state(&sandbox.id).await? == way.state();
            // What is gone afterwards may have been gone when the request came.
            let gone = matches!(way, Way::Delete) && answer.status == 404;
            // A use waits for the end of the transition, so that nothing can be seen after it.
            tried = if !still && gone && word != "USE" {
                Tried::TooLate
            } else if still || word == "USE" || !answer.ok() {
                Tried::Within(answer)
            } else {
                Tried::Accepted(answer)
            };
            break;
        }
    }
    let ended = under_way.await.map_err(|error| Stop::Unprepared(error.to_string()))?;
    t.session.remove_made(std::iter::once(&ended)).await;
    t.session.remove_sandbox(&sandbox.id).await;
    Ok(tried)
}

/// How often a request has to be accepted for it not to have come too late each time.
const ACCEPTED: usize = 3;

/// The answer to a request in a state, or none if the state can't be caught.
async fn answer_within(t: &Trial, way: Way, place: usize) -> Outcome<Option<Answer>> {
    let mut accepted = 0;
    for _ in 0..ROUNDS {
        match within(t, way, place).await? {
            Tried::TooLate => {}
            Tried::Within(answer) => return Ok(Some(answer)),
            Tried::Accepted(answer) => {
                accepted += 1;
                if accepted == ACCEPTED {
                    return Ok(Some(answer));
                }
            }
        }
    }
    Ok(None)
}

/// Tries every operation in a transition.
async fn left_alone(t: &Trial, way: Way) -> Outcome {
    let rules = t.check.rules;
    for (place, word) in
        ["GET", "DELETE", "PAUSE", "STOP", "START", "SNAPSHOT", "USE"].into_iter().enumerate()
    {
        let Some(answer) = answer_within(t, way, place).await? else {
            let why = format!("a sandbox was never seen {}", way.state());
            return Err(Stop::Unprepared(why));
        };
        let rule = rules.iter().find(|rule| rule.starts_with(&format!("STATE-{word}-")));
        let rule = *rule.expect("each check lists its row");
        match (word, way) {
            ("GET", _) => drop(t.decided(rule, "it is read", answer.text("state") == way.state())),
            ("USE", Way::Stop) => drop(t.decided_status(rule, &answer, 409)),
            ("USE", Way::Delete) => drop(t.decided_status(rule, &answer, 404)),
            ("USE", _) => drop(t.decided(rule, "it waits and is served", answer.status == 200)),
            ("SNAPSHOT", _) => drop(t.decided_status(rule, &answer, 409)),
            _ => drop(t.status(rule, &answer, 409)),
        }
        if word == "DELETE" && rules.contains(&"SB-DEL-02") {
            t.status("SB-DEL-02", &answer, 409);
        }
        if word == "SNAPSHOT" && rules.contains(&"SNAP-CREATE-11") {
            t.decided_status("SNAP-CREATE-11", &answer, 409);
        }
    }
    Ok(())
}

async fn a_starting_sandbox_is_left_alone(t: &Trial) -> Outcome {
    left_alone(t, Way::Start).await
}

async fn a_snapshotting_sandbox_is_left_alone(t: &Trial) -> Outcome {
    let shown = is_shown(t, Way::Snapshot).await?;
    t.must("SB-05", "a GET shows snapshotting while it is captured", shown);
    t.must("SNAP-CREATE-03", "it does not run while it is captured", shown);
    left_alone(t, Way::Snapshot).await
}

async fn an_unpausing_sandbox_is_left_alone(t: &Trial) -> Outcome {
    left_alone(t, Way::Unpause).await
}

async fn a_stopping_sandbox_is_left_alone(t: &Trial) -> Outcome {
    let shown = is_shown(t, Way::Stop).await?;
    t.must("SB-STOP-02", "it is stopping first", shown);
    left_alone(t, Way::Stop).await
}

async fn a_deleting_sandbox_is_left_alone(t: &Trial) -> Outcome {
    left_alone(t, Way::Delete).await
}

/// Whether a transition is seen under way, soon or late: one of them may be over between two looks.
async fn is_shown(t: &Trial, way: Way) -> Outcome<bool> {
    for _ in 0..ROUNDS {
        if states_of(t, way).await?.iter().any(|state| state == way.state()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The states that are read one after another while a transition is under way.
async fn states_of(t: &Trial, way: Way) -> Outcome<Vec<String>> {
    let sandbox = way.ready(t).await?;
    let mut seen: Vec<String> = vec![t.state(&sandbox.id).await?];
    let under_way = {
        let (session, request) = (t.session.clone(), way.request(t, &sandbox));
        tokio::spawn(async move { session.send(request).await })
    };
    loop {
        let finished = under_way.is_finished();
        let state = t.state(&sandbox.id).await?;
        if seen.last() != Some(&state) {
            seen.push(state);
        }
        if finished {
            break;
        }
    }
    let ended = under_way.await.map_err(|error| Stop::Unprepared(error.to_string()))?;
    t.session.remove_sandbox(&sandbox.id).await;
    t.session.remove_made(std::iter::once(&ended)).await;
    Ok(seen)
}

async fn a_sandbox_goes_from_state_to_state(t: &Trial) -> Outcome {
    let steps: BTreeSet<(&str, &str)> = [
        ("running", "stopping"),
        ("stopping", "stopped"),
        ("stopped", "starting"),
        ("starting", "running"),
        ("paused", "unpausing"),
        ("unpausing", "running"),
        ("running", "deleting"),
        ("deleting", "gone"),
        ("deleting", "deleted"),
        // Between two looks a state may pass unseen.
        ("running", "stopped"),
        ("stopped", "running"),
        ("paused", "running"),
        ("running", "gone"),
        ("running", "deleted"),
    ]
    .into();
    for way in [Way::Stop, Way::Start, Way::Unpause, Way::Delete] {
        let seen = states_of(t, way).await?;
        for pair in seen.windows(2) {
            let legal = steps.contains(&(&*pair[0], &*pair[1]));
            t.must("SB-03", format!("a sandbox may go from {} to {}", pair[0], pair[1]), legal);
        }
    }
    Ok(())
}

async fn a_name_is_taken_while_its_snapshot_is_made(t: &Trial) -> Outcome {
    let (one, two) = (t.sandbox().await?, t.sandbox().await?);
    for _ in 0..ROUNDS {
        let name = t.name();
        let body = json!({ "name": name });
        let under_way = {
            let (session, request) =
                (t.session.clone(), Request::post(one.path("snapshot/create"), &body));
            tokio::spawn(async move { session.send(request).await })
        };
        let mut seen: Option<(Answer, Value, Answer)> = None;
        while !under_way.is_finished() {
            if t.state(&one.id).await? == "snapshotting" {
                let restore = t.restore_with(&name, json!({})).await?;
                let list = t.get(format!("/v1/snapshots?query={name}")).await?;
                let still = t.state(&one.id).await? == "snapshotting";
                let second = t.snapshot(&two.id, body.clone()).await?;
                if still {
                    seen = Some((restore, list.json["total_items"].clone(), second));
                }
                break;
            }
        }
        let ended = under_way.await.map_err(|error| Stop::Unprepared(error.to_string()))?;
        t.session.remove_made(std::iter::once(&ended)).await;
        if let Some((restore, total, second)) = seen {
            t.status("SNAP-CREATE-09", &second, 409);
            t.decided_status("SNAP-REST-13", &restore, 404);
            t.decided("SNAP-LIST-03", "it is not listed", total == 0);
            return Ok(());
        }
    }
    Err(Stop::Unprepared("no snapshot took long enough to be seen under way".to_owned()))
}
