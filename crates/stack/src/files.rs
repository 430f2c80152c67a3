//! The folder a server lives in: the caller's, kept, or a temporary one, removed.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::error::Tried;
use crate::process::User;

/// The folder of one server.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Home {
    /// Makes the folder, owned by the user the server runs as.
    pub(crate) fn new(kept: Option<&Path>, user: Option<&User>) -> Result<Home> {
        let home = match kept {
            Some(path) => {
                fs::create_dir_all(path).tried(|| format!("make {}", path.display()))?;
                let path = path.canonicalize().tried(|| format!("resolve {}", path.display()))?;
                Home { path, _temporary: None }
            }
            None => {
                let temporary = tempfile::Builder::new()
                    .prefix("pgrelay-")
                    .tempdir()
                    .tried(|| "make a temporary folder".to_owned())?;
                Home { path: temporary.path().to_owned(), _temporary: Some(temporary) }
            }
        };
        fs::set_permissions(&home.path, Permissions::from_mode(0o755))
            .tried(|| format!("open {} to its server", home.path.display()))?;
        own(&home.path, user)?;
        Ok(home)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Gives a file or folder to the user the server runs as.
pub(crate) fn own(path: &Path, user: Option<&User>) -> Result<()> {
    match user {
        Some(user) => std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid))
            .tried(|| format!("give {} to {}", path.display(), user.name)),
        None => Ok(()),
    }
}

/// Writes a file for the server, readable by it alone.
pub(crate) fn write(path: &Path, text: &str, user: Option<&User>) -> Result<()> {
    fs::write(path, text).tried(|| format!("write {}", path.display()))?;
    fs::set_permissions(path, Permissions::from_mode(0o600))
        .tried(|| format!("close {}", path.display()))?;
    own(path, user)
}

/// The last lines of a log, for an error.
pub(crate) fn tail(path: &Path) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
