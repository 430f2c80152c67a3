//! Waiting for states that every test waits for.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use stack::Postgres;

use crate::marks::{Half, Mark, Reached, lsn};
use crate::service::Service;
use crate::world::{DATABASE, World};

/// Recovering from a server's restart, a time-out and a pause of ten seconds between attempts is part of it.
const LIMIT: Duration = Duration::from_secs(180);
/// Far more than a stop may take: who measures it says what is too long.
const STOP_LIMIT: Duration = Duration::from_secs(90);

/// Waits until everything that is committed in the source now is durable at the far end of `half`.
///
/// # Errors
/// Where it does not get there in time, with the end of the service's log.
pub fn catch_up(service: &Service, world: &World, half: Half) -> Result<()> {
    let now = lsn(&world.ask("SELECT pg_current_wal_insert_lsn()")?).context("an LSN")?;
    let what = format!("{half:?} to come to {now:X}");
    let came = service.wait_mark(0, LIMIT, &what, |whose, mark| {
        whose == half && matches!(mark, Mark::Committed(Reached::After(at)) if at >= now)
    });
    came.map(drop).with_context(|| activity(world))
}

/// What the servers' sessions do, for a failure.
fn activity(world: &World) -> String {
    let sql = "SELECT pid, application_name, state, wait_event_type, wait_event, now() - state_change, left(query, 60)
               FROM pg_stat_activity WHERE datname = current_database()";
    let ask =
        |cluster: &Postgres| cluster.psql(DATABASE, sql).unwrap_or_else(|error| error.to_string());
    format!("the source's sessions:\n{}\nthe target's:\n{}", ask(&world.source), ask(&world.target))
}

/// Waits until `sql` answers `wanted`.
///
/// # Errors
/// Where it does not in time.
pub fn wait_sql(cluster: &Postgres, sql: &str, wanted: &str) -> Result<()> {
    let what = format!("`{sql}` to say {wanted}");
    stack::wait::until(&what, LIMIT, "", || {
        Ok((cluster.psql(DATABASE, sql)? == wanted).then_some(()))
    })?;
    Ok(())
}

/// The server processes of the pipeline's sessions.
///
/// # Errors
/// What psql said.
pub fn sessions(cluster: &Postgres) -> Result<String> {
    let sql = "SELECT coalesce(string_agg(pid::text, ','), '0') FROM pg_stat_activity WHERE application_name = 'pgrelay crash'";
    Ok(cluster.psql(DATABASE, sql)?)
}

/// The server processes that hold a pipeline's lock.
///
/// # Errors
/// What psql said.
pub fn holders(cluster: &Postgres) -> Result<String> {
    let sql = "SELECT coalesce(string_agg(pid::text, ','), '0') FROM pg_locks WHERE locktype = 'advisory' AND granted";
    Ok(cluster.psql(DATABASE, sql)?)
}

/// Stops it as a person does, and says how long that took.
///
/// # Errors
/// Where it does not end, or ends with another status than 0.
pub fn stop(mut service: Service) -> Result<Duration> {
    let begun = Instant::now();
    service.signal(rustix::process::Signal::TERM)?;
    let status = service.wait_end(STOP_LIMIT)?;
    let took = begun.elapsed();
    service.check()?;
    if !status.success() {
        bail!("stopped with {status}; the log ends\n{}", service.tail());
    }
    Ok(took)
}
