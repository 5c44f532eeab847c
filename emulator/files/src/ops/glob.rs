//! `glob`: paths by name.

use crate::pattern::Patterns;
use crate::walk::{Unreadable, Walk};
use crate::{FileError, FileReply, Glob, Store};

/// Finds what matches, at any depth: files, links and directories (FS-13).
///
/// A missing base is not found (FS-15).
pub(crate) fn glob(store: &dyn Store, request: &Glob) -> Result<FileReply, FileError> {
    let exclude = Patterns::new("exclude", &request.exclude)?;
    let wanted = match &request.pattern {
        Some(pattern) => Some(Patterns::new("pattern", std::slice::from_ref(pattern))?),
        None => None,
    };
    let mut walk = Walk::new(store, &request.path, &exclude, Unreadable::Skip)?;
    let mut paths = Vec::new();
    while let Some(entry) = walk.next(store)? {
        if wanted.as_ref().is_none_or(|wanted| wanted.matches(&entry.path, walk.base())) {
            paths.push(entry.path);
        }
    }
    paths.sort_unstable();
    Ok(FileReply::Paths(paths))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DirStore, a_store_with, path};
    use crate::{FileOp, StoreError};

    fn op(at: &str, pattern: Option<&str>, exclude: &[&str]) -> FileOp {
        FileOp::Glob(Glob {
            path: path(at),
            pattern: pattern.map(Into::into),
            exclude: exclude.iter().map(ToString::to_string).collect(),
        })
    }

    fn found(pattern: Option<&str>, exclude: &[&str]) -> Vec<String> {
        match a_project().ask(op("/p", pattern, exclude)) {
            FileReply::Paths(paths) => paths.into_iter().map(Into::into).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn a_project() -> DirStore {
        a_store_with(&[
            ("/p/b.ts", ""),
            ("/p/src/a.ts", ""),
            ("/p/src.ts", ""),
            ("/p/src/node_modules/dep/c.ts", ""),
        ])
    }

    #[test]
    fn a_pattern_finds_names_at_any_depth_as_sorted_absolute_paths() {
        let expected = ["/p/b.ts", "/p/src.ts", "/p/src/a.ts", "/p/src/node_modules/dep/c.ts"];
        assert_eq!(found(Some("*.ts"), &[]), expected);
    }

    #[test]
    fn a_pattern_with_a_slash_is_for_the_relative_path() {
        assert_eq!(found(Some("src/*.ts"), &[]), ["/p/src/a.ts"]);
        assert_eq!(found(Some("**/dep/*"), &[]), ["/p/src/node_modules/dep/c.ts"]);
    }

    #[test]
    fn no_pattern_finds_everything_but_what_is_excluded() {
        assert_eq!(
            found(None, &["node_modules"]),
            ["/p/b.ts", "/p/src", "/p/src.ts", "/p/src/a.ts"]
        );
    }

    #[test]
    fn a_missing_base_is_not_found_and_a_file_is_no_base() {
        let error = a_project().refusal(op("/nope", None, &[]));
        assert_eq!(error, FileError::at(&path("/nope"))(StoreError::NotFound));
        let error = a_project().refusal(op("/p/b.ts", None, &[]));
        assert_eq!(error.to_string(), "/p/b.ts: not a directory");
    }

    #[test]
    fn a_pattern_that_is_no_glob_is_refused_by_field() {
        let error = a_project().refusal(op("/p", Some("[a"), &[]));
        assert!(
            matches!(&error, FileError::Invalid { field, .. } if field == "pattern"),
            "{error:?}"
        );
    }
}
