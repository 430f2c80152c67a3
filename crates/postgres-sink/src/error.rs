//! What can go wrong between us and the target, and what a person can do.

use cdc::{Fault, Finding, Position, Remedy, TableName};
use postgres_client::ServerError;

use crate::apply::Write;
use crate::settings::Settings;

/// An error of the sink.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The server, or the way to it.
    #[error("{doing}: {error}")]
    Server {
        /// What was being done.
        doing: String,
        /// Where.
        place: String,
        /// What the server said.
        #[source]
        error: ServerError,
    },
    /// A row that the target turns away.
    #[error("write {table} at {position}: {error}")]
    Row {
        /// The target's table.
        table: TableName,
        /// The columns of the table's key, of which the row has values that are not shown.
        key: String,
        /// The row's place in the source's commit order.
        position: Position,
        /// The unique index that turned it away.
        unique: Option<Box<Refusing>>,
        /// Why.
        #[source]
        error: ServerError,
    },
    /// A value that is not of its column's type.
    #[error("write {table} at {position}: a value of column {column} is not of type {type_name}")]
    Value {
        /// The target's table.
        table: TableName,
        /// The column.
        column: String,
        /// Its type.
        type_name: String,
        /// The row's place in the source's commit order.
        position: Position,
    },
    /// Something is not as needed, with the ways on.
    #[error("{0}")]
    Finding(Box<Finding>),
    /// Another process writes for this pipeline.
    #[error("another process took over the target of pipeline {pipeline}")]
    Fenced {
        /// The pipeline.
        pipeline: String,
    },
}

/// A unique index that turned a row away.
#[derive(Clone, Debug)]
pub struct Refusing {
    /// It is over the key that rows are found by.
    pub is_key: bool,
    /// The statement that makes it one that is checked at the commit, where there is one.
    pub deferred: Option<String>,
}

/// What is being done when a transaction is committed.
pub(crate) const COMMIT: &str = "commit";

impl SinkError {
    /// What a server said of the rows of a write.
    pub(crate) fn of_write(settings: &Settings, write: &Write, error: ServerError) -> Self {
        let place = format!("{}, table {}", settings.server, write.target.name);
        SinkError::Server { doing: "write rows".to_owned(), place, error }
    }

    /// Wraps what a server said while `doing` something at `place`.
    pub(crate) fn server(
        place: &impl std::fmt::Display,
        doing: &str,
    ) -> Box<dyn Fn(ServerError) -> Self + Send + Sync> {
        let (place, doing) = (place.to_string(), doing.to_owned());
        Box::new(move |error| SinkError::Server {
            doing: doing.clone(),
            place: place.clone(),
            error,
        })
    }

    /// Whether the server could not be reached at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, SinkError::Server { error, .. } if error.is_unreachable())
    }

    /// Whether writing in the source's order, row by row, could go through or would at least name the row.
    pub(crate) fn is_about_rows(&self) -> bool {
        match self {
            SinkError::Server { error, .. } => {
                error.code().is_some_and(postgres_client::is_about_rows)
            }
            _ => false,
        }
    }
}

impl From<Finding> for SinkError {
    fn from(finding: Finding) -> Self {
        SinkError::Finding(Box::new(finding))
    }
}

impl Fault for SinkError {
    fn remedy(&self) -> Remedy {
        match self {
            // A table that our own transaction keeps from being changed is not free the next time either.
            SinkError::Server { error, .. } if error.code() == Some("55006") => Remedy::Halt,
            SinkError::Server { error, .. } => error.remedy(),
            SinkError::Fenced { .. } => Remedy::Retry,
            SinkError::Row { .. } | SinkError::Value { .. } => Remedy::Divert,
            SinkError::Finding(_) => Remedy::Halt,
        }
    }

    fn finding(&self) -> Finding {
        match self {
            SinkError::Finding(finding) => (**finding).clone(),
            SinkError::Server { doing, place, error } => server_finding(doing, place, error),
            SinkError::Row { table, key, position, unique, error } => {
                row_finding(table, key, *position, unique.as_deref(), error)
            }
            SinkError::Value { table, column, type_name, position } => {
                Finding::failed("type_mismatch", format!("target table {table}, column {column}, row at {}", position.place()), format!("the source's value is not of type {type_name}"))
                    .remedy("let the target's column have the source's type")
                    .run(format!("ALTER TABLE {} ALTER COLUMN {} TYPE <the source's type>;", table.sql(), cdc::quote_ident(column)))
            }
            SinkError::Fenced { .. } => Finding::failed("sink_taken_over", "target", self.to_string())
                .remedy("let one process run the pipeline; this one waits and takes over when the other ends"),
        }
    }
}

