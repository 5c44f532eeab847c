//! What a file is known by.

use std::path::Path;

use crate::tree::Device;

/// The path that `operand` names from `cwd`. Its `..` are left for the tree to follow.
pub(super) fn absolute(cwd: &Path, operand: &str) -> String {
    match operand {
        // The empty name is that of nothing.
        "" => String::new(),
        absolute if absolute.starts_with('/') => absolute.to_owned(),
        relative => format!("{}/{relative}", cwd.to_string_lossy().trim_end_matches('/')),
    }
}

/// A number for what is at a real path: the same as long as it stays there. The tree has none.
pub(super) fn inode(path: &str) -> u64 {
    // FNV-1a, cut to the digits of a common inode number.
    let hash = path.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash % 100_000_000 + 12
}

/// Major and minor number.
pub(super) fn device_number(device: Device) -> (u32, u32) {
    match device {
        Device::Null => (1, 3),
        Device::Zero => (1, 5),
        Device::Full => (1, 7),
        Device::Random => (1, 9),
    }
}
