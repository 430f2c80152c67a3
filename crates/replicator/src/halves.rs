//! A pipeline's halves: which ends a loop runs between, made anew at every start.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use cdc::{Finding, Lsn, Meter};
use pgrelay_log::{LogEnd, LogSettings, LogSink, LogSource};
use postgres_sink::{PostgresSink, TargetCatalog};
use postgres_source::PostgresSource;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use transforms::NewColumns;

use crate::config::{Ends, Pipeline};
use crate::run::{Bounds, Chained, Failure, Until, run};
use crate::truncates::left_out;

/// The key under which the file gives tables other names in the target.
pub(crate) const TARGET_TABLES: &str = "sink.postgres.tables";

/// Batches that apply what the log holds are bounded like those that capture.
const BOUNDS: Bounds = Bounds { batch_events_max: 10_000, batch_bytes_max: 8 * 1024 * 1024 };

/// What a half does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// From a database into another one.
    Direct,
    /// From a database into the log.
    Capture,
    /// From the log into a database.
    Apply,
}

impl Role {
    /// The word in metrics, logs and listings.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Direct => "direct",
            Role::Capture => "source",
            Role::Apply => "sink",
        }
    }
}

/// One half of a pipeline.
#[derive(Clone, Debug)]
pub struct Half {
    /// The pipeline.
    pub pipeline: Arc<Pipeline>,
    /// What it does.
    pub role: Role,
    /// What it counts.
    pub meter: Arc<Meter>,
    /// Whether it has copied the tables since the process started.
    pub copied: Arc<AtomicBool>,
    /// What `--until` means for the pipeline: all its halves end at one place.
    pub until: Arc<OnceCell<Until>>,
}

/// What `--until` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Everything committed by the start.
    Now,
    /// Everything committed before this LSN.
    Lsn(Lsn),
}

impl std::str::FromStr for Goal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "now" => Ok(Goal::Now),
            lsn => lsn.parse().map(Goal::Lsn).map_err(|error: cdc::LsnError| error.to_string()),
        }
    }
}

impl Pipeline {
    /// Its halves.
    pub fn halves(self: &Arc<Self>) -> Vec<Half> {
        let until = Arc::new(OnceCell::new());
        let half = |role| Half {
            pipeline: self.clone(),
            role,
            meter: Arc::default(),
            copied: Arc::default(),
            until: until.clone(),
        };
        match &self.ends {
            Ends::Direct(..) => vec![half(Role::Direct)],
            Ends::Log { source, sink, .. } => {
                let capture = source.as_ref().map(|_| half(Role::Capture));
                let apply = sink.as_ref().map(|_| half(Role::Apply));
                capture.into_iter().chain(apply).collect()
            }
        }
    }

    /// Whether it ends on its own, with the copy of the tables.
    pub fn ends_copied(&self) -> bool {
        self.source().is_some_and(|source| !source.snapshot.follows())
    }

    /// What `goal` means for its halves.
    ///
    /// # Errors
    /// Where the source or the log cannot be asked, or an LSN is given to a pipeline that has no source.
    pub async fn until(&self, goal: Goal) -> Result<Until, Failure> {
        match (goal, self.source(), self.log()) {
            (Goal::Lsn(lsn), Some(_), _) => Ok(Until::Lsn(lsn)),
            (Goal::Now, Some(source), _) => Ok(Until::Lsn(postgres_source::wal_end(source).await?)),
            (Goal::Now, None, Some(log)) if !log.kafka.topics.is_empty() => {
                Ok(Until::Offsets(Arc::new(pgrelay_log::topic_ends(log).await?)))
            }
            (Goal::Now, None, Some(log)) => {
                let end = LogEnd::whole(log).await?;
                Ok(Until::Cut(end.map_or(-1, |end| end.cut)))
            }
            _ => Err(Failure {
                remedy: cdc::Remedy::Halt,
                finding: Box::new(
                    Finding::usage(
                        "until_lsn",
                        "--until",
                        format!("pipeline {} only applies: an LSN means nothing to it", self.name),
                    )
                    .remedy("write `--until now`: the end of the log when it starts"),
                ),
            }),
        }
    }
}

