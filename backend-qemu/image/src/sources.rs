//! Where Debian's packages come from.

use std::path::Path;

use crate::host::Host;
use crate::{ImageError, Recipe};

mod stanza;

use stanza::Stanza;

/// The keys that Debian signs its archive with.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const PUBLIC: &str = "http://deb.debian.org/debian";

/// Where Debian's packages come from, and how they are fetched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sources {
    /// Entries for apt, in the format of `.sources` files.
    pub(crate) text: String,
    /// Settings for apt: proxies and the like.
    pub(crate) settings: Vec<String>,
}

impl Sources {
    /// The mirror that was asked for; else what a Debian machine of this release uses itself, so
    /// that whatever works for the machine works here; else Debian's public archive.
    pub(crate) fn choose(
        host: &Host,
        recipe: &Recipe,
        mirror: Option<&str>,
    ) -> Result<Self, ImageError> {
        let stanzas = if let Some(mirror) = mirror {
            of_mirror(&checked(mirror)?, &recipe.suite)
        } else {
            let own = of_host(Path::new("/etc"), &recipe.suite);
            if own.is_empty() { of_mirror(PUBLIC, &recipe.suite) } else { own }
        };
        let keyring = Path::new(KEYRING);
        if !keyring.exists() && stanzas.iter().any(|stanza| stanza.signed_by == KEYRING) {
            return Err(ImageError::MissingKeyring(keyring.to_owned()));
        }
        let text = stanzas.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        Ok(Self { text, settings: settings(host) })
    }
}

fn checked(mirror: &str) -> Result<String, ImageError> {
    let schemes = ["http://", "https://", "file:/"];
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_graphic() && !"\"'\\[]".contains(c));
    if schemes.iter().any(|scheme| mirror.starts_with(scheme)) && plain(mirror) {
        Ok(mirror.trim_end_matches('/').to_owned())
    } else {
        Err(ImageError::BadMirror(mirror.to_owned()))
    }
}

/// A mirror at `…/debian` is expected to have the security updates at `…/debian-security`, as
/// Debian's own has; any other is used without them.
fn of_mirror(mirror: &str, suite: &str) -> Vec<Stanza> {
    let stanza = |uri: String, suites: Vec<String>| Stanza {
        uris: uri,
        suites,
        signed_by: KEYRING.to_owned(),
        trusted: false,
    };
    let mut stanzas =
        vec![stanza(mirror.to_owned(), vec![suite.to_owned(), format!("{suite}-updates")])];
    if mirror.ends_with("/debian") {
        stanzas.push(stanza(format!("{mirror}-security"), vec![format!("{suite}-security")]));
    }
    stanzas
}

/// What a Debian machine of this release has configured for it; nothing on any other.
fn of_host(etc: &Path, suite: &str) -> Vec<Stanza> {
    let release = Host::read(etc.join("os-release"));
    let says = |line: String| release.lines().any(|known| known.replace('"', "") == line);
    if !says("ID=debian".to_owned()) || !says(format!("VERSION_CODENAME={suite}")) {
        return Vec::new();
    }
    let apt = etc.join("apt");
    let mut files = vec![apt.join("sources.list")];
    if let Ok(parts) = apt.join("sources.list.d").read_dir() {
        files.extend(parts.flatten().map(|part| part.path()));
    }
    files.sort();
    let mut stanzas = Vec::new();
    for file in files {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => stanzas.extend(stanza::one_line(&Host::read(file))),
            Some("sources") => stanzas.extend(stanza::deb822(&Host::read(file))),
            _ => {}
        }
    }
    let wanted = [suite.to_owned(), format!("{suite}-updates"), format!("{suite}-security")];
    for stanza in &mut stanzas {
        stanza.suites.retain(|suite| wanted.contains(suite));
    }
    stanzas.retain(|stanza| !stanza.suites.is_empty());
    // Updates alone are no release.
    let complete = stanzas.iter().any(|stanza| stanza.suites.iter().any(|known| known == suite));
    if complete { stanzas } else { Vec::new() }
}

/// How this machine fetches packages. Of the rest of its settings nothing may reach the image.
fn settings(host: &Host) -> Vec<String> {
    let mut settings =
        vec![r#"Acquire::Languages "none";"#.into(), r#"APT::Install-Recommends "false";"#.into()];
    if let Ok(output) = host.command("apt-config").args(["dump", "Acquire"]).output() {
        let dump = String::from_utf8_lossy(&output.stdout);
        settings.extend(dump.lines().filter(|line| passed_on(line)).map(str::to_owned));
    }
    settings
}

fn passed_on(line: &str) -> bool {
    ["::http", "::https", "::ftp", "::Retries", "::Check-", "::ForceIPv", "::By-Hash"]
        .iter()
        .any(|name| line.starts_with(&format!("Acquire{name}")))
        && line.ends_with("\";")
        && !line.ends_with("\"\";")
}

#[cfg(test)]
mod tests;
