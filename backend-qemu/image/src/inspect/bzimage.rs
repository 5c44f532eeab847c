//! Is this a kernel for a PC?

/// The header of Linux's boot protocol (`Documentation/arch/x86/boot.rst`): a magic word, and where
/// the text is that begins with the release.
pub(super) fn check(kernel: &[u8], release: &str) -> Result<(), String> {
    if kernel.get(0x202..0x206) != Some(b"HdrS") || kernel.get(0x1fe..0x200) != Some(b"\x55\xaa") {
        return Err("the kernel has no boot header of a PC".to_owned());
    }
    let start = usize::from(u16::from_le_bytes([kernel[0x20e], kernel[0x20f]])) + 0x200;
    let text = kernel.get(start..).unwrap_or_default();
    let text = text.split(|&byte| byte == 0 || byte == b' ').next().unwrap_or_default();
    if text != release.as_bytes() {
        let text = String::from_utf8_lossy(text);
        return Err(format!("the kernel says that it is {text:?}, not {release}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(release: &str) -> Vec<u8> {
        let mut kernel = vec![0; 0x300];
        kernel[0x1fe..0x200].copy_from_slice(b"\x55\xaa");
        kernel[0x202..0x206].copy_from_slice(b"HdrS");
        kernel[0x20e..0x210].copy_from_slice(&0x100u16.to_le_bytes());
        kernel.extend(format!("{release} (debian) #1\0").bytes());
        kernel
    }

    #[test]
    fn a_kernel_is_known_by_its_header_and_by_its_release() {
        assert_eq!(check(&kernel("6.1.0-9-cloud-amd64"), "6.1.0-9-cloud-amd64"), Ok(()));
        assert!(check(&kernel("6.1.0-9"), "6.1.0-10").unwrap_err().contains("6.1.0-9"));
        assert!(check(&kernel("6.1.0")[..0x100], "6.1.0").is_err());
        assert!(check(&[0; 0x400], "").is_err());
    }
}
