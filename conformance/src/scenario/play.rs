//! Telling a story to a server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::story::{Expect, Step, Story, holes};
use super::transcript::Transcript;
use crate::http::{Answer, Auth, Request};
use crate::run::Session;

/// How a story ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// What happened, with stable numbers for what is another in every run.
    pub(crate) transcript: String,
    /// What came otherwise than it was told, or nothing.
    pub(crate) fault: Option<String>,
}

struct Player {
    session: Arc<Session>,
    names: BTreeMap<String, Value>,
    transcript: Transcript,
}

/// How long an `until` waits.
const PATIENCE: Duration = Duration::from_mins(1);

/// Tells a story to the server of a session. What it makes is left to the session's clean-up.
pub(crate) async fn play(story: &Story, session: &Arc<Session>) -> Ended {
    let name = session.fresh_name();
    let transcript = Transcript::new(&story.tells, session.client().authority(), &name);
    let names = BTreeMap::from([
        ("template".to_owned(), json!(session.template())),
        ("name".to_owned(), json!(name)),
        ("n".to_owned(), json!(1)),
    ]);
    let mut player = Player { session: session.clone(), names, transcript };
    let mut fault = None;
    for step in &story.steps {
        if let Some(say) = &step.get_ref().say {
            player.transcript.say(say);
        }
        for n in 1..=step.get_ref().repeat.unwrap_or(1) {
            player.names.insert("n".to_owned(), json!(n));
            if let Err(why) = player.step(step.get_ref()).await {
                player.transcript.wrong(&why);
                fault = Some(why);
                break;
            }
        }
        if fault.is_some() {
            break;
        }
    }
    let transcript = session.redact(&player.transcript.finish());
    Ended { transcript, fault }
}

