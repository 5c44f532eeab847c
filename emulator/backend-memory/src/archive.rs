//! Images as JSON: nodes in one list, each after those below it, so that what trees share is
//! written once.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use leap0_emulator_core::backend::ImageKind;
use leap0_emulator_core::clock::Timestamp;
use serde::{Deserialize, Serialize};

use crate::tree::{Body, Device, Node, Space, Stamp, Tree};

/// All images of a world.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contents {
    nodes: Vec<NodeRecord>,
    pub(crate) images: Vec<ImageRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageRecord {
    pub(crate) kind: ImageKind,
    /// The root directory, by its place in the list of nodes.
    root: usize,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeRecord {
    uid: u32,
    gid: u32,
    mode: u32,
    /// Milliseconds since 1970-01-01 UTC.
    modified: i64,
    body: BodyRecord,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BodyRecord {
    /// Base64.
    File(String),
    /// Names and places of nodes.
    Directory(Vec<(String, usize)>),
    Link(String),
    Device(DeviceRecord),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DeviceRecord {
    Full,
    Null,
    Random,
    Zero,
}

/// Writes trees down.
#[derive(Default)]
pub(crate) struct Writer {
    contents: Contents,
    /// Where nodes stand in the list already. They live as long as the trees do.
    places: HashMap<*const Node, usize>,
}

impl Writer {
    pub(crate) fn add(&mut self, kind: ImageKind, tree: &Tree) {
        let root = self.place(tree.root());
        self.contents.images.push(ImageRecord { kind, root });
    }

    pub(crate) fn finish(self) -> Contents {
        self.contents
    }

    /// Writes a node after those below it. As deep as the deepest tree, which a stack bears.
    fn place(&mut self, node: &Arc<Node>) -> usize {
        if let Some(place) = self.places.get(&Arc::as_ptr(node)) {
            return *place;
        }
        let body = match &node.body {
            Body::File(data) => BodyRecord::File(BASE64.encode(&**data)),
            Body::Directory(directory) => BodyRecord::Directory(
                directory.iter().map(|(name, node)| (name.to_string(), self.place(node))).collect(),
            ),
            Body::Link(target) => BodyRecord::Link(target.to_string()),
            Body::Device(device) => BodyRecord::Device(DeviceRecord::of(*device)),
        };
        let Stamp { uid, gid, mode, modified } = node.stamp;
        let modified = modified.as_millis();
        let place = self.contents.nodes.len();
        self.contents.nodes.push(NodeRecord { uid, gid, mode, modified, body });
        self.places.insert(Arc::as_ptr(node), place);
        place
    }
}

impl Contents {
    /// Makes the trees again, sharing what they shared. The text of an error is for clients.
    pub(crate) fn read(&self) -> Result<Vec<(ImageKind, Tree)>, String> {
        let mut nodes: Vec<Arc<Node>> = Vec::with_capacity(self.nodes.len());
        for (place, record) in self.nodes.iter().enumerate() {
            let node = record.read(&nodes).map_err(|rule| format!("node {place} {rule}"))?;
            nodes.push(Arc::new(node));
        }
        let image = |image: &ImageRecord| {
            let root = nodes.get(image.root).filter(|node| node.is_directory());
            let root = root.ok_or_else(|| format!("node {} is no root directory", image.root))?;
            // The machine that is made of it brings its own bounds.
            let space = Space { disk: u64::MAX, memory: u64::MAX };
            Ok((image.kind, Tree::of(Arc::clone(root), space)))
        };
        self.images.iter().map(image).collect()
    }
}

impl NodeRecord {
    fn read(&self, nodes: &[Arc<Node>]) -> Result<Node, String> {
        let Self { uid, gid, mode, modified, .. } = *self;
        if mode > 0o7777 {
            return Err("has a mode above 7777".to_owned());
        }
        let stamp = Stamp { uid, gid, mode, modified: Timestamp::from_millis(modified) };
        match &self.body {
            BodyRecord::File(text) => {
                let data = BASE64.decode(text).map_err(|_| "is no base64".to_owned())?;
                Ok(Node::file(stamp, data))
            }
            BodyRecord::Link(target) => Ok(Node::link(stamp, target)),
            BodyRecord::Device(device) => Ok(Node::device(stamp, device.device())),
            BodyRecord::Directory(entries) => {
                let entries = entries.iter().map(|(name, place)| {
                    // Only what stands before it: no cycles.
                    let node = nodes.get(*place).ok_or("has an entry that does not precede it")?;
                    Ok((Arc::from(name.as_str()), Arc::clone(node)))
                });
                let entries = entries.collect::<Result<Vec<_>, String>>()?;
                Node::directory_of(stamp, entries)
                    .ok_or_else(|| "is too deep, too large, or has a bad name".to_owned())
            }
        }
    }
}

impl DeviceRecord {
    fn of(device: Device) -> Self {
        match device {
            Device::Full => Self::Full,
            Device::Null => Self::Null,
            Device::Random => Self::Random,
            Device::Zero => Self::Zero,
        }
    }

    fn device(self) -> Device {
        match self {
            Self::Full => Device::Full,
            Self::Null => Device::Null,
            Self::Random => Device::Random,
            Self::Zero => Device::Zero,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        serde_json::from_str::<Contents>(json).unwrap().read().unwrap_err()
    }

    #[test]
    fn a_file_that_was_tampered_with_is_refused() {
        let node = r#""uid":0,"gid":0,"mode":493,"modified":0,"body""#;
        let image = r#""images":[{"kind":"disk","root":0}]"#;
        for (nodes, word) in [
            (format!(r#"{{{node}:{{"file":"?"}}}}"#), "base64"),
            (format!(r#"{{{node}:{{"file":"aA=="}}}}"#), "no root"),
            (format!(r#"{{{node}:{{"directory":[["a",0]]}}}}"#), "precede"),
            (format!(r#"{{{node}:{{"directory":[["a",7]]}}}}"#), "precede"),
            (
                format!(r#"{{{node}:{{"link":"x"}}}},{{{node}:{{"directory":[["a/b",0]]}}}}"#),
                "bad name",
            ),
            (
                format!(r#"{{{node}:{{"link":"x"}}}},{{{node}:{{"directory":[["..",0]]}}}}"#),
                "bad name",
            ),
        ] {
            let refused = refused(&format!(r#"{{"nodes":[{nodes}],{image}}}"#));
            assert!(refused.contains(word), "{refused}");
        }
    }

    #[test]
    fn a_bomb_of_shared_directories_is_refused() {
        let node = r#""uid":0,"gid":0,"mode":493,"modified":0,"body""#;
        let mut nodes = vec![format!(r#"{{{node}:{{"link":"x"}}}}"#)];
        for below in 0..100 {
            let entries = format!(r#"[["a",{below}],["b",{below}]]"#);
            nodes.push(format!(r#"{{{node}:{{"directory":{entries}}}}}"#));
        }
        let json =
            format!(r#"{{"nodes":[{}],"images":[{{"kind":"disk","root":100}}]}}"#, nodes.join(","));
        assert!(refused(&json).contains("too large"));
    }
}
