//! What reading a device gives.

use std::io;

use crate::tree::Device;

/// How much of an endless device a command gets that reads a file as a whole: most of the
/// interpreter's do. `head` and `dd` read exactly what they need.
pub(super) const READ_BYTES: usize = 1 << 20;

/// The next `bytes` of a device; nothing from one that is at its end.
pub(super) fn read(device: Device, bytes: usize) -> io::Result<Vec<u8>> {
    match device {
        Device::Null => Ok(Vec::new()),
        Device::Zero | Device::Full => Ok(vec![0; bytes]),
        Device::Random => {
            let mut random = vec![0; bytes];
            getrandom::fill(&mut random).map_err(io::Error::other)?;
            Ok(random)
        }
    }
}
