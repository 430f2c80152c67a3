//! The thread that reads the log: a cut, then each partition it names to its end, then the next cut.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cdc::{Batch, Checkpoint, Finding, LogPlace, Meter, Progress, Schema};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;

use crate::client::{self, Said};
use crate::config::{Delivery, LogSettings};
use crate::cut::Cut;
use crate::decoder::Decoder;
use crate::error::{Asking, LogError};
use crate::fold::{ReadRecord, fold};
use crate::lane::{self, Lane, MessageRef, Met};
use crate::{foreign, gap, scan, topics};

/// Small batches that wait are made one, up to so many events and bytes.
const MERGED_EVENTS_MAX: usize = 10_000;
const MERGED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long the thread waits before it looks whether anybody still wants its batches.
const LOOK_UP: Duration = Duration::from_millis(100);

/// How long brokers may be gone before it is said, and how long each look for them takes.
const DOWN_LIMIT: Duration = Duration::from_secs(5);
const DOWN_ASK: Duration = Duration::from_secs(1);

/// Reads batches.
pub(crate) struct Reader {
    settings: LogSettings,
    meter: Arc<Meter>,
    decoder: Decoder,
    consumer: Arc<BaseConsumer<Said>>,
    cuts: Lane,
    lanes: BTreeMap<(Arc<str>, i32), Lane>,
    place: LogPlace,
    /// What the cut before said.
    previous: Option<Progress>,
    /// A cut that was read and waits for its turn.
    waiting: Option<(i64, Cut)>,
    /// The table versions that were given away.
    announced: HashSet<u64>,
    /// Since when no broker is there.
    down: Cell<Option<Instant>>,
}

impl Reader {
    /// Opens the log at `after`, or at its beginning. Blocks.
    pub(crate) fn begin(
        settings: LogSettings,
        meter: Arc<Meter>,
        after: Option<&Checkpoint>,
    ) -> Result<Self, LogError> {
        if after.is_some_and(|after| after.progress == (Progress::Offsets {})) {
            return Err(foreign::other_checkpoint(&settings, "what a capture half wrote"));
        }
        let decoder = Decoder::begin(settings.clone())?;
        let consumer: BaseConsumer<Said> = client::consumer_config(&settings)?
            .create_with_context(Said::default())
            .map_err(|error| Asking::new(&settings, "connect", "").error(&error))?;
        let consumer = Arc::new(consumer);
        let topic = topics::cuts_topic(&settings.kafka.topic_prefix);
        let place = after.and_then(|after| after.log.as_deref().cloned()).unwrap_or_default();
        let bounds = scan::watermarks(&consumer, &settings, &topic, 0)?;
        let start = start(&settings, &topic, place.cut, after, bounds)?;
        let cuts = Lane::open(&settings, &consumer, &topic, 0, start)?;
        let mut reader = Self {
            settings,
            meter,
            decoder,
            consumer,
            cuts,
            lanes: BTreeMap::new(),
            place,
            previous: None,
            waiting: None,
            announced: HashSet::new(),
            down: Cell::new(None),
        };
        match (after, reader.place.cut) {
            (Some(after), Some(cut)) if cut == start => reader.compare(after, cut)?,
            // The cut itself was removed.
            (Some(after), Some(_)) => reader.previous = Some(after.progress),
            _ => {}
        }
        Ok(reader)
    }

    /// Reads the cut the target stopped at once more: another one there is another log.
    fn compare(&mut self, after: &Checkpoint, offset: i64) -> Result<(), LogError> {
        let topic = Arc::clone(&self.cuts.topic);
        for _ in 0..300 {
            let Some((found, cut)) = self.next_cut(LOOK_UP)? else { continue };
            if found == offset && cut.checkpoint.progress == after.progress {
                self.previous = Some(after.progress);
                return Ok(());
            }
            let said = if found == offset {
                cut.checkpoint.progress.to_string()
            } else {
                "nothing".into()
            };
            return Err(recreated(
                &topic,
                0,
                offset,
                &format!("the target stopped here {}, and the log says {said}", after.progress),
            ));
        }
        Err(Asking::new(&self.settings, "read", &topic).broker("the cut at the start did not come"))
    }

    fn next_cut(&mut self, wait: Duration) -> Result<Option<(i64, Cut)>, LogError> {
        if let Some(waiting) = self.waiting.take() {
            return Ok(Some(waiting));
        }
        self.serve()?;
        let topic = Arc::clone(&self.cuts.topic);
        loop {
            let (mut found, mut passed) = (None, false);
            self.cuts.next(&self.settings, wait, |met| {
                let Met::Record(message) = met else { return Ok(()) };
                // What opens a transaction of the capture half is empty.
                let Some(value) = message.payload() else {
                    passed = true;
                    return Ok(());
                };
                let cut = serde_json::from_slice(value)
                    .map_err(|_| scan::unreadable(&topic, message.offset(), "a cut"))?;
                found = Some((message.offset(), cut));
                Ok(())
            })?;
            if !passed {
                return Ok(found);
            }
        }
    }

