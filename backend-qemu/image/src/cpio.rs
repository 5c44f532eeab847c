//! Archives in the format that the kernel unpacks before it starts `/init`: cpio, "newc".

use std::fmt::Write as _;

/// An archive in the making. Everything in it belongs to root and is as old as can be, so that the
/// same content gives the same bytes.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_644;

impl Archive {
    /// Adds a folder; its parent is in the archive, or is the root.
    pub(crate) fn folder(&mut self, path: &str) {
        self.entry(path, FOLDER, 2, &[]);
    }

    /// Adds a file; its folder is in the archive.
    pub(crate) fn file(&mut self, path: &str, content: &[u8]) {
        self.entry(path, FILE, 1, content);
    }

    /// The archive. The kernel wants what follows it at a multiple of 4; most tools write blocks of
    /// 512 bytes.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.entries = u32::MAX; // The trailer has the inode number 0.
        self.entry("TRAILER!!!", 0, 1, &[]);
        self.pad(512);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, links: u32, content: &[u8]) {
        self.entries = self.entries.wrapping_add(1);
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("no module has 4 GiB");
        let mut header = String::from("070701");
        for field in [
            self.entries, // inode
            mode,
            0, // user
            0, // group
            links,
            0, // time
            length(content),
            0, // device of the file system
            0,
            0, // device
            0,
            length(path.as_bytes()) + 1,
            0, // checksum, unused
        ] {
            let _ = write!(header, "{field:08X}");
        }
        self.bytes.extend(header.as_bytes());
        self.bytes.extend(path.as_bytes());
        self.bytes.push(0);
        self.pad(4);
        self.bytes.extend(content);
        self.pad(4);
    }

    fn pad(&mut self, to: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(to), 0);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    fn archive() -> Vec<u8> {
        let mut archive = Archive::default();
        archive.folder("modules");
        archive.file("modules/00-a.ko", b"hello");
        archive.finish()
    }

    #[test]
    fn the_bytes_are_those_of_the_format() {
        let zero = "00000000";
        let expected = [
            format!("070701{:08X}{:08X}{zero}{zero}{:08X}", 1, 0o040_755, 2),
            format!("{zero}{zero}{zero}{zero}{zero}{zero}{:08X}{zero}modules\0\0\0", 8),
            format!("070701{:08X}{:08X}{zero}{zero}{:08X}", 2, 0o100_644, 1),
            format!("{zero}{:08X}{zero}{zero}{zero}{zero}{:08X}{zero}", 5, 16),
            "modules/00-a.ko\0\0\0hello\0\0\0".to_owned(),
            format!("070701{zero}{zero}{zero}{zero}{:08X}", 1),
            format!("{zero}{zero}{zero}{zero}{zero}{zero}{:08X}{zero}TRAILER!!!\0", 11),
        ]
        .concat();
        let bytes = archive();
        assert_eq!(bytes.len() % 512, 0);
        let (head, padding) = bytes.split_at(expected.len());
        assert_eq!(str::from_utf8(head).unwrap(), expected);
        assert!(padding.iter().all(|&byte| byte == 0));
    }

    #[test]
    fn the_cpio_program_reads_it_where_there_is_one() {
        let Ok(mut child) = Command::new("cpio")
            .args(["--list", "--quiet"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
        else {
            eprintln!("skipped: no cpio program here");
            return;
        };
        child.stdin.take().unwrap().write_all(&archive()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "modules\nmodules/00-a.ko\n");
    }
}
