//! The source as the loop sees it: claim, start, next, confirm, stop.

mod resume;
mod start;
pub(crate) mod steps;
mod takeover;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cdc::{Batch, Checkpoint, Lsn, Meter, Phase, Progress, Source, SourceId};
use postgres_client::Session;
use tokio::task::JoinHandle;

use self::resume::{copies_anew, not_newly_listed, not_recreated, same_source, still_listed};
use self::steps::{Claimed, Copying};
use crate::config::{Settings, SnapshotMode};
use crate::error::SourceError;
use crate::heartbeat::Action;
use crate::monitor::Monitor;
use crate::publication;
use crate::stream::Stream;
use crate::walsender::{System, Walsender};
use crate::{lock, slot, timeline, watch};

/// A publication as a source.
pub struct PostgresSource {
    settings: Arc<Settings>,
    meter: Arc<Meter>,
    state: State,
    wanted: Option<Lsn>,
    monitor: Option<Monitor>,
    action: Option<Action>,
    /// Whether this process has copied the tables: `snapshot: always` is once a process, not once a connection.
    copied: Arc<AtomicBool>,
}

impl fmt::Debug for PostgresSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSource").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Where a start has come to.
enum State {
    Idle,
    Claimed(Box<(Walsender, Session)>),
    /// The attempt is to be stored before the slot is touched.
    Announce {
        made: Box<Claimed>,
        attempt: u32,
    },
    Announced {
        made: Box<Claimed>,
        attempt: u32,
    },
    Creating(JoinHandle<Result<Copying, SourceError>>),
    Copying(Box<Copying>),
    Opening(JoinHandle<Result<Stream, SourceError>>),
    Streaming(Box<Stream>),
    /// The tables are copied, and that was all.
    Copied,
}

impl PostgresSource {
    /// A source that has not been started.
    pub fn new(settings: Settings, meter: Arc<Meter>) -> Self {
        Self {
            settings: Arc::new(settings),
            meter,
            state: State::Idle,
            wanted: None,
            monitor: None,
            action: None,
            copied: Arc::default(),
        }
    }

    /// Shares with the sources of later starts whether the tables were copied.
    #[must_use]
    pub fn copied(mut self, copied: Arc<AtomicBool>) -> Self {
        self.copied = copied;
        self
    }

    /// Says that somebody waits until everything up to `lsn` has passed: progress is then given without delay.
    pub fn until(&mut self, lsn: Lsn) {
        self.wanted = Some(lsn);
        if let State::Streaming(stream) = &mut self.state {
            stream.want(lsn);
        }
    }

    fn source_id(&self, system: System) -> Arc<SourceId> {
        Arc::new(SourceId {
            system_identifier: system.identifier,
            database: self.settings.server.database.clone(),
            slot: self.settings.slot.to_string(),
            timeline: system.timeline,
        })
    }

    /// Refuses a checkpoint of another source, or of a history this one left; where the file says so, the reason is one to
    /// copy anew.
    async fn same_history(
        &self,
        walsender: &mut Walsender,
        checkpoint: Option<&Checkpoint>,
        source: &SourceId,
    ) -> Result<Option<String>, SourceError> {
        let Some(checkpoint) = checkpoint else { return Ok(None) };
        same_source(&self.settings, checkpoint, source)?;
        let forked =
            timeline::forked(walsender, &self.settings, checkpoint, source.timeline).await?;
        match forked {
            Some(finding) if self.settings.snapshot != SnapshotMode::WhenNeeded => {
                Err(finding.into())
            }
            forked => Ok(forked.map(|finding| finding.reason)),
        }
    }

    fn failed(
        &self,
        doing: &str,
    ) -> impl FnOnce(postgres_client::ServerError) -> SourceError + use<> {
        SourceError::server(&self.settings.server, doing)
    }
}

impl Source for PostgresSource {
    type Error = SourceError;

    async fn claim(&mut self) -> Result<(), SourceError> {
        self.state = State::Idle;
        let name = format!("pgrelay {}", self.settings.pipeline);
        let session = self.settings.server.connect(&name).await.map_err(self.failed("connect"))?;
        let row = session.query_one("SELECT pg_catalog.current_setting('wal_level')", &[]).await;
        let level: String =
            row.map_err(|error| self.failed("read wal_level")(error.into()))?.get(0);
        if level != "logical" {
            return Err(crate::error::wal_level(
                &format!("source {}", self.settings.server),
                &format!("wal_level is {level}, and logical decoding needs logical"),
            )
            .into());
        }
        let mut walsender = Walsender::connect(&self.settings.server, &name)
            .await
            .map_err(|error| crate::error::no_walsender(&self.settings.server, error))?;
        let meter = self.meter.clone();
        lock::take(&mut walsender, &session, &self.settings, |text| {
            meter.enter(Phase::Waiting(text))
        })
        .await?;
        self.meter.enter(Phase::Starting);
        // Said at every start, too: while the sink is away, a start is all there is.
        let behind = watch::slot_keeps(&session, &self.settings, &self.meter).await;
        if let Some(finding) = behind.map_err(self.failed("read the slot"))? {
            watch::warn(&self.settings, &finding);
        }
        self.state = State::Claimed(Box::new((walsender, session)));
        self.monitor = Some(Monitor::start(self.settings.clone(), self.meter.clone()));
        Ok(())
    }