    /// Runs the client's own events. Records come by the queues of their partitions, and by no other way.
    fn serve(&self) -> Result<(), LogError> {
        let asking = Asking::new(&self.settings, "read", "");
        match self.consumer.poll(Duration::ZERO) {
            None => {}
            Some(Ok(_)) => {
                return Err(asking.broker("a record came by another way than its partition's"));
            }
            Some(Err(error)) => {
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown)
                    && self.down.get().is_none()
                {
                    self.down.set(Some(Instant::now()));
                }
                if !scan::is_passing(&error) {
                    return Err(asking.error(&error));
                }
            }
        }
        self.still_there()
    }

    /// A log whose brokers are gone is not an empty log: it is said after a while, and tried anew.
    fn still_there(&self) -> Result<(), LogError> {
        let Some(since) = self.down.get() else { return Ok(()) };
        let topic = &self.cuts.topic;
        if self.consumer.fetch_metadata(Some(topic), DOWN_ASK).is_ok() {
            self.down.set(None);
        } else if since.elapsed() > DOWN_LIMIT {
            return Err(Asking::new(&self.settings, "read", topic).broker("no broker answers"));
        }
        Ok(())
    }

    /// The next batch; none where nothing came for a while.
    pub(crate) fn next_batch(&mut self) -> Result<Option<Batch>, LogError> {
        let Some((offset, cut)) = self.next_cut(LOOK_UP)? else { return Ok(None) };
        let mut batch = self.batch(offset, cut)?;
        // A backlog of small batches costs the target a transaction each; made one, it costs one.
        while batch.checkpoint.progress.is_whole()
            && batch.events.len() < MERGED_EVENTS_MAX
            && batch.weight() < MERGED_BYTES_MAX
        {
            let Some((offset, cut)) = self.next_cut(Duration::ZERO)? else { break };
            if cut.begin || !cut.checkpoint.progress.is_whole() {
                self.waiting = Some((offset, cut));
                break;
            }
            if batch.is_outdated_by(&self.relations(offset, &cut)?) {
                self.waiting = Some((offset, cut));
                break;
            }
            let next = self.batch(offset, cut)?;
            batch.append(next);
        }
        batch.checkpoint.log = Some(Arc::new(self.place.clone()));
        if let Some(lsn) = batch.checkpoint.progress.confirmable() {
            Meter::advance(&self.meter.received_lsn, lsn);
        }
        Ok(Some(batch))
    }

    /// The batch that ends at a cut.
    fn batch(&mut self, offset: i64, cut: Cut) -> Result<Batch, LogError> {
        let mut records = Vec::with_capacity(usize::try_from(cut.events).unwrap_or(0).min(1 << 20));
        for (topic, partitions) in &cut.ends {
            for (&partition, &end) in partitions {
                let start = cut.starts.get(topic).and_then(|starts| starts.get(&partition));
                let start = start.copied().unwrap_or(0);
                self.partition(topic, partition, (start, end), &cut, &mut records)?;
                self.place.ends.entry(Arc::clone(topic)).or_default().insert(partition, end);
            }
        }
        let events = fold(records).map_err(|error| {
            Finding::failed(
                "kafka_batch_torn",
                format!("Kafka topic {}, partition 0, offset {offset}", self.cuts.topic),
                error.to_string(),
            )
            .remedy("Something else wrote to the topics of this batch: see who may write to them.")
        })?;
        // Without transactions a batch may stand there twice: what was read of the first is passed over in the second.
        if cut.delivery == Delivery::ExactlyOnce && (events.len() as u64) < cut.events {
            return Err(self.incomplete(offset, events.len(), cut.events));
        }
        let mut relations = self.relations(offset, &cut)?;
        for event in &events {
            if self.announced.insert(event.schema.fingerprint()) {
                relations.push(Arc::clone(&event.schema));
            }
        }
        self.place.cut = Some(offset);
        self.previous = Some(cut.checkpoint.progress);
        let (begin, partial) = (cut.begin, cut.partial);
        Ok(Batch { relations, events, begin, partial, ..Batch::progress(cut.checkpoint) })
    }

    fn incomplete(&self, offset: i64, found: usize, said: u64) -> LogError {
        Finding::failed(
            "kafka_batch_torn",
            format!("Kafka topic {}, partition 0, offset {offset}", self.cuts.topic),
            format!("the batch has {said} events, and {found} of them are in its topics"),
        )
        .remedy("Records were removed from the topics of this batch: see who may delete from them, then copy the tables anew (`pgrelay drop`).")
        .into()
    }

    fn relations(&mut self, offset: i64, cut: &Cut) -> Result<Vec<Arc<Schema>>, LogError> {
        let mut relations = Vec::with_capacity(cut.relations.len());
        for &fingerprint in &cut.relations {
            let schema = self.decoder.schema(fingerprint)?.ok_or_else(|| {
                let topic = &self.cuts.topic;
                let place = format!("Kafka topic {topic}, partition 0, offset {offset}");
                self.decoder.missing(fingerprint, &place)
            })?;
            self.announced.insert(fingerprint);
            relations.push(schema);
        }
        Ok(relations)
    }

    /// Reads the batch's records of one partition.
    fn partition(
        &mut self,
        topic: &Arc<str>,
        partition: i32,
        (start, end): (i64, i64),
        cut: &Cut,
        records: &mut Vec<ReadRecord>,
    ) -> Result<(), LogError> {
        let key = (Arc::clone(topic), partition);
        let known = self.place.ends.get(topic).and_then(|ends| ends.get(&partition)).copied();
        if known.is_some_and(|known| start < known) {
            return Err(recreated(topic, partition, start, "the log has written here before"));
        }
        if !self.lanes.contains_key(&key) {
            let lane = Lane::open(&self.settings, &self.consumer, topic, partition, start)?;
            self.lanes.insert(key.clone(), lane);
        }
        let Some(lane) = self.lanes.get_mut(&key) else { return Err(LogError::Void) };
        let place = format!("Kafka topic {topic}, partition {partition}");
        let (decoder, meter, previous) = (&mut self.decoder, &self.meter, self.previous);
        let lax = cut.delivery == Delivery::AtLeastOnce;
        lane.read_to(&self.settings, end, |message| {
            if message.offset() < start {
                // Without transactions, what a failed batch left is there to be seen.
                return if lax {
                    Ok(())
                } else {
                    Err(not_ours(&place, message, "before the batch begins"))
                };
            }
            Meter::add(&meter.bytes, message.payload().map_or(0, <[u8]>::len) as u64);
            let Some((stamp, record)) = decoder.decode(&place, message)? else {
                return Err(not_ours(&place, message, "without the header pgrelay.position"));
            };
            let Some(record) = record else { return Ok(()) };
            if record.piece.snapshot.is_none() {
                if previous.is_some_and(|previous| previous.covers(stamp.position)) {
                    return if lax {
                        Ok(())
                    } else {
                        Err(not_ours(&place, message, "of an earlier batch"))
                    };
                }
                if !cut.checkpoint.progress.covers(stamp.position) {
                    return Err(not_ours(&place, message, "of a later batch"));
                }
            }
            records.push(record);
            Ok(())
        })
    }
}

