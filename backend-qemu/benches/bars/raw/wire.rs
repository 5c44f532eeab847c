//! Lines of JSON on a socket, as QEMU's monitor and its agent speak.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// How long the other side may be silent: longer than any job takes.
const SILENCE: Duration = Duration::from_mins(2);

#[derive(Debug)]
pub(crate) struct Wire {
    read: BufReader<UnixStream>,
    write: UnixStream,
}

impl Wire {
    pub(crate) fn new(stream: UnixStream) -> Result<Self> {
        stream.set_read_timeout(Some(SILENCE))?;
        Ok(Self { read: BufReader::new(stream.try_clone()?), write: stream })
    }

    pub(crate) fn send(&mut self, message: &Value) -> Result<()> {
        self.write.write_all(format!("{message}\n").as_bytes()).context("QEMU does not listen")
    }

    pub(crate) fn send_byte(&mut self, byte: u8) -> Result<()> {
        self.write.write_all(&[byte]).context("QEMU does not listen")
    }

    pub(crate) fn receive(&mut self) -> Result<Value> {
        let mut line = String::new();
        let length = self.read.read_line(&mut line).context("QEMU is silent")?;
        ensure!(length > 0, "QEMU closed the connection");
        serde_json::from_str(&line).with_context(|| format!("not JSON: {line:?}"))
    }

    /// Passes over everything up to a byte and that byte.
    pub(crate) fn skip_past(&mut self, byte: u8) -> Result<()> {
        let mut skipped = Vec::new();
        self.read.read_until(byte, &mut skipped).context("QEMU is silent")?;
        ensure!(skipped.ends_with(&[byte]), "QEMU closed the connection");
        Ok(())
    }
}
