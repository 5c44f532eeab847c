//! Running a sequence on a target and on the model, side by side.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::{Value, json};

use super::step::FILES;
use super::{Action, Contradiction, END, Expected, Step};
use crate::check::{Outcome, Trial};
use crate::http::{Answer, Request};
use crate::model::{Body, Call, Oddity, Reply, Traits, World};
use crate::moment;
use crate::reference::KEY;

/// A thing under its names on both sides.
#[derive(Clone, Debug)]
struct Pair {
    model: String,
    target: String,
}

struct Run<'a> {
    trial: &'a Trial,
    world: World,
    things: BTreeMap<usize, Pair>,
    names: BTreeMap<usize, String>,
    /// What last happened to a sandbox, for naming the rule that is broken.
    last: BTreeMap<usize, Action>,
    /// Sandboxes that were ended; what they answer is not stated.
    ended: BTreeSet<usize>,
    most: usize,
    exercised: BTreeSet<&'static str>,
}

/// Runs a sequence. Gives what it exercised, and the first contradiction.
pub(crate) async fn execute(
    trial: &Trial,
    steps: &[Step],
) -> Outcome<(BTreeSet<&'static str>, Option<Contradiction>)> {
    let mut run = Run {
        trial,
        world: World::new(Traits::default()),
        things: BTreeMap::new(),
        names: BTreeMap::new(),
        last: BTreeMap::new(),
        ended: BTreeSet::new(),
        most: trial.check.live,
        exercised: BTreeSet::new(),
    };
    let mut found = run.all(steps).await;
    if let Ok(None) = found {
        found = run.look_at_all(steps).await;
    }
    run.clean(steps).await?;
    Ok((run.exercised, found?))
}

