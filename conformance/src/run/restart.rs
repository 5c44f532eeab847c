//! Stopping a target and starting it again, the way the suite was told.

use std::fmt;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// A way to restart a target.
#[derive(Clone)]
pub(crate) enum Restart {
    /// A command of the shell. It returns when the target has ended, or later.
    Command(String),
    /// A server of this process.
    Inside(Arc<dyn Fn() + Send + Sync>),
}

impl fmt::Debug for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(command) => f.debug_tuple("Command").field(command).finish(),
            Self::Inside(_) => f.write_str("Inside"),
        }
    }
}

impl Restart {
    /// Does it. The target need not answer yet when this returns.
    pub(crate) async fn run(&self) -> Result<(), String> {
        match self {
            Self::Inside(restart) => {
                restart();
                Ok(())
            }
            Self::Command(command) => {
                // What it starts lives on, so that it must not hold this program's output.
                let mut shell = Command::new("sh");
                shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null());
                let ran = tokio::task::spawn_blocking(move || shell.status()).await;
                match ran.map_err(|error| error.to_string())? {
                    Ok(status) if status.success() => Ok(()),
                    Ok(status) => Err(format!("{command}: {status}")),
                    Err(error) => Err(format!("{command}: {error}")),
                }
            }
        }
    }
}
