//! Worlds of a check's own, by the control paths that a local server offers.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::{Outcome, Stop, Trial};
use crate::http::{Answer, Request};

/// The place of a clock that is moved.
pub(crate) const CLOCK: &str = "/_emulator/clock";
/// The place of failures to come.
pub(crate) const FAULTS: &str = "/_emulator/faults";
/// The place of a world as a file.
const STATE: &str = "/_emulator/world/state";

/// How long what is due may take, in seconds of the suite's own time.
const PATIENCE: u64 = 10;

/// An organisation that nobody else knows the key of.
#[derive(Debug)]
pub(crate) struct OwnWorld<'t> {
    /// The check, acting in this world.
    pub(crate) trial: Trial,
    worlds: &'t Worlds,
}

/// The keys of a check's worlds.
#[derive(Debug, Default)]
struct Worlds(Mutex<Vec<String>>);

/// The key of a world that nobody has used yet.
pub(crate) fn own_key(fresh: &str) -> String {
    format!("clock-{fresh}")
}

impl Worlds {
    fn enter(&self, trial: &Trial) -> Trial {
        let key = own_key(&trial.name());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(key.clone());
        trial.under(key)
    }

    fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Trial {
    /// Acts in a world of its own, and leaves nothing there.
    pub(crate) async fn in_a_world<T>(
        &self,
        act: impl AsyncFnOnce(&OwnWorld<'_>) -> Outcome<T>,
    ) -> Outcome<T> {
        let worlds = Worlds::default();
        let world = OwnWorld { trial: worlds.enter(self), worlds: &worlds };
        let outcome = act(&world).await;
        for key in worlds.keys() {
            let reset = Request::new("POST", "/_emulator/reset").undescribed();
            let _ = self.under(key).send(reset).await;
        }
        outcome
    }
}

impl OwnWorld<'_> {
    /// Another world, with nothing in it.
    pub(crate) fn another(&self) -> Self {
        Self { trial: self.worlds.enter(&self.trial), worlds: self.worlds }
    }

    /// A control path.
    pub(crate) async fn control(&self, method: &str, path: &str, body: &Value) -> Outcome<Answer> {
        self.trial.send(Request::new(method, path).json(body).undescribed()).await
    }

    /// The same, which has to be answered with success.
    async fn controlled(&self, method: &str, path: &str, body: &Value) -> Outcome<Answer> {
        let answer = self.control(method, path, body).await?;
        if answer.ok() {
            return Ok(answer);
        }
        Err(Stop::Unprepared(format!("{method} {path} was answered {}", answer.brief())))
    }

    /// Asks for a sandbox with these fields.
    pub(crate) async fn create(&self, mut fields: Value) -> Outcome<Answer> {
        fields["template_name"] = json!(self.trial.session.template());
        self.trial.create_raw(fields).await
    }

    /// A running sandbox with these fields; its id.
    pub(crate) async fn running(&self, fields: Value) -> Outcome<String> {
        let answer = self.create(fields).await?;
        if !answer.ok() {
            let why = format!("creating a sandbox was answered {}", answer.brief());
            return Err(Stop::Unprepared(why));
        }
        Ok(self.trial.running(&answer).await?.id)
    }

    /// POST to something of a sandbox.
    pub(crate) async fn post(&self, id: &str, what: &str, body: &Value) -> Outcome<Answer> {
        self.trial.send(Request::post(format!("/v1/sandbox/{id}/{what}"), body)).await
    }

    /// The state that reading shows; `gone` for a 404.
    pub(crate) async fn state(&self, id: &str) -> Outcome<String> {
        self.trial.state(id).await
    }

    /// Whether a sandbox comes to a state: what fell due may be on its way.
    pub(crate) async fn until(&self, id: &str, state: &str) -> Outcome<bool> {
        self.trial.until(PATIENCE, async || Ok(self.state(id).await? == state)).await
    }

    /// The sandboxes as they are listed.
    pub(crate) async fn listed(&self) -> Outcome<Vec<Value>> {
        self.items("/v1/sandboxes").await
    }

    /// A list, whole.
    pub(crate) async fn items(&self, path: &str) -> Outcome<Vec<Value>> {
        let listed = self.trial.get(path).await?;
        Ok(listed.json["items"].as_array().cloned().unwrap_or_default())
    }

    /// What the clock shows.
    pub(crate) async fn clock(&self) -> Outcome<Answer> {
        self.trial.send(Request::get(CLOCK).undescribed()).await
    }

    /// Does something with the clock, and gives what it shows then.
    pub(crate) async fn tell_the_clock(&self, action: Value) -> Outcome<Answer> {
        self.controlled("POST", CLOCK, &action).await
    }

    /// Lets so many seconds pass at once; after that the clock goes on as ever.
    pub(crate) async fn advance(&self, seconds: u64) -> Outcome {
        self.tell_the_clock(json!({ "action": "advance", "ms": seconds * 1000 })).await?;
        self.tell_the_clock(json!({ "action": "resume" })).await?;
        Ok(())
    }

    /// Asks for failures to come, in place of those before.
    pub(crate) async fn fail(&self, faults: Value) -> Outcome {
        self.controlled("PUT", FAULTS, &json!({ "faults": faults })).await?;
        Ok(())
    }

    /// Forgets the world.
    pub(crate) async fn reset(&self) -> Outcome<Answer> {
        self.control("POST", "/_emulator/reset", &json!({})).await
    }

    /// How many sandboxes and snapshots there are said to be.
    pub(crate) async fn counts(&self) -> Outcome<(Value, Value)> {
        let told = self.trial.send(Request::get("/_emulator/world").undescribed()).await?;
        Ok((told.json["sandboxes"].clone(), told.json["snapshots"].clone()))
    }

    /// Asks for a copy in the place of another world.
    pub(crate) async fn fork(&self, to: &Self) -> Outcome<Answer> {
        let key = to.trial.key().unwrap_or_default();
        self.control("POST", "/_emulator/world/fork", &json!({ "to_key": key })).await
    }

    /// The world as a file.
    pub(crate) async fn export(&self) -> Outcome<Answer> {
        self.trial.send(Request::get(STATE).undescribed()).await
    }

    /// Asks for what a file says in the place of this world.
    pub(crate) async fn import(&self, file: &Value) -> Outcome<Answer> {
        self.control("PUT", STATE, file).await
    }
}
