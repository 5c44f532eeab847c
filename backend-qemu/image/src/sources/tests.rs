use std::fs;

use super::*;

/// An `/etc` of a machine with that release and those files in `apt`.
fn etc(os_release: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let etc = tempfile::tempdir().unwrap();
    fs::create_dir_all(etc.path().join("apt/sources.list.d")).unwrap();
    fs::write(etc.path().join("os-release"), os_release).unwrap();
    for (name, text) in files {
        fs::write(etc.path().join("apt").join(name), text).unwrap();
    }
    etc
}

fn text(stanzas: &[Stanza]) -> String {
    stanzas.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

const BOOKWORM: &str =
    "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_CODENAME=bookworm\n";

#[test]
fn a_debian_machine_of_the_release_gives_its_own_sources_and_nothing_else() {
    let etc = etc(
        BOOKWORM,
        &[
            (
                "sources.list.d/debian.sources",
                "Types: deb deb-src\n# comment\nURIs: http://mirror.example/debian\n\
                 Suites: bookworm bookworm-updates bookworm-backports\n\
                 Components: main contrib\nSigned-By: /keys/debian.gpg\n\n\
                 Types: deb\nURIs: http://mirror.example/security\nSuites: bookworm-security\n\
                 Components: main\nEnabled: no\n",
            ),
            (
                "sources.list.d/other.sources",
                "Types: deb\nURIs: https://tools.example\nSuites: stable\nComponents: main\n",
            ),
            (
                "sources.list",
                "deb cdrom:[Debian 12]/ bookworm main\n# deb http://old bookworm main\n\
                 deb [arch=amd64 signed-by=/k.gpg] http://sec.example bookworm-security main # x\n\
                 deb-src http://src.example bookworm main\n",
            ),
        ],
    );
    assert_eq!(
        text(&of_host(etc.path(), "bookworm")),
        "Types: deb\nURIs: http://sec.example\nSuites: bookworm-security\nComponents: main\n\
         Signed-By: /k.gpg\n\n\
         Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\n\
         Components: main\nSigned-By: /keys/debian.gpg\n"
    );
}

#[test]
fn a_key_that_is_written_out_stays_whole() {
    let source = "Types: deb\nURIs: http://m\nSuites: bookworm\nComponents: main\n\
                  Signed-By:\n -----BEGIN\n .\n abc\n";
    let etc = etc(BOOKWORM, &[("sources.list.d/d.sources", source)]);
    let stanzas = text(&of_host(etc.path(), "bookworm"));
    assert!(stanzas.ends_with("Signed-By: \n -----BEGIN\n .\n abc\n"), "{stanzas}");
}

#[test]
fn other_machines_and_incomplete_sources_give_none() {
    let list = ("sources.list", "deb http://m bookworm main\n");
    let trixie = etc("ID=debian\nVERSION_CODENAME=trixie\n", &[list]);
    let ubuntu = etc("ID=ubuntu\nVERSION_CODENAME=bookworm\n", &[list]);
    let updates = etc(BOOKWORM, &[("sources.list", "deb http://m bookworm-updates main\n")]);
    for etc in [trixie, ubuntu, updates] {
        assert_eq!(of_host(etc.path(), "bookworm"), []);
    }
}

#[test]
fn a_mirror_of_debians_shape_brings_its_security_updates() {
    let stanzas = of_mirror(&checked("https://m.example/debian/").unwrap(), "bookworm");
    assert_eq!(stanzas.len(), 2);
    assert_eq!(stanzas[1].uris, "https://m.example/debian-security");
    assert_eq!(stanzas[1].suites, ["bookworm-security"]);
    assert_eq!(of_mirror("http://m.example/copy", "bookworm").len(), 1);
}

#[test]
fn a_mirror_that_is_no_address_is_refused() {
    for mirror in ["", "deb.debian.org", "http://a b/debian", "http://a\nTrusted: yes", "ftp://a"] {
        assert!(matches!(checked(mirror), Err(ImageError::BadMirror(_))), "{mirror:?}");
    }
}

#[test]
fn settings_of_the_network_are_passed_on_and_others_are_not() {
    assert!(passed_on(r#"Acquire::http::Proxy "http://proxy:3128";"#));
    assert!(passed_on(r#"Acquire::Check-Valid-Until "false";"#));
    assert!(!passed_on(r#"Acquire::http "";"#));
    assert!(!passed_on(r#"Acquire::GzipIndexes "true";"#));
}
