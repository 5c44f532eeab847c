//! What is written otherwise than it was.

/// Pieces of a text and what takes their place.
#[derive(Debug, Default)]
pub(super) struct Edits {
    edits: Vec<Edit>,
    /// Only what both shells need is written.
    pub(super) is_bash: bool,
}

#[derive(Debug)]
struct Edit {
    from: usize,
    to: usize,
    text: Vec<u8>,
}

impl Edits {
    pub(super) fn insert(&mut self, at: usize, text: &str) {
        self.replace(at, at, text.as_bytes().to_vec());
    }

    /// Inserts what both shells need.
    pub(super) fn insert_for_both(&mut self, at: usize, text: &str) {
        self.replace_for_both(at, at, text.as_bytes().to_vec());
    }

    pub(super) fn replace_for_both(&mut self, from: usize, to: usize, text: Vec<u8>) {
        self.edits.push(Edit { from, to, text });
    }

    pub(super) fn replace(&mut self, from: usize, to: usize, text: Vec<u8>) {
        if !self.is_bash {
            self.edits.push(Edit { from, to, text });
        }
    }

    pub(super) fn len(&self) -> usize {
        self.edits.len()
    }

    /// Forgets all but the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        self.edits.truncate(len);
    }

    /// The text up to `end` with its edits; none of them reaches over `end`.
    pub(super) fn apply(mut self, text: &[u8], end: usize) -> Vec<u8> {
        // Stable: of two at the same place the first stays the first.
        self.edits.sort_by_key(|edit| edit.from);
        let mut written = Vec::with_capacity(end + 64);
        let mut at = 0;
        // What is inserted at an end before that of the text belongs to what follows.
        let within = |edit: &&Edit| edit.to <= end && (edit.from < end || end == text.len());
        for edit in self.edits.iter().filter(within) {
            written.extend_from_slice(&text[at..edit.from]);
            written.extend_from_slice(&edit.text);
            at = edit.to;
        }
        written.extend_from_slice(&text[at..end]);
        written
    }
}
