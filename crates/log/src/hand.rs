//! One producer of the brokers, and what may be asked of it between two commits. Everything here blocks.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{BaseProducer, BaseRecord, NoCustomPartitioner, Producer};

use crate::client;
use crate::config::{Delivery, LogSettings};
use crate::delivery::{Context, Delivered, OURS, is_purge, size};
use crate::error::{Asking, LogError};
use crate::pause::Pause;
use crate::producer::Own;

/// How long a transaction may take to end before the batch counts as failed.
const COMMIT_LIMIT: Duration = Duration::from_secs(120);
/// How long a failed transaction waits for the record that made it fail.
const REFUSED_LIMIT: Duration = Duration::from_millis(500);
/// How long the thread sleeps where it waits for the brokers.
const NAP: Duration = Duration::from_micros(200);
/// How many of the client's events are run at a time.
const EVENTS: u32 = 64;

/// What a producer is set for.
///
/// An idempotent producer of librdkafka sends the next request of a partition when the one before is answered; while
/// another stands ready behind it, full or older than `linger.ms`, its thread polls without a pause and takes a
/// processor from everybody. So where there is a backlog, less than two requests (`batch.size`, 1 MB) are on the way,
/// and what waits has about the time of a request to grow. A few records need no such time: they wait for their
/// partitions to join the transaction, and have grown together by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Batches of a few records: nothing waits long.
    Quick,
    /// Batches of more than a request.
    Bulk,
}

impl Pace {
    /// What suits the batch after one of so many bytes.
    pub(crate) fn after(bytes: usize) -> Self {
        if bytes < 1_000_000 { Pace::Quick } else { Pace::Bulk }
    }

    /// `linger.ms`: the end of a batch waits no longer than this either.
    fn linger(self) -> &'static str {
        match self {
            Pace::Quick => "0",
            Pace::Bulk => "8",
        }
    }

    /// How many bytes are handed to the client and not delivered yet.
    fn on_the_way_max(self) -> usize {
        match self {
            Pace::Quick => 4_000_000,
            Pace::Bulk => 1_900_000,
        }
    }
}

/// A producer.
pub(crate) struct Hand {
    settings: LogSettings,
    pace: Pace,
    producer: BaseProducer<Context, NoCustomPartitioner>,
    /// Bytes handed over that are not known to be delivered.
    on_the_way: Cell<usize>,
    /// Bytes of the records handed over since [`Hand::begin`].
    handed: Cell<usize>,
    /// Between begin and commit of a transaction.
    inside: bool,
    begun: Instant,
    last_commit: Option<Instant>,
    pause: Pause,
}

impl Hand {
    /// Makes the producer and fences every older one of this transactional id; without one, there are no transactions.
    pub(crate) fn claim(
        settings: &LogSettings,
        pace: Pace,
        id: Option<String>,
    ) -> Result<Self, LogError> {
        let defaults = [
            ("retry.backoff.ms", "1"),
            ("queue.buffering.max.kbytes", "65536"),
            ("queue.buffering.max.messages", "200000"),
        ];
        let mut config = client::config(settings, &defaults)?;
        config
            .set("linger.ms", pace.linger())
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("compression.type", settings.kafka.compression.word());
        let transactions = id.is_some();
        if let Some(id) = id {
            config.set("transactional.id", id);
        }
        let asking = Asking::new(settings, "claim the transactional id", "");
        let producer: BaseProducer<Context, NoCustomPartitioner> =
            config.create_with_context(Context::default()).map_err(|error| asking.error(&error))?;
        if transactions {
            producer.init_transactions(client::ASK_LIMIT * 3).map_err(|error| {
                producer.poll(Duration::ZERO);
                let explained = producer.context().said.explain(asking, &error);
                asking.no_coordinator(producer.client(), explained)
            })?;
        }
        Ok(Self {
            settings: settings.clone(),
            pace,
            producer,
            on_the_way: Cell::new(0),
            handed: Cell::new(0),
            inside: false,
            begun: Instant::now(),
            last_commit: None,
            pause: Pause(Pause::SHORTEST),
        })
    }

