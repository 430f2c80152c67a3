//! One process at a time for a slot: an advisory lock on the replication connection itself, so that whoever
//! holds it can stream and whoever cannot stream does not hold it. Invariant 12.

use std::time::Duration;

use postgres_client::{Holder, Session, lock_number};

use crate::config::Settings;
use crate::error::SourceError;
use crate::walsender::Walsender;

/// How often the lock is asked for while another has it.
const RETRY: Duration = Duration::from_millis(500);

/// Who has the lock, if anybody has.
pub(crate) async fn held(
    session: &Session,
    settings: &Settings,
) -> Result<Option<Holder>, SourceError> {
    let holder = session.lock_holder(number(settings)).await;
    holder.map_err(SourceError::server(&settings.server, "read the lock's holder"))
}

fn number(settings: &Settings) -> i64 {
    lock_number(&format!("pgrelay source {}", settings.slot))
}

/// Takes the lock, waiting while another has it; says who that is whenever it changes.
pub(crate) async fn take(
    walsender: &mut Walsender,
    session: &Session,
    settings: &Settings,
    waiting: impl Fn(String),
) -> Result<(), SourceError> {
    let number = number(settings);
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
        if let Some(holder) = held(session, settings).await?
            && said != Some(holder.pid)
        {
            said = Some(holder.pid);
            let text =
                format!("another process holds the lock of slot {}: {holder}", settings.slot);
            tracing::info!(slot = %settings.slot, "{text}; waiting to take over");
            waiting(text);
        }
        tokio::time::sleep(RETRY).await;
    }
}
