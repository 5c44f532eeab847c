//! What `cp` and `mv` have in common: which operands are sources, and where they go.

use std::path::Path;

use super::absolute;
use crate::shell::script::Script;
use crate::tree::{Caller, Links, Node};

/// Sources and their target. The words of an error are those of the GNU commands.
pub(super) fn split<'p, 'a>(
    directory: Option<&'a str>,
    operands: &'p [&'a str],
) -> Result<(&'p [&'a str], &'a str), String> {
    match (directory, operands) {
        (Some(directory), sources @ [_, ..]) => Ok((sources, directory)),
        (None, [sources @ .., target]) if !sources.is_empty() => Ok((sources, *target)),
        (None, [only]) => Err(format!("missing destination file operand after '{only}'")),
        (Some(_) | None, _) => Err("missing file operand".to_owned()),
    }
}

/// Whether the target is a directory, into which the sources go under their own names.
pub(super) fn leads_into(script: &Script, cwd: &Path, target: &str, caller: Caller) -> bool {
    let goal = absolute(cwd, target);
    script
        .live
        .files
        .look(|tree| tree.find(&goal, Links::Follow, caller).is_ok_and(Node::is_directory))
}