    async fn start(&mut self, after: Option<Checkpoint>) -> Result<(), SourceError> {
        let State::Claimed(connections) = std::mem::replace(&mut self.state, State::Idle) else {
            return Err(SourceError::Stream {
                lsn: Lsn::ZERO,
                what: "the source is started without its lock".to_owned(),
            });
        };
        let (mut walsender, session) = *connections;
        let system = walsender.identify().await.map_err(self.failed("identify the system"))?;
        let wal_end = system.wal_end;
        let source = self.source_id(system);
        let forked = self.same_history(&mut walsender, after.as_ref(), &source).await?;
        slot::check_free(&session, &self.settings).await?;
        let slot = slot::read(&session, &self.settings).await?;
        let anew = match &after {
            // What another reader of the slot copied is there.
            Some(after) if !takeover::is_first(after) => {
                let copied = self.copied.load(Ordering::Relaxed);
                let anew = copies_anew(&self.settings, after, slot.as_ref(), wal_end, copied)?;
                anew.or(forked)
            }
            _ => None,
        };
        // A table that a copy is to read must be there.
        let captured = after.as_ref().filter(|_| anew.is_none());
        let captured = captured.map(|checkpoint| checkpoint.captured.clone()).unwrap_or_default();
        let tables = publication::wanted(&session, &self.settings, &captured).await?;
        self.settings.selection.check(&self.settings, &tables, &captured)?;
        let publication = publication::read(&session, &self.settings).await?;
        let old = slot.clone();
        let made = Box::new(Claimed { walsender, session, source, tables, publication, old });
        if let Some(reason) = anew {
            return self.copy_anew(made, &reason).await;
        }
        match (after, slot) {
            (None, None) => self.start_new(made).await,
            (None, Some(slot)) => self.start_at_slot(made, &slot).await,
            (Some(Checkpoint { progress: Progress::Snapshot { attempt }, .. }), _) => {
                self.publish(made, attempt + 1).await
            }
            (Some(_), _) if !self.settings.snapshot.follows() => {
                self.state = State::Copied;
                Ok(())
            }
            (Some(checkpoint), None) => {
                Err(slot::missing(&self.settings, &checkpoint.progress).into())
            }
            (Some(Checkpoint { taken: Some(taken), progress, source: None, .. }), Some(slot)) => {
                self.take_over(made, &slot, (progress, taken), wal_end).await
            }
            (Some(mut checkpoint), Some(slot)) => {
                slot::check(&slot, &self.settings)?;
                slot::compare(&slot, &self.settings, &checkpoint.progress, wal_end)?;
                not_recreated(&self.settings, &checkpoint.captured, &made.tables)?;
                self.check_publication(&made)?;
                checkpoint.captured =
                    still_listed(&self.settings, checkpoint.captured, &made.tables);
                not_newly_listed(&self.settings, &checkpoint.captured, &made.tables)?;
                checkpoint.source = Some(made.source.clone());
                self.open_stream(*made, checkpoint, None);
                Ok(())
            }
        }
    }

    async fn next(&mut self) -> Result<Batch, SourceError> {
        loop {
            match &mut self.state {
                State::Idle | State::Claimed(_) => {
                    return Err(SourceError::Stream {
                        lsn: Lsn::ZERO,
                        what: "the source was not started".to_owned(),
                    });
                }
                State::Announce { .. } => return self.announce().await,
                // The attempt is being stored; `confirm` goes on from here.
                State::Announced { .. } | State::Copied => std::future::pending().await,
                State::Creating(task) => {
                    let created = task.await;
                    // It is not to be waited for again.
                    self.state = State::Idle;
                    self.state = State::Copying(Box::new(joined(created)??));
                }
                State::Copying(copying) => {
                    let at = Checkpoint {
                        progress: Progress::Snapshot { attempt: copying.attempt },
                        ..copying.end.clone()
                    };
                    let (mut batch, last) = copying.snapshot.next(&at).await?;
                    batch.relations = std::mem::take(&mut copying.first);
                    if last {
                        batch.checkpoint = copying.end.clone();
                        self.follow();
                    }
                    return Ok(batch);
                }
                State::Opening(task) => {
                    let mut stream = Box::new(joined(task.await)??);
                    self.meter.enter(Phase::Streaming);
                    if let Some(lsn) = self.wanted {
                        stream.want(lsn);
                    }
                    if let Some(monitor) = &self.monitor {
                        monitor.expect(stream.captured());
                    }
                    self.action = Action::start(&self.settings);
                    self.state = State::Streaming(stream);
                }
                State::Streaming(stream) => {
                    let Some(monitor) = &mut self.monitor else { return stream.next().await };
                    return tokio::select! {
                        biased;
                        finding = monitor.trouble() => Err(finding.into()),
                        finding = Action::refused(&mut self.action) => Err(finding.into()),
                        batch = stream.next() => batch,
                    };
                }
            }
        }
    }

    async fn confirm(&mut self, upto: &Checkpoint) -> Result<(), SourceError> {
        if !matches!(upto.progress, Progress::Snapshot { .. }) {
            self.copied.store(true, Ordering::Relaxed);
        }
        match (&mut self.state, upto.progress) {
            (State::Announced { .. }, Progress::Snapshot { .. }) => self.create(),
            // Invariant 2: only a place between transactions is confirmed.
            (State::Streaming(stream), progress) => {
                if let Some(end_lsn) = progress.confirmable() {
                    stream.confirm(end_lsn);
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn stop(&mut self) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Streaming(mut stream) => stream.stop().await,
            // The end of the copy was not given away, so no checkpoint can stand at the slot.
            State::Creating(task) => steps::stop_creating(task, &self.settings).await,
            State::Copying(copying) => copying.give_up(&self.settings).await,
            _ => {}
        }
        self.action = None;
    }
}

fn joined<T>(result: Result<T, tokio::task::JoinError>) -> Result<T, SourceError> {
    result.map_err(|error| SourceError::Stream {
        lsn: Lsn::ZERO,
        what: format!("a task of the source ended: {error}"),
    })
}

fn unreachable_state() -> SourceError {
    SourceError::Stream { lsn: Lsn::ZERO, what: "the source is not where it should be".to_owned() }
}
