//! Telling things apart by their bytes.

/// 128 bits of FNV-1a over everything that is put in: enough to tell things of ours apart, and no
/// more than that.
#[derive(Debug)]
pub(crate) struct Fingerprint(u128);

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    /// With more bytes put in.
    #[must_use]
    pub(crate) fn with(mut self, bytes: &[u8]) -> Self {
        for byte in bytes {
            self.0 ^= u128::from(*byte);
            self.0 = self.0.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
        self
    }

    pub(crate) fn finish(self) -> u128 {
        self.0
    }
}
