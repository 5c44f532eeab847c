//! What checks begin with. Everything made here is removed when the check has ended.

use serde_json::{Value, json};

use super::{Outcome, Stop, Trial};
use crate::http::{Answer, Request};
use crate::target::Capability;

/// A sandbox that a check owns.
#[derive(Clone, Debug)]
pub(crate) struct Sandbox {
    pub(crate) id: String,
    /// The answer that it was made with.
    pub(crate) made: Value,
}

/// A directory of a check's own in a running sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    pub(crate) sandbox: String,
    pub(crate) dir: String,
}

impl Sandbox {
    /// The path of something of the sandbox.
    pub(crate) fn path(&self, what: &str) -> String {
        path(&self.id, what)
    }
}

fn path(id: &str, what: &str) -> String {
    if what.is_empty() { format!("/v1/sandbox/{id}") } else { format!("/v1/sandbox/{id}/{what}") }
}

impl Inside {
    /// A file in the directory.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.dir)
    }

    /// The path of something of the sandbox.
    pub(crate) fn path(&self, what: &str) -> String {
        path(&self.sandbox, what)
    }

    /// The path of a write.
    pub(crate) fn write_path(&self, file: &str) -> String {
        self.path(&format!("filesystem/write-file?path={}", encode(file)))
    }
}

/// The states that a sandbox stays in.
const AT_REST: [&str; 5] = ["running", "paused", "stopped", "gone", "deleted"];

/// A text as it stands in a query.
pub(crate) fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn unprepared(what: &str, answer: &Answer) -> Stop {
    Stop::Unprepared(format!("{what} was answered {}", answer.brief()))
}

impl Trial {
    /// A name that nobody else uses.
    pub(crate) fn name(&self) -> String {
        self.session.fresh_name()
    }

    /// A running sandbox.
    pub(crate) async fn sandbox(&self) -> Outcome<Sandbox> {
        self.sandbox_with(json!({})).await
    }

    /// A running sandbox with these fields.
    pub(crate) async fn sandbox_with(&self, fields: Value) -> Outcome<Sandbox> {
        let answer = self.create(fields).await?;
        if answer.status != 201 {
            return Err(unprepared("creating a sandbox", &answer));
        }
        self.running(&answer).await
    }

    /// Asks for a sandbox; if there is one it will be removed.
    pub(crate) async fn create(&self, fields: Value) -> Outcome<Answer> {
        let mut body = json!({
            "template_name": self.session.template(), self.session.timeout_field().0: self.session.timeout_field().1,
        });
        merge(&mut body, fields);
        self.create_raw(body).await
    }

    /// Asks for a sandbox with nothing but these fields.
    pub(crate) async fn create_raw(&self, body: Value) -> Outcome<Answer> {
        self.post("/v1/sandbox", body).await
    }

    /// Waits for a sandbox that was answered to be running.
    pub(crate) async fn running(&self, answer: &Answer) -> Outcome<Sandbox> {
        let id = answer.text("id").to_owned();
        let look = self.addressed(Request::get(path(&id, "")));
        if answer.text("state") == "running" || self.session.until_read_running(look).await {
            Ok(Sandbox { id, made: answer.json.clone() })
        } else {
            Err(Stop::Unprepared(format!("sandbox {id} was never running")))
        }
    }

    /// The state that reading shows; `gone` for a 404.
    pub(crate) async fn state(&self, id: &str) -> Outcome<String> {
        let answer = self.get(path(id, "")).await?;
        Ok(match answer.status {
            404 => "gone".to_owned(),
            _ => answer.text("state").to_owned(),
        })
    }

    /// Pauses, stops or starts, which has to succeed.
    pub(crate) async fn change(&self, id: &str, what: &str) -> Outcome<Answer> {
        let answer = self.bare(path(id, what)).await?;
        if !answer.ok() {
            return Err(unprepared(what, &answer));
        }
        if !AT_REST.contains(&answer.text("state")) {
            self.settled(id).await?;
        }
        Ok(answer)
    }

    /// Waits until a sandbox is on no way from one state to another.
    pub(crate) async fn settled(&self, id: &str) -> Outcome {
        let rest = self.until(60, async || Ok(AT_REST.contains(&&*self.state(id).await?))).await?;
        if rest { Ok(()) } else { Err(Stop::Unprepared(format!("sandbox {id} never settled"))) }
    }

    /// Deletes a sandbox, which has to succeed.
    pub(crate) async fn remove(&self, id: &str) -> Outcome {
        let answer = self.delete(path(id, "")).await?;
        if answer.ok() { Ok(()) } else { Err(unprepared("deleting a sandbox", &answer)) }
    }

    /// Asks for a snapshot.
    pub(crate) async fn snapshot(&self, id: &str, fields: Value) -> Outcome<Answer> {
        self.post(path(id, "snapshot/create"), fields).await
    }

    /// Takes a snapshot of this name, which has to succeed, and gives its id.
    pub(crate) async fn a_snapshot(&self, id: &str, name: &str) -> Outcome<String> {
        let answer = self.snapshot(id, json!({ "name": name })).await?;
        match answer.status {
            201 => Ok(answer.text("id").to_owned()),
            _ => Err(unprepared("taking a snapshot", &answer)),
        }
    }

