//! Users and groups by name, read from `/etc`.
//!
//! Not from the C library: a statically linked program has none of its name services.

use std::fs;

/// The users and groups there are.
#[derive(Debug)]
pub(super) struct Names {
    users: Table,
    groups: Table,
}

/// Names with their numbers, in the order of the file.
#[derive(Debug)]
pub(super) struct Table(Vec<(String, u32)>);

impl Names {
    /// Those of this machine; none where a file can't be read.
    pub(super) fn of_this_machine() -> Self {
        let table = |path| Table::parse(&fs::read(path).unwrap_or_default());
        Self { users: table("/etc/passwd"), groups: table("/etc/group") }
    }

    pub(super) fn users(&self) -> &Table {
        &self.users
    }

    pub(super) fn groups(&self) -> &Table {
        &self.groups
    }
}

impl Table {
    /// Both files have the name in the first field and the number in the third.
    fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let entry = |line: &str| {
            let mut fields = line.split(':');
            Some((fields.next()?.to_owned(), fields.nth(1)?.parse().ok()?))
        };
        Self(text.lines().filter_map(entry).collect())
    }

    /// The name of a number, or the number in digits.
    pub(super) fn name(&self, number: u32) -> String {
        match self.0.iter().find(|entry| entry.1 == number) {
            Some((name, _)) => name.clone(),
            None => number.to_string(),
        }
    }

    /// The number that a name or decimal digits stand for; the name goes first, as with chown(1).
    pub(super) fn number(&self, text: &str) -> Option<u32> {
        if let Some((_, number)) = self.0.iter().find(|entry| entry.0 == text) {
            return Some(*number);
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // The largest number means "leave it" to the kernel.
        text.parse().ok().filter(|number| digits && *number != u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_to_each_other() {
        let table = Table::parse(b"root:x:0:0::/root:/bin/sh\n# note\nuser:x:1000:1000\n7:x:8:\n");
        assert_eq!((table.name(0), table.name(1000), table.name(5)), text("root", "user", "5"));
        assert_eq!((table.number("user"), table.number("12")), (Some(1000), Some(12)));
        assert_eq!(table.number("7"), Some(8));
        for unknown in ["", "nobody", "-1", "+1", "4294967295", "4294967296", "# note"] {
            assert_eq!(table.number(unknown), None, "{unknown:?}");
        }
    }

    fn text(a: &str, b: &str, c: &str) -> (String, String, String) {
        (a.to_owned(), b.to_owned(), c.to_owned())
    }
}
