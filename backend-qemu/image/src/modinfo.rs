//! What a kernel module says it depends on.
//!
//! The list that `depmod` makes is not in Debian's package: it is made where that is installed. The
//! same fact is in each module, as `depends=a,b` in the section `.modinfo` of the object file.

/// The modules that this one needs; `None` if it is no module for a 64-bit little-endian machine.
pub(crate) fn depends(module: &[u8]) -> Option<Vec<String>> {
    let info = section(module, b".modinfo")?;
    let value = info.split(|&byte| byte == 0).find_map(|entry| entry.strip_prefix(b"depends="))?;
    let value = str::from_utf8(value).ok()?;
    Some(value.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// The content of an ELF section.
fn section<'a>(elf: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    elf.starts_with(b"\x7fELF\x02\x01").then_some(())?;
    let table = number(elf, 0x28, 8)?;
    let (size, count) = (number(elf, 0x3a, 2)?, number(elf, 0x3c, 2)?);
    let header = |index: usize| elf.get(table.checked_add(index.checked_mul(size)?)?..);
    let content = |index| {
        let header = header(index)?;
        let (offset, length) = (number(header, 0x18, 8)?, number(header, 0x20, 8)?);
        elf.get(offset..offset.checked_add(length)?)
    };
    let names = content(number(elf, 0x3e, 2)?)?;
    (0..count)
        .find(|&index| {
            let start = header(index).and_then(|header| number(header, 0, 4));
            let text = start.and_then(|start| names.get(start..));
            text.is_some_and(|text| {
                text.strip_prefix(name).is_some_and(|rest| rest.first() == Some(&0))
            })
        })
        .and_then(content)
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let field = bytes.get(at..at.checked_add(length)?)?;
    let value = field.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
    usize::try_from(value).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The smallest object file with such a section.
    pub(crate) fn module(info: &str) -> Vec<u8> {
        let names = b"\0.modinfo\0";
        let mut elf = b"\x7fELF\x02\x01".to_vec();
        elf.resize(0x40, 0);
        let table = 0x40 + names.len() + info.len();
        elf[0x28..0x30].copy_from_slice(&(table as u64).to_le_bytes());
        elf[0x3a] = 0x40; // size of a section header
        elf[0x3c] = 2; // sections
        elf[0x3e] = 0; // the one with the names
        elf.extend(names);
        elf.extend(info.as_bytes());
        for (name, offset, length) in
            [(0u32, 0x40, names.len()), (1, 0x40 + names.len(), info.len())]
        {
            let mut header = vec![0; 0x40];
            header[..4].copy_from_slice(&name.to_le_bytes());
            header[0x18..0x20].copy_from_slice(&(offset as u64).to_le_bytes());
            header[0x20..0x28].copy_from_slice(&(length as u64).to_le_bytes());
            elf.extend(header);
        }
        elf
    }

    #[test]
    fn the_names_are_read_from_among_the_other_entries() {
        let module = module("license=GPL\0depends=virtio,virtio_ring\0name=x\0");
        assert_eq!(depends(&module).unwrap(), ["virtio", "virtio_ring"]);
    }

    #[test]
    fn a_module_may_depend_on_nothing() {
        assert_eq!(depends(&module("license=GPL\0depends=\0")).unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_no_module_or_is_cut_off_is_refused() {
        assert_eq!(depends(b"#!/bin/sh\ndepends=a\n"), None);
        assert_eq!(depends(&module("license=GPL\0")), None);
        let whole = module("depends=a\0");
        for length in 0..whole.len() {
            let _ = depends(&whole[..length]); // no panic
        }
        assert_eq!(depends(&whole[..0x60]), None);
    }
}
