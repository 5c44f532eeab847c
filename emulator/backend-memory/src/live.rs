//! What a live machine is made of.

use std::sync::Arc;
use std::time::Duration;

use leap0_emulator_core::backend::{Boot, Ending};
use tokio::sync::{Mutex, Semaphore, watch};

use crate::backend::Settings;
use crate::files::Files;
use crate::gate::Gate;
use crate::shell;
use crate::template;
use crate::tree::{Caller, Space, Tree, User};

/// How long a snapshot waits for scripts to come between two of their commands. What then still
/// runs is one long command, such as `sleep`; the tree is consistent under its lock all the same.
pub(crate) const SETTLE: Duration = Duration::from_millis(50);

const MIB: u64 = 1 << 20;

/// A live machine. Its commands hold it too, so that they outlive their callers.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) settings: Settings,
    pub(crate) boot: Boot,
    pub(crate) files: Files,
    pub(crate) gate: Gate,
    /// Room for commands that run at once.
    pub(crate) slots: Arc<Semaphore>,
    /// How it ended, for those who wait for something.
    pub(crate) ended: watch::Sender<Option<Ending>>,
    /// Held while a snapshot is taken: one at a time.
    pub(crate) snapshot: Mutex<()>,
}

impl Live {
    /// Starts a machine on `tree`, under the name and within the bounds of `boot`.
    pub(crate) fn new(settings: Settings, boot: Boot, tree: &Tree) -> Self {
        let space = Space {
            disk: u64::from(boot.resources.disk_mib) * MIB,
            // As tmpfs does when nobody says how much.
            memory: u64::from(boot.resources.memory_mib) * MIB / 2,
        };
        let mut tree = tree.with_space(space);
        template::name_host(&mut tree, boot.identity.sandbox.as_str(), settings.clock.now());
        Self {
            settings,
            boot,
            files: Files::new(tree),
            gate: Gate::default(),
            slots: Arc::new(Semaphore::new(shell::COMMANDS_AT_ONCE)),
            ended: watch::Sender::new(None),
            snapshot: Mutex::new(()),
        }
    }

    /// The user that commands and filesystem operations act for, now.
    pub(crate) fn caller(&self) -> Caller {
        let user = User::parse(self.boot.template.user).unwrap_or(User::NOBODY);
        Caller { uid: user.0, gid: user.0, now: self.settings.clock.now() }
    }

    /// Ends the machine, and with it every command: they can't change anything from here on.
    /// `Err` with how it ended earlier.
    pub(crate) fn end(&self, ending: Ending) -> Result<Tree, Ending> {
        let tree = self.files.end(ending)?;
        self.ended.send_replace(Some(ending));
        self.gate.end();
        Ok(tree)
    }
}
