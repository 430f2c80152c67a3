//! What can go wrong between a publication and us, what the program does about it, and what a person can do.

use cdc::{Fault, Finding, Lsn, Remedy, TableName};
use pgoutput::DecodeError;
use postgres_client::{Server, ServerError};

/// An error of the source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The server, or the way to it.
    #[error("{doing}: {error}")]
    Server {
        /// What was being done.
        doing: String,
        /// Where: the server and database.
        place: String,
        /// What the server said.
        #[source]
        error: ServerError,
    },
    /// Something is not as needed, with the ways on.
    #[error("{0}")]
    Finding(Box<Finding>),
    /// A message that cannot be read.
    #[error("decode the message at {lsn}: {error}")]
    Decode {
        /// Where it stands.
        lsn: Lsn,
        /// What is wrong with it.
        #[source]
        error: DecodeError,
    },
    /// A message about a table that was never described, or out of its order.
    #[error("read the stream at {lsn}: {what}")]
    Stream {
        /// Where it stands.
        lsn: Lsn,
        /// What is wrong.
        what: String,
    },
}

impl SourceError {
    /// Wraps what a server said while `doing` something at `place`.
    pub(crate) fn server(
        place: impl std::fmt::Display,
        doing: impl Into<String>,
    ) -> Box<dyn FnOnce(ServerError) -> Self + Send> {
        let (place, doing) = (place.to_string(), doing.into());
        Box::new(move |error| SourceError::Server { doing, place, error })
    }

    /// Whether the server could not be reached at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, SourceError::Server { error, .. } if error.is_unreachable())
    }
}

impl From<Finding> for SourceError {
    fn from(finding: Finding) -> Self {
        SourceError::Finding(Box::new(finding))
    }
}

impl Fault for SourceError {
    fn remedy(&self) -> Remedy {
        match self {
            SourceError::Server { error, .. } if is_pooler(error) => Remedy::Halt,
            SourceError::Server { error, .. } => error.remedy(),
            SourceError::Finding(_) | SourceError::Decode { .. } | SourceError::Stream { .. } => {
                Remedy::Halt
            }
        }
    }

    fn finding(&self) -> Finding {
        match self {
            SourceError::Finding(finding) => (**finding).clone(),
            SourceError::Server { doing, place, error } => server_finding(doing, place, error),
            SourceError::Decode { lsn, .. } | SourceError::Stream { lsn, .. } => Finding::failed(
                "stream_unreadable",
                format!("source, LSN {lsn}"),
                self.to_string(),
            )
            .remedy(
                "nothing after this LSN was produced; report the server's version and this message",
            ),
        }
    }
}

/// A pooler says so to what a replication connection sets at its start; no server does, and waiting changes nothing.
fn is_pooler(error: &ServerError) -> bool {
    error.code() == Some("08P01")
        && error
            .response()
            .is_some_and(|response| response.message.starts_with("unsupported startup parameter"))
}

/// Why the replication connection was not opened, where it is the role's right that lacks.
pub(crate) fn no_walsender(server: &Server, error: ServerError) -> SourceError {
    let doing = "open the replication connection";
    if error.code() != Some("42501") {
        return SourceError::server(server, doing)(error);
    }
    Finding::outside(
        "source_role_replication",
        format!("source {server}"),
        format!("{doing}: {error}"),
    )
    .remedy(format!("give the role {} the REPLICATION attribute", server.user))
    .run(format!("ALTER ROLE {} REPLICATION;", cdc::quote_ident(&server.user)))
    .into()
}

