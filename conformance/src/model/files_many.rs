//! Operations on several files, and searches.

use serde_json::{Map, Value, json};

use super::disk::{Disk, Kind, name};
use super::fault::Fault;
use super::fields::{Fields, is_path};
use super::files::missing;
use super::glob::matches;
use super::oddity::Oddity;
use super::reply::{Call, Reply};
use super::world::World;
use crate::http::{form, parts};

impl World {
    /// Whether a pattern excludes a path, or a directory that it is in.
    pub(super) fn excluded(&self, base: &str, path: &str, patterns: &[String]) -> bool {
        if self.bug(Fault::ExcludeIgnored) {
            return false;
        }
        let below = path.strip_prefix(base).unwrap_or(path);
        if self.bug(Fault::ExcludeOnlyTheName) {
            return patterns.iter().any(|pattern| matches(pattern, name(below)));
        }
        let mut names = below.split('/').filter(|name| !name.is_empty());
        names.any(|name| patterns.iter().any(|pattern| matches(pattern, name)))
    }

    pub(super) fn write_files(
        &mut self,
        org: &str,
        id: &str,
        call: &Call,
        now: u64,
    ) -> Result<Reply, Reply> {
        let kind = call.header("content-type").unwrap_or("");
        if !kind.starts_with("multipart/form-data") && !self.bug(Fault::AnyFormIsFine) {
            return Err(Reply::field("body", "must be a form"));
        }
        let parts = match parts(kind, &call.body) {
            Ok(parts) => parts,
            Err(_) if self.bug(Fault::AnyFormIsFine) => Vec::new(),
            Err(why) => return Err(Reply::field("body", why)),
        };
        let bad: Vec<_> = parts
            .iter()
            .filter(|part| !is_path(&part.name))
            .map(|part| (part.name.clone(), "must be an absolute path".to_owned()))
            .collect();
        if !bad.is_empty() {
            if self.bug(Fault::GoodFilesWritten) {
                let disk = self.disk(org, id)?;
                for part in parts.iter().filter(|part| is_path(&part.name)) {
                    disk.write(&part.name, part.body.clone(), None, now);
                }
            }
            return Err(Reply::invalid(&bad));
        }
        let (raw, one) = (self.bug(Fault::NamesNotUnescaped), self.bug(Fault::FirstFileOnly));
        let disk = self.disk(org, id)?;
        for part in parts.iter().take(if one { 1 } else { usize::MAX }) {
            let path = if raw { part.name.replace('"', "%22") } else { part.name.clone() };
            disk.write(&path, part.body.clone(), None, now);
        }
        Ok(Reply::done())
    }

    pub(super) fn read_files(
        &mut self,
        org: &str,
        id: &str,
        object: &Map<String, Value>,
    ) -> Result<Reply, Reply> {
        let mut fields = Fields::new(object);
        let paths = fields.texts("paths");
        if paths.is_empty() && !self.bug(Fault::NoPathIsTheRoot) {
            fields.wrong("paths", "must name a file");
        }
        fields.end()?;
        let disk = self.disk(org, id)?.clone();
        let mut files = Vec::new();
        for path in &paths {
            let bytes = disk.file(path).ok_or_else(|| missing(path))?;
            files.push((&**path, &**bytes));
        }
        if self.bug(Fault::ReadFilesIsJson) {
            let files = files.iter().map(|(path, bytes)| {
                ((*path).to_owned(), Value::from(String::from_utf8_lossy(bytes).into_owned()))
            });
            return Ok(Reply::json(200, Value::Object(files.collect())));
        }
        let mut body = form("reference-boundary", &files);
        if self.bug(Fault::PartsWithoutFileName) {
            body = replace(&body, b"; filename=\"upload\"", b"");
        }
        if self.bug(Fault::PartsWithoutType) {
            body = replace(&body, b"\r\nContent-Type: application/octet-stream", b"");
        }
        Ok(Reply::bytes("multipart/form-data; boundary=reference-boundary", body))
    }

