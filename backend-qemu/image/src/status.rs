//! The packages that dpkg says are installed.

use crate::Package;

/// Reads `/var/lib/dpkg/status`.
pub(crate) fn packages(text: &str) -> Vec<Package> {
    let mut packages: Vec<_> = text.split("\n\n").filter_map(package).collect();
    packages.sort_by(|one, other| one.name.cmp(&other.name));
    packages
}

fn package(stanza: &str) -> Option<Package> {
    let field =
        |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    (field("Status")? == "install ok installed").then_some(())?;
    Some(Package { name: field("Package")?.to_owned(), version: field("Version")?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_packages_are_read_and_removed_ones_are_not() {
        let text = "Package: zlib1g\nStatus: install ok installed\nVersion: 1:1.2\n\
                    Description: x\n Version: no\n\n\
                    Package: old\nStatus: deinstall ok config-files\nVersion: 1\n\n\
                    Package: bash\nStatus: install ok installed\nVersion: 5.2\n";
        let found: Vec<_> =
            packages(text).into_iter().map(|package| (package.name, package.version)).collect();
        let expected = [("bash", "5.2"), ("zlib1g", "1:1.2")];
        assert_eq!(found, expected.map(|(name, version)| (name.to_owned(), version.to_owned())));
    }
}
