//! The binary under test: `PGRELAY_BIN`, or the one cargo builds beside this test.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail};

/// Where it is. Built once a process, where cargo finds it stale.
pub(crate) fn pgrelay() -> Result<PathBuf> {
    static PATH: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    PATH.get_or_init(|| find().map_err(|error| format!("{error:#}")))
        .clone()
        .map_err(|e| anyhow!(e))
}

fn find() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("PGRELAY_BIN") {
        return Ok(given.into());
    }
    // …/target/<profile>/deps/<test>, or …/target/<profile>/<program>
    let own = std::env::current_exe().context("find this program")?;
    let folder = own.parent().context("find the folder of this program")?;
    let profile = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    let profile = profile.context("find the folder of the profile")?;
    let target = profile.parent().context("find the target folder")?;
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "build",
        "--quiet",
        "--package",
        "replicator",
        "--bin",
        "pgrelay",
    ]);
    build.arg("--target-dir").arg(target);
    if profile.ends_with("release") {
        build.arg("--release");
    }
    let built = build.output().context("run cargo")?;
    if !built.status.success() {
        bail!("cargo build: {}", String::from_utf8_lossy(&built.stderr));
    }
    Ok(profile.join("pgrelay"))
}
