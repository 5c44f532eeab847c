//! `snapshot-files` and `restore-files`: a snapshot costs the same however many files there are.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::client::Client;
use crate::process::Program;
use crate::report::{Limit, Line, Unit};
use crate::statistics::Sample;

pub(crate) const SNAPSHOT: &str = "snapshot-files";
pub(crate) const RESTORE: &str = "restore-files";

/// Times the cost of a sandbox without files.
const LIMIT: Limit = Limit::AtMost(2.0);
const DIRECTORIES: usize = 100;
const FILES_EACH: usize = 1000;
const ROUNDS: usize = 301;

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Line>> {
    runtime.block_on(async {
        let emulator = Program::emulator(&["--max-sandboxes", "none"])?;
        let mut client = Client::connect(emulator.address()?, "files").await?;
        let mut empty = Source::new(&mut client).await?;
        let mut full = Source::new(&mut client).await?;
        full.fill(&mut client).await?;
        for round in 0..ROUNDS {
            empty.round(&mut client, round).await?;
            full.round(&mut client, round).await?;
        }
        Ok(vec![
            line(SNAPSHOT, &full.snapshots, &empty.snapshots),
            line(RESTORE, &full.restores, &empty.restores),
        ])
    })
}

fn line(bar: &'static str, full: &Sample, empty: &Sample) -> Line {
    let detail =
        format!("{full:.3} ms with {} files, {empty:.3} ms with none", DIRECTORIES * FILES_EACH);
    Line::new(bar, full.times(empty), Unit::Times, LIMIT).with_detail(detail)
}

/// A sandbox that snapshots are taken of.
struct Source {
    id: String,
    snapshots: Sample,
    restores: Sample,
}

impl Source {
    async fn new(client: &mut Client) -> Result<Self> {
        let body = json!({"template_name": "system/debian:bookworm", "timeout": 28_800});
        let (sandbox, _) = client.call("POST", "/v1/sandbox", &body, 201).await?;
        let (snapshots, restores) = Default::default();
        Ok(Self { id: sandbox.text("id")?, snapshots, restores })
    }

    /// Writes the files, a directory with each request, and makes sure that they are there.
    async fn fill(&self, client: &mut Client) -> Result<()> {
        for directory in 0..DIRECTORIES {
            let mut form = String::new();
            for file in 0..FILES_EACH {
                write!(
                    form,
                    "--part\r\nContent-Disposition: form-data; filename=\"upload\"; \
                     name=\"/workspace/{directory:03}/{file:04}.txt\"\r\n\r\n\
                     file {file} of {directory}\r\n"
                )?;
            }
            form += "--part--\r\n";
            let path = format!("/v1/sandbox/{}/filesystem/write-files", self.id);
            let kind = "multipart/form-data; boundary=part";
            let request = client.request("POST", &path, kind, form.as_bytes());
            let (answer, _) = client.exchange(&request).await?;
            ensure!(answer.status / 100 == 2, "write-files was answered {}", answer.status);
        }
        for directory in 0..DIRECTORIES {
            let path = format!("/v1/sandbox/{}/filesystem/ls", self.id);
            let body = json!({"path": format!("/workspace/{directory:03}")});
            let (list, _) = client.call("POST", &path, &body, 200).await?;
            let found = list.json()?["items"].as_array().map(Vec::len);
            ensure!(found == Some(FILES_EACH), "{found:?} files in directory {directory}");
        }
        Ok(())
    }

    /// Changes a file, takes a snapshot, restores it, and removes both again.
    async fn round(&mut self, client: &mut Client, round: usize) -> Result<()> {
        let base = format!("/v1/sandbox/{}", self.id);
        let path = format!("{base}/filesystem/write-file?path=/workspace/changed");
        let text = round.to_string();
        let request = client.request("POST", &path, "application/octet-stream", text.as_bytes());
        let (answer, _) = client.exchange(&request).await?;
        ensure!(answer.status / 100 == 2, "write-file was answered {}", answer.status);

        let path = format!("{base}/snapshot/create");
        let (snapshot, taken) = client.call("POST", &path, &json!({"name": "bars"}), 201).await?;
        self.snapshots.add_time(taken);

        let body = json!({"snapshot_name": "bars"});
        let (copy, taken) = client.call("POST", "/v1/snapshot/restore", &body, 201).await?;
        self.restores.add_time(taken);

        let copy = format!("/v1/sandbox/{}", copy.text("id")?);
        client.call("DELETE", &copy, &Value::Null, 204).await?;
        let snapshot = format!("/v1/snapshot/{}", snapshot.text("id")?);
        client.call("DELETE", &snapshot, &Value::Null, 204).await?;
        Ok(())
    }
}
