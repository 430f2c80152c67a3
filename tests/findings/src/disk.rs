//! A disk that is soon full: a small tmpfs, for a tablespace.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::Place;

/// The disk, unmounted when it is dropped.
#[derive(Debug)]
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// A disk of so many megabytes that belongs to the server of `place`.
    ///
    /// # Panics
    /// Where it cannot be mounted: only root may.
    pub fn new(place: &Place, megabytes: u32) -> Self {
        let server =
            std::fs::metadata(place.postgres.data_dir()).expect("the cluster has a folder");
        let disk = Self(TempDir::new().expect("a folder"));
        let (user, group) = (server.uid(), server.gid());
        disk.mount(&format!("size={megabytes}m,mode=0700,uid={user},gid={group}"));
        disk
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Makes it larger.
    ///
    /// # Panics
    /// Where it cannot be.
    pub fn grow(&self, megabytes: u32) {
        self.mount(&format!("remount,size={megabytes}m"));
    }

    fn mount(&self, options: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(self.path());
        let output = mount.output().expect("mount is there");
        assert!(
            output.status.success(),
            "this test needs a small disk, and mounting one needs root (in a container: --cap-add SYS_ADMIN): {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The server may still have files open there: it goes when they are closed.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
