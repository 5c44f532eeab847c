//! `cp`: files and trees, with the modes, times and links that it is asked to keep.

use std::sync::Arc;

use bashkit::{Command, CommandContext, CommandStatus, Result};
use leap0_files::StoreError;

use super::{absolute, complain, devices, fail, operands};
use crate::shell::files::words;
use crate::shell::script::Script;
use crate::tree::{Body, Caller, Links, Node, Tree};

pub(super) struct Cp(pub(super) Arc<Script>);

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
struct Plan<'a> {
    recursive: bool,
    /// Links are copied as links; otherwise what they lead to is.
    keep_links: bool,
    keep_mode: bool,
    keep_times: bool,
    keep_owner: bool,
    /// What is there already stays.
    no_clobber: bool,
    /// Only what is newer than what is there.
    update: bool,
    /// What can't be written is removed first.
    force: bool,
    tell: bool,
    /// The target is a name even where a directory has it.
    plain: bool,
    directory: Option<&'a str>,
    operands: Vec<&'a str>,
}

/// One call's work: what it says, and what went wrong.
struct Work<'a> {
    plan: &'a Plan<'a>,
    caller: Caller,
    umask: u32,
    told: Vec<String>,
    failed: Vec<String>,
}

#[async_trait::async_trait]
impl Command for Cp {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let plan = match Plan::parse(ctx.args) {
            Ok(plan) => plan,
            Err(words) => return fail(&ctx, &words, 1).await,
        };
        let (sources, target) = match operands::split(plan.directory, &plan.operands) {
            Ok(parts) => parts,
            Err(words) => return fail(&ctx, &words, 1).await,
        };
        let caller = self.0.live.caller();
        let into = !plan.plain && operands::leads_into(&self.0, ctx.cwd, target, caller);
        if !into
            && (sources.len() > 1
                || plan.directory.is_some()
                || target.ends_with('/') && !plan.recursive)
        {
            return fail(&ctx, &format!("target '{target}': No such directory"), 1).await;
        }
        let mut work = Work {
            plan: &plan,
            caller,
            umask: self.0.umask(),
            told: Vec::new(),
            failed: Vec::new(),
        };
        for source in sources {
            let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source);
            let shown = match (into, name) {
                (false, _) => target.trim_end_matches('/').to_owned(),
                (true, "." | ".." | "") => target.to_owned(),
                (true, name) => format!("{}/{name}", target.trim_end_matches('/')),
            };
            let (from, to) = (absolute(ctx.cwd, source), absolute(ctx.cwd, &shown));
            // `None` is the script's end, which ends the command too.
            let _over = self.0.change(|tree| work.copy(tree, (&from, source), (&to, &shown)));
        }
        if !work.told.is_empty() {
            ctx.stdout.write_all(work.told.concat().as_bytes()).await?;
        }
        for words in &work.failed {
            complain(&ctx, words).await?;
        }
        Ok(CommandStatus::with_code(i32::from(!work.failed.is_empty())))
    }
}

impl<'a> Plan<'a> {
    fn parse(args: &'a [String]) -> std::result::Result<Self, String> {
        let mut plan = Self::default();
        let mut options = true;
        let mut args = args.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            match arg {
                "--" if options => options = false,
                "-t" if options => {
                    plan.directory = Some(args.next().ok_or("option requires an argument -- 't'")?);
                }
                _ if options && arg.starts_with("--") => plan.long_option(arg)?,
                _ if options && arg.len() > 1 && arg.starts_with('-') => {
                    for letter in arg[1..].chars() {
                        plan.option(letter)?;
                    }
                }
                operand => plan.operands.push(operand),
            }
        }
        Ok(plan)
    }

    fn option(&mut self, letter: char) -> std::result::Result<(), String> {
        match letter {
            'r' | 'R' => {
                self.recursive = true;
                self.keep_links = true;
            }
            'a' => {
                (self.recursive, self.keep_links) = (true, true);
                self.keep("all")?;
            }
            'p' => self.keep("mode,ownership,timestamps")?,
            'd' | 'P' => self.keep_links = true,
            'L' => self.keep_links = false,
            'n' => self.no_clobber = true,
            'u' => self.update = true,
            'f' => self.force = true,
            'v' => self.tell = true,
            'T' => self.plain = true,
            other => return Err(format!("unsupported option -- '{other}'")),
        }
        Ok(())
    }

    fn long_option(&mut self, option: &'a str) -> std::result::Result<(), String> {
        let letter = match option {
            "--recursive" => 'r',
            "--archive" => 'a',
            "--preserve" => 'p',
            "--no-dereference" => 'P',
            "--dereference" => 'L',
            "--no-clobber" => 'n',
            "--update" => 'u',
            "--force" => 'f',
            "--verbose" => 'v',
            "--no-target-directory" => 'T',
            _ => {
                if let Some(what) = option.strip_prefix("--preserve=") {
                    return self.keep(what);
                }
                if let Some(directory) = option.strip_prefix("--target-directory=") {
                    self.directory = Some(directory);
                    return Ok(());
                }
                return Err(format!("unsupported option '{option}'"));
            }
        };
        self.option(letter)
    }

    fn keep(&mut self, what: &str) -> std::result::Result<(), String> {
        for what in what.split(',') {
            match what {
                "mode" => self.keep_mode = true,
                "ownership" => self.keep_owner = true,
                "timestamps" => self.keep_times = true,
                "links" => {}
                "all" => (self.keep_mode, self.keep_owner, self.keep_times) = (true, true, true),
                other => return Err(format!("invalid argument '{other}' for '--preserve'")),
            }
        }
        Ok(())
    }
}

