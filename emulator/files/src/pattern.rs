//! Globs: what a client's pattern is matched against.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::{FileError, FsPath};

/// Most globs in one field; enough for any ignore file.
pub const MAX_GLOBS: usize = 1000;
/// Longest single glob, in bytes; no path is longer.
pub const MAX_GLOB_BYTES: usize = 4096;

/// The globs of one field. None at all match nothing.
///
/// - without a slash: the last component, `*.ts`
/// - with a slash: the path relative to the operation's, `src/**/*.ts`
/// - with a slash first: the absolute path, `/workspace/src/*.ts`
///
/// `*` and `?` do not match a slash, `**` does. A leading dot is nothing special. `?` and `[..]`
/// match one byte, so no character outside ASCII; `*` matches any text.
pub(crate) struct Patterns {
    names: GlobSet,
    relative: GlobSet,
    absolute: GlobSet,
}

impl Patterns {
    /// Compiles the globs of the request's `field`.
    pub(crate) fn new(field: &'static str, globs: &[String]) -> Result<Self, FileError> {
        let invalid = |rule: String| FileError::Invalid { field: field.into(), rule };
        if globs.len() > MAX_GLOBS {
            return Err(invalid(format!("must be at most {MAX_GLOBS} globs")));
        }
        let mut names = GlobSetBuilder::new();
        let mut relative = GlobSetBuilder::new();
        let mut absolute = GlobSetBuilder::new();
        for text in globs {
            if text.len() > MAX_GLOB_BYTES {
                return Err(invalid(format!("must be at most {MAX_GLOB_BYTES} bytes a glob")));
            }
            // `node_modules/` and `./src` are how ignore files and shells write it.
            let plain = text.trim_end_matches('/');
            let plain = plain.strip_prefix("./").unwrap_or(plain);
            if plain.is_empty() {
                return Err(invalid("must not be an empty glob".to_owned()));
            }
            let glob = GlobBuilder::new(plain)
                .literal_separator(true)
                .backslash_escape(true)
                .build()
                .map_err(|error| invalid(error.to_string()))?;
            let set = match plain.find('/') {
                None => &mut names,
                Some(0) => &mut absolute,
                Some(_) => &mut relative,
            };
            set.add(glob);
        }
        let build = |set: GlobSetBuilder| set.build().map_err(|error| invalid(error.to_string()));
        Ok(Self { names: build(names)?, relative: build(relative)?, absolute: build(absolute)? })
    }

    /// Whether a glob matches `path`, found below `base` (FS-13, FS-16).
    pub(crate) fn matches(&self, path: &FsPath, base: &FsPath) -> bool {
        let text = path.as_str();
        let below = text.strip_prefix(base.as_str()).unwrap_or(text).trim_start_matches('/');
        self.names.is_match(path.name())
            || self.relative.is_match(below)
            || self.absolute.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::path;

    fn matches(glob: &str, found: &str) -> bool {
        Patterns::new("exclude", &[glob.to_owned()])
            .expect("a valid glob")
            .matches(&path(found), &path("/base"))
    }

    fn refusal(globs: &[String]) -> String {
        match Patterns::new("exclude", globs) {
            Ok(_) => panic!("accepted"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_glob_without_a_slash_is_matched_against_the_name() {
        assert!(matches("*.ts", "/base/deep/below/x.ts"));
        assert!(matches("[ab]?.{ts,js}", "/base/b1.js"));
        assert!(matches(".*", "/base/.env"));
        assert!(matches("*", "/base/.env"));
        assert!(!matches("base", "/base/x"));
    }

    #[test]
    fn a_glob_with_a_slash_is_matched_against_the_relative_path() {
        assert!(matches("src/*.ts", "/base/src/x.ts"));
        assert!(matches("./src/*.ts", "/base/src/x.ts"));
        assert!(!matches("src/*.ts", "/base/src/deep/x.ts"));
        assert!(matches("src/**/*.ts", "/base/src/deep/x.ts"));
        assert!(matches("**/x.ts", "/base/src/deep/x.ts"));
        assert!(!matches("src/*.ts", "/base/other/src/x.ts"));
    }

    #[test]
    fn a_glob_with_a_slash_first_is_matched_against_the_absolute_path() {
        assert!(matches("/base/*.ts", "/base/x.ts"));
        assert!(!matches("/x.ts", "/base/x.ts"));
    }

    #[test]
    fn a_trailing_slash_means_nothing() {
        assert!(matches("node_modules/", "/base/a/node_modules"));
    }

    #[test]
    fn globs_that_cannot_be_compiled_are_refused_by_field() {
        assert!(refusal(&["[a".to_owned()]).starts_with("exclude: error parsing glob '[a'"));
        assert_eq!(refusal(&["/".to_owned()]), "exclude: must not be an empty glob");
        assert_eq!(refusal(&["a".repeat(4097)]), "exclude: must be at most 4096 bytes a glob");
        assert_eq!(refusal(&vec!["a".to_owned(); 1001]), "exclude: must be at most 1000 globs");
    }

    #[test]
    fn no_glob_is_too_strange_to_answer() {
        for glob in ["{".repeat(2000) + &"}".repeat(2000), "?*".repeat(2000), "[!a]".repeat(1000)] {
            let _either_is_fine = Patterns::new("exclude", &[glob]).is_ok();
        }
    }
}
