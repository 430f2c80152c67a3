//! cargo, as it is called from a shell, and the binary under test as cargo builds it.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::error::Tried;
use crate::process::run;
use crate::{Error, Result};

/// What cargo tells a program that it runs, of the package the program belongs to.
const OF_A_PACKAGE: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"];

/// cargo, without what another cargo has told us.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    forget_package(&mut cargo);
    cargo
}

/// Takes away what cargo has told us of our package. There are build scripts that look at it (`ring` has one): they
/// would run again in each package, and everything that stands on them would be compiled again.
pub fn forget_package(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if OF_A_PACKAGE.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
}

/// The binary `pgrelay`: `PGRELAY_BIN`, or the one beside the program that asks, which cargo builds, once a process,
/// where it is stale.
///
/// # Errors
/// Where it cannot be built.
pub fn pgrelay() -> Result<PathBuf> {
    static BUILT: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(path) = &*built {
        return Ok(path.clone());
    }
    let path = match env::var_os("PGRELAY_BIN") {
        Some(named) => PathBuf::from(named),
        None => build()?,
    };
    Ok(built.insert(path).clone())
}

fn build() -> Result<PathBuf> {
    // …/target/<profile>/deps/<test>, or …/target/<profile>/<program>
    let own = env::current_exe().tried(|| "find this program".to_owned())?;
    let profile = own.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    let (Some(profile), Some(target)) = (profile, profile.and_then(|profile| profile.parent()))
    else {
        return Err(Error::Refused(format!("{} is in no target folder", own.display())));
    };
    let mut build = cargo();
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    // Of the whole workspace: with the features that its tests were built with.
    build.args(["build", "--quiet", "--workspace", "--bin", "pgrelay"]);
    build.arg("--target-dir").arg(target);
    if profile.ends_with("release") {
        build.arg("--release");
    }
    run(&mut build)?;
    Ok(profile.join("pgrelay"))
}
