//! One run of a check: what it sends, and what it claims.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::{Check, Claim, Kind, Outcome, Stop};
use crate::http::{Answer, Auth, Exchange, Request};
use crate::run::Session;

/// What a check works with.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) session: Arc<Session>,
    pub(crate) check: &'static Check,
    /// The key of the world it acts in; none for the organisation of the run.
    key: Option<String>,
    log: Arc<Mutex<Log>>,
}

/// What came of it so far.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) claims: Vec<Claim>,
}

impl Trial {
    pub(crate) fn new(session: Arc<Session>, check: &'static Check) -> Self {
        Self { session, check, key: None, log: Arc::default() }
    }

    /// The same trial in the world of another key.
    pub(super) fn under(&self, key: String) -> Self {
        let (session, log) = (self.session.clone(), self.log.clone());
        Self { session, check: self.check, key: Some(key), log }
    }

    /// A request with the key of the world that this is under.
    pub(super) fn addressed(&self, request: Request) -> Request {
        match &self.key {
            Some(key) => request.auth(Auth::Bare).header("authorization", format!("Bearer {key}")),
            None => request,
        }
    }

    /// The key of the world that this is under.
    pub(super) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// What came of it, and nothing left here.
    pub(crate) fn take_log(&self) -> Log {
        self.log(std::mem::take)
    }

    pub(super) fn log<T>(&self, act: impl FnOnce(&mut Log) -> T) -> T {
        act(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends a request and gives its answer.
    pub(crate) async fn send(&self, request: Request) -> Outcome<Answer> {
        let exchange = self.session.send(self.addressed(request)).await;
        let answer = exchange.answer.clone();
        let what = format!("{} {}", exchange.request.method, exchange.request.path);
        let operation = crate::schema::operation(&exchange.request.method, &exchange.request.path);
        let full = exchange.is_full(operation.as_deref());
        self.log(|log| log.exchanges.push(exchange));
        if full {
            let why = "the organisation has no place for another sandbox";
            return Err(Stop::Unprepared(why.to_owned()));
        }
        answer.map_err(|why| Stop::Unanswered(format!("{what}: {why}")))
    }

    /// Keeps exchanges that were not made by [`Trial::send`], so that what they made is removed.
    pub(crate) fn keep(&self, exchanges: Vec<Exchange>) {
        self.log(|log| log.exchanges.extend(exchanges));
    }

    pub(crate) async fn get(&self, path: impl Into<String>) -> Outcome<Answer> {
        self.send(Request::get(path)).await
    }

    pub(crate) async fn post(&self, path: impl Into<String>, body: Value) -> Outcome<Answer> {
        self.send(Request::post(path, &body)).await
    }

    /// POST without a body.
    pub(crate) async fn bare(&self, path: impl Into<String>) -> Outcome<Answer> {
        self.send(Request::new("POST", path)).await
    }

    pub(crate) async fn delete(&self, path: impl Into<String>) -> Outcome<Answer> {
        self.send(Request::delete(path)).await
    }

    /// Something that the statement of a rule asks for.
    pub(crate) fn must(&self, rule: &'static str, what: impl Into<String>, held: bool) -> bool {
        self.claim(rule, Kind::Statement, what.into(), held, String::new())
    }

    /// Something that the decision of a rule asks for.
    pub(crate) fn decided(&self, rule: &'static str, what: impl Into<String>, held: bool) -> bool {
        self.claim(rule, Kind::Decision, what.into(), held, String::new())
    }

    /// The status that the statement of a rule asks for.
    pub(crate) fn status(&self, rule: &'static str, answer: &Answer, wanted: u16) -> bool {
        let held = answer.status == wanted;
        self.claim(rule, Kind::Statement, format!("the answer is {wanted}"), held, answer.brief())
    }

    /// The status that the decision of a rule asks for.
    pub(crate) fn decided_status(&self, rule: &'static str, answer: &Answer, wanted: u16) -> bool {
        let held = answer.status == wanted;
        self.claim(rule, Kind::Decision, format!("the answer is {wanted}"), held, answer.brief())
    }

    /// That a request is refused, where the statement of a rule leaves open with which status.
    pub(crate) fn refused(&self, rule: &'static str, answer: &Answer) -> bool {
        let held = (400..500).contains(&answer.status);
        self.claim(rule, Kind::Statement, "it is refused (4xx)".into(), held, answer.brief())
    }

    /// Two things that the statement of a rule wants to be equal.
    pub(crate) fn same<A, B>(&self, rule: &'static str, what: &str, seen: &A, wanted: &B) -> bool
    where
        A: PartialEq<B> + std::fmt::Debug + ?Sized,
        B: std::fmt::Debug + ?Sized,
    {
        let held = seen == wanted;
        let text = format!("{what} is {}", short(&format!("{wanted:?}")));
        self.claim(rule, Kind::Statement, text, held, short(&format!("{seen:?}")))
    }

    fn claim(
        &self,
        rule: &'static str,
        kind: Kind,
        what: String,
        held: bool,
        seen: String,
    ) -> bool {
        self.log(|log| {
            let exchange = log.exchanges.len().checked_sub(1);
            log.claims.push(Claim { rule, kind, what, held, seen, exchange });
        });
        held
    }
}

/// The beginning of a text.
fn short(text: &str) -> String {
    let mut cut: String = text.chars().take(300).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
