//! Operations on single files.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::disk::{Disk, Kind, Node, name, normal, parent};
use super::fault::Fault;
use super::fields::{Fields, is_path};
use super::oddity::Oddity;
use super::reply::{Call, Reply};
use super::world::{World, object};

/// The largest body.
const MOST: usize = 10 << 20;

/// A denied or missing file.
pub(super) fn missing(path: &str) -> Reply {
    Reply::problem(404, format!("{path}: no such file or directory"))
}

/// A mode as requests write it.
fn mode(fields: &mut Fields<'_>, field: &str) -> Option<u32> {
    let text = fields.text(field)?;
    let mode = u32::from_str_radix(&text, 8).ok().filter(|mode| *mode <= 0o7777);
    if mode.is_none() {
        fields.wrong(field, "must be octal");
    }
    mode
}

impl World {
    pub(super) fn files(
        &mut self,
        org: &str,
        id: &str,
        what: &str,
        call: &Call,
        now: u64,
    ) -> Result<Reply, Reply> {
        let most = if self.bug(Fault::BodyOfOneMib) { 1 << 20 } else { MOST };
        if call.body.len() > most && !self.bug(Fault::BodyWithoutBound) {
            return Err(Reply::problem(413, "the body is too large"));
        }
        match what {
            "write-file" => return self.write_file(org, id, call, now),
            "write-files" => return self.write_files(org, id, call, now),
            _ => {}
        }
        let object = object(self, call)?;
        match what {
            "ls" => self.ls(org, id, &object),
            "stat" => self.stat(org, id, &object),
            "exists" => self.exists(org, id, &object),
            "mkdir" => self.mkdir(org, id, &object, now),
            "read-file" => self.read_file(org, id, &object),
            "read-files" => self.read_files(org, id, &object),
            "delete" => self.delete_file(org, id, &object),
            "set-permissions" => self.set_permissions(org, id, &object),
            "move" => self.move_path(org, id, &object, now),
            "copy" => self.copy_path(org, id, &object, now),
            "glob" => self.glob(org, id, &object),
            "grep" => self.grep(org, id, &object),
            "tree" => self.tree(org, id, &object),
            "edit-file" => self.edit_file(org, id, &object, now),
            "edit-files" => self.edit_files(org, id, &object, now),
            _ => Err(Reply::problem(404, "no such path")),
        }
    }

    pub(super) fn disk(&mut self, org: &str, id: &str) -> Result<&mut Disk, Reply> {
        let sandbox = self.sandbox(org, id).ok_or_else(|| Reply::problem(404, "gone"))?;
        Ok(&mut sandbox.disk)
    }

    /// A field that holds a path.
    pub(super) fn path(&self, object: &Map<String, Value>, field: &str) -> Result<String, Reply> {
        let any = self.bug(Fault::RelativePaths);
        let mut fields = Fields::new(object);
        let path = fields.path(field, any);
        if object.get(field).is_none() && self.bug(Fault::NoPathIsTheRoot) {
            return Ok("/".to_owned());
        }
        fields.end()?;
        let path = if path.starts_with('/') { path } else { format!("/workspace/{path}") };
        Ok(normal(&path))
    }

    /// What a file that is not there is answered.
    pub(super) fn not_there(&self, path: &str) -> Reply {
        if self.bug(Fault::MissingIs400) {
            return Reply::field("path", "no such file or directory");
        }
        missing(path)
    }

