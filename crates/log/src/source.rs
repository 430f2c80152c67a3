//! Kafka as a [`Source`]: cut by cut, the batches that the capture half wrote, in their order.
//!
//! A thread reads and decodes; at most one batch waits in the channel to it, so memory is bounded by the
//! batches and by what the client prefetches of each partition. Nothing is committed to the brokers: the
//! target keeps the place with its rows.

use std::sync::Arc;

use cdc::{Batch, Catalog, Checkpoint, Meter, Source};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::admin;
use crate::config::LogSettings;
use crate::cut::Cut;
use crate::error::LogError;
use crate::foreign;
use crate::reader::Reader;
use crate::sink::{blocking, own_topics};
use crate::{client, scan, topics};

/// Kafka as a source: of what a capture half wrote, or of the topics of other producers.
pub struct LogSource {
    settings: LogSettings,
    meter: Arc<Meter>,
    /// What the tables are that the records of other producers go to.
    catalog: Option<Arc<dyn Catalog>>,
    batches: Option<Batches>,
}

type Batches = mpsc::Receiver<Result<Batch, LogError>>;

/// What gives a thread its batches: none where nothing came for a while.
type Reading = Box<dyn FnMut() -> Result<Option<Batch>, LogError>>;

impl std::fmt::Debug for LogSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogSource").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl LogSource {
    /// A source that has not begun.
    pub fn new(settings: LogSettings, meter: Arc<Meter>) -> Self {
        Self { settings, meter, catalog: None, batches: None }
    }

    /// The same of the topics of other producers, whose records go to the tables of this catalog.
    pub fn of_topics(settings: LogSettings, catalog: Arc<dyn Catalog>, meter: Arc<Meter>) -> Self {
        Self { settings, meter, catalog: Some(catalog), batches: None }
    }
}

impl Source for LogSource {
    type Error = LogError;

    async fn claim(&mut self) -> Result<(), LogError> {
        // The log may be read by many: who applies it is decided by the lock of the target.
        Ok(())
    }

    async fn stop(&mut self) {
        self.batches = None;
    }

    async fn start(&mut self, after: Option<Checkpoint>) -> Result<(), LogError> {
        // The thread of an earlier start ends with its channel.
        self.batches = None;
        let (sender, receiver) = mpsc::channel(1);
        let (ready, begun) = oneshot::channel();
        let (settings, meter) = (self.settings.clone(), Arc::clone(&self.meter));
        let catalog = self.catalog.clone().map(|catalog| (catalog, Handle::current()));
        std::thread::Builder::new()
            .name("log-reader".to_owned())
            .spawn(move || match begin(settings, meter, catalog, after.as_ref()) {
                Ok(reading) => {
                    // Where nobody waits any more the channel is closed as well, and the thread ends.
                    let _ = ready.send(Ok(()));
                    work(reading, &sender);
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
            })
            .map_err(|_| LogError::Void)?;
        begun.await.map_err(|_| LogError::Void)??;
        self.batches = Some(receiver);
        Ok(())
    }

    async fn next(&mut self) -> Result<Batch, LogError> {
        let batches = self.batches.as_mut().ok_or(LogError::Void)?;
        batches.recv().await.unwrap_or(Err(LogError::Void))
    }

    async fn confirm(&mut self, _upto: &Checkpoint) -> Result<(), LogError> {
        // The target keeps the place; the log keeps its records as long as its topics say.
        std::future::ready(Ok(())).await
    }
}

fn begin(
    settings: LogSettings,
    meter: Arc<Meter>,
    catalog: Option<(Arc<dyn Catalog>, Handle)>,
    after: Option<&Checkpoint>,
) -> Result<Reading, LogError> {
    if let Some((catalog, runtime)) = catalog {
        let mut reader = foreign::Reader::begin(settings, catalog, runtime, meter, after)?;
        return Ok(Box::new(move || reader.next_batch()));
    }
    // The apply half may be there before the capture half has written anything.
    admin::ensure(&settings, &own_topics(&settings))?;
    let mut reader = Reader::begin(settings, meter, after)?;
    Ok(Box::new(move || reader.next_batch()))
}

/// Reads until an error, or until nobody wants the batches any more.
fn work(mut next: Reading, batches: &mpsc::Sender<Result<Batch, LogError>>) {
    while !batches.is_closed() {
        let Some(result) = next().transpose() else { continue };
        let done = result.is_err();
        if batches.blocking_send(result).is_err() || done {
            return;
        }
    }
}

/// Where the log ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEnd {
    /// The offset of the last cut.
    pub cut: i64,
    /// What it says.
    pub checkpoint: Checkpoint,
    /// When its last transaction was committed in the source, in microseconds since 1970.
    pub commit_micros: i64,
}

impl LogEnd {
    /// Where the log ends now; `None` where nothing was ever written.
    ///
    /// # Errors
    /// Where the brokers do not answer, or the last cut is none of ours.
    pub async fn read(settings: &LogSettings) -> Result<Option<Self>, LogError> {
        let settings = settings.clone();
        blocking(move || last_cut(&settings, |_| true)).await
    }

    /// The same for the last cut at which a target may commit: behind it the log may end inside a transaction.
    ///
    /// # Errors
    /// As [`LogEnd::read`].
    pub async fn whole(settings: &LogSettings) -> Result<Option<Self>, LogError> {
        let settings = settings.clone();
        blocking(move || last_cut(&settings, |checkpoint| checkpoint.progress.is_whole())).await
    }
}

fn last_cut(
    settings: &LogSettings,
    will_do: impl Fn(&Checkpoint) -> bool,
) -> Result<Option<LogEnd>, LogError> {
    let topic = topics::cuts_topic(&settings.kafka.topic_prefix);
    let there = {
        let consumer = client::consumer(settings)?;
        !admin::partitions(&consumer, settings, std::slice::from_ref(&topic))?.is_empty()
    };
    if !there {
        return Ok(None);
    }
    scan::last(settings, &topic, |record| {
        let cut: Cut = record
            .value
            .and_then(|value| serde_json::from_slice(value).ok())
            .ok_or_else(|| scan::unreadable(&topic, record.offset, "a cut"))?;
        Ok(will_do(&cut.checkpoint).then_some(LogEnd {
            cut: record.offset,
            checkpoint: cut.checkpoint,
            commit_micros: cut.commit_micros,
        }))
    })
}