/// Turns a server's no into what to do about it, by SQLSTATE.
fn server_finding(doing: &str, place: &str, error: &ServerError) -> Finding {
    let reason = format!("{doing}: {error}");
    let place = format!("source {place}");
    let outside =
        |code, remedy: &str| Finding::outside(code, place.clone(), reason.clone()).remedy(remedy);
    let message = error.response().map(|response| response.message.as_str()).unwrap_or_default();
    match error.code() {
        None if error.is_unreachable() => outside("source_unreachable", "start the server, or correct host and port in `source.postgres.url`"),
        Some("08P01") if is_pooler(error) => outside("source_pooler", "a connection pooler does not pass a replication stream: name the server's own host and port in `source.postgres.url`"),
        None => outside("source_connection", "correct `source.postgres.url`: its sslmode and certificates"),
        Some("28P01" | "28000") if message.contains("pg_hba.conf") => {
            outside("source_hba", "allow the role in pg_hba.conf, for the database and for replication, and reload the server")
                .run("SELECT pg_reload_conf();")
        }
        Some("28P01" | "28000") => outside("source_authentication", "correct the role in `source.postgres.url` and its `password`"),
        Some("3D000") => outside("source_database_missing", "correct the database in `source.postgres.url`"),
        Some("55000") if message.contains("wal_level") => wal_level(&place, &reason),
        Some("42501") => outside("source_rights", "give the role the right it lacks; `pgrelay check` prints all it needs"),
        Some("42704") if message.contains("publication") => outside(
            "publication_missing",
            "run `pgrelay drop` for the pipeline and start it again: publication and slot are then made in the right order",
        ),
        Some("53100") => outside("source_disk_full", "free or add disk space at the source, and start the pipeline again: it goes on where it stopped, nothing is lost"),
        Some("53300") if message.contains("max_wal_senders") => walsenders(&place, &reason),
        Some("53300") => outside("source_connections", "raise max_connections and restart the server, or end another client")
            .run("ALTER SYSTEM SET max_connections = 200;\nSELECT pid, usename, application_name, state FROM pg_stat_activity;"),
        Some("53400") => outside(
            "source_slots",
            "all replication slots are in use: raise max_replication_slots and restart the server, or drop one that is not needed",
        )
        .run("ALTER SYSTEM SET max_replication_slots = 20;\nSELECT slot_name, active, restart_lsn FROM pg_replication_slots;"),
        Some("55006") => outside("slot_active", "another program streams from the slot: stop it, or give this pipeline a slot of its own")
            .run("SELECT pid, application_name, client_addr FROM pg_stat_replication;"),
        Some(_) => outside("source_error", "see the server's log for this error"),
    }
}

/// The finding for a server that has no walsender left.
pub(crate) fn walsenders(place: &str, reason: &str) -> Finding {
    Finding::outside("source_walsenders", place, reason)
        .remedy("raise max_wal_senders and restart the server, or end another program that streams")
        .run("ALTER SYSTEM SET max_wal_senders = 20;\nSELECT pid, usename, application_name, client_addr FROM pg_stat_replication;")
}

/// The finding for a server without logical decoding.
pub(crate) fn wal_level(place: &str, reason: &str) -> Finding {
    Finding::outside("wal_level", place, reason)
        .remedy("set wal_level to logical and restart the server")
        .run("ALTER SYSTEM SET wal_level = 'logical';")
}

/// The finding for a table whose updates could not be served. `all` are those to be altered.
pub(crate) fn identity(table: &TableName, reason: &str, all: &[&TableName]) -> Finding {
    Finding::outside("replica_identity", format!("source, table {table}"), reason)
        .remedy("publishing it would make the application's own UPDATE and DELETE fail: give it a primary key, or let it send whole rows")
        .run(whole_rows(all))
}

/// The finding for partitions whose updates do not say which row of their root they mean.
pub(crate) fn partition_identity(table: &TableName, reason: &str, all: &[&TableName]) -> Finding {
    Finding::outside("replica_identity", format!("source, table {table}"), reason)
        .remedy("let the partition send whole rows; what it sent before without them is only in a new copy (`pgrelay drop`)")
        .run(whole_rows(all))
}

fn whole_rows(tables: &[&TableName]) -> String {
    let alter = |table: &&TableName| format!("ALTER TABLE {} REPLICA IDENTITY FULL;", table.sql());
    tables.iter().map(alter).collect::<Vec<_>>().join("\n")
}
