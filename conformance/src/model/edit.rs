//! Edits, and the diffs that tell of them.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::fields::Fields;
use super::reply::Reply;
use super::world::World;

impl World {
    /// A text with every place of another replaced, and how many there were.
    fn replaced(&self, text: &str, find: &str, with: &str) -> (String, usize) {
        if self.bug(Fault::EditsTheFirstOnly) {
            return (text.replacen(find, with, 1), usize::from(text.contains(find)));
        }
        (text.replace(find, with), text.matches(find).count())
    }

    pub(super) fn edit_file(
        &mut self,
        org: &str,
        id: &str,
        object: &Map<String, Value>,
        now: u64,
    ) -> Result<Reply, Reply> {
        let path = self.path(object, "path")?;
        let mut fields = Fields::new(object);
        let mut edits: Vec<(String, String)> = Vec::new();
        for edit in object.get("edits").and_then(Value::as_array).into_iter().flatten() {
            let text = |field: &str| edit[field].as_str().unwrap_or("").to_owned();
            edits.push((text("find"), text("replace")));
        }
        if edits.is_empty() || edits.iter().any(|(find, _)| find.is_empty()) {
            fields.wrong("edits", "each needs a find");
        }
        fields.end()?;
        let not_there = self.not_there(&path);
        let bytes = self.disk(org, id)?.file(&path).cloned().ok_or(not_there)?;
        let old = String::from_utf8_lossy(&bytes).into_owned();
        let (mut new, mut count) = (old.clone(), 0);
        if self.bug(Fault::EditsAgainstTheOriginal) {
            edits.truncate(1);
        }
        for (find, with) in &edits {
            let (text, found) = self.replaced(&new, find, with);
            (new, count) = (text, count + found);
        }
        let text = if self.bug(Fault::DiffIsMissing) { String::new() } else { diff(&old, &new) };
        if !self.bug(Fault::EditIsDry) {
            self.disk(org, id)?.write(&path, Bytes::from(new), None, now);
        }
        if self.bug(Fault::CountsEdits) {
            count = edits.len();
        }
        Ok(Reply::json(200, json!({"diff": text, "replacements": count})))
    }

    pub(super) fn edit_files(
        &mut self,
        org: &str,
        id: &str,
        object: &Map<String, Value>,
        now: u64,
    ) -> Result<Reply, Reply> {
        let mut fields = Fields::new(object);
        let (files, find) = (fields.texts("files"), fields.needed("find"));
        let with = fields.text("replace").unwrap_or_default();
        if files.is_empty() {
            fields.wrong("files", "must name a file");
        }
        fields.end()?;
        let mut items = Vec::new();
        for path in files {
            let Some(bytes) = self.disk(org, id)?.file(&path).cloned() else {
                if self.bug(Fault::OneFailureFailsAll) {
                    return Err(super::files::missing(&path));
                }
                let mut item = json!({"file": path, "success": false, "error": "no such file"});
                if self.bug(Fault::FailuresAreSuccesses) {
                    item = json!({"file": path, "success": true});
                }
                items.push(item);
                continue;
            };
            let old = String::from_utf8_lossy(&bytes).into_owned();
            let (new, count) = self.replaced(&old, &find, &with);
            if count == 0 {
                items.push(json!({"file": path, "success": false, "error": "no match"}));
                continue;
            }
            if !self.bug(Fault::EditFilesIsDry) {
                self.disk(org, id)?.write(&path, Bytes::from(new), None, now);
            }
            items.push(json!({"file": path, "success": true}));
        }
        Ok(Reply::json(200, json!({ "items": items })))
    }
}

/// A unified diff of one hunk.
fn diff(old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let (before, after): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let mut text = format!("--- before\n+++ after\n@@ -1,{} +1,{} @@\n", before.len(), after.len());
    for line in before {
        text.extend(["-", line, "\n"]);
    }
    for line in after {
        text.extend(["+", line, "\n"]);
    }
    text
}
