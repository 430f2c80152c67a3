//! The thread that owns the producer: librdkafka's calls block, and records of one partition keep their order
//! only if one hand sends them.
//!
//! It takes chunks of records, begins a Kafka transaction with the first, and at the end of the batch waits
//! until every record is delivered, adds the cut, and commits. Any error ends it: what was not committed is
//! aborted, and whoever wants to go on starts again from what was.
//!
//! Three producers take turns. After a commit the brokers still write its markers, and refuse the same producer a new
//! transaction until they have; while batches are small, another one need not wait. Large ones go through the third,
//! which is set for them. Their transactions never overlap, so the order of the log is the order of the batches, and
//! a claim fences all before anything is read.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;
use tokio::sync::{mpsc, oneshot};

use crate::config::{Delivery, LogSettings};
use crate::cut::{Cut, Places};
use crate::delivery::{Delivered, OURS};
use crate::error::LogError;
use crate::hand::{Hand, Pace};
use crate::murmur2;
use crate::records::{RecordRef, Records, VERBATIM_HEADER};
use crate::stamp::STAMP_HEADER;
use crate::targets::Target;
use crate::topics;

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
    hands: Vec<Hand>,
    turn: usize,
    cuts_topic: String,
    targets: Arc<[Target]>,
    open: bool,
    /// Buffers on their way back to whoever fills them.
    pool: Arc<Mutex<Vec<Records>>>,
}

impl ProducerThread {
    /// Makes the producers and fences every older one of this pipeline. Blocks.
    pub(crate) fn claim(
        settings: LogSettings,
        pool: Arc<Mutex<Vec<Records>>>,
    ) -> Result<Self, LogError> {
        let hands = match settings.kafka.delivery {
            Delivery::ExactlyOnce => settings
                .transactional_ids()
                .into_iter()
                .zip([Pace::Quick, Pace::Quick, Pace::Bulk])
                .map(|(id, pace)| Hand::claim(&settings, pace, Some(id)))
                .collect::<Result<Vec<_>, _>>()?,
            Delivery::AtLeastOnce => [Pace::Quick, Pace::Bulk]
                .into_iter()
                .map(|pace| Hand::claim(&settings, pace, None))
                .collect::<Result<Vec<_>, _>>()?,
        };
        let targets = Arc::from(Vec::new());
        let cuts_topic = topics::cuts_topic(&settings.kafka.topic_prefix);
        Ok(Self { settings, hands, turn: 0, cuts_topic, targets, open: false, pool })
    }

    /// Whose turn it is.
    fn hand(&self) -> Result<&Hand, LogError> {
        self.hands.get(self.turn).ok_or(LogError::Void)
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
        self.hands.get_mut(self.turn).ok_or(LogError::Void)?.begin()?;
        self.open = true;
        if !self.transactions() {
            return Ok(());
        }
        // An empty record lets the partition of the cuts join together with those of the data. Joining at the
        // end, when the cut is known, would cost a round trip more. Readers pass over it.
        self.hand()?.send(BaseRecord::with_opaque_to(&self.cuts_topic, OURS).partition(0))
    }

    fn produce(&mut self, records: &Records, targets: Arc<[Target]>) -> Result<(), LogError> {
        self.begin()?;
        self.targets = targets;
        let hand = self.hand()?;
        for (i, record) in records.iter().enumerate() {
            let Some(target) = self.targets.get(record.topic) else { return Err(LogError::Void) };
            let mut message = BaseRecord::with_opaque_to(&target.name, record.topic)
                .partition(murmur2::partition(record.key, target.partitions))
                .headers(headers(&record));
            (message.key, message.payload) = (record.key, record.value);
            hand.send(message)?;
            if i % 256 == 0 {
                hand.poll();
                hand.check_delivered()?;
            }
        }
        Ok(())
    }

    fn finish(
        &mut self,
        schemas: &[Own],
        mut cut: Cut,
        checkpoint: &[Own],
    ) -> Result<(), LogError> {
        self.begin()?;
        let hand = self.hand()?;
        hand.own(schemas)?;
        if self.transactions() {
            // With the records, so that its partition joins the transaction together with theirs.
            hand.own(checkpoint)?;
        }
        hand.drain()?;
        (cut.starts, cut.ends) = self.places(&hand.delivered());
        let value = serde_json::to_string(&cut).map_err(|_| LogError::Void)?;
        hand.own(&[Own { topic: self.cuts_topic.clone(), key: String::new(), value }])?;
        hand.drain()?;
        if self.transactions() {
            self.hands.get_mut(self.turn).ok_or(LogError::Void)?.commit()?;
        } else {
            // A checkpoint must never be durable before the cut it speaks of.
            hand.own(checkpoint)?;
            hand.drain()?;
        }
        self.open = false;
        self.turn = self.next()?;
        Ok(())
    }

    /// Whose turn is next: another one's of the right pace, if there is one.
    fn next(&self) -> Result<usize, LogError> {
        let pace = Pace::after(self.hand()?.handed());
        let mut others = (1..=self.hands.len()).map(|step| (self.turn + step) % self.hands.len());
        let suits = |at: &usize| self.hands.get(*at).is_some_and(|hand| hand.pace() == pace);
        others.find(suits).ok_or(LogError::Void)
    }

    fn places(&self, delivered: &Delivered) -> (Places, Places) {
        let (mut starts, mut ends) = (Places::new(), Places::new());
        for ((topic, partition), (start, end)) in &delivered.places {
            if let Some(target) = self.targets.get(*topic).filter(|target| target.rows) {
                starts.entry(Arc::clone(&target.name)).or_default().insert(*partition, *start);
                ends.entry(Arc::clone(&target.name)).or_default().insert(*partition, *end);
            }
        }
        (starts, ends)
    }

    fn abort(&mut self) {
        if std::mem::take(&mut self.open)
            && self.transactions()
            && let Ok(hand) = self.hand()
        {
            hand.abort();
        }
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
