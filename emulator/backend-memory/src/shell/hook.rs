//! What happens between any two commands of a script.

use std::sync::Arc;

use bashkit::hooks::{HookAction, Interceptor, ToolEvent};

use super::script::Script;

/// Waits while a snapshot is taken (PROC-11), and looks after what the interpreter does not: the
/// umask, and links that are not symbolic.
pub(super) fn between_commands(script: Arc<Script>) -> Interceptor<ToolEvent> {
    Box::new(move |event| {
        if !script.is_over() {
            script.live.gate.pass();
        }
        match event.name.as_str() {
            "umask" => {
                if let Some(umask) = octal(&event.args) {
                    script.set_umask(umask);
                }
            }
            "ln" if is_hard(&event.args) => return refuse(&script, "ln"),
            "link" => return refuse(&script, "link"),
            _ => {}
        }
        HookAction::Continue(event)
    })
}

/// The interpreter would make a symbolic link of it, which is another thing.
fn refuse(script: &Script, name: &str) -> HookAction<ToolEvent> {
    script.stderr.take(format!("{name}: hard links are not supported here\n").as_bytes());
    HookAction::Cancel("hard link".to_owned())
}

/// Whether `ln` is asked for a hard link.
fn is_hard(args: &[String]) -> bool {
    !args.iter().take_while(|arg| *arg != "--").any(|arg| {
        let short = arg.starts_with('-') && !arg.starts_with("--") && arg.contains('s');
        short || arg == "--symbolic" || arg == "--help" || arg == "--version"
    })
}

fn octal(args: &[String]) -> Option<u32> {
    u32::from_str_radix(args.first()?, 8).ok()
}
