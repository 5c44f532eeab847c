//! Entries of apt's source lists, as far as they lead to Debian's packages.

use std::fmt;

/// An entry for binary packages of Debian's main part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stanza {
    pub(super) uris: String,
    pub(super) suites: Vec<String>,
    /// A file of keys, or the key itself with all its lines; may be empty.
    pub(super) signed_by: String,
    pub(super) trusted: bool,
}

impl fmt::Display for Stanza {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { uris, suites, signed_by, trusted } = self;
        writeln!(f, "Types: deb\nURIs: {uris}\nSuites: {}\nComponents: main", suites.join(" "))?;
        if !signed_by.is_empty() {
            writeln!(f, "Signed-By: {signed_by}")?;
        }
        if *trusted {
            writeln!(f, "Trusted: yes")?;
        }
        Ok(())
    }
}

/// The entries of a `.sources` file.
pub(super) fn deb822(text: &str) -> Vec<Stanza> {
    let text: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    text.split(|line| line.trim().is_empty()).filter_map(stanza).collect()
}

fn stanza(lines: &[&str]) -> Option<Stanza> {
    let field = |name: &str| {
        let first = lines.iter().position(|line| {
            line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
        })?;
        let mut value = lines[first].split_once(':')?.1.trim().to_owned();
        for line in lines[first + 1..].iter().take_while(|line| line.starts_with([' ', '\t'])) {
            value.push('\n');
            value.push_str(line);
        }
        Some(value)
    };
    let words = |name| {
        let value = field(name).unwrap_or_default();
        value.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let has = |name, word: &str| words(name).iter().any(|known| known == word);
    if has("Enabled", "no") || !has("Types", "deb") || !has("Components", "main") {
        return None;
    }
    let uris = words("URIs");
    Some(Stanza {
        uris: fetchable(uris)?,
        suites: words("Suites"),
        signed_by: field("Signed-By").unwrap_or_default(),
        trusted: has("Trusted", "yes"),
    })
}

/// The entries of a `.list` file: `deb [option=value …] uri suite component …`.
pub(super) fn one_line(text: &str) -> Vec<Stanza> {
    text.lines().filter_map(entry).collect()
}

fn entry(line: &str) -> Option<Stanza> {
    let line = line.split('#').next()?;
    let mut rest = line.trim().strip_prefix("deb")?;
    if !rest.starts_with([' ', '\t']) {
        return None;
    }
    let mut options = "";
    if let Some(bracket) = rest.trim_start().strip_prefix('[') {
        (options, rest) = bracket.split_once(']')?;
    }
    let option = |name: &str| {
        options.split_whitespace().find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    };
    let mut words = rest.split_whitespace().map(str::to_owned);
    let (uri, suite) = (words.next()?, words.next()?);
    words.any(|component| component == "main").then_some(())?;
    Some(Stanza {
        uris: fetchable(vec![uri])?,
        suites: vec![suite],
        signed_by: option("signed-by").unwrap_or_default().to_owned(),
        trusted: option("trusted") == Some("yes"),
    })
}

/// The addresses without those of discs in a drive.
fn fetchable(mut uris: Vec<String>) -> Option<String> {
    uris.retain(|uri| !uri.starts_with("cdrom:"));
    (!uris.is_empty()).then(|| uris.join(" "))
}
