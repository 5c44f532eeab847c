//! Finding out what a target speaks, before it is judged.
//!
//! A path that is answered 404, 405 or 501 whatever the request says is one that is not there. A
//! missing field is what tells it from a path that is there and found no such snapshot.

use std::time::Instant;

use serde_json::{Value, json};

use super::{Capabilities, Capability as C};
use crate::check::{CLOCK, FAULTS, own_key};
use crate::http::{Answer, Auth, Request};
use crate::run::Session;

/// Why a target can't be judged at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProbeError {
    /// No answer, or not from a server that speaks HTTP.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// It sends its clients elsewhere.
    #[error("it redirects to {0}: give that URL")]
    Redirect(String),
    /// The key is refused.
    #[error("it refuses the key (401): give one with --api-key")]
    Key,
    /// Something else than this API.
    #[error("GET /v1/sandboxes is answered {0}, which is not this API")]
    Foreign(String),
}

/// Asks a target what it can do. Creates one sandbox and removes it.
pub(crate) async fn probe(session: &Session) -> Result<Capabilities, ProbeError> {
    let mut found = Capabilities::default();
    first_contact(session).await?;
    let unknown = Request::get("/v1/sandboxes")
        .auth(Auth::Bare)
        .header("authorization", "Bearer leap0-conformance-key-of-nobody");
    let emulator = ask(session, Request::get("/_emulator/health").undescribed()).await;
    let open = ask(session, unknown).await.is_some_and(|answer| answer.ok())
        && emulator.is_some_and(|answer| answer.ok());
    found.set(C::ClosedKeys, !open);
    let told = Request::get("/_emulator/capabilities").undescribed();
    let told = ask(session, told).await.map(|answer| answer.json["backend"].clone());
    let told = told.unwrap_or_default();
    found.set(C::Processes, told["process-survival"] == true);
    let key = format!("Bearer {}", own_key(&session.fresh_name()));
    let control = |path: &str| {
        let request = Request::get(path).undescribed().auth(Auth::Bare);
        request.header("authorization", key.clone())
    };
    let clock = ask(session, control(CLOCK)).await;
    let clock = clock.is_some_and(|answer| answer.ok() && answer.json["mode"].is_string());
    found.set(C::Clock, clock);
    found.set(C::Worlds, clock && told["fork"] == true && told["export"] == true);
    let faults = ask(session, control(FAULTS)).await;
    found.set(C::Faults, clock && faults.is_some_and(|answer| answer.json["faults"].is_array()));
    for (capability, path) in
        [(C::Resume, "/v1/snapshot/resume"), (C::Restore, "/v1/snapshot/restore")]
    {
        found.set(capability, spoken(session, Request::post(path, &json!({}))).await);
    }
    found.set(C::Kill, found.has(C::Restore));
    with_a_sandbox(session, &mut found).await;
    Ok(found)
}

async fn first_contact(session: &Session) -> Result<(), ProbeError> {
    let exchange = session.client().send(Request::get("/v1/sandboxes")).await;
    let answer = exchange.answer.map_err(ProbeError::Unreachable)?;
    match answer.status {
        300..=399 => Err(ProbeError::Redirect(answer.header("location").to_owned())),
        401 | 403 => Err(ProbeError::Key),
        404 | 405 | 500.. => Err(ProbeError::Foreign(answer.brief())),
        200 if !answer.json.is_object() => Err(ProbeError::Foreign(answer.brief())),
        // The list came with the third of the four eras' clients, but with every schema.
        _ => Ok(()),
    }
}

/// What only a sandbox can tell.
async fn with_a_sandbox(session: &Session, found: &mut Capabilities) {
    let wish = json!({
        "template_name": session.template(), "timeout": 240, "timeout_min": 4,
        "memory": 512, "memory_mib": 512,
    });
    // Both spellings agree, so that every era takes them; which of them count is told apart below.
    found.set(C::Minutes, true);
    found.set(C::Seconds, true);
    let begun = Instant::now();
    let Some(id) = create(session, &wish).await else { return };
    found.launch = begun.elapsed();
    let path = |what: &str| format!("/v1/sandbox/{id}/{what}");
    found.set(C::StopStart, spoken(session, Request::new("POST", path("start"))).await);
    let long = json!({"name": "x".repeat(65)});
    found
        .set(C::SnapshotPause, spoken(session, Request::post(path("snapshot/pause"), &long)).await);
    if found.has(C::Resume) || found.has(C::SnapshotPause) {
        // A server of era B takes seconds alone, and one of era A minutes alone.
        let seconds = timeout_of(session, "timeout", 200).await;
        let minutes = timeout_of(session, "timeout_min", 3).await;
        found.set(C::Seconds, seconds == Some(200));
        found.set(C::Minutes, minutes == Some(180));
    } else {
        found.set(C::Minutes, false);
    }
    found.set(C::Transitions, shows_transitions(session, &id).await);
    session.remove_sandbox(&id).await;
}

/// The timeout, in seconds, of a sandbox that was asked for with one field.
async fn timeout_of(session: &Session, field: &str, value: u64) -> Option<u64> {
    let wish = json!({"template_name": session.template(), field: value});
    let answer = ask(session, Request::post("/v1/sandbox", &wish)).await?;
    let id = answer.text("id").to_owned();
    if !id.is_empty() {
        session.remove_sandbox(&id).await;
    }
    answer.json["timeout"]
        .as_u64()
        .or_else(|| answer.json["timeout_min"].as_u64().map(|minutes| minutes * 60))
}

async fn create(session: &Session, wish: &Value) -> Option<String> {
    let answer = ask(session, Request::post("/v1/sandbox", wish)).await?;
    let id = answer.json["id"].as_str().filter(|_| answer.ok())?.to_owned();
    session.until_running(&id).await.then_some(id)
}

/// How many pauses in a row have to be seen under way. A busy machine stretches a state that lasts no
/// time often enough to show one or two.
const SHOWN: usize = 5;

/// Whether changes of state take long enough to be seen, time after time.
async fn shows_transitions(session: &Session, id: &str) -> bool {
    let used = Request::post(format!("/v1/sandbox/{id}/filesystem/exists"), &json!({"path": "/"}));
    for _ in 0..SHOWN {
        if !shows_a_pause(session, id).await {
            return false;
        }
        // It runs again before the next.
        ask(session, used.clone()).await;
    }
    true
}

/// Whether a pause is seen under way.
async fn shows_a_pause(session: &Session, id: &str) -> bool {
    let path = format!("/v1/sandbox/{id}");
    let pause = Request::new("POST", format!("{path}/pause"));
    let watch = async {
        for _ in 0..3 {
            let answer = ask(session, Request::get(path.clone())).await;
            let state = answer.map(|answer| answer.text("state").to_owned()).unwrap_or_default();
            if !matches!(&*state, "" | "running" | "paused") {
                return true;
            }
            tokio::task::yield_now().await;
        }
        false
    };
    let (_, seen) = tokio::join!(ask(session, pause), watch);
    seen
}

/// Whether the answer is that of a path that is there.
async fn spoken(session: &Session, request: Request) -> bool {
    let answer = ask(session, request).await;
    answer.is_some_and(|answer| !matches!(answer.status, 404 | 405 | 501))
}

async fn ask(session: &Session, request: Request) -> Option<Answer> {
    session.send(request).await.answer.ok()
}