/// A row that the target turned away, and what can be done.
fn turned_away(
    place: &str,
    table: &str,
    unique: Option<&Refusing>,
    error: &ServerError,
) -> Finding {
    let response = error.response().cloned().unwrap_or_default();
    let constraint = cdc::quote_ident(&response.constraint);
    let found = |code| Finding::failed(code, place.to_owned(), error.to_string());
    match response.code.as_str() {
        "23502" => found("not_null_violation")
            .remedy("the source sends null for a column that may not be null here: let it be null, or fill it in the chain")
            .run(format!("ALTER TABLE {table} ALTER COLUMN {} DROP NOT NULL;", cdc::quote_ident(&response.column))),
        "23505" => unique_finding(found("unique_violation"), unique),
        "23503" => {
            // The server names the table that refers, also where the row is one that is referred to.
            let child = TableName::new(response.schema.as_str(), response.table.as_str()).sql();
            let found = found("foreign_key_violation");
            let found = if child == table {
                found.remedy("the row it refers to is not in the target: capture the table it refers to in the same pipeline; or make the constraint deferrable if the source writes children before parents")
            } else {
                found.remedy(format!("rows of {child} in the target still refer to this one: capture that table in the same pipeline, or see to its rows; or make the constraint deferrable if the source removes parents before children"))
            };
            found.run(format!("ALTER TABLE {child} ALTER CONSTRAINT {constraint} DEFERRABLE;"))
        }
        code if code.starts_with("22") => found("type_mismatch")
            .remedy("a value of the source does not fit the target's column: let the column have the source's type"),
        code if !code.starts_with("23") => found("trigger_violation")
            .remedy("a trigger of the target turns the row away: let it pass what the pipeline's role writes, or disable it; the target's log has what it said"),
        _ => found("constraint_violation").remedy("let the target's constraints be those of the source, or remove the one named here"),
    }
}

fn unique_finding(found: Finding, unique: Option<&Refusing>) -> Finding {
    match unique {
        Some(Refusing { is_key: true, .. }) => found
            .remedy("another row of the target has this key, which the source's rows are found by: remove that row if it is not the source's"),
        Some(Refusing { deferred: Some(statement), .. }) => found
            .remedy("another row of the target has this unique value: remove that row if it is not the source's, or make the constraint deferrable if the source swaps values within a transaction")
            .run(statement.clone()),
        _ => found
            .remedy("another row of the target has this unique value: remove that row if it is not the source's, or the constraint or index if the source has none like it"),
    }
}

fn row_finding(
    table: &TableName,
    key: &str,
    position: Position,
    unique: Option<&Refusing>,
    error: &ServerError,
) -> Finding {
    let key = if key.is_empty() { String::new() } else { format!(", key ({key})") };
    let place = format!("target table {table}{}, row at {}{key}", named(error), position.place());
    turned_away(&place, &table.sql(), unique, error)
}

/// The column and the constraint that the server names.
fn named(error: &ServerError) -> String {
    let Some(response) = error.response() else { return String::new() };
    let name = |what: &str, name: &str| match name {
        "" => String::new(),
        name => format!(", {what} {name}"),
    };
    name("column", &response.column) + &name("constraint", &response.constraint)
}

fn server_finding(doing: &str, place: &str, error: &ServerError) -> Finding {
    let place = format!("target {place}");
    let reason = format!("{doing}: {error}");
    let outside =
        |code, remedy: &str| Finding::outside(code, place.clone(), reason.clone()).remedy(remedy);
    match error.code() {
        None if error.is_unreachable() => outside("target_unreachable", "start the server, or correct host and port in `sink.postgres.url`"),
        None => outside("target_connection", "correct `sink.postgres.url`: its sslmode and certificates"),
        Some("28P01" | "28000") => outside("target_authentication", "correct the role in `sink.postgres.url` and its `password`, or pg_hba.conf"),
        Some("3D000") => outside("target_database_missing", "create the database, or correct it in `sink.postgres.url`"),
        Some("42501") => outside("target_rights", "give the role the right it lacks; `pgrelay check` prints all it needs"),
        Some("25006") => outside("target_read_only", "the server is a standby, or default_transaction_read_only is on: name the primary in `sink.postgres.url`, or let the role write; `pgrelay check` tells which it is"),
        Some("53100") => outside("target_disk_full", "free or add disk space at the target, and start the pipeline again: it goes on where it stopped, nothing is lost")
            .run("SELECT spcname, pg_tablespace_location(oid), pg_size_pretty(pg_tablespace_size(oid)) FROM pg_tablespace;"),
        Some("428C9") => outside("target_identity_column", "the column is GENERATED ALWAYS AS IDENTITY and takes no update: let it take the source's values, ALTER TABLE … ALTER COLUMN … SET GENERATED BY DEFAULT"),
        Some("53300") => outside("target_connections", "raise max_connections at the target, or end another client"),
        Some(code) if postgres_client::is_about_rows(code) && doing != COMMIT => {
            let table = error.response().filter(|response| !response.table.is_empty());
            let table = table.map_or_else(|| "…".to_owned(), |response| {
                TableName::new(response.schema.as_str(), response.table.as_str()).sql()
            });
            turned_away(&format!("{place}{}", named(error)), &table, None, error)
        }
        Some(code) if postgres_client::is_about_rows(code) => {
            Finding::failed("constraint_violation", format!("{place}{}", named(error)), reason.clone())
                .remedy("a constraint or trigger checked at the commit turned the transaction away: let the target's be those of the source")
        }
        Some(_) => outside("target_error", "see the server's log for this error"),
    }
}
