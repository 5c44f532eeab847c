//! The walk of `find`.

use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, ExecutionPlan, Result};
use leap0_files::StoreError;

use super::expression::{Effects, Entry};
use super::parse::{Plan, Refusal};
use crate::shell::commands::absolute;
use crate::shell::commands::bounded::watched;
use crate::shell::files::words;
use crate::shell::script::Script;
use crate::tree::{Caller, Links, Node, Tree};

pub(in crate::shell::commands) struct Find(pub(in crate::shell::commands) Arc<Script>);

/// Tests that the interpreter's own `find` gets wrong: it knows one user.
const OF_USERS: [&str; 9] = [
    "-executable",
    "-gid",
    "-group",
    "-nogroup",
    "-nouser",
    "-readable",
    "-uid",
    "-user",
    "-writable",
];

#[async_trait]
impl Builtin for Find {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let plan = match self.plan(&ctx) {
            Ok(plan) => plan,
            Err(Refusal::Wrong(words)) => {
                return Ok(ExecResult::err(format!("find: {words}\n"), 1));
            }
            Err(Refusal::Unknown) => return Ok(ExecResult::err("find: not run\n", 125)),
        };
        let mut walk = Walk {
            script: &self.0,
            plan: &plan,
            output: Vec::new(),
            complaints: String::new(),
            over: false,
        };
        for start in &plan.starts {
            walk.start(start, &absolute(ctx.cwd, start));
        }
        let mut result =
            ExecResult::err(walk.complaints.clone(), i32::from(!walk.complaints.is_empty()));
        result.stdout = walk.output.into();
        Ok(result)
    }

    async fn execution_plan(&self, ctx: &BuiltinContext<'_>) -> Result<Option<ExecutionPlan>> {
        let left = matches!(self.plan(ctx), Err(Refusal::Unknown));
        Ok(left.then(|| watched(&self.0, "find", ctx)))
    }
}

impl Find {
    fn plan(&self, ctx: &BuiltinContext<'_>) -> std::result::Result<Plan, Refusal> {
        let caller = self.0.live.caller();
        let modified = |operand: &str| {
            let path = absolute(ctx.cwd, operand);
            let found = self.0.live.files.look(|tree| {
                tree.find(&path, Links::Follow, caller).map(|node| node.stamp.modified)
            });
            found.map_err(|error| format!("‘{operand}’: {}", words(&error).1))
        };
        let plan = Plan::parse(ctx.args, &modified);
        let of_users = ctx.args.iter().find(|arg| OF_USERS.contains(&&arg[..]));
        match (plan, of_users) {
            (Err(Refusal::Unknown), Some(test)) => {
                let words = format!("{test} together with these other tests is not supported here");
                Err(Refusal::Wrong(words))
            }
            (plan, _) => plan,
        }
    }
}

struct Walk<'a> {
    script: &'a Script,
    plan: &'a Plan,
    output: Vec<u8>,
    complaints: String,
    over: bool,
}

impl Walk<'_> {
    fn start(&mut self, start: &str, path: &str) {
        let caller = self.script.live.caller();
        let found = self.script.live.files.look(|tree| {
            // A name with a slash at its end is that of a directory.
            let links = if start.ends_with('/') { Links::Follow } else { Links::Keep };
            tree.find(path, links, caller).map(|node| Arc::new(node.clone()))
        });
        match found {
            Ok(node) => self.visit(start, start, path, 0, &node, caller),
            Err(error) => self.complain(start, &error),
        }
    }

    fn complain(&mut self, shown: &str, error: &StoreError) {
        let _infallible = writeln!(self.complaints, "find: ‘{shown}’: {}", words(error).1);
    }

    fn visit(
        &mut self,
        start: &str,
        shown: &str,
        path: &str,
        depth: usize,
        node: &Node,
        caller: Caller,
    ) {
        if self.over || self.script.is_over() {
            return;
        }
        let entry = Entry { shown, start, path, depth, node };
        let contents_first = self.plan.contents_first;
        let pruned = !contents_first && self.ask(&entry, caller);
        if node.is_directory() && depth < self.plan.most && !pruned {
            // Looked at anew: what is in it may have been deleted.
            let listed = self.script.live.files.look(|tree| {
                let entries = tree.list(path, caller)?.iter();
                Ok(entries
                    .map(|(name, node)| (Arc::clone(name), Arc::clone(node)))
                    .collect::<Vec<_>>())
            });
            match listed {
                Ok(entries) => {
                    for (name, node) in entries {
                        let below = |path: &str| format!("{}/{name}", path.trim_end_matches('/'));
                        let shown = if shown == "/" {
                            format!("/{name}")
                        } else if shown.ends_with('/') {
                            format!("{shown}{name}")
                        } else {
                            format!("{shown}/{name}")
                        };
                        self.visit(start, &shown, &below(path), depth + 1, &node, caller);
                    }
                }
                Err(error) => self.complain(shown, &error),
            }
        }
        if contents_first && !self.over {
            self.ask(&entry, caller);
        }
    }

    /// Asks about one file; true if its directory is not to be entered.
    fn ask(&mut self, entry: &Entry<'_>, caller: Caller) -> bool {
        if entry.depth < self.plan.least {
            return false;
        }
        let mut effects = Effects::default();
        self.script.live.files.look(|tree: &Tree| {
            // A directory may be empty by now.
            let node = tree.find(entry.path, Links::Keep, caller).cloned();
            let node = node.as_ref().unwrap_or(entry.node);
            let entry = Entry { node, ..*entry };
            self.plan.expression.holds(&entry, tree, caller, &mut effects);
        });
        self.output.append(&mut effects.output);
        if effects.delete && entry.shown != "." {
            let removed = self.script.change(|tree| {
                if entry.node.is_directory() {
                    tree.remove_directory(entry.path, caller)
                } else {
                    tree.remove_file(entry.path, caller)
                }
            });
            if let Some(Err(error)) = removed {
                let words = words(&error).1;
                let shown = entry.shown;
                let _infallible =
                    writeln!(self.complaints, "find: cannot delete ‘{shown}’: {words}");
            }
        }
        self.over |= effects.quit;
        effects.prune
    }
}
