//! QMP, one command at a time.

use std::collections::VecDeque;
use std::os::unix::net::UnixStream;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::wire::Wire;

/// A monitor of a QEMU.
#[derive(Debug)]
pub(crate) struct Qmp {
    wire: Wire,
    /// Events that came before somebody waited for them.
    events: VecDeque<Value>,
}

impl Qmp {
    /// Reads the greeting and leaves the negotiation mode.
    pub(crate) fn open(stream: UnixStream) -> Result<Self> {
        let mut wire = Wire::new(stream)?;
        let greeting = wire.receive()?;
        ensure!(greeting["QMP"].is_object(), "not QMP: {greeting}");
        let mut qmp = Self { wire, events: VecDeque::new() };
        qmp.execute("qmp_capabilities", &json!({}))?;
        Ok(qmp)
    }

    pub(crate) fn execute(&mut self, command: &str, arguments: &Value) -> Result<Value> {
        self.wire.send(&json!({"execute": command, "arguments": arguments}))?;
        loop {
            let mut message = self.wire.receive()?;
            if message["event"].is_string() {
                self.events.push_back(message);
                continue;
            }
            ensure!(message["error"].is_null(), "{command}: {}", message["error"]);
            return Ok(message["return"].take());
        }
    }

    /// Starts a job and waits until it has concluded.
    pub(crate) fn run_job(&mut self, job: &str, command: &str, arguments: &Value) -> Result<()> {
        self.execute(command, arguments)?;
        let is_end = |event: &Value| {
            event["event"] == "JOB_STATUS_CHANGE"
                && event["data"]["id"] == job
                && event["data"]["status"] == "concluded"
        };
        loop {
            let event = match self.events.pop_front() {
                Some(event) => event,
                None => self.wire.receive()?,
            };
            if is_end(&event) {
                return Ok(());
            }
        }
    }

    /// Clears away a job that has concluded, which must have succeeded.
    pub(crate) fn dismiss(&mut self, job: &str) -> Result<()> {
        let jobs = self.execute("query-jobs", &json!({}))?;
        let mut jobs = jobs.as_array().into_iter().flatten();
        let done = jobs.find(|known| known["id"] == job);
        ensure!(done.is_some_and(|job| job["error"].is_null()), "the job {job} failed: {done:?}");
        self.execute("job-dismiss", &json!({"id": job})).map(drop)
    }
}