    pub(super) fn glob(
        &mut self,
        org: &str,
        id: &str,
        object: &Map<String, Value>,
    ) -> Result<Reply, Reply> {
        let path = self.path(object, "path")?;
        let mut fields = Fields::new(object);
        let (pattern, exclude) = (fields.text("pattern"), fields.texts("exclude"));
        fields.end()?;
        let pattern = pattern.filter(|_| !self.bug(Fault::GlobFindsAll)).unwrap_or("*".into());
        let disk = self.disk(org, id)?.clone();
        if !disk.is_dir(&path) {
            return Err(missing(&path));
        }
        let mut items: Vec<Value> = Vec::new();
        for (found, _) in disk.below(&path) {
            let fits = if pattern.contains('/') {
                matches(&pattern, found.strip_prefix(&format!("{path}/")).unwrap_or(found))
            } else {
                matches(&pattern, name(found))
            };
            if fits && !self.excluded(&path, found, &exclude) {
                let shown = if self.bug(Fault::GlobIsRelative) { name(found) } else { found };
                items.push(json!(shown));
            }
        }
        if self.odd(Oddity::ListingsUnsorted) {
            items.reverse();
        }
        Ok(Reply::json(200, json!({ "items": items })))
    }

    pub(super) fn grep(
        &mut self,
        org: &str,
        id: &str,
        object: &Map<String, Value>,
    ) -> Result<Reply, Reply> {
        let path = self.path(object, "path")?;
        let mut fields = Fields::new(object);
        let (pattern, include) = (fields.needed("pattern"), fields.text("include"));
        let exclude = fields.texts("exclude");
        fields.end()?;
        let include = include.filter(|_| !self.bug(Fault::IncludeIgnored));
        let disk = self.disk(org, id)?.clone();
        if disk.at(&path).is_none() {
            return Err(missing(&path));
        }
        let first = usize::from(!self.odd(Oddity::LinesFromZero));
        let mut items = Vec::new();
        for (found, node) in disk.below(&path) {
            let Kind::File(bytes) = &node.kind else { continue };
            if self.excluded(&path, found, &exclude)
                || include.as_ref().is_some_and(|include| !matches(include, name(found)))
            {
                continue;
            }
            let text = String::from_utf8_lossy(bytes);
            for (place, line) in text.lines().enumerate() {
                if line.contains(&pattern) != self.bug(Fault::GrepInverted) {
                    let content =
                        if self.bug(Fault::GrepShowsThePattern) { &*pattern } else { line };
                    let hit = json!({"path": found, "line": place + first, "content": content});
                    items.push(hit);
                }
            }
        }
        Ok(Reply::json(200, json!({ "items": items })))
    }

    pub(super) fn tree(
        &mut self,
        org: &str,
        id: &str,
        object: &Map<String, Value>,
    ) -> Result<Reply, Reply> {
        let path = self.path(object, "path")?;
        let mut fields = Fields::new(object);
        let depth = fields.number("max_depth", 1, u64::MAX).unwrap_or(u64::MAX);
        let exclude = fields.texts("exclude");
        fields.end()?;
        let depth = if self.bug(Fault::DepthIgnored) { u64::MAX } else { depth };
        let disk = self.disk(org, id)?.clone();
        if disk.at(&path).is_none() {
            return Err(self.not_there(&path));
        }
        let items = self.branches(&disk, &path, &path, depth, &exclude);
        Ok(Reply::json(200, json!({ "items": items })))
    }

    fn branches(
        &self,
        disk: &Disk,
        base: &str,
        path: &str,
        depth: u64,
        exclude: &[String],
    ) -> Vec<Value> {
        let mut items = Vec::new();
        for (found, node) in disk.children(path) {
            if self.excluded(base, found, exclude) {
                continue;
            }
            let directory = node.kind == Kind::Directory;
            let kind = if directory { "directory" } else { "file" };
            let kind = if self.bug(Fault::TreeSaysDir) && directory { "dir" } else { kind };
            let mut item = json!({"name": name(found), "type": kind});
            if directory && depth > 1 {
                item["children"] = self.branches(disk, base, found, depth - 1, exclude).into();
            } else if !directory && self.bug(Fault::FilesHaveChildren) {
                item["children"] = json!([]);
            }
            items.push(item);
        }
        items
    }
}

/// Bytes with every occurrence of some replaced.
fn replace(body: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}
