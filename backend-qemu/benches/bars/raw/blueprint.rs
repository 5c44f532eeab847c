//! The command line of a machine of the back end, to start the same by hand.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::qemu::Process;

/// Flags with a value, in the order of the original.
#[derive(Clone, Debug)]
pub(crate) struct Blueprint {
    arguments: Vec<String>,
    /// The folder that its sockets and console are in.
    folder: String,
    /// The block nodes of its disk.
    disk: Value,
}

impl Blueprint {
    pub(crate) fn of(process: &Process) -> Result<Self> {
        let disk = process.option("-blockdev", "\"backing\"")?;
        Ok(Self {
            disk: serde_json::from_str(disk).context("the disk is no JSON")?,
            arguments: process.arguments().to_vec(),
            folder: process.folder()?.to_str().context("a folder of no text")?.to_owned(),
        })
    }

    /// The layer that the machine's own lies upon.
    pub(crate) fn below(&self) -> Result<PathBuf> {
        file_of(&self.disk["backing"])
    }

    /// The lowest layer: the image.
    pub(crate) fn base(&self) -> Result<PathBuf> {
        let mut layer = &self.disk;
        while layer["backing"].is_object() {
            layer = &layer["backing"];
        }
        file_of(layer)
    }

    /// How many files the disk consisted of when the machine was started.
    pub(crate) fn depth(&self) -> usize {
        std::iter::successors(Some(&self.disk), |layer| layer.get("backing"))
            .take_while(|layer| layer.is_object())
            .count()
    }

    /// A machine whose own layer lies directly upon this image.
    #[must_use]
    pub(crate) fn upon(mut self, image: &Path) -> Self {
        self.disk["backing"] = json!({
            "driver": "qcow2",
            "node-name": "image",
            "read-only": true,
            "file": {"driver": "file", "filename": image, "read-only": true},
        });
        self
    }

    /// The name of the block node of its own layer.
    pub(crate) fn top(&self) -> Result<&str> {
        self.disk["node-name"].as_str().context("a disk without a name")
    }

    /// The arguments of the same machine in another folder and with its own layer in another file;
    /// it boots, or waits for a memory.
    pub(crate) fn arguments(&self, folder: &Path, overlay: &Path, waits: bool) -> Vec<String> {
        let folder = folder.display().to_string();
        let mut disk = self.disk.clone();
        disk["file"]["filename"] = json!(overlay);
        let mut arguments: Vec<String> = Vec::new();
        for argument in self.arguments.iter().filter(|argument| *argument != "-S") {
            let value = match arguments.last().map(String::as_str) {
                Some("-blockdev") => disk.to_string(),
                Some("-name") => "leap0-bars-raw".into(),
                _ => argument.replace(&self.folder, &folder),
            };
            arguments.push(value);
        }
        arguments.extend(waits.then(|| "-S".into()));
        arguments
    }
}

fn file_of(layer: &Value) -> Result<PathBuf> {
    let name = layer["file"]["filename"].as_str();
    Ok(name.context("a layer without a file")?.into())
}
