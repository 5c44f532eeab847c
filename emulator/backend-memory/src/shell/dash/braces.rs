//! How much comes of the braces of a `bash`: the interpreter stops at a bound, and goes on with what
//! it has.

/// Most words that the interpreter makes of one.
const WORDS: u64 = 100_000;
/// Most bytes of those together, rounded down.
const BYTES: u64 = 250_000;

/// Words, and their bytes together.
#[derive(Clone, Copy)]
struct Size {
    words: u64,
    bytes: u64,
}

impl Size {
    const NOTHING: Self = Self { words: 1, bytes: 0 };

    fn then(self, next: Self) -> Self {
        let bytes = self.bytes.saturating_mul(next.words);
        let bytes = bytes.saturating_add(next.bytes.saturating_mul(self.words));
        Self { words: self.words.saturating_mul(next.words), bytes }
    }

    fn or(self, other: Self) -> Self {
        let words = self.words.saturating_add(other.words);
        Self { words, bytes: self.bytes.saturating_add(other.bytes) }
    }
}

/// Whether more comes of a word than the interpreter makes of it.
pub(super) fn are_too_many(word: &str) -> bool {
    let Size { words, bytes } = size(word);
    words > 1 && (words > WORDS || bytes > BYTES)
}

fn size(text: &str) -> Size {
    let mut whole = Size::NOTHING;
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        whole = whole.then(Size { words: 1, bytes: open as u64 });
        let Some(inner) = inside(&rest[open..]) else { break };
        whole = whole.then(group(inner));
        rest = &rest[open + inner.len() + 2..];
    }
    whole.then(Size { words: 1, bytes: rest.len() as u64 })
}

/// What is between the brace that the text starts with and its end.
fn inside(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&text[1..at]);
        }
    }
    None
}

fn group(inner: &str) -> Size {
    if let Some(range) = range(inner) {
        return range;
    }
    let parts = parts(inner);
    if parts.len() < 2 {
        return size(inner).then(Size { words: 1, bytes: 2 });
    }
    parts.into_iter().map(size).reduce(Size::or).unwrap_or(Size::NOTHING)
}

/// What commas separate that are in no braces of their own.
fn parts(inner: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_i64);
    for (at, letter) in inner.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts
}

/// The numbers from one to another, perhaps with a step.
fn range(inner: &str) -> Option<Size> {
    let mut ends = inner.split("..");
    let (from, to) = (ends.next()?, ends.next()?);
    let step = ends.next().map_or(Some(1), |step| step.parse::<i64>().ok())?;
    let (first, last) = (from.parse::<i64>().ok()?, to.parse::<i64>().ok()?);
    let words = (first.abs_diff(last) / step.unsigned_abs().max(1)).saturating_add(1);
    let widest = from.len().max(to.len()) as u64;
    ends.next().is_none().then_some(Size { words, bytes: words.saturating_mul(widest) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_bound_is_seen_and_all_else_is_not() {
        for word in ["{1..100000000}", "a{1..200001..2}b", "{1..99999}x", "{{1..50001},{1..50001}}"]
        {
            assert!(are_too_many(word), "{word}");
        }
        assert!(are_too_many(&"{a,b}".repeat(17)));
        for word in ["{1..10000}", "{a,b}{c,d}{1..100}", "{", "}{", "{x}", "{1..x}", "a{,b", "{}"] {
            assert!(!are_too_many(word), "{word}");
        }
        let long = "x".repeat(300_000);
        assert!(!are_too_many(&long), "no braces");
    }
}
