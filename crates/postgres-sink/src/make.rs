//! Makes what the target lacks, while other pipelines may be making the same.

use postgres_client::{Session, quote_literal};

/// Runs a statement that makes a schema, a type, a table or a column; that another session made it since we looked is
/// as good. `IF NOT EXISTS` does not see what is not committed yet, and fails with the catalog's unique index when it
/// is. The caller looks again at what is there.
pub(crate) async fn make(session: &Session, statement: &str) -> Result<(), tokio_postgres::Error> {
    let body = format!(
        "BEGIN EXECUTE {}; EXCEPTION WHEN duplicate_schema OR duplicate_table OR duplicate_column \
         OR duplicate_object OR unique_violation THEN NULL; END",
        quote_literal(statement)
    );
    session.batch_execute(&format!("DO {}", quote_literal(&body))).await
}
