//! The thread that reads topics of other producers: each partition in its order, all of them in turn.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cdc::{Batch, Catalog, Checkpoint, Finding, LastRecord, LogPlace, Meter, Progress};
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::runtime::Handle;

use super::dead_letters::DeadLetters;
use super::decoder::Decoder;
use super::moves::Moves;
use super::other_checkpoint;
use super::partitions::Patterns;
use super::unreadable::Refusal;
use super::witness::{self, Bounded};
use super::wrong::Place;
use crate::client::{self, Said};
use crate::config::LogSettings;
use crate::error::{Asking, LogError};
use crate::lane::{self, Lane, Met};
use crate::scan;

/// A batch ends at so many events or bytes.
const BATCH_EVENTS_MAX: usize = 10_000;
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How many records one partition gives before it is the next one's turn.
const TURN_RECORDS_MAX: usize = 1_000;
/// What the client may hold of all partitions together, and of one at least.
const QUEUED_KBYTES: usize = 64 * 1024;
const QUEUED_KBYTES_MIN: usize = 512;
/// How often it is looked for new topics and partitions, and how far behind the reading is.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often a place is given away that only moved past records that are no changes.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// How long the thread sleeps while nothing comes: what arrives wakes it.
const SLEEP: Duration = Duration::from_millis(50);
/// How long no broker may be there before it is said.
const DOWN_LIMIT: Duration = Duration::from_secs(5);

/// One partition.
struct Track {
    lane: Lane,
    moves: Moves,
    /// Where it ended before the first record was asked for.
    end: i64,
    /// The end was met since.
    met_end: bool,
    /// The offset of a record that could not be read.
    failed: Option<i64>,
    /// The last record that was read.
    read: Option<LastRecord>,
    /// The last one that is known to be given away.
    given: Option<LastRecord>,
}

impl Track {
    /// The offset of the first record that was not given away.
    fn place(&self) -> i64 {
        let next = self.lane.next_offset();
        let next = if self.met_end { next.max(self.end) } else { next };
        let kept_back = self.moves.held_offset().into_iter().chain(self.failed);
        kept_back.min().unwrap_or(next)
    }

    /// The last record before the place, or one before that.
    fn last(&mut self) -> Option<LastRecord> {
        let place = self.place();
        self.given = self.read.filter(|read| read.offset < place).or(self.given);
        self.given
    }
}

/// Reads batches.
pub(crate) struct Reader {
    settings: LogSettings,
    meter: Arc<Meter>,
    patterns: Patterns,
    decoder: Decoder,
    /// Where records go that cannot be read; without it they halt.
    letters: Option<DeadLetters>,
    consumer: Arc<BaseConsumer<Said>>,
    tracks: BTreeMap<(Arc<str>, i32), Track>,
    /// Where the target stood, and what was given away since.
    place: LogPlace,
    announced: HashSet<u64>,
    missing: BTreeSet<String>,
    looked: Instant,
    progressed: Option<Instant>,
    down: Option<Instant>,
    /// What ended the reading: said once everything before it is given away.
    failure: Option<LogError>,
}

impl Reader {
    /// Opens the topics at `after`, or at their beginnings. Blocks.
    pub(crate) fn begin(
        settings: LogSettings,
        catalog: Arc<dyn Catalog>,
        runtime: Handle,
        meter: Arc<Meter>,
        after: Option<&Checkpoint>,
    ) -> Result<Self, LogError> {
        let patterns = Patterns::new(&settings.kafka.topics)?;
        let place = after.and_then(|after| after.log.as_deref().cloned()).unwrap_or_default();
        if after.is_some_and(|after| after.progress != (Progress::Offsets {})) {
            return Err(other_checkpoint(&settings, "topics of other producers"));
        }
        let asker = client::consumer(&settings)?;
        let partitions: i32 = patterns.there(&asker, &settings)?.values().sum();
        let share = QUEUED_KBYTES / usize::try_from(partitions).unwrap_or(1).max(1);
        let consumer: BaseConsumer<Said> = client::consumer_config(&settings)?
            .set("queued.max.messages.kbytes", share.max(QUEUED_KBYTES_MIN).to_string())
            .create_with_context(Said::default())
            .map_err(|error| Asking::new(&settings, "connect", "").error(&error))?;
        let mut reader = Self {
            decoder: Decoder::new(settings.clone(), catalog, runtime),
            letters: DeadLetters::begin(&settings)?,
            settings,
            meter,
            patterns,
            consumer: Arc::new(consumer),
            tracks: BTreeMap::new(),
            place,
            announced: HashSet::new(),
            missing: BTreeSet::new(),
            looked: Instant::now(),
            progressed: None,
            down: None,
            failure: None,
        };
        reader.look()?;
        Ok(reader)
    }

