//! Templates: the images that sandboxes are made from.

use std::sync::Arc;

/// A template. The three system templates exist and are read-only (TPL-03).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Id, such as `tpl-debian`.
    pub id: Arc<str>,
    /// Name, such as `system/debian:bookworm`.
    pub name: Arc<str>,
    /// Where commands start unless told otherwise; exists (PROC-04).
    pub workdir: &'static str,
    /// The user that commands run as.
    pub user: &'static str,
    /// That user's home directory; exists.
    pub home: &'static str,
}

impl Template {
    /// Finds a template by its exact name.
    pub fn by_name(name: &str) -> Option<Self> {
        let (id, name) = SYSTEM.iter().find(|(_, known)| *known == name)?;
        Some(Self {
            id: Arc::from(*id),
            name: Arc::from(*name),
            workdir: "/workspace",
            user: "user",
            home: "/home/user",
        })
    }

    /// The part of the name that names a snapshot whose maker gave it none (SNAP-CREATE-05):
    /// `system/debian:bookworm` gives `debian-bookworm`.
    pub fn slug(&self) -> String {
        let base = self.name.rsplit('/').next().unwrap_or(&self.name);
        base.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
    }

    /// The environment of every process, before the sandbox's own variables (SB-CREATE-11).
    pub fn env(&self) -> [(&'static str, &'static str); 5] {
        [
            ("HOME", self.home),
            ("LOGNAME", self.user),
            ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"),
            ("SHELL", "/bin/sh"),
            ("USER", self.user),
        ]
    }

    /// The names of all system templates.
    pub fn system_names() -> impl Iterator<Item = &'static str> {
        SYSTEM.iter().map(|(_, name)| *name)
    }
}

const SYSTEM: &[(&str, &str)] = &[
    ("tpl-debian", "system/debian:bookworm"),
    ("tpl-code-interpreter", "system/code-interpreter:v0.1.0"),
    ("tpl-desktop", "system/desktop:v0.1.0"),
];
