//! `set-permissions`, and the check of permission bits.

use crate::{FileError, FileReply, SetPermissions, Store, StoreError};

/// Permission bits with set-user, set-group and sticky.
const ALL_BITS: u32 = 0o7777;

/// Changes mode, owner and group; a link is followed.
pub(crate) fn set_permissions(
    store: &mut dyn Store,
    request: &SetPermissions,
) -> Result<FileReply, FileError> {
    let SetPermissions { path, mode, owner, group } = request;
    let (owner, group) = (owner.as_deref(), group.as_deref());
    if mode.is_none() && owner.is_none() && group.is_none() {
        // FS-19
        return Err(invalid("mode", "at least one of mode, owner and group is required"));
    }
    if owner == Some("") {
        return Err(invalid("owner", "must not be empty"));
    }
    if group == Some("") {
        return Err(invalid("group", "must not be empty"));
    }
    if let Some(mode) = mode {
        check_mode("mode", *mode)?;
    }
    // The owner first: changing it clears the set-user and set-group bits.
    if owner.is_some() || group.is_some() {
        store.chown(path, owner, group).map_err(|error| match error {
            StoreError::Invalid if owner.is_none() => invalid("group", "no such group"),
            StoreError::Invalid if group.is_none() => invalid("owner", "no such user"),
            StoreError::Invalid => invalid("owner", "no such user or no such group"),
            error => FileError::at(path)(error),
        })?;
    }
    if let Some(mode) = mode {
        store.chmod(path, *mode).map_err(FileError::at(path))?;
    }
    Ok(FileReply::Done)
}

/// Refuses what is more than permission bits.
pub(super) fn check_mode(field: &'static str, mode: u32) -> Result<(), FileError> {
    if mode <= ALL_BITS { Ok(()) } else { Err(invalid(field, "must be at most octal 7777")) }
}

fn invalid(field: &'static str, rule: &str) -> FileError {
    FileError::Invalid { field: field.into(), rule: rule.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileOp;
    use crate::testing::{a_store_with, path};

    fn op(mode: Option<u32>, owner: Option<&str>, group: Option<&str>) -> FileOp {
        let (owner, group) = (owner.map(Into::into), group.map(Into::into));
        FileOp::SetPermissions(SetPermissions { path: path("/link"), mode, owner, group })
    }

    #[test]
    fn mode_owner_and_group_are_changed_behind_a_link() {
        let mut store = a_store_with(&[("/x", ""), ("/link", "-> x")]);
        let before = store.info("/x");
        // To itself, which needs no privilege.
        let change = op(Some(0o4750), Some(&before.owner), Some(&before.group));
        assert_eq!(store.ask(change), FileReply::Done);
        let after = store.info("/x");
        assert_eq!(
            (after.mode.as_str(), after.owner, after.group),
            ("4750", before.owner, before.group)
        );
    }

    #[test]
    fn nothing_to_change_is_refused() {
        let error = a_store_with(&[("/link", "")]).refusal(op(None, None, None));
        assert_eq!(error.to_string(), "mode: at least one of mode, owner and group is required");
    }

    #[test]
    fn an_unknown_owner_or_group_is_refused_by_field_and_changes_nothing() {
        let mut store = a_store_with(&[("/link", "")]);
        for (owner, group, text) in [
            (Some("nobody-here"), None, "owner: no such user"),
            (None, Some("nobody-here"), "group: no such group"),
            (Some(""), None, "owner: must not be empty"),
            (None, Some(""), "group: must not be empty"),
        ] {
            assert_eq!(store.refusal(op(Some(0o600), owner, group)).to_string(), text);
        }
        assert_eq!(store.info("/link").mode, "644");
    }

    #[test]
    fn a_missing_path_is_not_found_and_a_denied_one_denied() {
        let mut store = a_store_with(&[]);
        let error = store.refusal(op(Some(0o600), None, None));
        assert_eq!(error, FileError::at(&path("/link"))(StoreError::NotFound));
        store.refuse("/link", StoreError::Denied);
        let error = store.refusal(op(None, Some("0"), None));
        assert_eq!(error, FileError::at(&path("/link"))(StoreError::Denied));
    }
}