    fn info(&self, path: &str, node: &Node) -> Value {
        let (size, target) = match &node.kind {
            Kind::Directory => (4096, None),
            Kind::File(bytes) => (bytes.len(), None),
            Kind::Link(target) => (target.len(), Some(target.clone())),
        };
        let size = if self.bug(Fault::SizeIsZero) { 0 } else { size };
        let mode = if self.bug(Fault::ModeIsDecimal) {
            node.mode.to_string()
        } else {
            format!("{:o}", node.mode)
        };
        let unit = if self.bug(Fault::MtimeInMilliseconds) { 1000 } else { 1 };
        let user = if self.odd(Oddity::NumericOwners) { "1000" } else { "user" };
        let mut info = json!({
            "name": if path == "/" { "/" } else { name(path) },
            "path": path,
            "is_dir": node.kind == Kind::Directory,
            "size": size,
            "mode": mode,
            "mtime": node.mtime * unit,
            "owner": user,
            "group": user,
            "is_symlink": target.is_some() && !self.bug(Fault::LinksFollowed),
        });
        if let (Some(target), Some(info)) = (target, info.as_object_mut())
            && !self.bug(Fault::LinksFollowed)
        {
            info.insert("link_target".into(), target.into());
        }
        if self.bug(Fault::NoOwner)
            && let Some(info) = info.as_object_mut()
        {
            info.remove("owner");
        }
        info
    }

    fn ls(&mut self, org: &str, id: &str, object: &Map<String, Value>) -> Result<Reply, Reply> {
        let path = self.path(object, "path")?;
        let mut fields = Fields::new(object);
        let (recursive, exclude) = (fields.flag("recursive"), fields.texts("exclude"));
        fields.end()?;
        let recursive = recursive && !self.bug(Fault::LsIsFlat);
        let disk = self.disk(org, id)?.clone();
        if disk.at(&path).is_none() {
            return Err(self.not_there(&path));
        }
        let found = if recursive { disk.below(&path) } else { disk.children(&path) };
        let mut items: Vec<_> = found
            .into_iter()
            .filter(|(found, _)| !self.excluded(&path, found, &exclude))
            .map(|(found, node)| self.info(found, node))
            .collect();
        if self.odd(Oddity::ListingsUnsorted) {
            items.reverse();
        }
        Ok(Reply::json(200, json!({ "items": items })))
    }

    fn stat(&mut self, org: &str, id: &str, object: &Map<String, Value>) -> Result<Reply, Reply> {
        let path = self.path(object, "path")?;
        let disk = self.disk(org, id)?.clone();
        match disk.at(&path) {
            Some(node) => Ok(Reply::json(200, self.info(&path, node))),
            None => Err(self.not_there(&path)),
        }
    }

    fn exists(&mut self, org: &str, id: &str, object: &Map<String, Value>) -> Result<Reply, Reply> {
        let path = self.path(object, "path")?;
        let there = self.disk(org, id)?.at(&path).is_some();
        let there = there || self.bug(Fault::EverythingExists);
        if !there && self.bug(Fault::NotExistingIs404) {
            return Err(missing(&path));
        }
        Ok(Reply::json(200, json!({ "exists": there })))
    }

    fn mkdir(
        &mut self,
        org: &str,
        id: &str,
        object: &Map<String, Value>,
        now: u64,
    ) -> Result<Reply, Reply> {
        let path = self.path(object, "path")?;
        let mut fields = Fields::new(object);
        let recursive = fields.flag("recursive");
        let mode = mode(&mut fields, "permissions").unwrap_or(0o755);
        fields.end()?;
        let (fine, makes) = (self.bug(Fault::MkdirAgainIsFine), self.bug(Fault::MkdirMakesParents));
        let mode = if self.bug(Fault::MkdirIgnoresMode) { 0o777 } else { mode };
        let is201 = self.bug(Fault::MkdirIs201);
        let disk = self.disk(org, id)?;
        if disk.at(&path).is_some() {
            return if fine || (recursive && disk.is_dir(&path)) {
                Ok(Reply::done())
            } else {
                Err(Reply::problem(409, format!("{path}: exists")))
            };
        }
        if !disk.is_dir(parent(&path)) && !recursive && !makes {
            return Err(missing(parent(&path)));
        }
        disk.make_parents(&path, now);
        disk.put(&path, Kind::Directory, mode, now);
        Ok(if is201 { Reply::json(201, json!({ "path": path })) } else { Reply::done() })
    }

    pub(super) fn denied(&self, node: Option<&Node>) -> Option<Reply> {
        let shut = node.is_some_and(|node| node.mode & 0o700 == 0);
        let root = self.odd(Oddity::UserIsRoot);
        let status = if self.bug(Fault::DeniedIs404) { 404 } else { 403 };
        (shut && !root).then(|| Reply::problem(status, "permission denied"))
    }

