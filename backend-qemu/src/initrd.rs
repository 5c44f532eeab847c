//! The first file system of a booting machine: our program as `/init`.

/// A cpio archive (`newc`) that holds the program as `/init`, to stand before the image's archive
/// of kernel modules: the kernel unpacks one after the other.
pub(crate) fn archive(program: &[u8]) -> Vec<u8> {
    let mut archive = Vec::with_capacity(program.len() + 512);
    entry(&mut archive, "init", 0o100_755, program);
    entry(&mut archive, "TRAILER!!!", 0, &[]);
    // The next archive begins at a multiple of four; the kernel skips zeros.
    archive.resize(archive.len().next_multiple_of(512), 0);
    archive
}

fn entry(archive: &mut Vec<u8>, name: &str, mode: u32, data: &[u8]) {
    // Inode, mode, owner, group, links, time, size, device and special numbers, length of the
    // name with its zero, and a check sum that this format leaves 0.
    let fields = [1, mode, 0, 0, 1, 0, length(data), 0, 0, 0, 0, length(name.as_bytes()) + 1, 0];
    archive.extend_from_slice(b"070701");
    for field in fields {
        archive.extend_from_slice(format!("{field:08x}").as_bytes());
    }
    archive.extend_from_slice(name.as_bytes());
    archive.push(0);
    archive.resize(archive.len().next_multiple_of(4), 0);
    archive.extend_from_slice(data);
    archive.resize(archive.len().next_multiple_of(4), 0);
}

fn length(data: &[u8]) -> u32 {
    u32::try_from(data.len()).expect("a program is below 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_aligned_and_ends_with_its_trailer() {
        let archive = archive(b"abc");
        assert_eq!(archive.len() % 512, 0);
        let header = "070701000000010000 81ed".replace(' ', "");
        assert!(archive.starts_with(header.as_bytes()), "{:?}", &archive[..32]);
        let text = String::from_utf8_lossy(&archive);
        assert!(text.contains("init\0"));
        assert!(text.contains("abc\0"));
        assert!(text.contains("TRAILER!!!\0"));
    }
}
