//! Modes, owners and times.

use std::sync::Arc;

use leap0_emulator_core::clock::Timestamp;
use leap0_files::StoreError;

use super::Tree;
use super::access::Caller;
use super::users::{Group, User};
use super::walk::{Links, walk};

impl Tree {
    /// Sets the permission bits; for the owner and root.
    pub(crate) fn set_mode(
        &mut self,
        path: &str,
        mode: u32,
        caller: Caller,
    ) -> Result<(), StoreError> {
        let path = self.owned(path, caller)?;
        self.alter(&path, 0, |node| node.stamp.mode = mode & 0o7777);
        Ok(())
    }

    /// Sets owner and group. Only root gives files away; their owner may set the group to its own.
    pub(crate) fn set_owner(
        &mut self,
        path: &str,
        owner: Option<User>,
        group: Option<Group>,
        caller: Caller,
    ) -> Result<(), StoreError> {
        let place = walk(&self.root, path, Links::Follow, caller)?;
        let old = place.existing()?.stamp;
        let uid = owner.map_or(old.uid, |user| user.0);
        let gid = group.map_or(old.gid, |group| group.0);
        let own_group = caller.uid == old.uid && (gid == old.gid || gid == caller.gid);
        if !(caller.is_root() || uid == old.uid && own_group) {
            return Err(StoreError::Denied);
        }
        let path = place.path;
        self.alter(&path, 0, |node| {
            node.stamp.uid = uid;
            node.stamp.gid = gid;
        });
        Ok(())
    }

    /// Sets the time of the last modification; for the owner and root.
    pub(crate) fn set_modified(
        &mut self,
        path: &str,
        modified: Timestamp,
        caller: Caller,
    ) -> Result<(), StoreError> {
        let path = self.owned(path, caller)?;
        self.alter(&path, 0, |node| node.stamp.modified = modified);
        Ok(())
    }

    /// The real path of what the caller owns; links are followed.
    fn owned(&self, path: &str, caller: Caller) -> Result<Vec<Arc<str>>, StoreError> {
        let place = walk(&self.root, path, Links::Follow, caller)?;
        if caller.owns(place.existing()?) { Ok(place.path) } else { Err(StoreError::Denied) }
    }
}
