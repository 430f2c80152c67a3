//! Heartbeats: a note into the log now and then, and a statement in the source, which writes something where nothing
//! else is written.

use std::sync::Arc;
use std::time::Duration;

use cdc::{Finding, Lsn, Note, Position, Progress, Remedy};
use postgres_client::{ServerError, Session};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior};

use crate::config::Settings;

/// When a pipeline says that it is there, and how.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// The time between two of them.
    pub interval: Duration,
    /// The statement that is run in the source with each.
    pub action: Option<Arc<str>>,
    /// Whether there is a log to say it in.
    pub noted: bool,
}

/// When the next note is due.
#[derive(Debug)]
pub(crate) struct Beat {
    interval: Option<Duration>,
    last: Instant,
}

impl Beat {
    pub(crate) fn new(settings: &Settings) -> Self {
        let heartbeat = settings.heartbeat.as_ref().filter(|heartbeat| heartbeat.noted);
        Self { interval: heartbeat.map(|heartbeat| heartbeat.interval), last: Instant::now() }
    }

    /// When it is due, if ever.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.interval.and_then(|interval| self.last.checked_add(interval))
    }

    /// The note for a batch that reaches so far, if it is due.
    pub(crate) fn note(&mut self, progress: Progress) -> Option<Note> {
        let now = Instant::now();
        self.due().filter(|due| *due <= now)?;
        self.last = now;
        let position = match progress {
            Progress::After { end_lsn } => Position::outside(end_lsn),
            Progress::Inside { commit_lsn, done } => {
                Position { commit_lsn, seq: done.saturating_sub(1) }
            }
            Progress::Snapshot { .. } | Progress::Offsets {} => {
                Position { commit_lsn: Lsn::ZERO, seq: 0 }
            }
        };
        Some(Note::Heartbeat(cdc::Heartbeat { position }))
    }
}

/// The task that runs the statement; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Action {
    task: AbortHandle,
    refused: mpsc::Receiver<Finding>,
}

impl Drop for Action {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Action {
    /// Begins, if there is a statement.
    pub(crate) fn start(settings: &Arc<Settings>) -> Option<Self> {
        let heartbeat = settings.heartbeat.as_ref()?;
        let (interval, action) = (heartbeat.interval, heartbeat.action.clone()?);
        let (tell, refused) = mpsc::channel(1);
        let settings = settings.clone();
        let task = tokio::spawn(async move {
            let finding = repeat(&settings, interval, &action).await;
            // Whoever listened may be gone, and then nobody needs to know.
            let _ = tell.send(finding).await;
        });
        Some(Self { task: task.abort_handle(), refused })
    }

    /// Ends where there is a statement and the server refuses it. Safe to cancel.
    pub(crate) async fn refused(action: &mut Option<Self>) -> Finding {
        let refused = match action {
            Some(action) => action.refused.recv().await,
            None => None,
        };
        match refused {
            Some(finding) => finding,
            None => std::future::pending().await,
        }
    }
}

/// Runs the statement until the server refuses it. A connection that is lost is made anew with the next beat.
async fn repeat(settings: &Settings, interval: Duration, action: &str) -> Finding {
    let mut tick = tokio::time::interval_at(Instant::now() + interval, interval);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut session = None;
    loop {
        tick.tick().await;
        let error = match once(settings, session.take(), action).await {
            Ok(open) => {
                session = Some(open);
                continue;
            }
            Err(error) => error,
        };
        if error.remedy() == Remedy::Halt {
            return refused(settings, &error);
        }
        tracing::warn!(pipeline = %settings.pipeline, reason = %error, "the heartbeat's action did not run, and is tried again with the next heartbeat");
    }
}

async fn once(
    settings: &Settings,
    session: Option<Session>,
    action: &str,
) -> Result<Session, ServerError> {
    let session = match session {
        Some(session) => session,
        None => {
            let name = format!("pgrelay {} heartbeat", settings.pipeline);
            let session = settings.server.connect(&name).await?;
            // Between two heartbeats it is idle. Names are looked up as for anything else the role runs.
            session.batch_execute("SET idle_session_timeout = 0; RESET search_path").await?;
            session
        }
    };
    session.batch_execute(action).await?;
    Ok(session)
}

fn refused(settings: &Settings, error: &ServerError) -> Finding {
    Finding::outside(
        "heartbeat_action_query",
        format!("source {}", settings.server),
        format!("the server refuses `heartbeat_action_query`: {error}"),
    )
    .remedy("correct the statement in `source.postgres`: what it names has its schema before it, is there, and the role has the right to it")
}
