//! The kernel's errors as the store's.

use std::io;

use rustix::io::Errno;

use crate::StoreError;

/// The store's word for an error of the kernel.
pub(super) fn refusal(error: impl Into<io::Error>) -> StoreError {
    let error = error.into();
    let Some(errno) = Errno::from_io_error(&error) else {
        return StoreError::Other(error.to_string());
    };
    match errno {
        Errno::NOENT => StoreError::NotFound,
        Errno::NOTDIR => StoreError::NotADirectory,
        Errno::ISDIR => StoreError::IsADirectory,
        Errno::EXIST => StoreError::AlreadyExists,
        Errno::NOTEMPTY => StoreError::NotEmpty,
        Errno::ACCESS | Errno::PERM => StoreError::Denied,
        Errno::LOOP => StoreError::LinkLoop,
        Errno::NAMETOOLONG => StoreError::NameTooLong,
        Errno::NOSPC | Errno::DQUOT => StoreError::NoSpace,
        // A pipe without a reader, or a socket, opened as if it were a file.
        Errno::INVAL | Errno::NXIO => StoreError::Invalid,
        other => StoreError::Other(words(other)),
    }
}

/// What the kernel calls the error, without its number.
fn words(errno: Errno) -> String {
    let text = io::Error::from(errno).to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_word_of_its_own_is_told_in_the_kernels() {
        let error = io::Error::from_raw_os_error(Errno::BUSY.raw_os_error());
        assert_eq!(refusal(error), StoreError::Other("device or resource busy".to_owned()));
    }
}
