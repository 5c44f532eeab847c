//! `start` and `idle-memory`: what it costs to have an emulator at all.

use anyhow::Result;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::client::Client;
use crate::process::Program;
use crate::report::{Limit, Line, Unit};
use crate::stand_in::StandIn;
use crate::statistics::Sample;

pub(crate) const START: &str = "start";
pub(crate) const IDLE_MEMORY: &str = "idle-memory";

/// Milliseconds beyond an empty program's start.
const START_LIMIT: Limit = Limit::AtMost(30.0);
const STARTS: usize = 21;

const MEMORY_LIMIT: Limit = Limit::Under(16.0);
const LOOKS: usize = 5;

/// From before the process exists to its ready line, beyond that of an empty tokio program.
pub(crate) fn measure_start(_: &Runtime) -> Result<Vec<Line>> {
    let start_empty = || StandIn::EmptyProgram.start(&[]);
    let start_emulator = || Program::emulator(&[]);
    // Once each, so that both programs are in the page cache.
    drop((start_empty()?, start_emulator()?));
    let (mut empty, mut emulator) = (Sample::default(), Sample::default());
    for _ in 0..STARTS {
        empty.add_time(start_empty()?.started_in);
        emulator.add_time(start_emulator()?.started_in);
    }
    let beyond = emulator.median() - empty.median();
    let detail = format!("{emulator} ms, an empty tokio program {empty} ms");
    Ok(vec![Line::new(START, beyond, Unit::Millis, START_LIMIT).with_detail(detail)])
}

/// Resident memory of an emulator that has answered one request.
pub(crate) fn measure_memory(runtime: &Runtime) -> Result<Vec<Line>> {
    let mut resident = Sample::default();
    for _ in 0..LOOKS {
        let emulator = Program::emulator(&[])?;
        runtime.block_on(async {
            let mut client = Client::connect(emulator.address()?, "memory").await?;
            client.call("GET", "/_emulator/health", &Value::Null, 200).await
        })?;
        let Some(mib) = emulator.resident_mib() else {
            let why = "this system has no /proc/PID/status";
            return Ok(vec![Line::skipped(IDLE_MEMORY, Unit::Mib, MEMORY_LIMIT, why)]);
        };
        resident.add(mib);
    }
    let line = Line::new(IDLE_MEMORY, resident.median(), Unit::Mib, MEMORY_LIMIT);
    Ok(vec![line.with_detail(format!("{resident} MiB"))])
}
