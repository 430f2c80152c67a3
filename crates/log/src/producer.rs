//! The thread that owns the producer: librdkafka's calls block, and records of one partition keep their order
//! only if one hand sends them.
//!
//! It takes chunks of records, begins a Kafka transaction with the first, and at the end of the batch waits
//! until every record is delivered, adds the cut, and commits. Any error ends it: what was not committed is
//! aborted, and whoever wants to go on starts again from what was.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, NoCustomPartitioner, Producer};
use tokio::sync::{mpsc, oneshot};

use crate::client;
use crate::config::{Delivery, LogSettings};
use crate::cut::{Cut, Places};
use crate::delivery::{Context, Delivered, OURS, is_purge};
use crate::error::{Asking, LogError};
use crate::murmur2;
use crate::pause::Pause;
use crate::records::{RecordRef, Records, VERBATIM_HEADER};
use crate::stamp::STAMP_HEADER;
use crate::topics;

/// How long a transaction may take to end before the batch counts as failed.
const COMMIT_LIMIT: Duration = Duration::from_secs(120);
/// How long the thread sleeps where it waits for the brokers.
const NAP: Duration = Duration::from_micros(100);

/// A topic records go to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: Arc<str>,
    pub(crate) partitions: i32,
}

/// A record of ours, for partition 0.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) topic: String,
    pub(crate) key: String,
    pub(crate) value: String,
}

/// The end of a batch.
#[derive(Debug)]
pub(crate) struct Finish {
    pub(crate) schemas: Vec<Own>,
    /// Its `starts` and `ends` are filled in from the delivery reports.
    pub(crate) cut: Cut,
    pub(crate) checkpoint: Vec<Own>,
    pub(crate) reply: oneshot::Sender<Result<(), LogError>>,
}

/// What the thread is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Send these records; their topics' numbers are places in the list.
    Produce(Records, Arc<[Target]>),
    /// End the batch.
    Finish(Box<Finish>),
}

/// The thread's state.
pub(crate) struct ProducerThread {
    settings: LogSettings,
    producer: BaseProducer<Context, NoCustomPartitioner>,
    cuts_topic: String,
    targets: Arc<[Target]>,
    open: bool,
    begun: Instant,
    last_commit: Option<Instant>,
    pause: Pause,
    /// Buffers on their way back to whoever fills them.
    pool: Arc<Mutex<Vec<Records>>>,
}

impl ProducerThread {
    /// Makes the producer and fences every older one of this pipeline. Blocks.
    pub(crate) fn claim(
        settings: LogSettings,
        pool: Arc<Mutex<Vec<Records>>>,
    ) -> Result<Self, LogError> {
        let defaults = [
            ("retry.backoff.ms", "1"),
            ("queue.buffering.max.kbytes", "65536"),
            ("queue.buffering.max.messages", "200000"),
        ];
        let mut config = client::config(&settings, &defaults)?;
        config
            // The batch is built already: waiting for more only delays it.
            .set("linger.ms", "0")
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("compression.type", settings.kafka.compression.word());
        let transactions = settings.kafka.delivery == Delivery::ExactlyOnce;
        if transactions {
            config.set("transactional.id", settings.transactional_id());
        }
        let asking = Asking::new(&settings, "claim the transactional id", "");
        let producer: BaseProducer<Context, NoCustomPartitioner> =
            config.create_with_context(Context::default()).map_err(|error| asking.error(&error))?;
        if transactions {
            producer.init_transactions(client::ASK_LIMIT * 3).map_err(|error| {
                producer.poll(Duration::ZERO);
                let explained = producer.context().said.explain(asking, &error);
                asking.no_coordinator(producer.client(), explained)
            })?;
        }
        let targets = Arc::from(Vec::new());
        let cuts_topic = topics::cuts_topic(&settings.kafka.topic_prefix);
        Ok(Self {
            settings,
            producer,
            cuts_topic,
            targets,
            open: false,
            begun: Instant::now(),
            last_commit: None,
            pause: Pause(Pause::SHORTEST),
            pool,
        })
    }