/// The offset to begin at: that of the cut the target stopped at, or what is left behind it.
fn start(
    settings: &LogSettings,
    topic: &str,
    cut: Option<i64>,
    after: Option<&Checkpoint>,
    (low, high): (i64, i64),
) -> Result<i64, LogError> {
    let start = match cut {
        Some(cut) => cut,
        None => last_begin(settings, topic)?.unwrap_or(0),
    };
    if start < low {
        let stands = after.filter(|_| cut.is_some());
        return match stands.map(|stands| gap::is_void(settings, topic, stands)).transpose()? {
            Some(true) => Ok(low),
            _ => Err(lane::past_retention(settings, topic, 0, (start, low))),
        };
    }
    if cut.is_some() && start >= high {
        return Err(recreated(topic, 0, start, "the topic ends before this offset"));
    }
    Ok(start)
}

/// The last cut at which a copy of the tables begins: what the log has before it is void for a target that has
/// nothing yet.
fn last_begin(settings: &LogSettings, topic: &str) -> Result<Option<i64>, LogError> {
    let mut begin = None;
    scan::whole(settings, topic, |record| {
        let cut = record.value.and_then(|value| serde_json::from_slice::<Cut>(value).ok());
        if cut.is_some_and(|cut| cut.begin) {
            begin = Some(record.offset);
        }
        Ok(())
    })?;
    Ok(begin)
}

fn recreated(topic: &str, partition: i32, offset: i64, reason: &str) -> LogError {
    Finding::failed(
        "kafka_topic_recreated",
        format!("Kafka topic {topic}, partition {partition}, offset {offset}"),
        reason,
    )
    .remedy("The log is not the one the target was fed from. Copy the tables again: run `pgrelay drop` for the pipeline and start it with emptied target tables.")
    .into()
}

fn not_ours(place: &str, message: &dyn MessageRef, what: &str) -> LogError {
    Finding::failed(
        "kafka_foreign_record",
        format!("{place}, offset {}", message.offset()),
        format!("among the records of a batch there is one {what}"),
    )
    .remedy("The topic was made anew, or something else writes to it: see who may write to it, then copy the tables again: run `pgrelay drop` for the pipeline and start it with emptied target tables.")
    .into()
}
