//! What a machine may reach.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use leap0_emulator_core::spec::{NetworkMode, NetworkPolicy};

use crate::isolation::installed;
use crate::process::Process;

/// The program that gives a machine a way out, and the Debian package that has it.
pub(crate) const PASST: &str = "passt";
/// Its socket, in the machine's folder.
const SOCKET: &str = "net";
/// How long it may take to open it.
const START: Duration = Duration::from_secs(5);

/// The other end of a machine's network card. The card itself is always there, so that a memory
/// saved with one network can be restored with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Net {
    /// A hub with nothing else plugged in.
    Closed,
    /// `passt`, which waits on a socket in the machine's folder.
    Passt,
    /// QEMU's own user networking, which reaches the host's loopback too.
    User,
}

/// The way out that this host has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Networks {
    outside: Net,
}

impl Networks {
    /// Looks for the way out. QEMU's own is taken only by who asks for it: under its address
    /// 10.0.2.2 a sandbox reaches whatever listens on the host's loopback.
    pub(crate) fn find(insecure_user_net: bool) -> Self {
        let outside = match (insecure_user_net, installed(PASST)) {
            (true, _) => Net::User,
            (false, true) => Net::Passt,
            (false, false) => Net::Closed,
        };
        Self { outside }
    }

    /// Whether there is a way out.
    pub(crate) fn outside(self) -> bool {
        self.outside != Net::Closed
    }

    /// What a user should know.
    pub(crate) fn notes(self) -> Vec<String> {
        let outside = match self.outside {
            Net::Closed => format!(
                "No sandbox reaches a network: {PASST} is not installed (on Debian and Ubuntu it \
                 is in the package {PASST})."
            ),
            Net::Passt => "allow-all reaches what this host reaches, but not its loopback.".into(),
            Net::User => {
                "allow-all reaches what this host reaches, its loopback too (as 10.0.2.2), because \
                 of --insecure-user-net."
                    .into()
            }
        };
        vec![
            outside,
            "custom network policies are kept by letting nothing out: they are not enforced \
             address by address."
                .into(),
        ]
    }

    /// What a policy gives a machine. Lists are not enforced address by address, and are kept by
    /// letting nothing out.
    pub(crate) fn of(self, policy: &NetworkPolicy) -> Net {
        match policy.rules().mode {
            NetworkMode::AllowAll => self.outside,
            NetworkMode::DenyAll | NetworkMode::Custom => Net::Closed,
        }
    }
}

impl Net {
    /// The value of `-netdev`, given the option for a path in the machine's folder.
    pub(crate) fn argument(self, within: impl FnOnce(&str) -> String) -> String {
        match self {
            Self::Closed => "hubport,id=net,hubid=0".into(),
            Self::Passt => {
                format!("stream,id=net,server=off,addr.type=unix,addr.path={}", within(SOCKET))
            }
            Self::User => "user,id=net,net=10.0.2.0/24,host=10.0.2.2,dns=10.0.2.3".into(),
        }
    }

    /// Starts what the machine will connect to; `command` is for running [`PASST`].
    pub(crate) async fn start(
        self,
        folder: &Path,
        command: impl FnOnce() -> Command,
    ) -> io::Result<Option<Process>> {
        if self != Self::Passt {
            return Ok(None);
        }
        let socket = folder.join(SOCKET);
        let mut command = command();
        // No port of the host leads in, and the gateway's address does not lead to the host.
        command
            .args(["--foreground", "--one-off", "--quiet", "--stderr", "--ipv4-only"])
            .args(["--no-map-gw", "--tcp-ports", "none", "--udp-ports", "none"])
            .args(["--address", "10.0.2.15", "--netmask", "24", "--gateway", "10.0.2.2"])
            .args(["--dns-forward", "10.0.2.3", "--socket"])
            .arg(&socket)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("passt"))?);
        let process = Process::spawn(command).await?;
        let opened = async {
            while !socket.exists() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::select! {
            () = opened => Ok(Some(process)),
            exit = process.exited() => {
                let how = exit.map_or_else(|error| error.to_string(), |status| status.to_string());
                let said = std::fs::read_to_string(folder.join("passt")).unwrap_or_default();
                Err(io::Error::other(format!("{PASST}: {how}: {}", said.trim())))
            }
            () = tokio::time::sleep(START) => {
                Err(io::Error::other(format!("{PASST} opened no socket in {START:?}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use leap0_emulator_core::spec::NetworkRules;

    use super::*;

    #[test]
    fn only_allow_all_leads_out_and_only_where_there_is_a_way() {
        let policy = |mode| NetworkPolicy::new(NetworkRules { mode, ..NetworkRules::default() });
        for (outside, mode, net) in [
            (Net::Passt, NetworkMode::AllowAll, Net::Passt),
            (Net::User, NetworkMode::AllowAll, Net::User),
            (Net::Closed, NetworkMode::AllowAll, Net::Closed),
            (Net::Passt, NetworkMode::DenyAll, Net::Closed),
            (Net::User, NetworkMode::Custom, Net::Closed),
        ] {
            assert_eq!(Networks { outside }.of(&policy(mode)), net, "{outside:?} {mode:?}");
        }
    }
}
