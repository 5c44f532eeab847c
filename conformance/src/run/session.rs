//! What the checks of a run share: the client, what is known of the target, and the ledger.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::Settings;
use super::ledger::{Family, Ledger, Made};
use crate::http::{Answer, Auth, Client, Exchange, Request};
use crate::schema::{Observer, operation};
use crate::target::{Capabilities, Capability};

/// A run on one target.
#[derive(Debug)]
pub(crate) struct Session {
    client: Client,
    pub(crate) settings: Settings,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) observer: Observer,
    capabilities: OnceLock<Capabilities>,
    workdir: OnceLock<String>,
    prefix: String,
    counter: AtomicU64,
    shared: tokio::sync::Mutex<Option<(String, Instant)>>,
}

/// How long a target takes at most to make a sandbox if it has time for everything.
const QUICK: Duration = Duration::from_millis(300);

/// How long the suite's sandboxes live at most, in seconds.
const LIFE: u64 = 240;

impl Session {
    pub(crate) fn new(client: Client, settings: Settings, prefix: String) -> Self {
        Self {
            client,
            settings,
            ledger: Arc::default(),
            observer: Observer::default(),
            capabilities: OnceLock::new(),
            workdir: OnceLock::new(),
            prefix,
            counter: AtomicU64::new(0),
            shared: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn template(&self) -> &str {
        &self.settings.template
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(crate) fn learn(&self, capabilities: Capabilities) {
        let _ = self.capabilities.set(capabilities);
    }

    /// How many generated sequences to run.
    pub(crate) fn sequences(&self) -> usize {
        self.settings.sequences.unwrap_or(if self.is_slow() { 3 } else { 40 })
    }

    /// How many histories to record for each of their checks.
    pub(crate) fn histories(&self) -> usize {
        self.settings.histories.unwrap_or(if self.is_slow() { 1 } else { 8 })
    }

    /// Whether the target takes so long to make a sandbox that what is generated has to be less.
    pub(crate) fn is_slow(&self) -> bool {
        self.capabilities.get().is_some_and(|known| known.launch > QUICK)
    }

    pub(crate) fn has(&self, capability: Capability) -> bool {
        self.capabilities.get().is_some_and(|known| known.has(capability))
    }

    pub(crate) fn eras(&self) -> Vec<char> {
        self.capabilities.get().map(Capabilities::eras).unwrap_or_default()
    }

    /// The field for a timeout in the words of the target's eras, and the suite's own timeout.
    pub(crate) fn timeout_field(&self) -> (&'static str, u64) {
        if self.capabilities.get().is_some() && !self.has(Capability::Seconds) {
            ("timeout_min", LIFE / 60)
        } else {
            ("timeout", LIFE)
        }
    }

    /// A name that is not in use anywhere, nor the beginning of one: a list is asked for names by
    /// their beginnings.
    pub(crate) fn fresh_name(&self) -> String {
        format!("{}-{:05}", self.prefix, self.counter.fetch_add(1, Ordering::Relaxed))
    }

    /// Sends a request, waits out a rate limit, and notes what was made or removed.
    pub(crate) async fn send(&self, request: Request) -> Exchange {
        let begun = Instant::now();
        let what = operation(&request.method, &request.path);
        let makes = matches!(
            what.as_deref(),
            Some(
                "sandbox/create"
                    | "snapshot/create"
                    | "snapshot/pause"
                    | "snapshot/resume"
                    | "snapshot/restore"
            )
        );
        if makes {
            self.ledger.asking(&request.method, &request.path);
        }
        let exchange = loop {
            let exchange = if makes {
                self.make(request.clone()).await
            } else {
                self.client.send(request.clone()).await
            };
            self.observer.look(&exchange);
            // A full organisation may be so because of others, and have a place again.
            let full = exchange.is_full(what.as_deref());
            let most =
                if full { self.settings.quota_patience } else { self.settings.rate_patience };
            let deadline = begun + most;
            match &exchange.answer {
                Ok(answer) if full || (answer.status == 429 && !exchange.request.final_429) => {
                    let seconds: u64 = answer.header("retry-after").parse().unwrap_or(0);
                    let wait = Duration::from_secs(seconds).max(Duration::from_millis(50));
                    if Instant::now() + wait > deadline {
                        break exchange;
                    }
                    sleep(wait).await;
                }
                _ => break exchange,
            }
        };
        if matches!(what.as_deref(), Some("sandbox/delete" | "snapshot/delete"))
            && exchange.answer.as_ref().is_ok_and(Answer::ok)
        {
            let path = exchange.request.path.split('?').next().unwrap_or("");
            self.ledger.gone(path.trim_end_matches('/').rsplit('/').next().unwrap_or(""));
        }
        exchange
    }

    /// Sends a request that makes something. Whoever asked may go away meanwhile; what is made
    /// is noted all the same.
    async fn make(&self, request: Request) -> Exchange {
        let (client, ledger, sent) = (self.client.clone(), self.ledger.clone(), request.clone());
        let sending = tokio::spawn(async move {
            let Some(_making) = ledger.begin() else {
                return Exchange::failed(sent, "the run is ending");
            };
            let exchange = client.send(sent).await;
            let what = operation(&exchange.request.method, &exchange.request.path);
            if let Some(made) = made(what.as_deref(), &exchange) {
                ledger.add(made);
            }
            exchange
        });
        sending.await.unwrap_or_else(|error| Exchange::failed(request, &error.to_string()))
    }

    /// Removes what these exchanges made, as far as it is still there.
    pub(crate) async fn remove_made<'a>(&self, exchanges: impl Iterator<Item = &'a Exchange>) {
        let mut all: Vec<_> = exchanges
            .filter_map(|exchange| {
                let request = &exchange.request;
                made(operation(&request.method, &request.path).as_deref(), exchange)
            })
            .collect();
        // Sandboxes first: a snapshot in use can't be deleted.
        all.sort_unstable();
        let there = self.ledger.there();
        for made in all.into_iter().filter(|made| there.contains(made)) {
            self.remove(&made).await;
        }
    }

    /// Waits for a sandbox to be `running`.
    pub(crate) async fn until_running(&self, id: &str) -> bool {
        self.until_read_running(Request::get(format!("/v1/sandbox/{id}"))).await
    }

    /// The same, of the sandbox that this request reads.
    pub(crate) async fn until_read_running(&self, look: Request) -> bool {
        let deadline = Instant::now() + self.settings.boot_patience;
        loop {
            let exchange = self.send(look.clone()).await;
            let Ok(answer) = exchange.answer else { return false };
            match answer.text("state") {
                "running" => return true,
                _ if !answer.ok() || Instant::now() > deadline => return false,
                _ => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Restarts the target, and waits until it answers again.
    pub(crate) async fn restart(&self) -> Result<(), String> {
        let restart = self.settings.restart.as_ref().ok_or("nobody said how")?;
        restart.run().await?;
        let deadline = Instant::now() + self.settings.boot_patience;
        loop {
            match self.client.send(Request::get("/v1/sandboxes")).await.answer {
                Ok(_) => return Ok(()),
                Err(why) if Instant::now() > deadline => return Err(why),
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Deletes a sandbox, waiting while it is on its way from one state to another.
    pub(crate) async fn remove_sandbox(&self, id: &str) {
        let (family, id) = (Family::Sandbox, id.to_owned());
        self.remove(&Made { family, id, auth: Auth::Own }).await;
    }

    /// Deletes a snapshot.
    pub(crate) async fn remove_snapshot(&self, id: &str) {
        let (family, id) = (Family::Snapshot, id.to_owned());
        self.remove(&Made { family, id, auth: Auth::Own }).await;
    }

    async fn remove(&self, made: &Made) {
        let path = format!("/v1/{}/{}", made.family.word(), made.id);
        let pauses = [0, 20, 50, 100, 200, 400, 800, 1600, 3200];
        for pause in pauses.into_iter().take(self.settings.removal_tries) {
            sleep(Duration::from_millis(pause)).await;
            // Not through `send`: what a clean-up sees is no evidence for or against a rule.
            let exchange = self.client.send(Request::delete(&*path).auth(made.auth)).await;
            match exchange.answer.map(|answer| answer.status) {
                Ok(409 | 429) => {}
                Ok(status) if status < 300 || status == 404 => return self.ledger.gone(&made.id),
                _ => return,
            }
        }
    }

    /// Removes everything that is still there.
    pub(crate) async fn clean_up_made(&self) {
        *self.shared.lock().await = None;
        for made in self.ledger.there() {
            self.remove(&made).await;
        }
    }

    /// Removes everything, and ends the journal; gives how much could not be removed.
    pub(crate) async fn clean_up(&self) -> usize {
        self.ledger.stop();
        for _ in 0..600 {
            if !self.ledger.is_waiting() {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        self.clean_up_made().await;
        if self.ledger.has_asked() {
            self.sweep(&self.prefix).await;
        }
        self.ledger.close();
        self.ledger.there().len()
    }

    /// Removes snapshots whose names begin with `prefix`, which an answer that never came may
    /// have made.
    pub(crate) async fn sweep(&self, prefix: &str) {
        let path = format!("/v1/snapshots?query={prefix}&page-size=100");
        let other = self.has(Capability::SecondKey).then_some(Auth::Other);
        for auth in [Auth::Own].into_iter().chain(other) {
            let list = self.client.send(Request::get(&*path).auth(auth)).await;
            let Ok(answer) = list.answer else { return };
            for item in answer.json["items"].as_array().into_iter().flatten() {
                let named = item["name"].as_str().is_some_and(|name| name.starts_with(prefix));
                if let (true, Some(id)) = (named, item["id"].as_str()) {
                    let (family, id) = (Family::Snapshot, id.to_owned());
                    self.remove(&Made { family, id, auth }).await;
                }
            }
        }
    }

    /// The sandbox that checks share, as long as it is young and runs.
    pub(crate) async fn shared_sandbox(&self) -> Result<String, String> {
        let mut shared = self.shared.lock().await;
        if let Some((id, born)) = &*shared {
            if born.elapsed() < Duration::from_secs(LIFE / 2) {
                return Ok(id.clone());
            }
            self.remove_sandbox(id).await;
        }
        let (field, value) = self.timeout_field();
        let wish = json!({"template_name": self.template(), field: value});
        let answer = self.send(Request::post("/v1/sandbox", &wish)).await.answer?;
        let id = answer.text("id").to_owned();
        if id.is_empty() || !self.until_running(&id).await {
            return Err(format!("the sandbox that checks share: {}", answer.brief()));
        }
        if self.workdir.get().is_none() {
            let asked = self.send(Request::get(format!("/v1/sandbox/{id}/system/workdir"))).await;
            let told =
                asked.answer.ok().and_then(|a| a.json["workdir"].as_str().map(str::to_owned));
            let told = told.filter(|dir| dir.starts_with('/'));
            let _ = self.workdir.set(told.unwrap_or_else(|| "/tmp".to_owned()));
        }
        *shared = Some((id.clone(), Instant::now()));
        Ok(id)
    }

    /// Ends the sandbox that checks share.
    pub(crate) async fn drop_shared(&self) {
        if let Some((id, _)) = self.shared.lock().await.take() {
            self.remove_sandbox(&id).await;
        }
    }

    /// Where files can be written.
    pub(crate) fn workdir(&self) -> &str {
        self.workdir.get().map_or("/tmp", String::as_str)
    }

    /// A value with the keys blotted out.
    pub(crate) fn redact(&self, text: &str) -> String {
        let [own, other] = self.client.secrets();
        let mut text = text.to_owned();
        for secret in [own, other] {
            if !secret.is_empty() {
                text = text.replace(secret, "<key>");
            }
        }
        text
    }
}

/// What an exchange made, if anything.
fn made(what: Option<&str>, exchange: &Exchange) -> Option<Made> {
    let answer = exchange.answer.as_ref().ok().filter(|answer| answer.ok())?;
    let family = match what? {
        "sandbox/create" | "snapshot/resume" | "snapshot/restore" => Family::Sandbox,
        "snapshot/create" | "snapshot/pause" => Family::Snapshot,
        _ => return None,
    };
    // What is made without a key is whose it may be; with the own one it can perhaps be removed.
    let auth = if exchange.request.auth == Auth::Other { Auth::Other } else { Auth::Own };
    Some(Made { family, id: answer.json["id"].as_str()?.to_owned(), auth })
}
