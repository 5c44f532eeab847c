//! The table of one-liners.

use serde::Deserialize;

const TEXT: &str = include_str!("one_liners.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    one_liner: Vec<OneLiner>,
}

/// A script, and what is known to be different about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneLiner {
    pub(crate) script: String,
    /// Why the fake answers otherwise than a real shell.
    pub(crate) differs: Option<String>,
    /// Why nobody is misled where the fake succeeds.
    pub(crate) harmless: Option<String>,
}

/// Reads the table.
pub(crate) fn read() -> Vec<OneLiner> {
    let table: Table = toml::from_str(TEXT).expect("the table is well-formed");
    for row in &table.one_liner {
        let reasoned = row.harmless.is_none() || row.differs.is_some();
        assert!(reasoned, "harmless is about a difference: {}", row.script);
    }
    table.one_liner
}