    /// Opens what is new, and measures how far behind the reading is.
    fn look(&mut self) -> Result<(), LogError> {
        self.looked = Instant::now();
        let there = self.patterns.there(&self.consumer, &self.settings)?;
        let gone = self.place.ends.keys().map(ToString::to_string);
        for topic in self.patterns.names().iter().cloned().chain(gone) {
            if !there.contains_key(topic.as_str()) && self.missing.insert(topic.clone()) {
                tracing::warn!(topic, "the topic is not there; it is read once it is");
            }
        }
        let mut all = Vec::new();
        for (topic, partitions) in there {
            self.missing.remove(&*topic);
            for partition in 0..partitions {
                let bounds = scan::watermarks(&self.consumer, &self.settings, &topic, partition)?;
                all.push((Arc::clone(&topic), partition, bounds));
            }
        }
        self.meet(&all)?;
        let behind = all.into_iter().map(|(topic, partition, (_, high))| {
            let place = self.tracks.get(&(topic, partition)).map_or(0, Track::place);
            u64::try_from(high - place).unwrap_or(0)
        });
        let behind = behind.sum();
        self.meter.lag_records.store(behind, Ordering::Relaxed);
        Ok(())
    }

    /// Opens those that are not read yet.
    fn meet(&mut self, all: &[Bounded]) -> Result<(), LogError> {
        let is_new = |(topic, partition, _): &&Bounded| {
            !self.tracks.contains_key(&(Arc::clone(topic), *partition))
        };
        let new: Vec<Bounded> = all.iter().filter(is_new).cloned().collect();
        witness::compare(&self.settings, &self.place, &new)?;
        for (topic, partition, bounds) in new {
            let track = self.open(&topic, partition, bounds)?;
            self.tracks.insert((topic, partition), track);
        }
        Ok(())
    }

    fn open(
        &mut self,
        topic: &Arc<str>,
        partition: i32,
        (low, high): (i64, i64),
    ) -> Result<Track, LogError> {
        let kept = self.place.ends.get(topic).and_then(|ends| ends.get(&partition)).copied();
        let start = kept.unwrap_or(low);
        if start < low {
            return Err(lane::past_retention(&self.settings, topic, partition, (start, low)));
        }
        if start > high {
            return Err(recreated(topic, partition, (start, high)));
        }
        let mut lane = Lane::open(&self.settings, &self.consumer, topic, partition, start)?;
        lane.wake(std::thread::current());
        Ok(Track {
            lane,
            moves: Moves::default(),
            end: high,
            met_end: false,
            failed: None,
            read: None,
            given: None,
        })
    }