    /// Works until an error, or until nobody asks any more.
    pub(crate) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut failed = None;
        while let Some(command) = commands.blocking_recv() {
            match command {
                Command::Produce(records, targets) => {
                    if failed.is_none() {
                        failed = self.produce(&records, targets).err();
                    }
                    self.give_back(records);
                }
                Command::Finish(finish) => {
                    let Finish { schemas, cut, checkpoint, reply } = *finish;
                    let result = match failed.take() {
                        Some(error) => Err(error),
                        None => self.finish(&schemas, cut, &checkpoint),
                    };
                    let done = result.is_err();
                    if done {
                        self.abort();
                    }
                    // Whoever asked may be gone, and then nobody waits for the answer.
                    let _ = reply.send(result);
                    if done {
                        return;
                    }
                }
            }
        }
        self.abort();
    }

    fn give_back(&self, mut records: Records) {
        records.clear();
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).push(records);
    }

    fn transactions(&self) -> bool {
        self.settings.kafka.delivery == Delivery::ExactlyOnce
    }

    fn begin(&mut self) -> Result<(), LogError> {
        if self.open {
            return Ok(());
        }
        *self.producer.context().delivered() = Delivered::default();
        self.open = true;
        if !self.transactions() {
            return Ok(());
        }
        if let Some(wait) = self.last_commit.and_then(|at| self.pause.0.checked_sub(at.elapsed())) {
            std::thread::sleep(wait);
        }
        self.begun = Instant::now();
        self.producer.begin_transaction().map_err(|error| self.error("begin", "", &error))?;
        // An empty record lets the partition of the cuts join together with those of the data. Joining at the
        // end, when the cut is known, would cost a round trip more. Readers pass over it.
        self.send(BaseRecord::with_opaque_to(&self.cuts_topic, OURS).partition(0))
    }

    fn first_delivery(&self) -> Option<Duration> {
        let delivered = self.producer.context().delivered();
        Some(delivered.first?.duration_since(self.begun))
    }

    fn error(&self, doing: &'static str, topic: &str, error: &KafkaError) -> LogError {
        self.producer.poll(Duration::ZERO);
        let asking = Asking::new(&self.settings, doing, topic);
        // What ended the producer tells more than what that did to the records in flight.
        if let Some((code, reason)) = self.producer.client().fatal_error() {
            return asking.code(code, &reason);
        }
        let delivered = self.producer.context().delivered();
        let failed = delivered.error.clone();
        drop(delivered);
        // The transaction's own error tells only that it failed; a record's tells why.
        match failed {
            Some((error, topic, partition)) if !is_purge(&error) => {
                let place = format!("{topic}, partition {partition}");
                Asking::new(&self.settings, "write records", &place).error(&error)
            }
            _ => self
                .why_failed(doing)
                .unwrap_or_else(|| self.producer.context().said.explain(asking, error)),
        }
    }

    /// What made the transaction fail, where its records only fell with it. One that has not failed refuses to
    /// begin once more and stays as it is.
    fn why_failed(&self, doing: &'static str) -> Option<LogError> {
        if !self.open || !self.transactions() {
            return None;
        }
        let Err(KafkaError::Transaction(error)) = self.producer.begin_transaction() else {
            return None;
        };
        if !error.txn_requires_abort() {
            return None;
        }
        let topic = self.producer.context().said.refused();
        Some(Asking::new(&self.settings, doing, &topic).code(error.code(), &error.to_string()))
    }

    fn produce(&mut self, records: &Records, targets: Arc<[Target]>) -> Result<(), LogError> {
        self.begin()?;
        self.targets = targets;
        for (i, record) in records.iter().enumerate() {
            let Some(target) = self.targets.get(record.topic) else { return Err(LogError::Void) };
            let mut message = BaseRecord::with_opaque_to(&target.name, record.topic)
                .partition(murmur2::partition(record.key, target.partitions))
                .headers(headers(&record));
            (message.key, message.payload) = (record.key, record.value);
            self.send(message)?;
            if i % 256 == 0 {
                self.producer.poll(Duration::ZERO);
                self.check_delivered()?;
            }
        }
        Ok(())
    }

    fn send(&self, mut message: BaseRecord<'_, [u8], [u8], usize>) -> Result<(), LogError> {
        loop {
            match self.producer.send(message) {
                Ok(()) => return Ok(()),
                // The same record again: any other order of sending loses the order of the log.
                Err((KafkaError::MessageProduction(Code::QueueFull), back)) => {
                    message = back;
                    self.producer.poll(Duration::ZERO);
                    std::thread::sleep(NAP);
                    self.check_delivered()?;
                }
                Err((error, back)) => return Err(self.error("write a record", back.topic, &error)),
            }
        }
    }

    fn check_delivered(&self) -> Result<(), LogError> {
        let delivered = self.producer.context().delivered();
        let failed = delivered.error.clone();
        drop(delivered);
        match failed {
            None => Ok(()),
            Some((error, topic, _)) => Err(self.error("write records", &topic, &error)),
        }
    }

    /// Waits until every record is delivered. Short naps: the client's own flush waits 100 ms at a time, and
    /// its polls of less than a millisecond do not sleep at all.
    fn drain(&self) -> Result<(), LogError> {
        let mut left = self.producer.in_flight_count();
        while left > 0 {
            // Times out at once where something is left, which the count tells as well.
            let _ = self.producer.flush(Duration::ZERO);
            self.producer.poll(Duration::ZERO);
            self.check_delivered()?;
            let now = self.producer.in_flight_count();
            if now == left {
                std::thread::sleep(NAP);
            }
            left = now;
        }
        self.check_delivered()
    }

    fn own(&self, records: &[Own]) -> Result<(), LogError> {
        records.iter().try_for_each(|record| {
            let mut message = BaseRecord::with_opaque_to(&record.topic, OURS).partition(0);
            if !record.key.is_empty() {
                message.key = Some(record.key.as_bytes());
            }
            message.payload = Some(record.value.as_bytes());
            self.send(message)
        })
    }

    fn finish(
        &mut self,
        schemas: &[Own],
        mut cut: Cut,
        checkpoint: &[Own],
    ) -> Result<(), LogError> {
        self.begin()?;
        self.own(schemas)?;
        if self.transactions() {
            // With the records, so that its partition joins the transaction together with theirs.
            self.own(checkpoint)?;
        }
        self.drain()?;
        (cut.starts, cut.ends) = self.places();
        let value = serde_json::to_string(&cut).map_err(|_| LogError::Void)?;
        self.own(&[Own { topic: self.cuts_topic.clone(), key: String::new(), value }])?;
        self.drain()?;
        if self.transactions() {
            self.commit()?;
        } else {
            // A checkpoint must never be durable before the cut it speaks of.
            self.own(checkpoint)?;
            self.drain()?;
        }
        self.open = false;
        self.pause.learn(self.first_delivery());
        self.last_commit = Some(Instant::now());
        Ok(())
    }

    fn places(&self) -> (Places, Places) {
        let delivered = self.producer.context().delivered();
        let (mut starts, mut ends) = (Places::new(), Places::new());
        for ((topic, partition), (start, end)) in &delivered.places {
            if let Some(target) = self.targets.get(*topic) {
                starts.entry(Arc::clone(&target.name)).or_default().insert(*partition, *start);
                ends.entry(Arc::clone(&target.name)).or_default().insert(*partition, *end);
            }
        }
        (starts, ends)
    }

    fn commit(&self) -> Result<(), LogError> {
        tracing::trace!(target: "pgrelay::phase", "produced");
        let begun = Instant::now();
        loop {
            match self.producer.commit_transaction(Duration::from_secs(10)) {
                Ok(()) => return Ok(()),
                // After a time-out the commit goes on, so it is asked for again, never aborted.
                Err(error) if is_retriable(&error) && begun.elapsed() < COMMIT_LIMIT => {
                    tracing::warn!(%error, "the commit takes long, asking again");
                }
                Err(error) => return Err(self.error("commit the transaction", "", &error)),
            }
        }
    }

    fn abort(&mut self) {
        if std::mem::take(&mut self.open) && self.transactions() {
            // Not needed for what is right: the next owner's claim aborts it as well, only later.
            if let Err(error) = self.producer.abort_transaction(Duration::from_secs(5)) {
                tracing::debug!(%error, "the transaction is left for the next owner to abort");
            }
        }
    }
}

fn is_retriable(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(error) => {
            !error.is_fatal() && !error.txn_requires_abort() && error.is_retriable()
        }
        KafkaError::Flush(Code::OperationTimedOut) => true,
        _ => false,
    }
}

fn headers(record: &RecordRef<'_>) -> OwnedHeaders {
    let mut headers = OwnedHeaders::new_with_capacity(3);
    if let Some((which, key)) = record.other_key {
        headers = headers.insert(Header { key: which.header(), value: Some(key) });
    }
    headers = headers.insert(Header { key: STAMP_HEADER, value: Some(record.stamp) });
    if let Some(verbatim) = record.verbatim {
        headers = headers.insert(Header { key: VERBATIM_HEADER, value: Some(verbatim) });
    }
    headers
}
