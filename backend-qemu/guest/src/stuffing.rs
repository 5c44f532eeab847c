//! Byte stuffing (COBS): any bytes become bytes without a zero, at a cost of one in 254.
//!
//! Written here because the bytes pass through an emulated processor: this goes block by block,
//! where the usual crates go byte by byte.

use memchr::memchr;

/// Most bytes of one block. Its length is told by one byte, in which zero is taken.
const BLOCK: usize = 254;

/// Appends `data` to `out`, stuffed.
pub(crate) fn stuff(mut data: &[u8], out: &mut Vec<u8>) {
    out.reserve(data.len() + data.len() / BLOCK + 2);
    loop {
        // Runs of zeros are common, and a search for each of them a waste.
        let zeros = data.iter().take_while(|byte| **byte == 0).count();
        out.resize(out.len() + zeros, 1);
        data = &data[zeros..];
        let window = &data[..data.len().min(BLOCK)];
        let zero = memchr(0, window);
        let block = &window[..zero.unwrap_or(window.len())];
        let code = block.len() + 1;
        out.push(u8::try_from(code).expect("a block has at most 254 bytes"));
        out.extend_from_slice(block);
        match zero {
            Some(at) => data = &data[at + 1..],
            None if block.len() == BLOCK => data = &data[BLOCK..],
            None => return,
        }
    }
}

/// Undoes [`stuff`] in place. `None` for what it can't have written.
pub(crate) fn unstuff(bytes: &mut [u8]) -> Option<&mut [u8]> {
    let (mut from, mut to) = (0, 0);
    while from < bytes.len() {
        let code = usize::from(bytes[from]);
        let block = from + 1..from + code;
        if code == 0 || block.end > bytes.len() {
            return None;
        }
        let length = block.len();
        from = block.end;
        bytes.copy_within(block, to);
        to += length;
        // A full block has no zero behind it, and the end of the data is no zero either.
        if length < BLOCK && from < bytes.len() {
            bytes[to] = 0;
            to += 1;
        }
    }
    Some(&mut bytes[..to])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stuffed(data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        stuff(data, &mut out);
        out
    }

    #[test]
    fn the_published_examples_come_out() {
        for (data, expected) in [
            (&[][..], &[1][..]),
            (&[0], &[1, 1]),
            (&[0, 0], &[1, 1, 1]),
            (&[0x11, 0x22, 0, 0x33], &[3, 0x11, 0x22, 2, 0x33]),
            (&[0x11, 0, 0, 0], &[2, 0x11, 1, 1, 1]),
        ] {
            assert_eq!(stuffed(data), expected);
        }
    }

    #[test]
    fn a_block_that_is_just_full_comes_back() {
        for length in BLOCK - 2..=2 * BLOCK + 2 {
            for last in [0, 1] {
                let mut data = vec![7; length];
                data.push(last);
                let mut bytes = stuffed(&data);
                assert!(!bytes.contains(&0));
                assert_eq!(unstuff(&mut bytes).as_deref(), Some(&data[..]));
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_stuffed_holds_no_zero_and_comes_back(
            data in prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..2000),
        ) {
            let mut bytes = stuffed(&data);
            prop_assert!(!bytes.contains(&0));
            let back = unstuff(&mut bytes);
            prop_assert_eq!(back.as_deref(), Some(&data[..]));
        }

        #[test]
        fn rubbish_does_no_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            unstuff(&mut bytes);
        }
    }
}