    /// The next batch; none where nothing came for a while.
    pub(crate) fn next_batch(&mut self) -> Result<Option<Batch>, LogError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.serve()?;
        if self.looked.elapsed() > LOOK_EVERY {
            self.look()?;
        }
        let mut batch = Batch::progress(Checkpoint::new(Progress::Offsets {}));
        self.failure = self.gather(&mut batch).err();
        // Before any offset behind them is given away.
        if let Some(letters) = &mut self.letters {
            letters.settle(&self.meter)?;
        }
        let ends = self.ends();
        let moved = ends != self.place.ends;
        let due = self.progressed.is_none_or(|last| last.elapsed() > PROGRESS_EVERY);
        if batch.events.is_empty() && !(moved && due) {
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            std::thread::park_timeout(SLEEP);
            return Ok(None);
        }
        self.place.ends = ends;
        self.remember();
        self.progressed = Some(Instant::now());
        for event in &batch.events {
            if self.announced.insert(event.schema.fingerprint()) {
                batch.relations.push(Arc::clone(&event.schema));
            }
        }
        batch.checkpoint.log = Some(Arc::new(self.place.clone()));
        Ok(Some(batch))
    }

    /// Takes what is there from each partition in turn.
    fn gather(&mut self, batch: &mut Batch) -> Result<(), LogError> {
        let mut bytes = 0;
        loop {
            let mut came = false;
            for track in self.tracks.values_mut() {
                let (decoder, letters) = (&mut self.decoder, &mut self.letters);
                came |=
                    turn(track, &self.settings, decoder, letters, &self.meter, batch, &mut bytes)?;
            }
            if !came || is_full(batch, &self.letters, bytes) {
                return Ok(());
            }
        }
    }

    /// Where each partition stands; of those that are gone, where it stood.
    fn ends(&self) -> crate::cut::Places {
        let mut ends = self.place.ends.clone();
        for ((topic, partition), track) in &self.tracks {
            ends.entry(Arc::clone(topic)).or_default().insert(*partition, track.place());
        }
        ends
    }

    /// Keeps the last record of each partition beside its place.
    fn remember(&mut self) {
        for ((topic, partition), track) in &mut self.tracks {
            if let Some(last) = track.last() {
                self.place.last.entry(Arc::clone(topic)).or_default().insert(*partition, last);
            }
        }
    }

    /// Runs the client's own events, and says so where the brokers are gone.
    fn serve(&mut self) -> Result<(), LogError> {
        let asking = Asking::new(&self.settings, "read", "");
        match self.consumer.poll(Duration::ZERO) {
            Some(Ok(_)) => {
                return Err(asking.broker("a record came by another way than its partition's"));
            }
            Some(Err(error)) if !scan::is_passing(&error) => return Err(asking.error(&error)),
            Some(Err(error)) => {
                let all = rdkafka::error::RDKafkaErrorCode::AllBrokersDown;
                if error.rdkafka_error_code() == Some(all) {
                    self.down.get_or_insert_with(Instant::now);
                }
            }
            None => {}
        }
        if let Some(since) = self.down {
            if self.consumer.fetch_metadata(None, Duration::from_secs(1)).is_ok() {
                self.down = None;
            } else if since.elapsed() > DOWN_LIMIT {
                return Err(asking.broker("no broker answers"));
            }
        }
        Ok(())
    }
}

fn is_full(batch: &Batch, letters: &Option<DeadLetters>, bytes: usize) -> bool {
    let set_aside = letters.as_ref().map_or(0, DeadLetters::sent);
    batch.events.len() + set_aside >= BATCH_EVENTS_MAX || bytes >= BATCH_BYTES_MAX
}

/// What one partition has at hand.
fn turn(
    track: &mut Track,
    settings: &LogSettings,
    decoder: &mut Decoder,
    letters: &mut Option<DeadLetters>,
    meter: &Meter,
    batch: &mut Batch,
    bytes: &mut usize,
) -> Result<bool, LogError> {
    let Track { lane, moves, met_end, failed, read: last, .. } = track;
    let (topic, partition) = (Arc::clone(&lane.topic), lane.partition);
    let mut came = false;
    for _ in 0..TURN_RECORDS_MAX {
        let mut more = false;
        lane.next(settings, Duration::ZERO, |met| {
            match met {
                Met::Record(message) => {
                    more = true;
                    let size = message.payload().map_or(0, <[u8]>::len);
                    Meter::add(&meter.bytes, size as u64);
                    *bytes += size;
                    let place = Place { topic: &topic, partition, offset: message.offset() };
                    // It stays that of this record, unless all of it is done.
                    *failed = Some(place.offset);
                    let read = decoder.decode(&topic, partition, message);
                    match (read, letters.as_mut()) {
                        (Ok(read), _) => moves.push(&place, read, &mut batch.events)?,
                        (Err(Refusal::Record(unreadable)), Some(letters)) => {
                            letters.put(&place, message, &unreadable)?;
                            batch.events.extend(moves.release());
                        }
                        (Err(refusal), _) => return Err(refusal.into()),
                    }
                    *failed = None;
                    let time = message.timestamp();
                    *last =
                        time.map(|millis| LastRecord { offset: place.offset, millis }).or(*last);
                }
                Met::End => *met_end = true,
                Met::Nothing => {}
            }
            Ok(())
        })?;
        came |= more;
        if !more {
            batch.events.extend(moves.overdue());
            break;
        }
        if is_full(batch, letters, *bytes) {
            break;
        }
    }
    Ok(came)
}

fn recreated(topic: &str, partition: i32, (start, high): (i64, i64)) -> LogError {
    Finding::failed(
        "kafka_topic_recreated",
        format!("Kafka topic {topic}, partition {partition}, offset {start}"),
        format!("the target has everything before this offset, and the partition ends at {high}"),
    )
    .remedy("The topic is not the one the target was fed from. Copy the tables again: run `pgrelay drop` for the pipeline and start it with emptied target tables.")
    .into()
}
