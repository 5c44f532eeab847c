//! How files of several users come about: as root, or in a user namespace.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::ImageError;
use crate::host::Host;

/// Users that the new system needs.
const IDS: u64 = 65536;

/// What this process may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Privilege {
    /// Everything.
    Root,
    /// What the system lends to an ordinary user.
    Ordinary {
        /// The user.
        uid: u32,
    },
}

impl Privilege {
    pub(crate) fn of_this_process() -> Result<Self, ImageError> {
        let own = fs::metadata("/proc/self").map_err(ImageError::file("read", "/proc/self"))?;
        Ok(match own.uid() {
            0 => Self::Root,
            uid => Self::Ordinary { uid },
        })
    }

    /// How mmdebstrap calls it.
    pub(crate) fn mode(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Ordinary { .. } => "unshare",
        }
    }

    /// The programs that it takes, and their packages.
    pub(crate) fn tools(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Root => &[],
            Self::Ordinary { .. } => {
                &[("fakeroot", "fakeroot"), ("newgidmap", "uidmap"), ("newuidmap", "uidmap")]
            }
        }
    }
}

/// Whether it is enough here; if not, what is missing and how to get it.
pub(crate) fn check(host: &Host) -> Result<(), String> {
    let Privilege::Ordinary { uid } = host.privilege else { return Ok(()) };
    let id = host.command("id").arg("-un").output();
    let user = id.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let user = user.unwrap_or_default();
    for file in ["/etc/subuid", "/etc/subgid"] {
        if !lends(&Host::read(file), &user, uid) {
            let user = if user.is_empty() { uid.to_string() } else { user };
            return Err(format!(
                "{file} lends user {user} no {IDS} ids (`sudo usermod --add-subuids \
                 100000-165535 --add-subgids 100000-165535 {user}` adds them)"
            ));
        }
    }
    match host.command("unshare").args(["--user", "true"]).output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err("the kernel allows this user no user namespaces".to_owned()),
    }
}

/// Whether root can keep what it mounts to itself. mmdebstrap mounts the system's own folders into
/// the new one; interrupted, it would leave them there for whoever removes it. Where this is
/// forbidden, mounting is too, and mmdebstrap does without.
pub(crate) fn has_mounts_of_its_own(host: &Host) -> bool {
    host.privilege == Privilege::Root
        && host
            .command("unshare")
            .args(["--mount", "true"])
            .output()
            .is_ok_and(|output| output.status.success())
}

/// Whether this file of `user:first:count` lines has enough for the user.
fn lends(text: &str, user: &str, uid: u32) -> bool {
    let uid = uid.to_string();
    text.lines().any(|line| {
        let mut fields = line.trim().split(':');
        let owner = fields.next().unwrap_or_default();
        let count = fields.nth(1).and_then(|count| count.parse().ok()).unwrap_or(0);
        !owner.is_empty() && (owner == user || owner == uid) && count >= IDS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_lent_by_name_or_by_number_and_must_be_enough() {
        assert!(lends("root:1:2\nann:100000:65536\n", "ann", 1000));
        assert!(lends("1000:100000:65536\n", "ann", 1000));
        assert!(!lends("ann:100000:1000\n", "ann", 1000));
        assert!(!lends("anna:100000:65536\n", "ann", 1000));
        assert!(!lends("", "", 1000));
    }
}
