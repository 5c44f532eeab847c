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

/// Major and minor number.
pub(super) fn device_number(device: Device) -> (u32, u32) {
    match device {
        Device::Null => (1, 3),
        Device::Zero => (1, 5),
        Device::Full => (1, 7),
        Device::Random => (1, 9),
    }
}
