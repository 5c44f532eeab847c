//! What a script reads and writes that is in no tree: texts in place of files, the interpreter's own
//! commands by another name, and what those complain about. All of it has paths below a file, where
//! nothing else can be.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where it is.
const PLACE: &str = "/dev/null/leap0/";
/// The interpreter's own commands, below that.
const COMMANDS: &str = "/dev/null/leap0/bin/";
/// Texts that are run in place of commands, below the same.
const RUN_INSTEAD: &str = "/dev/null/leap0/run/";
/// What a file starts with that stands for a command of the interpreter.
pub(super) const STAND_IN: &str = "#!/bin/sh\n# bashkit builtin: ";

/// What one script keeps.
#[derive(Debug, Default)]
pub(super) struct Kept {
    files: Mutex<HashMap<String, Vec<u8>>>,
    /// The paths of texts that are run in place of commands.
    instead: Mutex<HashMap<String, String>>,
    /// What the next reader of a file of the tree gets in place of it.
    next: Mutex<Option<(String, String)>>,
}

impl Kept {
    /// Keeps a text, and gives it a path.
    pub(super) fn keep(&self, text: String) -> String {
        self.keep_bytes(text.into_bytes())
    }

    pub(super) fn keep_bytes(&self, bytes: Vec<u8>) -> String {
        let mut files = self.lock();
        let path = format!("{PLACE}{}", files.len());
        files.insert(path.clone(), bytes);
        path
    }

    /// Keeps a text that is run in place of a command, and gives it a path: once, however often it
    /// runs.
    pub(super) fn keep_command(&self, text: &str) -> String {
        let mut instead = self.instead.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = instead.get(text) {
            return path.clone();
        }
        let path = format!("{RUN_INSTEAD}{}", instead.len());
        self.lock().insert(path.clone(), text.as_bytes().to_vec());
        instead.insert(text.to_owned(), path.clone());
        path
    }

    /// Puts a text in place of a file for its next reader, which is the interpreter itself.
    pub(super) fn replace_once(&self, path: String, text: String) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some((path, text));
    }

    /// What is in place of a file for this reader. Whatever it reads, no other gets it.
    pub(super) fn replaced(&self, path: &Path) -> Option<Vec<u8>> {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        (path == Path::new(&next.0)).then(|| next.1.into_bytes())
    }

    /// The interpreter's own command of this name.
    pub(super) fn command(name: &str) -> String {
        format!("{COMMANDS}{name}")
    }

    /// Whether a path may be one of these.
    pub(super) fn has(path: &Path) -> bool {
        path.starts_with(PLACE)
    }

    pub(super) fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let path = path.to_str()?;
        match path.strip_prefix(COMMANDS) {
            Some(name) => Some(format!("{STAND_IN}{name}\nexec {name} \"$@\"\n").into_bytes()),
            None => self.lock().get(path).cloned(),
        }
    }

    /// Takes what is kept there.
    pub(super) fn take(&self, path: &str) -> Vec<u8> {
        self.lock().get_mut(path).map(std::mem::take).unwrap_or_default()
    }

    /// Adds to what is kept there, after it has been emptied if `anew`.
    pub(super) fn write(&self, path: &Path, bytes: &[u8], anew: bool) {
        let mut files = self.lock();
        let kept = files.entry(path.to_string_lossy().into_owned()).or_default();
        if anew {
            kept.clear();
        }
        kept.extend_from_slice(bytes);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_in_place_of_a_command_is_kept_once() {
        let kept = Kept::default();
        let path = kept.keep_command("sh a");
        kept.keep("other".to_owned());
        assert_eq!(kept.keep_command("sh a"), path);
        assert_ne!(kept.keep_command("sh b"), path);
        assert_eq!(kept.read(Path::new(&path)), Some(b"sh a".to_vec()));
    }
}
