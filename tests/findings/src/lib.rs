//! A source and a target of a test's own, a pipeline file, and the real `pgrelay` run over them.
//!
//! Every test says what a person would see: the exit status, the place, and the remedy.

mod disk;
mod guarded;
mod hold;
mod service;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

use stack::Postgres;
use tempfile::TempDir;

pub use disk::SmallDisk;
pub use guarded::Guarded;
pub use hold::Held;
pub use service::Service;

/// What pipeline files refer to.
const VARIABLES: [(&str, &str); 2] =
    [("MASK_KEY", "a long random key"), ("SASL_PASSWORD", guarded::PASSWORD)];

/// Where `pgrelay` is: built once, beside the tests.
///
/// # Panics
/// Where it cannot be built.
pub fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| stack::pgrelay().expect("pgrelay builds"))
}

/// What a run of `pgrelay` left.
#[derive(Debug)]
pub struct Ran {
    /// The exit status.
    pub status: i32,
    /// What it wrote to stderr.
    pub stderr: String,
    /// What it wrote to stdout.
    pub stdout: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        }
    }
}

impl Ran {
    /// Asserts the exit status, and that stderr has each of these texts.
    ///
    /// # Panics
    /// Where it is not so; the message shows the whole of stderr.
    pub fn expect(&self, status: i32, texts: &[&str]) -> &Self {
        assert_eq!(self.status, status, "exit status; stderr:\n{}", self.stderr);
        for text in texts {
            assert!(self.stderr.contains(text), "stderr has no {text:?}:\n{}", self.stderr);
        }
        self
    }
}

/// One cluster with a source and a target database, and a folder for the pipeline file.
#[derive(Debug)]
pub struct Place {
    /// The cluster.
    pub postgres: Postgres,
    /// The pipeline's name, its slot and its publication.
    pub name: String,
    folder: TempDir,
}

impl Place {
    /// A cluster with these settings; `public.t (id, a, b)` is in the source.
    ///
    /// # Panics
    /// Where the servers do not start.
    pub fn with(name: &str, settings: &[(&str, &str)]) -> Self {
        let mut builder = Postgres::builder();
        for (setting, value) in settings {
            builder = builder.setting(setting, value);
        }
        let postgres = builder.start().expect("the cluster starts");
        let place =
            Self { postgres, name: name.to_owned(), folder: TempDir::new().expect("a folder") };
        place.sql("postgres", "CREATE ROLE owner LOGIN");
        for database in ["src", "dst"] {
            place.sql("postgres", &format!("CREATE DATABASE {database} OWNER owner"));
        }
        place.sql("src", "CREATE TABLE public.t (id int PRIMARY KEY, a text, b int)");
        place
    }

    /// The same with the usual settings.
    pub fn new(name: &str) -> Self {
        Self::with(name, &[])
    }

    /// Runs SQL as a superuser and returns what it prints.
    ///
    /// # Panics
    /// Where the server refuses it.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        self.postgres.psql(database, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The usual pipeline file, straight from `src` to `dst`, with `more` at its end.
    pub fn file(&self, more: &str) -> String {
        format!(
            "name: {0}\nsource:\n  postgres:\n    url: {1}\n    tables: [public.t]\n    slot: {0}\nsink:\n  postgres:\n    url: {2}\n{more}",
            self.name,
            self.postgres.url("src"),
            self.postgres.url_as("owner", "dst"),
        )
    }

    fn write(&self, file: &str) -> PathBuf {
        let path = self.folder.path().join("pipeline.yaml");
        fs::write(&path, file).expect("the folder is ours");
        path
    }

    /// Writes the pipeline file and runs a command over it.
    ///
    /// # Panics
    /// Where the program cannot be started.
    pub fn run(&self, command: &str, file: &str, arguments: &[&str]) -> Ran {
        let path = self.write(file);
        let output = Command::new(binary())
            .arg(command)
            .arg(&path)
            .args(arguments)
            .envs(VARIABLES)
            .env_remove("RUST_LOG")
            .output();
        output.expect("pgrelay starts").into()
    }

    /// Runs the pipeline until everything committed so far has arrived.
    pub fn serve(&self, file: &str) -> Ran {
        self.run("serve", file, &["--until", "now", "--listen", "127.0.0.1:0"])
    }

    /// Runs it and asserts that it went through.
    ///
    /// # Panics
    /// Where it did not.
    pub fn arrives(&self, file: &str) {
        self.serve(file).expect(0, &[]);
    }
}