    fn write_file(&mut self, org: &str, id: &str, call: &Call, now: u64) -> Result<Reply, Reply> {
        let path = call.parameter("path").unwrap_or("").to_owned();
        let any = self.bug(Fault::RelativePaths) && !path.is_empty();
        if !is_path(&path) && !any {
            return Err(Reply::field("path", "must be an absolute path"));
        }
        let mode = call.parameter("permissions").and_then(|mode| u32::from_str_radix(mode, 8).ok());
        let path = normal(&path);
        let node = self.disk(org, id)?.at(&path).cloned();
        if let Some(refusal) = self.denied(node.as_ref()) {
            return Err(refusal);
        }
        let orphan = self.bug(Fault::NoParentIs404);
        let mut body = call.body.clone();
        if self.bug(Fault::FilesAreText) {
            body = Bytes::from(String::from_utf8_lossy(&body).into_owned());
        }
        if self.bug(Fault::WritesAreRefused) {
            return Err(Reply::problem(403, "read-only file system"));
        }
        if self.bug(Fault::WriteIsLost) {
            return Ok(Reply::done());
        }
        let is200 = self.bug(Fault::WriteIs200);
        let disk = self.disk(org, id)?;
        if disk.is_dir(&path) {
            return Err(Reply::field("path", "is a directory"));
        }
        if orphan && !disk.is_dir(parent(&path)) {
            return Err(missing(parent(&path)));
        }
        disk.write(&path, body, mode, now);
        Ok(if is200 { Reply::json(200, json!({"path": path})) } else { Reply::done() })
    }

    fn read_file(
        &mut self,
        org: &str,
        id: &str,
        object: &Map<String, Value>,
    ) -> Result<Reply, Reply> {
        let path = self.path(object, "path")?;
        let mut fields = Fields::new(object);
        let (offset, limit) =
            (fields.number("offset", 0, u64::MAX), fields.number("limit", 0, u64::MAX));
        let (head, tail) = (fields.number("head", 0, u64::MAX), fields.number("tail", 0, u64::MAX));
        if head.is_some() && tail.is_some() && !self.bug(Fault::HeadAndTail) {
            fields.wrong("tail", "excludes head");
        }
        fields.end()?;
        let disk = self.disk(org, id)?.clone();
        if let Some(refusal) = self.denied(disk.at(&path)) {
            return Err(refusal);
        }
        if disk.is_dir(&path) {
            let word =
                if self.bug(Fault::DirectoryIsNotSaid) { "bad path" } else { "is a directory" };
            return Err(Reply::field("path", word).with_message(&format!("{path}: {word}")));
        }
        let bytes = disk.file(&path).ok_or_else(|| self.not_there(&path))?.clone();
        let number = |number: Option<u64>| number.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let offset = if self.bug(Fault::OffsetIgnored) { None } else { number(offset) };
        let tail = if self.bug(Fault::TailIgnored) { None } else { number(tail) };
        let from = offset.unwrap_or(0).min(bytes.len());
        let to = number(limit).map_or(bytes.len(), |limit| from.saturating_add(limit));
        let mut part = bytes.slice(from..to.min(bytes.len()));
        let lines: Vec<&[u8]> = part.split_inclusive(|byte| *byte == b'\n').collect();
        if let Some(head) = number(head) {
            part = lines.iter().take(head).copied().collect::<Vec<_>>().concat().into();
        } else if let Some(tail) = tail {
            let skip = lines.len().saturating_sub(tail);
            part = lines[skip..].concat().into();
        }
        if self.bug(Fault::FilesAreJson) {
            let text = String::from_utf8_lossy(&part).into_owned();
            return Ok(Reply::json(200, json!({ "content": text })));
        }
        Ok(Reply::bytes("application/octet-stream", part))
    }

