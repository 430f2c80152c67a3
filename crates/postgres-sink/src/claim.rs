//! One process at a time for a pipeline's target: an advisory lock on the connection that writes. Invariant 12.

use std::sync::Arc;
use std::time::Duration;

use cdc::Finding;
use postgres_client::{Holder, Session, lock_number};
use tokio::task::AbortHandle;

use crate::error::SinkError;
use crate::rights;
use crate::settings::Settings;

/// How often the lock is asked for while another has it.
const RETRY: Duration = Duration::from_millis(500);
/// The server ends a session that says nothing for this long: a process that was stopped, or a machine that is
/// gone, does not keep the lock for ever.
const IDLE_TIMEOUT: &str =
    "SET idle_session_timeout = '30s'; SET idle_in_transaction_session_timeout = '30s'";
/// A killed process leaves a statement that may go on for long, and its session holds the lock until it is done:
/// the server is told to look whether somebody still listens. Not every system lets a server see that.
const LOOK_FOR_US: &str = "SET client_connection_check_interval = '2s'";
/// A living process says something this often.
const PING: Duration = Duration::from_secs(8);

/// The session that holds the lock and writes.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) session: Arc<Session>,
    ping: AbortHandle,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.ping.abort();
    }
}

/// Who has the lock, if anybody has.
pub(crate) async fn held(
    session: &Session,
    settings: &Settings,
) -> Result<Option<Holder>, SinkError> {
    let holder = session.lock_holder(number(settings)).await;
    holder.map_err(SinkError::server(&settings.server, "read the lock's holder"))
}

fn number(settings: &Settings) -> i64 {
    lock_number(&format!("pgrelay sink {}", settings.pipeline))
}

/// Connects and takes the lock, waiting while another has it; says who that is whenever it changes.
pub(crate) async fn claim(
    settings: &Settings,
    waiting: impl Fn(String),
) -> Result<Claim, SinkError> {
    let failed = |doing: &str| SinkError::server(&settings.server, doing);
    let name = format!("pgrelay {}", settings.pipeline);
    let session = settings.server.connect(&name).await.map_err(failed("connect"))?;
    no_pooler(settings, &session).await?;
    let number = number(settings);
    let mut said = None;
    loop {
        let row = session.query_one("SELECT pg_catalog.pg_try_advisory_lock($1)", &[&number]).await;
        if row.map_err(|error| failed("take the lock of the pipeline")(error.into()))?.get(0) {
            break;
        }
        if let Some(holder) = held(&session, settings).await?
            && said != Some(holder.pid)
        {
            said = Some(holder.pid);
            let text = format!(
                "another process holds the target of pipeline {}: {holder}",
                settings.pipeline
            );
            tracing::info!("{text}; waiting to take over");
            waiting(text);
        }
        tokio::time::sleep(RETRY).await;
    }
    session
        .batch_execute(IDLE_TIMEOUT)
        .await
        .map_err(|error| failed("set time-outs")(error.into()))?;
    if let Err(error) = session.batch_execute(LOOK_FOR_US).await
        && error.as_db_error().is_none()
    {
        return Err(failed("set time-outs")(error.into()));
    }
    rights::replica(&session, settings).await?;
    let session = Arc::new(session);
    let ping = tokio::spawn(ping(session.clone())).abort_handle();
    Ok(Claim { session, ping })
}

async fn ping(session: Arc<Session>) {
    let mut tick = tokio::time::interval(PING);
    loop {
        tick.tick().await;
        // An error is the writer's to meet: in a failed transaction this fails too.
        let _ = session.batch_execute("SELECT 1").await;
    }
}

/// Refuses a pooler that gives each transaction another server session: a lock held on one would protect nothing.
/// Two sessions that are open at once and answer from one backend are such a pooler's.
async fn no_pooler(settings: &Settings, session: &Session) -> Result<(), SinkError> {
    let failed = || SinkError::server(&settings.server, "compare two sessions");
    let other = settings
        .server
        .connect(&format!("pgrelay {} pooler check", settings.pipeline))
        .await
        .map_err(failed())?;
    for _ in 0..3 {
        let one = session.backend_pid().await.map_err(failed())?;
        let two = other.backend_pid().await.map_err(failed())?;
        if one == two {
            return Err(pooler(settings).into());
        }
    }
    Ok(())
}

pub(crate) fn pooler(settings: &Settings) -> Finding {
    Finding::outside("transaction_pooler", format!("target {}", settings.server), "a pooler in transaction mode stands before the server: locks, time-outs and prepared statements of a session do not hold there")
        .remedy("connect to the server itself, or to the pooler's port in session mode")
}
