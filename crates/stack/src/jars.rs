//! Jars from Maven Central, fetched once and kept between runs.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Tried;
use crate::process::run;
use crate::{Result, tools};

/// A set of jars, with every version exact.
#[derive(Debug)]
pub(crate) struct Jars {
    /// What it is, and its version: the name of its folder.
    pub(crate) folder: &'static str,
    /// For the person who waits.
    pub(crate) about: &'static str,
    /// What Maven is to resolve.
    pub(crate) pom: &'static str,
    /// What Maven is to do with it: `copy-dependencies`, or `unpack-dependencies` of an archive.
    pub(crate) goal: &'static str,
}

impl Jars {
    /// The folder of the jars; the first call of all processes fetches them.
    pub(crate) fn fetch(&self) -> Result<PathBuf> {
        let cache = cache();
        let jars = cache.join(self.folder);
        if jars.is_dir() {
            return Ok(jars);
        }
        fs::create_dir_all(&cache).tried(|| format!("make {}", cache.display()))?;
        let lock =
            File::create(cache.join("lock")).tried(|| format!("lock {}", cache.display()))?;
        lock.lock().tried(|| format!("lock {}", cache.display()))?;
        if !jars.is_dir() {
            self.download(&cache, &jars)?;
        }
        Ok(jars)
    }

    fn download(&self, cache: &Path, jars: &Path) -> Result<()> {
        tools::require(tools::MAVEN)?;
        eprintln!("fetching {} from Maven Central, once, into {}", self.about, jars.display());
        let work = tempfile::Builder::new()
            .prefix("jars-")
            .tempdir_in(cache)
            .tried(|| format!("make a folder in {}", cache.display()))?;
        let (pom, unpacked) = (work.path().join("pom.xml"), work.path().join("jars"));
        fs::write(&pom, self.pom).tried(|| format!("write {}", pom.display()))?;
        let mut command = Command::new("mvn");
        command.args(["-q", "-B", "-f"]).arg(&pom);
        command.arg(format!("dependency:{}", self.goal)).arg("-DincludeScope=runtime");
        run(command.arg(format!("-DoutputDirectory={}", unpacked.display())))?;
        // The name appears only when everything is there.
        fs::rename(&unpacked, jars).tried(|| format!("move the jars to {}", jars.display()))
    }
}

fn cache() -> PathBuf {
    if let Some(named) = env::var_os("PGRELAY_CACHE") {
        return PathBuf::from(named);
    }
    // A relative folder is meant from the root of the workspace, wherever a test runs.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root.join(target).join("stack")
}