impl Player {
    async fn step(&mut self, step: &Step) -> Result<(), String> {
        if let Some(seconds) = step.clock {
            return self.clock(seconds).await;
        }
        if let Some(parallel) = &step.parallel {
            return self.parallel(parallel, step).await;
        }
        let request = self.request(step)?;
        if let Some(ms) = step.hang_up {
            self.transcript.hung_up(&request);
            let send = self.session.send(request);
            let _ = tokio::time::timeout(Duration::from_millis(ms), send).await;
            return Ok(());
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let exchange = self.session.send(request.clone()).await;
            let answer = exchange.answer.clone()?;
            if let Some(until) = &step.until {
                let holds = until.iter().all(|(at, wanted)| &value_at(&answer, at) == wanted);
                if !holds && Instant::now() < deadline {
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
                if !holds {
                    self.transcript.exchange(&exchange);
                    return Err(format!("{until:?} never came; last: {}", answer.brief()));
                }
            }
            self.transcript.exchange(&exchange);
            return self.meet(step, &answer);
        }
    }

    /// Looks at an answer and takes from it what is captured.
    fn meet(&mut self, step: &Step, answer: &Answer) -> Result<(), String> {
        self.expect(&step.expect, answer)?;
        for (name, at) in &step.capture {
            let value = value_at(answer, at);
            if value.is_null() {
                return Err(format!("there is nothing at {at} of {}", answer.brief()));
            }
            self.names.insert(name.clone(), value);
        }
        Ok(())
    }

    fn expect(&self, expect: &Expect, answer: &Answer) -> Result<(), String> {
        let seen = || answer.brief();
        match &expect.status {
            Some(Value::Array(any)) if !any.contains(&json!(answer.status)) => {
                return Err(format!("the status is none of {any:?}: {}", seen()));
            }
            Some(one @ Value::Number(_)) if *one != json!(answer.status) => {
                return Err(format!("the status is not {one}: {}", seen()));
            }
            _ => {}
        }
        for (at, wanted) in &expect.json {
            let (found, wanted) = (value_at(answer, at), self.filled(wanted)?);
            if found != wanted {
                return Err(format!("{at} is {found}, not {wanted}"));
            }
        }
        for (at, wrong) in &expect.not {
            if value_at(answer, at) == self.filled(wrong)? {
                return Err(format!("{at} is {wrong}"));
            }
        }
        if let Some(text) = &expect.text {
            let wanted = self.fill(text)?;
            if answer.body != wanted.as_bytes() {
                return Err(format!("the body is not {wanted:?}: {}", seen()));
            }
        }
        for (name, wanted) in &expect.headers {
            if answer.header(name) != wanted {
                return Err(format!("{name} is {:?}, not {wanted:?}", answer.header(name)));
            }
        }
        Ok(())
    }

    async fn parallel(&mut self, steps: &[Step], whole: &Step) -> Result<(), String> {
        let mut under_way = Vec::new();
        for step in steps {
            for n in 1..=step.repeat.unwrap_or(1) {
                self.names.insert("n".to_owned(), json!(n));
                let (session, request) = (self.session.clone(), self.request(step)?);
                under_way.push((step, tokio::spawn(async move { session.send(request).await })));
            }
        }
        let mut tally: BTreeMap<String, u32> = BTreeMap::new();
        let mut exchanges = Vec::new();
        let mut fault = Ok(());
        for (step, sent) in under_way {
            let exchange = sent.await.map_err(|error| error.to_string())?;
            exchanges.push(exchange.clone());
            fault = fault.and(exchange.answer.and_then(|answer| {
                *tally.entry(answer.status.to_string()).or_default() += 1;
                self.meet(step, &answer)
            }));
        }
        self.transcript.at_once(&exchanges, whole.tally.is_some());
        fault?;
        match &whole.tally {
            Some(wanted) if *wanted != tally => {
                Err(format!("of the answers {tally:?} were counted, not {wanted:?}"))
            }
            _ => Ok(()),
        }
    }

    /// Lets seconds pass.
    async fn clock(&mut self, seconds: u64) -> Result<(), String> {
        self.transcript.pass(seconds);
        let advance = json!({"action": "advance", "ms": seconds * 1000});
        let request = Request::post("/_emulator/clock", &advance).undescribed();
        let moved = self.session.send(request).await;
        if !moved.answer.is_ok_and(|answer| answer.ok()) {
            sleep(Duration::from_secs(seconds)).await;
        }
        Ok(())
    }

    fn request(&self, step: &Step) -> Result<Request, String> {
        let text = self.fill(step.request.as_deref().unwrap_or_default())?;
        let (method, path) = text.split_once(' ').ok_or("no request")?;
        let mut request = Request::new(method, path);
        if let Some(body) = &step.body {
            request = request.json(&self.filled(body)?);
        } else if let Some(bytes) = &step.bytes {
            request =
                request.header("content-type", "application/octet-stream").bytes(self.fill(bytes)?);
        }
        let auth = match step.key.as_deref() {
            Some("other") => Auth::Other,
            Some("none") => Auth::Bare,
            _ => Auth::Own,
        };
        Ok(request.auth(auth).final_429())
    }

    /// A text with its holes filled.
    fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = text.to_owned();
        for name in holes(text) {
            let value = self.names.get(name).ok_or(format!("${{{name}}} is not known"))?;
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            filled = filled.replace(&format!("${{{name}}}"), &value);
        }
        Ok(filled)
    }

    /// A value with the holes of its texts filled.
    fn filled(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => self.fill(text)?.into(),
            Value::Array(items) => {
                items.iter().map(|item| self.filled(item)).collect::<Result<_, _>>()?
            }
            Value::Object(fields) => {
                let pair =
                    |(name, value): (&String, &Value)| Ok((name.clone(), self.filled(value)?));
                Value::Object(fields.iter().map(pair).collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }
}

/// What stands at a JSON pointer; `status` is the status, and `body` the whole body as text.
fn value_at(answer: &Answer, at: &str) -> Value {
    match at {
        "status" => json!(answer.status),
        "body" => json!(String::from_utf8_lossy(&answer.body)),
        pointer => answer.json.pointer(pointer).cloned().unwrap_or_default(),
    }
}
