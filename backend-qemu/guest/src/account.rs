//! Whom a process acts for.

use std::fs;
use std::io::{self, ErrorKind};

use rustix::process::{Gid, Uid, getegid, geteuid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// A user with his primary group. He is in no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// The account that `/etc/passwd` has under a name. Read each time, because commands may
    /// change it.
    pub(crate) fn named(name: &str) -> io::Result<Self> {
        let passwd = fs::read("/etc/passwd")?;
        let entry = find(&String::from_utf8_lossy(&passwd), name);
        entry.ok_or_else(|| io::Error::new(ErrorKind::NotFound, format!("no user {name}")))
    }

    /// Makes this process one of the account's, for good.
    ///
    /// It may have one thread only: the kernel keeps these numbers for each.
    pub(crate) fn become_its_own(self) -> io::Result<()> {
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        if self.is_this_process() {
            return Ok(());
        }
        set_thread_groups(&[])?;
        set_thread_res_gid(gid, gid, gid)?;
        Ok(set_thread_res_uid(uid, uid, uid)?)
    }

    /// Makes this process act for the account, with its rights and no other, yet not be the
    /// account's: the user can neither kill nor stop it. One thread only, as above.
    pub(crate) fn act_for(self) -> io::Result<()> {
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        if self.is_this_process() {
            return Ok(());
        }
        set_thread_groups(&[])?;
        // The real and the saved ones stay, and decide about signals; files look at the effective.
        set_thread_res_gid(None, gid, None)?;
        Ok(set_thread_res_uid(None, uid, None)?)
    }

    fn is_this_process(self) -> bool {
        !geteuid().is_root() && (geteuid().as_raw(), getegid().as_raw()) == (self.uid, self.gid)
    }
}

fn find(passwd: &str, name: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        // Behind the name comes the password.
        let mut numbers = fields.skip(1).map_while(|field| field.parse().ok());
        Some(Account { uid: numbers.next()?, gid: numbers.next()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\nuser2:x:7:8::/:\nuser:x:1000:1001::/:\nbad:x:y\n";
        assert_eq!(find(passwd, "user"), Some(Account { uid: 1000, gid: 1001 }));
        assert_eq!(find(passwd, "root"), Some(Account { uid: 0, gid: 0 }));
        for missing in ["use", "", "bad", "x"] {
            assert_eq!(find(passwd, missing), None, "{missing:?}");
        }
    }
}
