//! The programs of others that servers and builds need: found, installed where we may, or named.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Tried;
use crate::process::run;
use crate::{Error, Result};

/// A program and the Debian package that brings it.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// The file that shows it is there: a program's name, or an absolute path.
    pub program: &'static str,
    /// The package.
    pub package: &'static str,
}

/// PostgreSQL's server and client programs.
pub const POSTGRES: &[Tool] = &[Tool { program: "psql", package: "postgresql" }];

/// What runs Kafka.
pub const JAVA: &[Tool] = &[Tool { program: "java", package: "openjdk-17-jre-headless" }];

/// What fetches Kafka.
pub const MAVEN: &[Tool] = &[Tool { program: "mvn", package: "maven" }];

/// The pooler.
pub const PGBOUNCER: &[Tool] = &[Tool { program: "pgbouncer", package: "pgbouncer" }];

/// What makes the certificates of a cluster with TLS.
pub const OPENSSL: &[Tool] = &[Tool { program: "openssl", package: "openssl" }];

/// What the build of librdkafka needs.
pub const LIBRDKAFKA: &[Tool] = &[
    Tool { program: "gcc", package: "gcc" },
    Tool { program: "g++", package: "g++" },
    Tool { program: "make", package: "make" },
    Tool { program: "cmake", package: "cmake" },
    Tool { program: "pkg-config", package: "pkg-config" },
    Tool { program: "/usr/include/openssl/ssl.h", package: "libssl-dev" },
    Tool { program: "/usr/include/zlib.h", package: "zlib1g-dev" },
];

/// Makes sure the tools are there: as root on Debian by installing what is missing.
///
/// # Errors
/// [`Error::Missing`] with the one command to run, or what apt-get said.
pub fn require(tools: &[Tool]) -> Result<()> {
    let missing = missing(tools);
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    if !rustix::process::getuid().is_root() || find("apt-get").is_none() {
        let program = missing.iter().map(|tool| tool.program).collect::<Vec<_>>().join(", ");
        return Err(Error::Missing {
            program,
            install: format!("sudo apt-get install -y {}", packages.join(" ")),
        });
    }
    let path = env::temp_dir().join("pgrelay-apt.lock");
    let lock = File::create(&path).tried(|| format!("make {}", path.display()))?;
    lock.lock().tried(|| format!("lock {}", path.display()))?;
    eprintln!("installing the Debian packages {}", packages.join(" "));
    if install(&packages).is_err() {
        // A machine that never updated its lists finds nothing, or versions that are gone.
        run(Command::new("apt-get").arg("update"))?;
        install(&packages)?;
    }
    Ok(())
}

fn missing(tools: &[Tool]) -> Vec<Tool> {
    tools.iter().filter(|tool| find(tool.program).is_none()).copied().collect()
}

fn install(packages: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.args(["install", "-y", "--no-install-recommends"]).args(packages);
    run(command.env("DEBIAN_FRONTEND", "noninteractive")).map(drop)
}

/// Where a program is: on PATH, or among the administrator's programs.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    if program.starts_with('/') {
        return Some(PathBuf::from(program)).filter(|path| path.exists());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")])
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// The folder of PostgreSQL's server programs: what `PG_BIN` names, the newest of Debian's, or that on PATH.
///
/// # Errors
/// [`Error::Missing`] where there is none and it cannot be installed.
pub fn postgres_bin() -> Result<PathBuf> {
    if let Some(named) = env::var_os("PG_BIN") {
        return Ok(PathBuf::from(named));
    }
    if let Some(found) = installed_postgres() {
        return Ok(found);
    }
    require(&[Tool { program: "/usr/lib/postgresql", package: "postgresql" }])?;
    installed_postgres().ok_or_else(|| Error::Missing {
        program: "the PostgreSQL server".to_owned(),
        install: "sudo apt-get install -y postgresql (or name its folder in PG_BIN)".to_owned(),
    })
}

fn installed_postgres() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok())
        .map(|version| (version, PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"))))
        .filter(|(_, bin)| bin.join("postgres").is_file())
        .max_by_key(|(version, _)| *version);
    newest.map(|(_, bin)| bin).or_else(|| find("postgres")?.parent().map(Path::to_owned))
}

/// A client program, beside the server's or, where those came without clients, from the system.
///
/// # Errors
/// [`Error::Missing`] where there is none and it cannot be installed.
pub fn postgres_client(bin: &Path, program: &str) -> Result<PathBuf> {
    let beside = bin.join(program);
    if beside.is_file() {
        return Ok(beside);
    }
    if find("psql").is_none() {
        require(&[Tool { program: "psql", package: "postgresql-client" }])?;
    }
    find(program).ok_or_else(|| Error::Missing {
        program: program.to_owned(),
        install: "sudo apt-get install -y postgresql-client".to_owned(),
    })
}