    fn delete_file(
        &mut self,
        org: &str,
        id: &str,
        object: &Map<String, Value>,
    ) -> Result<Reply, Reply> {
        let path = self.path(object, "path")?;
        let mut fields = Fields::new(object);
        let recursive = fields.flag("recursive") || self.bug(Fault::DeleteIsRecursive);
        fields.end()?;
        let never = self.bug(Fault::DeleteFileKeeps);
        let not_there = self.not_there(&path);
        let disk = self.disk(org, id)?;
        if disk.at(&path).is_none() {
            return Err(not_there);
        }
        if !disk.children(&path).is_empty() && !recursive {
            return Err(Reply::field("path", "is not empty"));
        }
        if !never {
            disk.remove(&path);
        }
        Ok(Reply::done())
    }

    fn set_permissions(
        &mut self,
        org: &str,
        id: &str,
        object: &Map<String, Value>,
    ) -> Result<Reply, Reply> {
        let path = self.path(object, "path")?;
        let mut fields = Fields::new(object);
        let mode = mode(&mut fields, "mode");
        let other = fields.text("owner").or(fields.text("group"));
        if object.get("mode").is_none() && other.is_none() {
            fields.wrong("mode", "or owner or group is required");
        }
        if other.is_some() && self.bug(Fault::OwnersAreRefused) {
            fields.wrong("owner", "can't be set");
        }
        fields.end()?;
        let ignored = self.bug(Fault::PermissionsIgnored);
        let not_there = self.not_there(&path);
        let node = self.disk(org, id)?.at_mut(&path).ok_or(not_there)?;
        node.mode = mode.filter(|_| !ignored).unwrap_or(node.mode);
        Ok(Reply::done())
    }

    fn two_paths(
        &mut self,
        org: &str,
        id: &str,
        object: &Map<String, Value>,
    ) -> Result<(String, String), Reply> {
        let any = self.bug(Fault::RelativePaths);
        let mut fields = Fields::new(object);
        let (from, to) = (fields.path("src_path", any), fields.path("dst_path", any));
        fields.end()?;
        let (from, to) = (normal(&from), normal(&to));
        if self.disk(org, id)?.at(&from).is_none() {
            return Err(self.not_there(&from));
        }
        Ok((from, to))
    }

    fn move_path(
        &mut self,
        org: &str,
        id: &str,
        object: &Map<String, Value>,
        now: u64,
    ) -> Result<Reply, Reply> {
        let (from, to) = self.two_paths(org, id, object)?;
        let mut fields = Fields::new(object);
        let overwrite = fields.flag("overwrite") || self.bug(Fault::MoveOverwrites);
        fields.end()?;
        let keeps = self.bug(Fault::MoveCopies);
        let disk = self.disk(org, id)?;
        if disk.at(&to).is_some() && !overwrite {
            return Err(Reply::problem(409, format!("{to}: exists")));
        }
        disk.remove(&to);
        disk.make_parents(&to, now);
        disk.copy(&from, &to);
        if !keeps {
            disk.remove(&from);
        }
        Ok(Reply::done())
    }

    fn copy_path(
        &mut self,
        org: &str,
        id: &str,
        object: &Map<String, Value>,
        now: u64,
    ) -> Result<Reply, Reply> {
        let (from, to) = self.two_paths(org, id, object)?;
        let mut fields = Fields::new(object);
        let overwrite = fields.flag("overwrite") || self.bug(Fault::CopyOverwrites);
        let recursive = fields.flag("recursive") || self.bug(Fault::CopyIsRecursive);
        fields.end()?;
        let moves = self.bug(Fault::CopyMoves);
        let disk = self.disk(org, id)?;
        if disk.at(&to).is_some() && !overwrite {
            return Err(Reply::problem(409, format!("{to}: exists")));
        }
        if disk.is_dir(&from) && !recursive {
            return Err(Reply::field("recursive", "is needed for a directory"));
        }
        disk.remove(&to);
        disk.make_parents(&to, now);
        disk.copy(&from, &to);
        if moves {
            disk.remove(&from);
        }
        Ok(Reply::done())
    }
}

impl Reply {
    /// The same with another message.
    pub(super) fn with_message(mut self, message: &str) -> Self {
        if let super::reply::Body::Json(body) = &mut self.body {
            body["message"] = message.into();
        }
        self
    }
}