    /// The paths that restore a snapshot, in the eras that the target speaks.
    pub(crate) fn restore_paths(&self) -> Vec<&'static str> {
        let both = [
            (Capability::Restore, "/v1/snapshot/restore"),
            (Capability::Resume, "/v1/snapshot/resume"),
        ];
        both.into_iter().filter(|(era, _)| self.session.has(*era)).map(|(_, path)| path).collect()
    }

    /// Asks for a sandbox made from a snapshot, with these fields.
    pub(crate) async fn restore_with(&self, name: &str, fields: Value) -> Outcome<Answer> {
        let paths = self.restore_paths();
        let path = paths.first().ok_or(Stop::Unsupported("the target restores no snapshots"))?;
        self.restore_on(path, name, fields).await
    }

    /// Asks for a sandbox made from a snapshot, on one path.
    pub(crate) async fn restore_on(&self, path: &str, name: &str, more: Value) -> Outcome<Answer> {
        let mut body = json!({ "snapshot_name": name });
        merge(&mut body, more);
        self.send(Request::post(path, &body)).await
    }

    /// Makes a running sandbox from a snapshot, which has to succeed.
    pub(crate) async fn a_copy(&self, name: &str) -> Outcome<Sandbox> {
        let answer = self.restore_with(name, json!({})).await?;
        match answer.status {
            201 => self.running(&answer).await,
            _ => Err(unprepared("restoring a snapshot", &answer)),
        }
    }

    /// Runs a command.
    pub(crate) async fn exec(&self, id: &str, command: &str) -> Outcome<Answer> {
        self.post(path(id, "process/execute"), json!({ "command": command })).await
    }

    /// Runs a command, which has to succeed, and gives what it prints.
    pub(crate) async fn sh(&self, id: &str, command: &str) -> Outcome<String> {
        let answer = self.exec(id, command).await?;
        if answer.status == 200 && answer.json["exit_code"] == 0 {
            Ok(answer.printed().to_owned())
        } else {
            Err(unprepared(command, &answer))
        }
    }

    /// Writes a file, which has to succeed.
    pub(crate) async fn write(&self, id: &str, file: &str, contents: &[u8]) -> Outcome {
        let request =
            Request::new("POST", path(id, &format!("filesystem/write-file?path={}", encode(file))))
                .header("content-type", "application/octet-stream")
                .bytes(contents.to_vec());
        let answer = self.send(request).await?;
        if answer.ok() { Ok(()) } else { Err(unprepared("writing a file", &answer)) }
    }

    /// What is in a file, or `None` if it is not there.
    pub(crate) async fn read(&self, id: &str, file: &str) -> Outcome<Option<String>> {
        let answer = self.post(path(id, "filesystem/read-file"), json!({ "path": file })).await?;
        match answer.status {
            200 => Ok(Some(String::from_utf8_lossy(&answer.body).into_owned())),
            404 => Ok(None),
            _ => Err(unprepared("reading a file", &answer)),
        }
    }

    /// A directory of the check's own, in the sandbox that checks share.
    pub(crate) async fn inside(&self) -> Outcome<Inside> {
        let sandbox = self.session.shared_sandbox().await.map_err(Stop::Unprepared)?;
        let dir = format!("{}/{}", self.session.workdir(), self.name());
        let made = format!("{dir}/.made");
        if self.write(&sandbox, &made, b"").await.is_err() {
            // Not every server makes the directories above a file.
            let body = json!({"path": dir, "recursive": true});
            self.post(path(&sandbox, "filesystem/mkdir"), body).await?;
            self.write(&sandbox, &made, b"").await?;
        }
        Ok(Inside { sandbox, dir })
    }

    /// The working directory of a sandbox, or one that every system has.
    pub(crate) async fn workdir(&self, id: &str) -> Outcome<String> {
        let answer = self.get(path(id, "system/workdir")).await?;
        let told = answer.json["workdir"].as_str().filter(|dir| dir.starts_with('/'));
        Ok(told.unwrap_or("/tmp").to_owned())
    }

    /// A filesystem operation.
    pub(crate) async fn fs(&self, inside: &Inside, what: &str, body: Value) -> Outcome<Answer> {
        self.post(inside.path(&format!("filesystem/{what}")), body).await
    }

    /// Looks until something is so, for at most `seconds`.
    pub(crate) async fn until<F>(&self, seconds: u64, mut holds: impl FnMut() -> F) -> Outcome<bool>
    where
        F: Future<Output = Outcome<bool>>,
    {
        let most = std::time::Duration::from_secs(seconds);
        let most = most.min(self.session.settings.until_patience);
        let deadline = tokio::time::Instant::now() + most;
        loop {
            if holds().await? {
                return Ok(true);
            }
            if tokio::time::Instant::now() > deadline {
                return Ok(false);
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

/// Puts the fields of one object into another.
fn merge(body: &mut Value, fields: Value) {
    if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
        body.extend(fields);
    }
}
