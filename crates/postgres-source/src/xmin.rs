//! The slot's `catalog_xmin`, for `source.xmin`: asked for now and then by a task of its own, on a connection of its own.
//!
//! The stream takes what was found last and waits for nothing. The number is of the time when a transaction is read: one
//! that is read again after a restart may have another one, as its `ts_ms` is another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use postgres_client::{ServerError, Session};
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::config::Settings;

/// After a failure it is not asked for again before this.
const RETRY: Duration = Duration::from_secs(1);
/// No transaction has this number.
const NONE: u32 = 0;

const XMIN: &str = "
    SELECT catalog_xmin::text::int8 FROM pg_catalog.pg_replication_slots WHERE slot_name = $1";

/// The task, and what it found last; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Xmin {
    task: AbortHandle,
    found: Arc<AtomicU32>,
}

impl Drop for Xmin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Xmin {
    /// Begins, if it is asked for, with what `session` finds: the first transaction has it, too.
    pub(crate) async fn start(session: &Session, settings: &Arc<Settings>) -> Option<Self> {
        let interval = settings.xmin_interval?;
        let first = read(session, settings).await;
        let first = first.inspect_err(|error| warn(settings, error)).unwrap_or(NONE);
        let found = Arc::new(AtomicU32::new(first));
        let task = tokio::spawn(repeat(settings.clone(), interval, found.clone()));
        Some(Self { task: task.abort_handle(), found })
    }

    /// What was found last.
    pub(crate) fn found(&self) -> Option<u32> {
        Some(self.found.load(Ordering::Relaxed)).filter(|xmin| *xmin != NONE)
    }
}

async fn repeat(settings: Arc<Settings>, interval: Duration, found: Arc<AtomicU32>) {
    let mut tick = interval_at(Instant::now() + interval, interval);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut session = None;
    let mut failing = false;
    loop {
        tick.tick().await;
        match once(&settings, session.take()).await {
            Ok((open, xmin)) => {
                session = Some(open);
                found.store(xmin, Ordering::Relaxed);
                failing = false;
            }
            Err(error) => {
                // Said once, until it goes well again.
                if !failing {
                    warn(&settings, &error);
                }
                failing = true;
                tick.reset_after(interval.max(RETRY));
            }
        }
    }
}

async fn once(
    settings: &Settings,
    session: Option<Session>,
) -> Result<(Session, u32), ServerError> {
    let session = match session {
        Some(session) => session,
        None => {
            let name = format!("pgrelay {} xmin", settings.pipeline);
            let session = settings.server.connect(&name).await?;
            // The interval may be a long one.
            session.batch_execute("SET idle_session_timeout = 0").await?;
            session
        }
    };
    let xmin = read(&session, settings).await?;
    Ok((session, xmin))
}

async fn read(session: &Session, settings: &Settings) -> Result<u32, ServerError> {
    let row = session.query_opt(XMIN, &[&&*settings.slot]).await?;
    let xmin: Option<i64> = row.and_then(|row| row.get(0));
    Ok(xmin.and_then(|xmin| u32::try_from(xmin).ok()).unwrap_or(NONE))
}

fn warn(settings: &Settings, error: &ServerError) {
    tracing::warn!(pipeline = %settings.pipeline, reason = %error, "the slot's catalog_xmin could not be read: source.xmin stays what it was");
}
