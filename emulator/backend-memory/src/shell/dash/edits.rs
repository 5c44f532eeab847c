//! What is written otherwise than it was.

/// Pieces of a text and what takes their place.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<Edit>);

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

    pub(super) fn replace(&mut self, from: usize, to: usize, text: Vec<u8>) {
        self.0.push(Edit { from, to, text });
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets all but the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// The text up to `end` with its edits; none of them reaches over `end`.
    pub(super) fn apply(mut self, text: &[u8], end: usize) -> Vec<u8> {
        // Stable: of two at the same place the first stays the first.
        self.0.sort_by_key(|edit| edit.from);
        let mut written = Vec::with_capacity(end + 64);
        let mut at = 0;
        // What is inserted at an end before that of the text belongs to what follows.
        let within = |edit: &&Edit| edit.to <= end && (edit.from < end || end == text.len());
        for edit in self.0.iter().filter(within) {
            written.extend_from_slice(&text[at..edit.from]);
            written.extend_from_slice(&edit.text);
            at = edit.to;
        }
        written.extend_from_slice(&text[at..end]);
        written
    }
}
