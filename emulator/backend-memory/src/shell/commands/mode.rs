//! Permission bits in words: how `ls` shows them, and what `chmod` is told.

/// What `chmod` does to permission bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    To(u32),
    By(Vec<Clause>),
}

/// One clause of a symbolic mode, such as `go-w`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clause {
    /// The bits of the classes named, `s` and `t` among them; `None` is everyone within the umask.
    who: Option<u32>,
    operator: char,
    rights: Rights,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rights {
    /// Bits for every class.
    bits: u32,
    /// `X`: execute, for directories and what somebody may execute already.
    search: bool,
    /// The class that they are copied from, as the shift of its bits.
    copied: Option<u32>,
}

impl Change {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            let mode = u32::from_str_radix(text, 8).ok()?;
            return (mode <= 0o7777).then_some(Self::To(mode));
        }
        let mut clauses = Vec::new();
        for part in text.split(',') {
            let start = part.find(['+', '-', '='])?;
            let mut who = None;
            for class in part[..start].chars() {
                let bits = match class {
                    'u' => 0o4700,
                    'g' => 0o2070,
                    'o' => 0o1007,
                    'a' => 0o7777,
                    _ => return None,
                };
                who = Some(who.unwrap_or(0) | bits);
            }
            let mut rest = &part[start..];
            while let Some(operator) = rest.chars().next() {
                let end = rest[1..].find(['+', '-', '=']).map_or(rest.len(), |end| end + 1);
                clauses.push(Clause { who, operator, rights: Rights::parse(&rest[1..end])? });
                rest = &rest[end..];
            }
        }
        Some(Self::By(clauses))
    }

    /// The bits that it makes of `mode`.
    pub(super) fn apply(&self, mode: u32, is_directory: bool, umask: u32) -> u32 {
        match self {
            // A directory keeps `s` bits that four digits do not name.
            Self::To(to) if is_directory => (mode & 0o6000) | to,
            Self::To(to) => *to,
            Self::By(clauses) => clauses.iter().fold(mode, |mode, clause| {
                let who = clause.who.unwrap_or(0o7777 & !umask);
                let rights = &clause.rights;
                let mut bits = rights.bits;
                if rights.search && (is_directory || mode & 0o111 != 0) {
                    bits |= 0o111;
                }
                if let Some(shift) = rights.copied {
                    bits |= ((mode >> shift) & 7) * 0o111;
                }
                let bits = bits & who;
                match clause.operator {
                    '+' => mode | bits,
                    '-' => mode & !bits,
                    _ => {
                        let kept = if is_directory { 0o6000 } else { 0 };
                        (mode & (!clause.who.unwrap_or(0o7777) | kept)) | bits
                    }
                }
            }),
        }
    }
}

impl Rights {
    fn parse(text: &str) -> Option<Self> {
        let mut rights = Self { bits: 0, search: false, copied: None };
        match text {
            "u" => rights.copied = Some(6),
            "g" => rights.copied = Some(3),
            "o" => rights.copied = Some(0),
            letters => {
                for letter in letters.chars() {
                    match letter {
                        'r' => rights.bits |= 0o444,
                        'w' => rights.bits |= 0o222,
                        'x' => rights.bits |= 0o111,
                        'X' => rights.search = true,
                        's' => rights.bits |= 0o6000,
                        't' => rights.bits |= 0o1000,
                        _ => return None,
                    }
                }
            }
        }
        Some(rights)
    }
}

/// Nine letters for permission bits, with `s`, `S`, `t` and `T`.
pub(super) fn rights(mode: u32) -> String {
    let mut text = String::with_capacity(9);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (bits & 1 != 0, mode & special != 0) {
            (true, false) => 'x',
            (false, false) => '-',
            (true, true) => letter,
            (false, true) => letter.to_ascii_uppercase(),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str, mode: u32, is_directory: bool) -> Option<u32> {
        Change::parse(text).map(|change| change.apply(mode, is_directory, 0o022))
    }

    #[test]
    fn bits_are_shown_as_ls_shows_them() {
        assert_eq!(rights(0o754), "rwxr-xr--");
        assert_eq!(rights(0o1777), "rwxrwxrwt");
        assert_eq!(rights(0o6644), "rwSr-Sr--");
        assert_eq!(rights(0o4755), "rwsr-xr-x");
    }

    #[test]
    fn modes_are_octal_or_symbolic() {
        assert_eq!(changed("640", 0o777, false), Some(0o640));
        assert_eq!(changed("u=rwX,go=rX", 0o600, false), Some(0o644));
        assert_eq!(changed("u=rwX,go=rX", 0o600, true), Some(0o755));
        assert_eq!(changed("g=u", 0o600, false), Some(0o660));
        assert_eq!(changed("u+s,+t", 0o755, false), Some(0o5755));
        assert_eq!(changed("+w", 0o444, false), Some(0o644), "within the umask");
        assert_eq!(changed("a-x+X", 0o755, false), Some(0o644));
        assert_eq!(changed("755", 0o2700, true), Some(0o2755), "a directory keeps its group bit");
        for wrong in ["", "999", "77777", "u", "z+x", "u+q", "rwx"] {
            assert_eq!(changed(wrong, 0o644, false), None, "{wrong}");
        }
    }
}
