//! `umask`: octal and symbolic, for everything that the script makes.

use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::mode::{Change, rights};
use crate::shell::script::{Script, UMASK_VARIABLE};

pub(super) struct Umask(pub(super) Arc<Script>);

#[async_trait]
impl Builtin for Umask {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        self.0.follow_umask(ctx.variables);
        let umask = self.0.umask();
        match ctx.args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => Ok(ExecResult::ok(format!("{umask:04o}\n"))),
            ["-S"] => Ok(ExecResult::ok(format!("{}\n", symbolic(umask)))),
            [text] if !text.starts_with('-') => match parse(text, umask) {
                Some(umask) => {
                    ctx.variables.insert(UMASK_VARIABLE.to_owned(), format!("{umask:04o}"));
                    self.0.follow_umask(ctx.variables);
                    Ok(ExecResult::ok(""))
                }
                None => Ok(ExecResult::err(format!("umask: Illegal mode: {text}\n"), 2)),
            },
            _ => Ok(ExecResult::err("umask: usage: umask [-S] [mode]\n", 2)),
        }
    }
}

/// The umask that `text` makes of the present one.
fn parse(text: &str, umask: u32) -> Option<u32> {
    match Change::parse(text)? {
        Change::To(umask) => (umask <= 0o777).then_some(umask),
        // What is written are the rights that remain.
        change @ Change::By(_) => Some(!change.apply(!umask & 0o777, true, 0) & 0o777),
    }
}

fn symbolic(umask: u32) -> String {
    let rights = rights(!umask & 0o777);
    let of = |from: usize| rights[from..from + 3].replace('-', "");
    format!("u={},g={},o={}", of(0), of(3), of(6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_umask_is_what_is_taken_away() {
        assert_eq!(parse("077", 0o022), Some(0o077));
        assert_eq!(parse("u=rwx,g=rx,o=", 0o022), Some(0o027));
        assert_eq!(parse("g+w", 0o022), Some(0o002));
        assert_eq!(parse("o-r", 0o022), Some(0o026));
        assert_eq!(parse("1777", 0o022), None);
        assert_eq!(parse("x", 0o022), None);
        assert_eq!(symbolic(0o027), "u=rwx,g=rx,o=");
    }
}
