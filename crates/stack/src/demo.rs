//! The demo: two PostgreSQL clusters, Kafka and pgrelay, kept running between commands.
//!
//! Everything it knows is in `.stack/` in the root of the repository: the secrets and ports (`env`), which engine
//! runs the servers (`engine`), the servers' data, pid files and logs.

mod changes;
mod database;
mod docker;
mod report;
mod servers;
mod service;

use std::fs::{self, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use stack::process::User;

use servers::Servers;

/// The ports, each with the name of the variable that changes it before the first start.
const PORTS: [(&str, u16); 4] = [
    ("PGRELAY_SOURCE_PORT", 54321),
    ("PGRELAY_TARGET_PORT", 54322),
    ("PGRELAY_KAFKA_PORT", 19092),
    ("PGRELAY_REST_PORT", 8083),
];

/// The secrets of pipelines/, made at the first start.
const SECRETS: [&str; 3] = ["SHOP_SOURCE_PASSWORD", "SHOP_TARGET_PASSWORD", "SHOP_MASK_KEY"];

/// The demo of one working tree.
#[derive(Debug)]
pub(crate) struct Demo {
    root: PathBuf,
    state: PathBuf,
    variables: Vec<(String, String)>,
}

impl Demo {
    /// Finds the working tree and reads what an earlier start left.
    pub(crate) fn open() -> Result<Demo> {
        let here = std::env::current_dir().context("find the current folder")?;
        let root = here
            .ancestors()
            .find(|folder| folder.join("pipelines").is_dir() && folder.join("db/source").is_dir())
            .context("no folder above this one has pipelines/ and db/source/: go to the working tree of pgrelay")?
            .to_owned();
        let state = root.join(".stack");
        let text = fs::read_to_string(state.join("env")).unwrap_or_default();
        let variables = text.lines().filter_map(|line| line.split_once('='));
        let variables =
            variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Demo { root, state, variables })
    }

    /// Starts what does not run yet, makes a few changes and shows that they arrive.
    pub(crate) fn up(mut self) -> Result<()> {
        self.prepare()?;
        let binary = service::build(&self)?;
        let servers = Servers::start(&self)?;
        database::prepare(&self, &servers)?;
        let service = service::start(&self, &binary)?;
        let change = changes::travel(&self, &servers, &service)?;
        report::print(&self, &servers, &change)
    }

    /// Prints where everything listens.
    pub(crate) fn env(&self) -> Result<()> {
        if !Servers::run(self)? {
            bail!("the demo does not run; run: make up");
        }
        print!("{}", self.addresses());
        Ok(())
    }

    /// Follows the log until interrupted.
    pub(crate) fn logs(&self) -> Result<()> {
        let log = self.state.join("pgrelay.log");
        if !log.exists() {
            bail!("there is no log yet; run: make up");
        }
        Err(Command::new("tail").args(["-n", "200", "-F"]).arg(log).exec()).context("run tail")
    }

    /// Stops everything, keeps the data.
    pub(crate) fn down(&self) -> Result<()> {
        service::stop(self)?;
        Servers::stop(self)?;
        println!("stopped; the data is kept (make up starts it again, make clean removes it)");
        Ok(())
    }

    /// Stops everything and removes what the demo made.
    pub(crate) fn clean(&self) -> Result<()> {
        service::stop(self)?;
        Servers::remove(self)?;
        if self.state.exists() {
            fs::remove_dir_all(&self.state)
                .with_context(|| format!("remove {}", self.state.display()))?;
        }
        println!("stopped and removed");
        Ok(())
    }

    /// Makes `.stack/`, with ports and secrets chosen once.
    fn prepare(&mut self) -> Result<()> {
        fs::create_dir_all(&self.state)
            .with_context(|| format!("make {}", self.state.display()))?;
        for (name, default) in PORTS {
            if self.variable(name).is_none() {
                let chosen = std::env::var(name).unwrap_or_else(|_| default.to_string());
                chosen.parse::<u16>().with_context(|| format!("{name}={chosen} is not a port"))?;
                self.variables.push((name.to_owned(), chosen));
            }
        }
        for name in SECRETS {
            if self.variable(name).is_none() {
                self.variables.push((name.to_owned(), secret()?));
            }
        }
        let lines: String =
            self.variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        let path = self.state.join("env");
        fs::write(&path, lines).with_context(|| format!("write {}", path.display()))?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))
            .context("close the file of secrets")
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The port the variable names.
    fn port(&self, name: &str) -> u16 {
        let default = PORTS.iter().find(|(known, _)| *known == name).map_or(0, |(_, port)| *port);
        self.variable(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    fn rest(&self) -> String {
        format!("127.0.0.1:{}", self.port("PGRELAY_REST_PORT"))
    }

    fn addresses(&self) -> String {
        let [source, target, kafka, _] = PORTS.map(|(name, _)| self.port(name));
        format!(
            "SOURCE_URL=postgresql://postgres@127.0.0.1:{source}/shop\n\
             TARGET_URL=postgresql://postgres@127.0.0.1:{target}/shop_anonymised\n\
             KAFKA=127.0.0.1:{kafka}\nREST=http://{}\n",
            self.rest()
        )
    }

    /// Where native servers keep their data: in `.stack/`, unless the user they run as cannot go there.
    fn servers_home(&self) -> Result<PathBuf> {
        match User::for_servers()? {
            Some(user) if !reachable(&self.state, &user) => {
                let mut hash = DefaultHasher::new();
                self.state.hash(&mut hash);
                Ok(PathBuf::from(format!("/var/tmp/pgrelay-demo-{:016x}", hash.finish())))
            }
            _ => Ok(self.state.clone()),
        }
    }
}

/// Whether a user can go through all folders down to `folder`.
fn reachable(folder: &Path, user: &User) -> bool {
    folder.ancestors().filter(|step| step.exists()).all(|step| {
        fs::metadata(step).is_ok_and(|data| {
            let search = if data.uid() == user.uid { 0o100 } else { 0o001 };
            data.mode() & search != 0
        })
    })
}

/// 32 hexadecimal digits from the kernel.
fn secret() -> Result<String> {
    let path = "/proc/sys/kernel/random/uuid";
    let uuid = fs::read_to_string(path).with_context(|| format!("read {path}"))?;
    Ok(uuid.chars().filter(char::is_ascii_hexdigit).collect())
}