    fn transactions(&self) -> bool {
        self.settings.kafka.delivery == Delivery::ExactlyOnce
    }

    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }

    /// Bytes of the records handed over since [`Hand::begin`].
    pub(crate) fn handed(&self) -> usize {
        self.handed.get()
    }

    /// What was delivered since [`Hand::begin`].
    pub(crate) fn delivered(&self) -> std::sync::MutexGuard<'_, Delivered> {
        self.producer.context().delivered()
    }

    /// Runs the client's own events. Each look runs one: where the client's `debug` is on, what it says stands in the
    /// same queue before what was delivered.
    pub(crate) fn poll(&self) {
        (0..EVENTS).for_each(|_| self.producer.poll(Duration::ZERO));
    }

    /// Begins a batch, and its transaction where there are any.
    pub(crate) fn begin(&mut self) -> Result<(), LogError> {
        *self.delivered() = Delivered::default();
        self.on_the_way.set(0);
        self.handed.set(0);
        if !self.transactions() {
            return Ok(());
        }
        if let Some(wait) = self.last_commit.and_then(|at| self.pause.0.checked_sub(at.elapsed())) {
            std::thread::sleep(wait);
        }
        self.begun = Instant::now();
        self.producer.begin_transaction().map_err(|error| self.error("begin", "", &error))?;
        self.inside = true;
        Ok(())
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
        // The transaction's own error tells only that it failed; a record's tells why.
        let why = self.why_failed(doing);
        match self.refused(why.is_some()) {
            Some((error, topic, partition)) => {
                Asking::new(&self.settings, "write records", &topic).of(partition).error(&error)
            }
            None => why.unwrap_or_else(|| self.producer.context().said.explain(asking, error)),
        }
    }

    /// The record that was refused, of which the client tells a moment after it has failed the transaction.
    fn refused(&self, failed: bool) -> Option<(KafkaError, String, i32)> {
        let begun = Instant::now();
        loop {
            let refused = self.delivered().error.clone().filter(|(error, ..)| !is_purge(error));
            if refused.is_some() || !failed || begun.elapsed() > REFUSED_LIMIT {
                return refused;
            }
            self.poll();
            std::thread::sleep(NAP);
        }
    }

    /// What made the transaction fail, where its records only fell with it. One that has not failed refuses to
    /// begin once more and stays as it is.
    fn why_failed(&self, doing: &'static str) -> Option<LogError> {
        if !self.inside || !self.transactions() {
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

    pub(crate) fn send(
        &self,
        mut message: BaseRecord<'_, [u8], [u8], usize>,
    ) -> Result<(), LogError> {
        self.make_room()?;
        let bytes = size(message.key, message.payload);
        self.on_the_way.set(self.on_the_way.get() + bytes);
        self.handed.set(self.handed.get() + bytes);
        loop {
            match self.producer.send(message) {
                Ok(()) => return Ok(()),
                // The same record again: any other order of sending loses the order of the log.
                Err((KafkaError::MessageProduction(Code::QueueFull), back))
                    if self.producer.in_flight_count() > 0 =>
                {
                    message = back;
                    self.nap()?;
                }
                Err((error, back)) => return Err(self.error("write a record", back.topic, &error)),
            }
        }
    }

    /// Waits until little enough is on the way.
    fn make_room(&self) -> Result<(), LogError> {
        // What is delivered is only asked for where it matters.
        while self.on_the_way.get() > self.pace.on_the_way_max() {
            let delivered = std::mem::take(&mut self.delivered().bytes);
            self.on_the_way.set(self.on_the_way.get().saturating_sub(delivered));
            if delivered == 0 {
                // Of several partitions none may have a full request.
                self.hurry();
                self.nap()?;
            }
        }
        Ok(())
    }

    /// Bids the client send what waits for `linger.ms`. Each call wakes all its threads, so it is left out where
    /// nothing waits.
    fn hurry(&self) {
        if self.pace == Pace::Bulk {
            // Over at once: what is left the count tells. It may find the client's threads asleep until then.
            let _ = self.producer.flush(Duration::ZERO);
        }
    }

    fn nap(&self) -> Result<(), LogError> {
        self.poll();
        std::thread::sleep(NAP);
        self.check_delivered()
    }

    pub(crate) fn check_delivered(&self) -> Result<(), LogError> {
        let delivered = self.producer.context().delivered();
        let failed = delivered.error.clone();
        drop(delivered);
        match failed {
            None => Ok(()),
            Some((error, topic, _)) => Err(self.error("write records", &topic, &error)),
        }
    }

    /// Waits until every record is delivered. Short naps: the client's own flush waits 100 ms at a time, a poll ends
    /// no sooner than its time-out, and one of less than a millisecond does not sleep.
    pub(crate) fn drain(&self) -> Result<(), LogError> {
        let mut left = self.producer.in_flight_count();
        while left > 0 {
            self.hurry();
            self.poll();
            self.check_delivered()?;
            let now = self.producer.in_flight_count();
            if now == left {
                std::thread::sleep(NAP);
            }
            left = now;
        }
        self.check_delivered()
    }

    pub(crate) fn own(&self, records: &[Own]) -> Result<(), LogError> {
        records.iter().try_for_each(|record| {
            let mut message = BaseRecord::with_opaque_to(&record.topic, OURS).partition(0);
            if !record.key.is_empty() {
                message.key = Some(record.key.as_bytes());
            }
            message.payload = Some(record.value.as_bytes());
            self.send(message)
        })
    }

    pub(crate) fn commit(&mut self) -> Result<(), LogError> {
        tracing::trace!(target: "pgrelay::phase", "produced");
        let begun = Instant::now();
        loop {
            match self.producer.commit_transaction(Duration::from_secs(10)) {
                Ok(()) => break,
                // After a time-out the commit goes on, so it is asked for again, never aborted.
                Err(error) if is_retriable(&error) && begun.elapsed() < COMMIT_LIMIT => {
                    tracing::warn!(%error, "the commit takes long, asking again");
                }
                Err(error) => return Err(self.error("commit the transaction", "", &error)),
            }
        }
        self.inside = false;
        self.pause.learn(self.first_delivery());
        self.last_commit = Some(Instant::now());
        Ok(())
    }

    /// Leaves the transaction behind.
    pub(crate) fn abort(&self) {
        // Not needed for what is right: the next owner's claim aborts it as well, only later.
        if let Err(error) = self.producer.abort_transaction(Duration::from_secs(5)) {
            tracing::debug!(%error, "the transaction is left for the next owner to abort");
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
