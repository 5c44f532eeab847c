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
        template::name_host(&mut tree, boot.identity.sandbox.as_str(), boot.identity.clock.now());
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
        Caller { uid: user.0, gid: user.0, now: self.boot.identity.clock.now() }
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

#[cfg(test)]
mod tests {
    use leap0_emulator_core::backend::Identity;
    use leap0_emulator_core::clock::{Clock as _, SystemClock};
    use leap0_emulator_core::id::SandboxId;
    use leap0_emulator_core::spec::{EnvVars, NetworkPolicy, Resources};
    use leap0_emulator_core::template::Template;

    use super::*;

    fn named(bits: u64) -> Boot {
        Boot {
            identity: Identity {
                sandbox: SandboxId::from_bits(bits),
                network: NetworkPolicy::default(),
                clock: Arc::new(SystemClock),
            },
            template: Template::by_name("system/debian:bookworm").unwrap(),
            resources: Resources::default(),
            env: EnvVars::default(),
        }
    }

    #[test]
    fn what_is_saved_and_resumed_is_the_same_tree_and_no_copy_of_it() {
        let settings = Settings::default();
        let template = template::tree(SystemClock.now());
        let live = Live::new(settings.clone(), named(1), &template);
        let saved = live.files.capture().unwrap();
        assert!(live.files.look(|tree| tree.is_same(&saved)));
        let again = Live::new(settings.clone(), named(1), &saved);
        assert!(again.files.look(|tree| tree.is_same(&saved)), "it has its name already");
        let paused = again.end(Ending::Paused).unwrap();
        assert!(paused.is_same(&saved));
        assert_eq!(again.end(Ending::Destroyed).unwrap_err(), Ending::Paused);
    }

    #[test]
    fn a_full_disk_does_not_keep_a_copy_from_its_own_name() {
        let settings = Settings::default();
        let template = template::tree(SystemClock.now());
        let resources = Resources { disk_mib: 0, ..Resources::default() };
        let live = Live::new(settings, Boot { resources, ..named(7) }, &template);
        let caller = live.caller();
        let name = format!("{}\n", SandboxId::from_bits(7));
        live.files.look(|tree| {
            assert!(tree.read("/etc/hostname", caller).unwrap().is(name.as_bytes()));
        });
    }
}
