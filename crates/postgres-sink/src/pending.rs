//! Checks that wait for the commit. A table with some cannot be truncated or altered, which the source may do behind
//! rows whose checks there were not put off.
//!
//! <https://www.postgresql.org/docs/current/sql-set-constraints.html>

use cdc::quote_ident;
use postgres_client::{ServerError, Session};

/// The constraints of tables, and those that refer to them, whose checks may wait. A name may stand for more than one.
const DEFERRABLE: &str = "
    SELECT DISTINCT n.nspname, c.conname
    FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace
    WHERE c.condeferrable
    AND (c.conrelid = ANY ($1::text[]::regclass[]) OR c.confrelid = ANY ($1::text[]::regclass[]))";

/// Has what waits in these tables, named as in SQL, checked now; what comes later waits again.
///
/// # Errors
/// What the checks say of a row.
pub(crate) async fn check(session: &Session, tables: &[String]) -> Result<(), ServerError> {
    let rows = session.query(DEFERRABLE, &[&tables]).await?;
    let names = rows.iter().map(|row| {
        format!("{}.{}", quote_ident(row.get::<_, &str>(0)), quote_ident(row.get::<_, &str>(1)))
    });
    let names = names.collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        return Ok(());
    }
    let sql = format!("SET CONSTRAINTS {names} IMMEDIATE; SET CONSTRAINTS {names} DEFERRED");
    Ok(session.batch_execute(&sql).await?)
}