impl Half {
    /// `shop source`, for logs and findings.
    pub fn label(&self) -> String {
        format!("pipeline {}, {}", self.pipeline.name, self.role.word())
    }

    fn chain(&self) -> Result<Chained, Failure> {
        let pipeline = &self.pipeline;
        let chained = match self.role {
            Role::Capture => {
                Chained::new("transforms", pipeline.transforms.clone(), pipeline.new_columns)
            }
            Role::Apply => Chained::new(
                "sink.transforms",
                pipeline.sink_transforms.clone(),
                Some(NewColumns::Keep),
            ),
            Role::Direct => {
                let steps = pipeline.transforms.iter().chain(&pipeline.sink_transforms).cloned();
                Chained::new("transforms", steps.collect(), pipeline.new_columns)
            }
        }?;
        Ok(match pipeline.sink() {
            Some(sink) if self.role != Role::Capture => {
                chained.leaving(TARGET_TABLES, sink.tables.keys().cloned())
            }
            _ => chained,
        })
    }

    /// Runs the half once, from its start to its end or its first error.
    ///
    /// # Errors
    /// What ended it.
    pub async fn run(
        &self,
        until: Option<&Until>,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let mut chain = self.chain()?;
        let meter = &self.meter;
        match (&self.pipeline.ends, self.role) {
            (Ends::Direct(source, sink), _) => {
                let mut source = self.capture(source, until);
                let mut sink = PostgresSink::new((**sink).clone(), meter.clone());
                run(&mut source, &mut chain, &mut sink, meter, BOUNDS, until, stop).await
            }
            (Ends::Log { source: Some(source), log, .. }, Role::Capture) => {
                let warned = stop.run_until_cancelled(self.warn_of_truncates(source)).await;
                if warned.is_none() {
                    return Ok(());
                }
                let mut source = self.capture(source, until);
                let mut sink = LogSink::new((**log).clone(), meter.clone());
                run(&mut source, &mut chain, &mut sink, meter, BOUNDS, until, stop).await
            }
            (Ends::Log { log, sink: Some(sink), .. }, Role::Apply) => {
                let mut source = reading(log, sink, meter);
                let mut sink = PostgresSink::new((**sink).clone(), meter.clone());
                run(&mut source, &mut chain, &mut sink, meter, BOUNDS, until, stop).await
            }
            _ => Ok(()),
        }
    }

    /// Says which truncates will leave no record.
    async fn warn_of_truncates(&self, source: &postgres_source::Settings) {
        if self.pipeline.log().is_none_or(|log| log.kafka.formats().1.is_enveloped()) {
            return;
        }
        // What keeps the source from being read ends the start that follows.
        let Ok(tables) = postgres_source::schemas(source).await else { return };
        if let Some(found) = left_out(&self.pipeline, tables.iter().map(|table| &**table)) {
            tracing::warn!(pipeline = %self.pipeline.name, remedy = found.remedy, "{}", found.reason);
        }
    }

    fn capture(
        &self,
        settings: &postgres_source::Settings,
        until: Option<&Until>,
    ) -> PostgresSource {
        let source = PostgresSource::new(settings.clone(), self.meter.clone());
        let mut source = source.copied(self.copied.clone());
        if let Some(Until::Lsn(lsn)) = until {
            source.until(*lsn);
        }
        source
    }
}

/// What a capture half wrote, or the topics of other producers.
fn reading(log: &LogSettings, sink: &postgres_sink::Settings, meter: &Arc<Meter>) -> LogSource {
    if log.kafka.topics.is_empty() {
        return LogSource::new(log.clone(), meter.clone());
    }
    LogSource::of_topics(log.clone(), Arc::new(TargetCatalog::new(sink.clone())), meter.clone())
}
