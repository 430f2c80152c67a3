//! One process at a time for a slot: an advisory lock on the replication connection itself, so that whoever
//! holds it can stream and whoever cannot stream does not hold it. Invariant 12.

use std::time::Duration;

use postgres_client::{Session, lock_number};

use crate::config::Settings;
use crate::error::SourceError;
use crate::walsender::Walsender;

/// How often the lock is asked for while another has it.
const RETRY: Duration = Duration::from_millis(500);

const HOLDER: &str = "
    SELECT a.pid, coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'local'), coalesce(a.backend_start::text, '?')
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
      AND (l.classid::int8 << 32 | l.objid::int8) = $1";

/// Takes the lock, waiting while another has it; says who that is whenever it changes.
pub(crate) async fn take(
    walsender: &mut Walsender,
    session: &Session,
    settings: &Settings,
    waiting: impl Fn(String),
) -> Result<(), SourceError> {
    let number = lock_number(&format!("pgrelay source {}", settings.slot));
    let failed = || SourceError::server(&settings.server, "take the lock of the slot");
    let mut said = None;
    loop {
        let rows = walsender
            .query(&format!("SELECT pg_catalog.pg_try_advisory_lock({number})"))
            .await
            .map_err(failed())?;
        if rows.first().and_then(|row| row.first()).and_then(Option::as_deref) == Some("t") {
            return Ok(());
        }
        let holder =
            session.query_opt(HOLDER, &[&number]).await.map_err(|error| failed()(error.into()))?;
        if let Some(row) = holder {
            let pid: i32 = row.get(0);
            if said != Some(pid) {
                said = Some(pid);
                let text = format!(
                    "another process holds the lock of slot {}: pid {pid}, {}, from {}, since {}",
                    settings.slot,
                    row.get::<_, &str>(1),
                    row.get::<_, &str>(2),
                    row.get::<_, &str>(3),
                );
                tracing::info!(slot = %settings.slot, "{text}; waiting to take over");
                waiting(text);
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}
