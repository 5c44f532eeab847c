//! Where the cache is.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::ImageError;

/// The folder that all of Leap0's caches are in.
pub(crate) fn cache_folder() -> Result<PathBuf, ImageError> {
    choose(|name| env::var_os(name))
}

fn choose(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, ImageError> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(own) = set("LEAP0_CACHE_DIR") {
        return std::path::absolute(own).map_err(|_| ImageError::NoCacheFolder);
    }
    // The XDG specification: a relative path is as good as none.
    set("XDG_CACHE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| set("HOME").filter(|path| path.is_absolute()).map(|home| home.join(".cache")))
        .map(|cache| cache.join("leap0"))
        .ok_or(ImageError::NoCacheFolder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)]) -> Option<PathBuf> {
        choose(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        })
        .ok()
    }

    #[test]
    fn the_most_particular_variable_wins() {
        let all = [("HOME", "/home/u"), ("XDG_CACHE_HOME", "/xdg"), ("LEAP0_CACHE_DIR", "/own")];
        assert_eq!(chosen(&all), Some("/own".into()));
        assert_eq!(chosen(&all[..2]), Some("/xdg/leap0".into()));
        assert_eq!(chosen(&all[..1]), Some("/home/u/.cache/leap0".into()));
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn a_variable_that_names_no_folder_is_as_good_as_none() {
        assert_eq!(
            chosen(&[("HOME", "/home/u"), ("XDG_CACHE_HOME", "cache"), ("LEAP0_CACHE_DIR", "")]),
            Some("/home/u/.cache/leap0".into())
        );
    }
}
