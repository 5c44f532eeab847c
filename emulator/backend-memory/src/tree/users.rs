//! The users and groups of the template, by name and number.

/// A user's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User(pub(crate) u32);

/// A group's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group(pub(crate) u32);

/// Name, number, group, home and shell of every user: those of Debian 12, and `user`, whose
/// commands run here. Nobody can change them, so they need not be read from `/etc/passwd`.
const USERS: &[(&str, u32, u32, &str, &str)] = &[
    ("root", 0, 0, "/root", "/bin/bash"),
    ("daemon", 1, 1, "/usr/sbin", "/usr/sbin/nologin"),
    ("bin", 2, 2, "/bin", "/usr/sbin/nologin"),
    ("sys", 3, 3, "/dev", "/usr/sbin/nologin"),
    ("mail", 8, 8, "/var/mail", "/usr/sbin/nologin"),
    ("www-data", 33, 33, "/var/www", "/usr/sbin/nologin"),
    ("nobody", 65534, 65534, "/nonexistent", "/usr/sbin/nologin"),
    ("user", 1000, 1000, "/home/user", "/bin/bash"),
];

/// Groups that are not named after the user with their number.
const GROUPS: &[(&str, u32)] =
    &[("adm", 4), ("tty", 5), ("disk", 6), ("sudo", 27), ("shadow", 42), ("users", 100)];

impl User {
    /// Who owns nothing.
    pub(crate) const NOBODY: Self = Self(65534);

    /// Finds a user by name or decimal number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let named = USERS.iter().find(|(name, ..)| *name == text).map(|(_, uid, ..)| *uid);
        named.or_else(|| number(text)).map(Self)
    }

    /// The name, or the number where there is none.
    pub(crate) fn name(self) -> String {
        let known = USERS.iter().find(|(_, uid, ..)| *uid == self.0);
        known.map_or_else(|| self.0.to_string(), |(name, ..)| (*name).to_owned())
    }
}

impl Group {
    /// Finds a group by name or decimal number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let named = groups().find(|(name, _)| *name == text).map(|(_, gid)| gid);
        named.or_else(|| number(text)).map(Self)
    }

    /// The name, or the number where there is none.
    pub(crate) fn name(self) -> String {
        let known = groups().find(|(_, gid)| *gid == self.0);
        known.map_or_else(|| self.0.to_string(), |(name, _)| name.to_owned())
    }
}

/// The text of `/etc/passwd`.
pub(crate) fn passwd() -> String {
    let line = |(name, uid, gid, home, shell): &(&str, u32, u32, &str, &str)| {
        format!("{name}:x:{uid}:{gid}:{name}:{home}:{shell}\n")
    };
    USERS.iter().map(line).collect::<Vec<_>>().concat()
}

/// The text of `/etc/group`.
pub(crate) fn group() -> String {
    groups().map(|(name, gid)| format!("{name}:x:{gid}:\n")).collect::<Vec<_>>().concat()
}

fn groups() -> impl Iterator<Item = (&'static str, u32)> {
    let own = USERS.iter().map(|(name, _, gid, ..)| {
        // Debian calls the group of `nobody` so.
        (if *name == "nobody" { "nogroup" } else { *name }, *gid)
    });
    own.chain(GROUPS.iter().copied())
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // The largest number means "leave it" to chown(2).
    text.parse().ok().filter(|number| digits && *number != u32::MAX)
}