impl Run<'_> {
    async fn all(&mut self, steps: &[Step]) -> Outcome<Option<Contradiction>> {
        for step in steps {
            if let Some(found) = self.step(step).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Looks at every sandbox that is left.
    async fn look_at_all(&mut self, steps: &[Step]) -> Outcome<Option<Contradiction>> {
        for made in steps.iter().filter(|step| step.makes_sandbox()) {
            let on = Some(made.label);
            let state = match self.things.get(&made.label) {
                Some(pair) => {
                    let path = format!("/v1/sandbox/{}", pair.model);
                    self.model("GET", &path, &Bytes::new()).state().to_owned()
                }
                None => continue,
            };
            let start = (state == "stopped").then_some(Action::Start);
            let mut tail = Vec::new();
            for action in start.into_iter().chain([Action::Look]) {
                tail.push(action);
                if let Some(found) = self.step(&Step { label: END, on, action }).await? {
                    return Ok(Some(Contradiction { tail, ..found }));
                }
            }
        }
        Ok(None)
    }

    async fn clean(&mut self, steps: &[Step]) -> Outcome {
        for (sandboxes, family) in [(true, "sandbox"), (false, "snapshot")] {
            for step in steps
                .iter()
                .filter(|step| if sandboxes { step.makes_sandbox() } else { step.makes_snapshot() })
            {
                if let Some(pair) = self.things.remove(&step.label) {
                    match family {
                        "sandbox" => self.trial.session.remove_sandbox(&pair.target).await,
                        _ => self.trial.session.remove_snapshot(&pair.target).await,
                    }
                }
            }
        }
        Ok(())
    }

    async fn step(&mut self, step: &Step) -> Outcome<Option<Contradiction>> {
        let session = &self.trial.session;
        if step.on.is_some_and(|on| !self.things.contains_key(&on) || self.ended.contains(&on)) {
            return Ok(None);
        }
        let living = self.things.keys().filter(|label| !self.ended.contains(label));
        let full = living.filter(|label| !self.names.contains_key(label)).count() >= self.most;
        let (field, seconds) = session.timeout_field();
        match step.action {
            Action::Create if !full => {
                let body = json!({"template_name": session.template(), field: seconds});
                self.make(step, "POST", "/v1/sandbox", Some(body), "SB-CREATE-01").await
            }
            Action::Restore if !full => {
                let on = step.on.unwrap_or_default();
                let paths = self.trial.restore_paths();
                let Some(path) = paths.get(step.label % paths.len().max(1)) else {
                    return Ok(None);
                };
                let body = json!({"snapshot_name": self.names[&on], field: seconds});
                self.make(step, "POST", path, Some(body), "SNAP-REST-07").await
            }
            Action::Create | Action::Restore => Ok(None),
            Action::Snapshot { kill } => {
                let name = session.fresh_name();
                let mut body = json!({ "name": name });
                if kill {
                    body["kill_sandbox_after"] = json!(true);
                }
                let found = self
                    .make(step, "POST", "@/snapshot/create", Some(body), "SNAP-CREATE-02")
                    .await?;
                if self.things.contains_key(&step.label) {
                    self.names.insert(step.label, name);
                    if let Some(on) = step.on.filter(|_| kill) {
                        self.end(on).await;
                    }
                }
                Ok(found)
            }
            Action::SnapshotAgain { name_of } => {
                let Some(name) = self.names.get(&name_of).cloned() else { return Ok(None) };
                // A name that was deleted is free: what is made under it can't be named by steps.
                if self.ended.contains(&name_of) {
                    return Ok(None);
                }
                let body = json!({ "name": name });
                let rule = "SNAP-CREATE-08";
                self.both(step, "POST", "@/snapshot/create", Some(body), rule).await.map(|b| b.2)
            }
            Action::Pause => self.change(step, "@/pause", "SB-PAUSE-01").await,
            Action::Stop => self.change(step, "@/stop", "SB-STOP-01").await,
            Action::Start => self.change(step, "@/start", "SB-START-01").await,
            Action::Write(file) => {
                let file = FILES[file];
                let path = format!("@/filesystem/write-file?path={file}");
                let bytes = Some(Value::String(step.value()));
                self.both(step, "POST", &path, bytes, "FS-OP-WRITE-FILE").await.map(|both| both.2)
            }
            Action::Look => self.look(step).await,
            Action::Delete => {
                let (_, answer, found) = self.both(step, "DELETE", "@", None, "SB-DEL-01").await?;
                if answer.ok() {
                    self.ended.extend(step.on);
                }
                Ok(found)
            }
            Action::DeleteSnapshot => {
                let (_, answer, found) =
                    self.both(step, "DELETE", "!", None, "SNAP-DEL-02").await?;
                if answer.ok() {
                    self.ended.extend(step.on);
                }
                Ok(found)
            }
        }
    }

    fn note(&mut self, step: &Step) {
        if let Some(on) = step.on {
            self.last.insert(on, step.action);
        }
    }

    /// A source that was ended is not looked at any more.
    async fn end(&mut self, label: usize) {
        self.ended.insert(label);
        if let Some(pair) = self.things.get(&label) {
            self.trial.session.remove_sandbox(&pair.target).await;
        }
    }

    async fn change(
        &mut self,
        step: &Step,
        path: &str,
        rule: &'static str,
    ) -> Outcome<Option<Contradiction>> {
        let (_, answer, found) = self.both(step, "POST", path, None, rule).await?;
        if answer.ok()
            && let Some(pair) = step.on.and_then(|on| self.things.get(&on))
        {
            self.trial.settled(&pair.target).await?;
            self.note(step);
        }
        Ok(found)
    }

    /// A request that makes something under the label of its step.
    async fn make(
        &mut self,
        step: &Step,
        method: &str,
        path: &str,
        body: Option<Value>,
        rule: &'static str,
    ) -> Outcome<Option<Contradiction>> {
        let (reply, answer, found) = self.both(step, method, path, body, rule).await?;
        if let (true, Some(model)) = (answer.ok(), id_of(&reply)) {
            let target = answer.text("id").to_owned();
            if step.makes_sandbox() {
                self.trial.running(&answer).await?;
                self.last.insert(step.label, step.action);
            }
            self.things.insert(step.label, Pair { model, target });
        }
        Ok(found)
    }

    /// Sends a request to both sides, and compares the statuses as far as they are stated. `@`
    /// stands for the sandbox that the step acts on, `!` for the snapshot.
    async fn both(
        &mut self,
        step: &Step,
        method: &str,
        path: &str,
        body: Option<Value>,
        rule: &'static str,
    ) -> Outcome<(Reply, Answer, Option<Contradiction>)> {
        let pair = step.on.and_then(|on| self.things.get(&on)).cloned();
        let filled = |id: &str| {
            path.replace('@', &format!("/v1/sandbox/{id}"))
                .replace('!', &format!("/v1/snapshot/{id}"))
        };
        let (here, there) = match &pair {
            Some(pair) => (filled(&pair.model), filled(&pair.target)),
            None => (path.to_owned(), path.to_owned()),
        };
        let mut request = Request::new(method, &*there);
        request = match &body {
            Some(Value::String(bytes)) => request.bytes(bytes.clone()),
            Some(json) => request.json(json),
            None => request,
        };
        let bytes = request.body.clone();
        let answer = self.trial.send(request).await?;
        let mut reply = self.model(method, &here, &bytes);
        if reply.status == 409 && answer.status == 204 && rule == "SNAP-DEL-02" {
            // The sources leave open whether a snapshot in use can be deleted: so it can here.
            self.world.allow(Oddity::DeleteInUse);
            reply = self.model(method, &here, &bytes);
        }
        self.exercised.insert(rule);
        let same = if reply.status < 300 {
            answer.status == reply.status
        } else {
            (400..500).contains(&answer.status)
        };
        let found = (!same).then(|| Contradiction {
            rule,
            label: step.label,
            wanted: format!("{method} {there} is answered {}", reply.status),
            seen: answer.brief(),
            tail: Vec::new(),
            on: step.on,
            request: match path.trim_start_matches(['@', '!']) {
                "" => format!("{method} "),
                path => path.to_owned(),
            },
            expect: if reply.status < 300 {
                Expected::Status(reply.status)
            } else {
                Expected::Refused
            },
        });
        Ok((reply, answer, found))
    }

    fn model(&mut self, method: &str, path: &str, body: &Bytes) -> Reply {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let pairs = query.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let call = Call {
            method: method.to_owned(),
            path: path.to_owned(),
            query: pairs.into_iter().collect(),
            headers: vec![("authorization".to_owned(), format!("Bearer {KEY}"))],
            body: body.clone(),
        };
        self.world.answer(&call, moment::now_ms())
    }

    /// Compares every file, and the state.
    async fn look(&mut self, step: &Step) -> Outcome<Option<Contradiction>> {
        let on = step.on.unwrap_or_default();
        let rule = match self.last.get(&on) {
            Some(Action::Pause) => "SB-PAUSE-09",
            Some(Action::Stop | Action::Start) => "SB-STOP-01",
            Some(Action::Restore) => "SNAP-REST-01",
            _ => "FS-OP-READ-FILE",
        };
        let before = self.both(step, "GET", "@", None, "STATE-GET-RUNNING").await?;
        let wanted = before.0.state();
        if before.2.is_some() {
            return Ok(before.2);
        }
        if (wanted != before.1.text("state")) && before.1.ok() {
            let seen = before.1.brief();
            return Ok(Some(Contradiction {
                rule,
                label: step.label,
                wanted: format!("the state is {wanted}"),
                seen,
                tail: Vec::new(),
                on: step.on,
                request: "GET ".to_owned(),
                expect: Expected::State(wanted.to_owned()),
            }));
        }
        for file in FILES {
            let body = Some(json!({ "path": file }));
            let (reply, answer, found) =
                self.both(step, "POST", "@/filesystem/read-file", body, rule).await?;
            if let Some(mut found) = found {
                if let Body::Bytes(_, bytes) = &reply.body {
                    let text = String::from_utf8_lossy(bytes).into_owned();
                    found.wanted = format!("{file} holds {text:?}");
                    found.expect = Expected::Contents(text);
                }
                file.clone_into(&mut found.request);
                return Ok(Some(found));
            }
            if let Body::Bytes(_, bytes) = &reply.body
                && *bytes != answer.body
            {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let wanted = format!("{file} holds {:?}", text(bytes));
                let seen = format!("{:?}", text(&answer.body));
                return Ok(Some(Contradiction {
                    rule,
                    label: step.label,
                    wanted,
                    seen,
                    tail: Vec::new(),
                    on: step.on,
                    request: file.to_owned(),
                    expect: Expected::Contents(text(bytes)),
                }));
            }
        }
        Ok(None)
    }
}

/// The id that a reply gives.
fn id_of(reply: &Reply) -> Option<String> {
    match &reply.body {
        Body::Json(value) if reply.status < 300 => value["id"].as_str().map(str::to_owned),
        Body::Json(_) | Body::Empty | Body::Bytes(..) => None,
    }
}
