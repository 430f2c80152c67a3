//! What can go wrong with a server: every case says where to look or what to run.

use std::path::PathBuf;

/// The result of every call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a server could not be had or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program is not installed.
    #[error("{program} is not installed; run: {install}")]
    Missing {
        /// The program looked for.
        program: String,
        /// The one command that installs it.
        install: String,
    },
    /// A command ran and failed.
    #[error("`{command}` failed ({status}):\n{output}")]
    Failed {
        /// What was run, shortened.
        command: String,
        /// Its exit status.
        status: String,
        /// What it wrote.
        output: String,
    },
    /// A state was waited for and did not come.
    #[error("waited {seconds} s for {what}; {hint}")]
    Late {
        /// The state.
        what: String,
        /// How long.
        seconds: u64,
        /// Where to look.
        hint: String,
    },
    /// A server ended although it should run.
    #[error("{name} ended by itself; the end of {log}:\n{tail}", log = log.display())]
    Ended {
        /// The server.
        name: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// The operating system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The caller asked for something that cannot be.
    #[error("{0}")]
    Refused(String),
}

/// Adds what was tried to an [`std::io::Error`].
pub(crate) trait Tried<T> {
    fn tried(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Tried<T> for std::io::Result<T> {
    fn tried(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::Io { what: what(), source })
    }
}
