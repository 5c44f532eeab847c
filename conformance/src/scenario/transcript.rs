//! What a story did, as text: the same for every server that does the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::numbers::Numbers;
use crate::http::{Answer, Auth, Exchange, Request};

/// A transcript that is being written.
#[derive(Debug)]
pub(super) struct Transcript {
    text: String,
    numbers: Numbers,
    /// The last answer about each thing, by its id.
    shown: BTreeMap<String, Map<String, Value>>,
}

impl Transcript {
    /// The beginning. `server` and `name` are replaced wherever they stand.
    pub(super) fn new(title: &str, server: &str, name: &str) -> Self {
        let mut numbers = Numbers::default();
        numbers.give("server", server);
        numbers.give("name", name);
        Self { text: format!("{title}\n"), numbers, shown: BTreeMap::new() }
    }

    fn line(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.text, "{:indent$}{text}", "");
    }

    /// What happens next, for people.
    pub(super) fn say(&mut self, text: &str) {
        let _ = writeln!(self.text, "\n# {text}");
    }

    /// A request and its answer.
    pub(super) fn exchange(&mut self, exchange: &Exchange) {
        let asked = self.asked(&exchange.request);
        self.line(0, &asked);
        let told = match &exchange.answer {
            Ok(answer) => self.answered(&exchange.request, answer, true),
            Err(why) => self.numbers.in_text(why),
        };
        self.line(2, &told);
    }

    /// A request whose answer nobody waited for.
    pub(super) fn hung_up(&mut self, request: &Request) {
        let asked = self.asked(request);
        self.line(0, &asked);
        self.line(2, "nobody waited for the answer");
    }

    /// Requests that were sent at once. Which of them got which answer is chance, so that the
    /// answers stand in an order of their own; and so is what a refusal says, and even its status
    /// where the story does not count them.
    pub(super) fn at_once(&mut self, exchanges: &[Exchange], counts: bool) {
        self.line(0, "at once:");
        let mut answers = Vec::new();
        let asked: Vec<_> = exchanges.iter().map(|one| self.asked(&one.request)).collect();
        for (request, count) in counted(asked) {
            self.line(2, &format!("{request}{}", times(count)));
        }
        for exchange in exchanges {
            let told = match &exchange.answer {
                Ok(answer) if answer.ok() => self.answered(&exchange.request, answer, false),
                Ok(answer) if counts => answer.status.to_string(),
                Ok(answer) => format!("{}xx", answer.status / 100),
                Err(why) => self.numbers.in_text(why),
            };
            answers.push(told);
        }
        answers.sort();
        for (answer, count) in counted(answers) {
            self.line(4, &format!("{answer}{}", times(count)));
        }
    }

    /// Time that passes.
    pub(super) fn pass(&mut self, seconds: u64) {
        self.line(0, &format!("{seconds} s pass"));
    }

    /// What came otherwise than it was told.
    pub(super) fn wrong(&mut self, why: &str) {
        let why = self.numbers.in_text(why);
        self.line(2, &format!("✗ {why}"));
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// A request in a line.
    fn asked(&self, request: &Request) -> String {
        let body = match serde_json::from_slice::<Value>(&request.body) {
            Ok(json @ Value::Object(_)) => format!(" {json}"),
            _ if request.body.is_empty() => String::new(),
            _ => format!(" {:?}", String::from_utf8_lossy(&request.body)),
        };
        let key = match request.auth {
            Auth::Own => "",
            Auth::Other => " with the other key",
            Auth::Bare => " without a key",
        };
        let line = format!("{} {}{key}{body}", request.method, request.path);
        self.numbers.in_text(&line)
    }

    /// Status and body. Of a thing that was `shown` before, only what changed.
    fn answered(&mut self, request: &Request, answer: &Answer, shown: bool) -> String {
        let status = answer.status;
        if answer.body.is_empty() {
            return status.to_string();
        }
        let Value::Object(fields) =
            self.numbers.in_answer(&request.method, &request.path, &answer.json)
        else {
            let body = format!("{:?}", String::from_utf8_lossy(&answer.body));
            return format!("{status} {}", self.numbers.in_text(&body));
        };
        let before = match fields.get("id").and_then(Value::as_str) {
            Some(id) => self.shown.insert(id.to_owned(), fields.clone()),
            None => None,
        };
        match before {
            Some(before) if shown => format!("{status} {}", changes(&before, &fields)),
            _ => format!("{status} {}", Value::Object(fields)),
        }
    }
}

/// What is another in the second of two answers about a thing.
fn changes(before: &Map<String, Value>, after: &Map<String, Value>) -> String {
    let other = |(name, value): &(&String, &Value)| before.get(*name) != Some(value);
    let now: Map<String, Value> =
        after.iter().filter(other).map(|(name, value)| (name.clone(), value.clone())).collect();
    let gone: Vec<_> = before.keys().filter(|name| !after.contains_key(*name)).collect();
    match (now.is_empty(), gone.is_empty()) {
        (true, true) => "as before".to_owned(),
        (_, true) => format!("as before but {}", Value::Object(now)),
        (_, false) => format!("as before but {} and without {gone:?}", Value::Object(now)),
    }
}

/// Equal texts that follow each other, with how many there are.
fn counted(texts: Vec<String>) -> Vec<(String, usize)> {
    let mut counted: Vec<(String, usize)> = Vec::new();
    for text in texts {
        match counted.last_mut() {
            Some((last, count)) if *last == text => *count += 1,
            _ => counted.push((text, 1)),
        }
    }
    counted
}

fn times(count: usize) -> String {
    if count == 1 { String::new() } else { format!(" ({count} times)") }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn exchange(path: &str, status: u16, body: &Value) -> Exchange {
        let answer = Answer::new(status, Vec::new(), Bytes::from(body.to_string()));
        let request = Request::new("POST", path);
        Exchange { request, answer: Ok(answer), sent_ms: 0, took_ms: 0 }
    }

    #[test]
    fn the_order_of_answers_that_race_does_not_show() {
        let won = exchange("/v1/sandbox/a/snapshot/create", 201, &json!({"id": "x"}));
        let lost = exchange("/v1/sandbox/b/snapshot/create", 409, &json!({"message": "taken"}));
        let told = |one: &Exchange, two: &Exchange| {
            let mut transcript = Transcript::new("t", "", "");
            let mut pair = [one.clone(), two.clone()];
            pair[0].request = won.request.clone();
            pair[1].request = lost.request.clone();
            transcript.at_once(&pair, true);
            transcript.finish()
        };
        assert_eq!(told(&won, &lost), told(&lost, &won));
    }

    #[test]
    fn of_a_thing_that_was_shown_only_the_changes_are_told() {
        let mut transcript = Transcript::new("t", "", "");
        for body in [
            json!({"id": "x", "state": "running", "disk": 1}),
            json!({"id": "x", "state": "paused", "disk": 1}),
            json!({"id": "x", "state": "paused", "disk": 1}),
            json!({"id": "x", "state": "paused"}),
        ] {
            transcript.exchange(&exchange("/v1/sandbox", 201, &body));
        }
        let text = transcript.finish();
        let lines: Vec<_> = text.lines().skip(2).step_by(2).map(str::trim).collect();
        assert_eq!(
            lines,
            [
                r#"201 {"disk":1,"id":"sbx-1","state":"running"}"#,
                r#"201 as before but {"state":"paused"}"#,
                "201 as before",
                r#"201 as before but {} and without ["disk"]"#,
            ]
        );
    }
}