impl Work<'_> {
    /// Copies what `from` names to `to`, each with the name that is shown. It nests no deeper than
    /// the tree.
    fn copy(&mut self, tree: &mut Tree, from: (&str, &str), to: (&str, &str)) {
        let links = if self.plan.keep_links { Links::Keep } else { Links::Follow };
        let node = match tree.find(from.0, links, self.caller) {
            Ok(node) => node.clone(),
            Err(error) => {
                let words = words(&error).1;
                return self.failed.push(format!("cannot stat '{}': {words}", from.1));
            }
        };
        if node.is_directory() {
            return self.copy_directory(tree, &node, from, to);
        }
        let real = |path: &str| tree.real_path(path, Links::Follow, self.caller).ok();
        if real(from.0).is_some_and(|path| real(to.0) == Some(path)) {
            return self.failed.push(format!("'{}' and '{}' are the same file", from.1, to.1));
        }
        if let Ok(old) = tree.find(to.0, Links::Follow, self.caller) {
            let newer = node.stamp.modified > old.stamp.modified;
            if self.plan.no_clobber || self.plan.update && !newer {
                return;
            }
        }
        let mut copied = self.copy_one(tree, &node, from.0, to.0);
        if self.plan.force && copied == Err(StoreError::Denied) {
            copied = tree
                .remove_file(to.0, self.caller)
                .and_then(|()| self.copy_one(tree, &node, from.0, to.0));
        }
        match copied {
            Ok(()) => self.tell(from.1, to.1),
            Err(error) => {
                let words = words(&error).1;
                self.failed.push(format!("cannot copy '{}' to '{}': {words}", from.1, to.1));
            }
        }
    }

    fn copy_directory(
        &mut self,
        tree: &mut Tree,
        node: &Node,
        from: (&str, &str),
        to: (&str, &str),
    ) {
        if !self.plan.recursive {
            let shown = from.1;
            return self.failed.push(format!("-r not specified; omitting directory '{shown}'"));
        }
        let real =
            |path: &str| tree.real_path(path, Links::Follow, self.caller).unwrap_or_default();
        let parent = to.0.trim_end_matches('/').rsplit_once('/').map_or("/", |(parent, _)| parent);
        let (inside, source) = (format!("{}/", real(parent)), format!("{}/", real(from.0)));
        if inside.starts_with(&source) {
            let (from, to) = (from.1, to.1);
            return self
                .failed
                .push(format!("cannot copy a directory, '{from}', into itself, '{to}'"));
        }
        let new = tree.find(to.0, Links::Follow, self.caller).is_err();
        let mode = node.stamp.mode & if self.plan.keep_mode { 0o7777 } else { !self.umask };
        // Writable until all is in it.
        let created =
            if new { tree.make_directory(to.0, mode | 0o700, self.caller) } else { Ok(()) };
        let names: std::result::Result<Vec<Arc<str>>, StoreError> = created.and_then(|()| {
            Ok(tree.list(from.0, self.caller)?.iter().map(|(name, _)| Arc::clone(name)).collect())
        });
        match names {
            Ok(names) => {
                self.tell(from.1, to.1);
                for name in names {
                    let [a, b, c, d] = [from.0, from.1, to.0, to.1]
                        .map(|path| format!("{}/{name}", path.trim_end_matches('/')));
                    self.copy(tree, (&a, &b), (&c, &d));
                }
            }
            Err(error) => {
                let words = words(&error).1;
                self.failed.push(format!("cannot copy '{}' to '{}': {words}", from.1, to.1));
            }
        }
        if new || self.plan.keep_mode {
            let _own = tree.set_mode(to.0, mode, self.caller);
        }
        self.keep(tree, node, to.0);
    }

    fn copy_one(
        &self,
        tree: &mut Tree,
        node: &Node,
        from: &str,
        to: &str,
    ) -> std::result::Result<(), StoreError> {
        match &node.body {
            Body::Link(target) => {
                if tree.find(to, Links::Keep, self.caller).is_ok() {
                    tree.remove_file(to, self.caller)?;
                }
                return tree.make_link(target, to, self.caller);
            }
            Body::Device(device) => {
                let data = devices::read(*device, 0)
                    .map_err(|error| StoreError::Other(error.to_string()))?;
                if !matches!(device, crate::tree::Device::Null) {
                    return Err(StoreError::Other("it has no end".to_owned()));
                }
                return tree.write(to, data, None, self.caller);
            }
            Body::File(_) | Body::Directory(_) => {}
        }
        let old = tree.find(to, Links::Follow, self.caller).map(|old| old.stamp.mode).ok();
        tree.copy_file(from, to, self.caller)?;
        let mode = match old {
            _ if self.plan.keep_mode => node.stamp.mode,
            // What is there keeps its mode, what is new has the source's within the umask.
            Some(old) => old,
            None => node.stamp.mode & 0o777 & !self.umask,
        };
        let is_device = tree.find(to, Links::Follow, self.caller)?.as_device().is_some();
        if !is_device {
            // Who may write it need not be who may set its mode.
            let _kept = tree.set_mode(to, mode, self.caller);
        }
        self.keep(tree, node, to);
        Ok(())
    }

    /// Keeps what can be kept of the source's owner and time.
    fn keep(&self, tree: &mut Tree, node: &Node, to: &str) {
        use crate::tree::{Group, User};
        if self.plan.keep_owner {
            let (user, group) = (User(node.stamp.uid), Group(node.stamp.gid));
            let _own = tree.set_owner(to, Some(user), Some(group), self.caller);
        }
        if self.plan.keep_times {
            let _own = tree.set_modified(to, node.stamp.modified, self.caller);
        }
    }

    fn tell(&mut self, from: &str, to: &str) {
        if self.plan.tell {
            self.told.push(format!("'{from}' -> '{to}'\n"));
        }
    }
}
