//! Who runs a server, and which process a pid meant.

use std::fs;
use std::path::Path;

use crate::error::Tried;
use crate::{Error, Result};

/// The user servers run as when we are root, because PostgreSQL refuses root.
#[derive(Debug, Clone)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its id.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

impl User {
    /// Whom to become: nobody new unless we are root.
    ///
    /// # Errors
    /// As root, where there is neither a user `postgres` nor `nobody`.
    pub fn for_servers() -> Result<Option<User>> {
        if !rustix::process::getuid().is_root() {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").tried(|| "read /etc/passwd".to_owned())?;
        ["postgres", "nobody"].iter().find_map(|name| user_in(&passwd, name)).map(Some).ok_or_else(
            || Error::Missing {
                program: "a user `postgres` to run servers as".to_owned(),
                install: "useradd --system postgres".to_owned(),
            },
        )
    }
}

fn user_in(passwd: &str, name: &str) -> Option<User> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(User { name: name.to_owned(), uid, gid })
    })
}

/// Which process a pid meant: a pid is used again, together with its start time and boot it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pid: u32,
    started: String,
    boot: String,
}

impl Identity {
    /// The process that has this pid now, if it is alive.
    #[must_use]
    pub fn of(pid: u32) -> Option<Identity> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold spaces; what follows it does not. State is field 3, start time field 22.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        (!matches!(fields.next()?, "Z" | "X")).then_some(())?;
        let started = fields.nth(18)?.to_owned();
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
        Some(Identity { pid, started, boot })
    }

    /// Reads what [`Identity::write`] wrote, if that process is still alive.
    #[must_use]
    pub fn read(pid_file: &Path) -> Option<Identity> {
        let text = fs::read_to_string(pid_file).ok()?;
        let pid = text.split_whitespace().next()?.parse().ok()?;
        Identity::of(pid).filter(|now| now.line() == text)
    }

    /// Writes a pid file.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, pid_file: &Path) -> Result<()> {
        fs::write(pid_file, self.line()).tried(|| format!("write {}", pid_file.display()))
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        Identity::of(self.pid).as_ref() == Some(self)
    }

    fn line(&self) -> String {
        format!("{} {} {}\n", self.pid, self.started, self.boot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_means_one_process_only() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let us = Identity::of(std::process::id()).unwrap();
        us.write(file.path()).unwrap();
        assert_eq!(Identity::read(file.path()), Some(us.clone()));
        // The same pid, started at another time: a stranger.
        Identity { started: "1".to_owned(), ..us }.write(file.path()).unwrap();
        assert_eq!(Identity::read(file.path()), None);
    }

    #[test]
    fn users_are_found_by_their_whole_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres2:x:9:9::/:\npostgres:x:101:104:,,,:/var/lib:/bin/bash\n";
        let user = user_in(passwd, "postgres").unwrap();
        assert_eq!((user.uid, user.gid), (101, 104));
        assert!(user_in(passwd, "nobody").is_none());
    }
}
