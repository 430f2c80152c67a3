//! Tables emptied together, as the source emptied them.

use std::sync::Arc;

use crate::target::Target;

/// The statement. `CASCADE` is not repeated: the source names every table it emptied, and what else refers to
/// them here is not its to empty. <https://www.postgresql.org/docs/current/sql-truncate.html>
pub(crate) fn statement(targets: &[Arc<Target>], restart_identity: bool) -> String {
    let names: Vec<_> = targets.iter().map(|target| target.rows_sql.as_str()).collect();
    let restart = if restart_identity { " RESTART IDENTITY" } else { "" };
    format!("TRUNCATE {}{restart}", names.join(", "))
}
