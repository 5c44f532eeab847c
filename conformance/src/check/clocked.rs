//! A world of a check's own, whose clock the check moves.

use serde_json::{Value, json};

use super::{Outcome, Stop, Trial};
use crate::http::{Answer, Auth, Request};

/// The place of a clock that is moved.
pub(crate) const CLOCK: &str = "/_emulator/clock";

/// How long what is due may take, in seconds of the suite's own time.
const PATIENCE: u64 = 10;

/// An organisation that nobody else knows the key of.
#[derive(Debug)]
pub(crate) struct Clocked<'t> {
    trial: &'t Trial,
    key: String,
}

/// The key of a world that nobody has used yet.
pub(crate) fn clock_key(fresh: &str) -> String {
    format!("clock-{fresh}")
}

impl Trial {
    /// Acts in a world of its own, and leaves nothing there.
    pub(crate) async fn with_a_clock<T>(
        &self,
        act: impl AsyncFnOnce(&Clocked<'_>) -> Outcome<T>,
    ) -> Outcome<T> {
        let world = Clocked { trial: self, key: clock_key(&self.name()) };
        let outcome = act(&world).await;
        let _ = world.send(Request::new("POST", "/_emulator/reset").undescribed()).await;
        outcome
    }
}

impl Clocked<'_> {
    /// Sends a request with the key of this world.
    async fn send(&self, request: Request) -> Outcome<Answer> {
        let key = format!("Bearer {}", self.key);
        self.trial.send(request.auth(Auth::Bare).header("authorization", key)).await
    }

    /// Asks for a sandbox with these fields.
    pub(crate) async fn create(&self, mut fields: Value) -> Outcome<Answer> {
        fields["template_name"] = json!(self.trial.session.template());
        self.send(Request::post("/v1/sandbox", &fields)).await
    }

    /// POST to something of a sandbox.
    pub(crate) async fn post(&self, id: &str, what: &str, body: &Value) -> Outcome<Answer> {
        self.send(Request::post(format!("/v1/sandbox/{id}/{what}"), body)).await
    }

    /// The state that reading shows; `gone` for a 404.
    pub(crate) async fn state(&self, id: &str) -> Outcome<String> {
        let answer = self.send(Request::get(format!("/v1/sandbox/{id}"))).await?;
        Ok(match answer.status {
            404 => "gone".to_owned(),
            _ => answer.text("state").to_owned(),
        })
    }

    /// Whether a sandbox comes to a state: what fell due may be on its way.
    pub(crate) async fn until(&self, id: &str, state: &str) -> Outcome<bool> {
        self.trial.until(PATIENCE, async || Ok(self.state(id).await? == state)).await
    }

    /// The sandboxes as they are listed.
    pub(crate) async fn listed(&self) -> Outcome<Vec<Value>> {
        let listed = self.send(Request::get("/v1/sandboxes")).await?;
        Ok(listed.json["items"].as_array().cloned().unwrap_or_default())
    }

    /// Lets so many seconds pass at once; after that the clock goes on as ever.
    pub(crate) async fn advance(&self, seconds: u64) -> Outcome {
        for action in
            [json!({ "action": "advance", "ms": seconds * 1000 }), json!({ "action": "resume" })]
        {
            let answer = self.send(Request::post(CLOCK, &action).undescribed()).await?;
            if !answer.ok() {
                return Err(Stop::Unprepared(format!("the clock was answered {}", answer.brief())));
            }
        }
        Ok(())
    }
}
