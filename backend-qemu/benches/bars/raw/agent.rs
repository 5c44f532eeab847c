//! `qemu-guest-agent`.

use std::os::unix::net::UnixStream;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::wire::Wire;

/// Ends whatever stands half written in the channel, and begins the answer to the delimited sync.
const DELIMITER: u8 = 0xFF;

#[derive(Debug)]
pub(crate) struct Agent(Wire);

impl Agent {
    /// Waits until the agent answers, and passes over what it owed to others.
    pub(crate) fn open(stream: UnixStream) -> Result<Self> {
        let mut wire = Wire::new(stream)?;
        wire.send_byte(DELIMITER)?;
        let unique = std::process::id();
        wire.send(&json!({"execute": "guest-sync-delimited", "arguments": {"id": unique}}))?;
        loop {
            wire.skip_past(DELIMITER)?;
            if wire.receive()?["return"] == unique {
                return Ok(Self(wire));
            }
        }
    }

    /// Runs `/bin/true` to its end.
    pub(crate) fn run_true(&mut self) -> Result<()> {
        let started = self.execute("guest-exec", &json!({"path": "/bin/true"}))?;
        let ask = json!({"pid": started["pid"]});
        loop {
            let status = self.execute("guest-exec-status", &ask)?;
            if status["exited"] == true {
                ensure!(status["exitcode"] == 0, "/bin/true failed: {status}");
                return Ok(());
            }
        }
    }

    fn execute(&mut self, command: &str, arguments: &Value) -> Result<Value> {
        self.0.send(&json!({"execute": command, "arguments": arguments}))?;
        let mut answer = self.0.receive()?;
        ensure!(answer["error"].is_null(), "{command}: {}", answer["error"]);
        Ok(answer["return"].take())
    }
}
