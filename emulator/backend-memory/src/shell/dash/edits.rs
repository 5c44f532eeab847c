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
    /// The command before whose name it is written, if a function may turn out to have that name.
    name: Option<String>,
    /// It is written after all else that is inserted at its place.
    is_last: bool,
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
        self.edits.push(Edit { from, to, text, name: None, is_last: false });
    }

    /// Inserts the output of a command before the name of another, which both shells need. `name` is
    /// that, if a function may turn out to have it.
    pub(super) fn insert_output(&mut self, at: usize, command: &str, name: Option<String>) {
        let text = format!("$({command}) ").into_bytes();
        self.edits.push(Edit { from: at, to: at, text, name, is_last: true });
    }

    /// Has the outputs of commands left out where those whose names they stand before are functions
    /// by then; this tells whether there are such functions.
    pub(super) fn except(&mut self, is_function: impl Fn(&str) -> bool) {
        for edit in &mut self.edits {
            if let Some(name) = edit.name.take_if(|name| is_function(name)) {
                let text = String::from_utf8_lossy(&edit.text);
                let command = text.trim_start_matches("$(");
                let text = format!("$([ \"$(type -t {name})\" = function ] || {command}");
                edit.text = text.into_bytes();
            }
        }
    }

    pub(super) fn replace(&mut self, from: usize, to: usize, text: Vec<u8>) {
        if !self.is_bash {
            self.edits.push(Edit { from, to, text, name: None, is_last: false });
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
        self.edits.sort_by_key(|edit| (edit.from, edit.is_last));
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
