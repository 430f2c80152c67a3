//! Kafka's jars from Maven Central, fetched once and kept between runs.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Tried;
use crate::process::run;
use crate::{Result, tools};

/// The version of Kafka.
pub const VERSION: &str = "4.3.1";

const POM: &str = include_str!("../../kafka/pom.xml");

/// The folder of the jars; the first call of all processes fetches them.
pub(super) fn fetch() -> Result<PathBuf> {
    let cache = cache();
    let jars = cache.join(format!("kafka-{VERSION}"));
    if jars.is_dir() {
        return Ok(jars);
    }
    fs::create_dir_all(&cache).tried(|| format!("make {}", cache.display()))?;
    let lock = File::create(cache.join("lock")).tried(|| format!("lock {}", cache.display()))?;
    lock.lock().tried(|| format!("lock {}", cache.display()))?;
    if !jars.is_dir() {
        download(&cache, &jars)?;
    }
    Ok(jars)
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

fn download(cache: &Path, jars: &Path) -> Result<()> {
    tools::require(tools::MAVEN)?;
    eprintln!(
        "fetching Apache Kafka {VERSION} from Maven Central (54 MB, once) into {}",
        jars.display()
    );
    let work = tempfile::Builder::new()
        .prefix("kafka-")
        .tempdir_in(cache)
        .tried(|| format!("make a folder in {}", cache.display()))?;
    let (pom, unpacked) = (work.path().join("pom.xml"), work.path().join("jars"));
    fs::write(&pom, POM).tried(|| format!("write {}", pom.display()))?;
    let mut command = Command::new("mvn");
    command
        .args(["-q", "-B", "-f"])
        .arg(&pom)
        .args(["dependency:copy-dependencies", "-DincludeScope=runtime"]);
    run(command.arg(format!("-DoutputDirectory={}", unpacked.display())))?;
    // The name appears only when everything is there.
    fs::rename(&unpacked, jars).tried(|| format!("move the jars to {}", jars.display()))
}
