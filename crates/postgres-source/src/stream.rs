//! Messages → events → batches.
//!
//! Walks the feed's chunks frame by frame. A batch ends at a commit, or inside a transaction that is larger
//! than a batch may be, or before a table version that was not seen before: what comes before a change of
//! shape is durable before that shape is bound to the chain.

mod building;
mod messages;
mod said;
mod taken;
mod tally;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use cdc::{
    Batch, Captured, Checkpoint, Counts, Lsn, Meter, Progress, Schema, SourceId, Transaction,
};
use pgoutput::{Frame, Message};
use postgres_client::Session;
use tokio::time::Instant;

use crate::config::Settings;
use crate::error::SourceError;
use crate::feed::Feed;
use crate::heartbeat::Beat;
use crate::xmin::Xmin;
use building::Building;
use messages::Known;
use taken::TakenEvents;
use tally::Tally;

/// Progress without events is written this often.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);
/// Or sooner, where it frees this much WAL.
const PROGRESS_BYTES: u64 = 16 * 1024 * 1024;

/// The transaction that is being received.
#[derive(Debug)]
struct Open {
    transaction: Arc<Transaction>,
    seq: u64,
    /// Its counts, where they are asked for.
    tally: Option<Tally>,
}

/// What became of one message.
enum Step {
    Done,
    /// The batch must end before this message.
    CutFirst,
}

/// The stream after the snapshot.
#[derive(Debug)]
pub(crate) struct Stream {
    feed: Feed,
    session: Session,
    settings: Arc<Settings>,
    meter: Arc<Meter>,
    source: Arc<SourceId>,
    captured: Arc<Captured>,
    known: HashMap<u32, Known>,
    start: Progress,
    /// What a former reader of the slot had done of a transaction that is to come, or has come in part.
    taken: Option<TakenEvents>,
    /// What was counted of the transaction the start is inside.
    counted: Option<Arc<Counts>>,
    chunk: Bytes,
    open: Option<Open>,
    building: Building,
    /// Where the last batch given away ends, and when it was given.
    given: (Lsn, Instant),
    previous_commit: Option<Lsn>,
    /// When the transaction that was received last was committed; 0 before the first.
    begun_micros: i64,
    /// What is said before anything that is received.
    first: Option<Batch>,
    /// The last batch given away ended inside a transaction: a sink may hold its own one open over it.
    inside: bool,
    /// Somebody waits for this LSN.
    wanted: Option<Lsn>,
    /// Where the last keepalive stood.
    kept_alive: Lsn,
    beat: Beat,
    xmin: Option<Xmin>,
}

impl Stream {
    pub(crate) fn new(
        feed: Feed,
        session: Session,
        settings: Arc<Settings>,
        meter: Arc<Meter>,
        start: &Checkpoint,
    ) -> Option<Self> {
        let given = start.progress.start_lsn()?;
        let beat = Beat::new(&settings);
        Some(Self {
            feed,
            session,
            settings,
            meter,
            source: start.source.clone()?,
            captured: start.captured.clone(),
            known: HashMap::new(),
            start: start.progress,
            taken: start.taken.as_ref().and_then(TakenEvents::of),
            counted: start.counts.clone(),
            chunk: Bytes::new(),
            open: None,
            building: Building::default(),
            given: (given, Instant::now()),
            previous_commit: None,
            begun_micros: 0,
            first: None,
            inside: matches!(start.progress, Progress::Inside { .. }),
            wanted: None,
            kept_alive: Lsn::ZERO,
            beat,
            xmin: None,
        })
    }

    /// Gives `batch` before anything that is received.
    pub(crate) fn say_first(&mut self, batch: Batch) {
        self.first = Some(batch);
    }

    /// Says the slot's horizon with what is received from here on.
    pub(crate) fn say_xmin(&mut self, xmin: Xmin) {
        self.xmin = Some(xmin);
    }

    fn xmin(&self) -> Option<u32> {
        self.xmin.as_ref().and_then(Xmin::found)
    }

    /// Gives the table versions with the first batch.
    pub(crate) fn say_with_the_first(&mut self, relations: Vec<Arc<Schema>>) {
        self.building.relations = relations;
    }

    /// The tables it is about.
    pub(crate) fn captured(&self) -> Arc<Captured> {
        self.captured.clone()
    }

    /// Everything up to here is durable.
    pub(crate) fn confirm(&self, end_lsn: Lsn) {
        self.feed.order(|orders| orders.confirmed = orders.confirmed.max(end_lsn));
    }

    /// Somebody waits until the stream has come to `lsn`.
    pub(crate) fn want(&mut self, lsn: Lsn) {
        self.wanted = Some(lsn);
        self.feed.order(|orders| orders.hurry = true);
    }

    pub(crate) async fn stop(&mut self) {
        self.feed.stop().await;
    }

    /// The next batch. Safe to cancel: what was decoded stays in the batch that is being built.
    pub(crate) async fn next(&mut self) -> Result<Batch, SourceError> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        loop {
            while let Some((payload, size)) = self.peek()? {
                // A transaction that is whole with this message is not given away in two.
                if self.is_full() && !Frame::is_commit(&payload) {
                    return Ok(self.cut_full());
                }
                match self.step(&payload).await? {
                    Step::Done => self.chunk.advance(size),
                    Step::CutFirst => return Ok(self.cut()),
                }
            }
            match self.feed.try_next() {
                Some(chunk) => {
                    self.chunk = chunk.map_err(|error| self.broken(error))?;
                    continue;
                }
                None => {
                    if let Some(batch) = self.cut_whole().or_else(|| self.cut_beat()) {
                        return Ok(batch);
                    }
                }
            }
            let due = self.given.1 + PROGRESS_INTERVAL;
            let progress_waits = self.building.end.is_some_and(|end| end > self.given.0);
            // A sink holds its transaction open over what ended inside one: no batch of its own comes between.
            let beat = self.beat.due().filter(|_| !self.inside);
            tokio::select! {
                chunk = self.feed.next() => self.chunk = chunk.map_err(|error| self.broken(error))?,
                () = tokio::time::sleep_until(due), if progress_waits => {}
                () = tokio::time::sleep_until(beat.unwrap_or(due)), if beat.is_some() => {}
            }
        }
    }

    /// The next frame's payload and the bytes it takes in the chunk.
    fn peek(&self) -> Result<Option<(Bytes, usize)>, SourceError> {
        let Some(header) = self.chunk.get(1..5) else { return Ok(None) };
        let len = header.iter().fold(0_usize, |len, byte| len << 8 | usize::from(*byte));
        if len < 4 || self.chunk.len() <= len {
            return Err(self.wrong("a frame that is not whole".to_owned()));
        }
        Ok(Some((self.chunk.slice(5..=len), len + 1)))
    }

    fn lsn(&self) -> Lsn {
        self.open.as_ref().map_or(self.given.0, |open| open.transaction.commit_lsn)
    }

    fn broken(&self, error: postgres_client::ServerError) -> SourceError {
        SourceError::server(&self.settings.server, "read the stream")(error)
    }

    fn wrong(&self, what: String) -> SourceError {
        SourceError::Stream { lsn: self.lsn(), what }
    }

    fn is_full(&self) -> bool {
        self.building.len() >= self.settings.batch_events_max
            || self.building.weight >= self.settings.batch_bytes_max
    }

    async fn step(&mut self, payload: &Bytes) -> Result<Step, SourceError> {
        let lsn = self.lsn();
        let decode = |error| SourceError::Decode { lsn, error };
        match Frame::decode(payload).map_err(decode)? {
            Frame::Keepalive { wal_end, reply } => {
                Meter::advance(&self.meter.sent_lsn, wal_end);
                // Asked again from the same place, the server waits for our confirmation: it shuts down.
                if reply && wal_end == self.kept_alive {
                    self.wanted =
                        self.wanted.filter(|wanted| *wanted > self.given.0).or(Some(wal_end));
                }
                self.kept_alive = wal_end;
                // Between transactions, what was sent is what there is.
                if self.open.is_none() && wal_end > self.building.end.unwrap_or(self.given.0) {
                    self.building.end = Some(wal_end);
                    Meter::advance(&self.meter.received_lsn, wal_end);
                }
                Ok(Step::Done)
            }
            Frame::XLogData { wal_start, data } => {
                Meter::advance(&self.meter.sent_lsn, wal_start);
                let message = Message::decode(&data)
                    .map_err(|error| SourceError::Decode { lsn: wal_start.max(lsn), error })?;
                self.message(wal_start, message).await
            }
        }
    }

    /// What is counted of the transaction that is open.
    fn tally(&self) -> Option<Arc<Counts>> {
        let tally = self.open.as_ref()?.tally.as_ref()?;
        Some(Arc::new(tally.counts().clone()))
    }

    fn checkpoint(&self, progress: Progress) -> Checkpoint {
        Checkpoint {
            progress,
            source: Some(self.source.clone()),
            captured: self.captured.clone(),
            counts: self.tally().filter(|_| !progress.is_whole()),
            log: None,
            // Until that transaction is whole: a start before has to leave out the same.
            taken: self.taken.as_ref().map(TakenEvents::whole),
        }
    }

    /// Ends the batch here, inside the transaction that is open if one is.
    fn cut(&mut self) -> Batch {
        let progress = match &self.open {
            Some(open) if open.seq > 0 => {
                Progress::Inside { commit_lsn: open.transaction.commit_lsn, done: open.seq }
            }
            // What is said of a transaction of which nothing is done yet is said with what is done of it.
            _ => return self.cut_at(self.building.end.unwrap_or(self.given.0)),
        };
        let building = std::mem::take(&mut self.building);
        // Inside a transaction whose first messages were done before, nothing goes back.
        let progress = match (progress, self.start) {
            (
                Progress::Inside { commit_lsn, done },
                Progress::Inside { commit_lsn: started, done: before },
            ) if commit_lsn == started => Progress::Inside { commit_lsn, done: done.max(before) },
            (progress, _) => progress,
        };
        self.give(building, progress)
    }

    /// Ends the batch where no more fits: at the last commit if there is one, and inside its only transaction
    /// otherwise. A sink can neither commit nor confirm what ends inside.
    fn cut_full(&mut self) -> Batch {
        match self.building.end {
            Some(end) if self.building.has_whole() => self.cut_at(end),
            _ => self.cut(),
        }
    }

    /// Ends the batch at the last commit, if anything is whole and worth giving; the rest stays.
    fn cut_whole(&mut self) -> Option<Batch> {
        let end = self.building.end?;
        let nothing =
            !self.building.has_whole() && self.building.relations.is_empty() && !self.inside;
        if nothing && !self.is_due(end) {
            return None;
        }
        Some(self.cut_at(end))
    }

    /// Progress to where everything is whole, because a heartbeat is due.
    fn cut_beat(&mut self) -> Option<Batch> {
        let due = self.beat.due().filter(|_| !self.inside)?;
        (due <= Instant::now()).then(|| self.cut_at(self.building.end.unwrap_or(self.given.0)))
    }

    fn cut_at(&mut self, end: Lsn) -> Batch {
        let whole = self.building.take_whole();
        self.give(whole, Progress::After { end_lsn: end })
    }

    /// Whether progress to `end` is worth a write of its own.
    fn is_due(&self, end: Lsn) -> bool {
        let (given, when) = self.given;
        let wanted = self.wanted.is_some_and(|wanted| wanted > given && end >= wanted);
        end > given
            && (wanted
                || end.bytes_since(given) >= PROGRESS_BYTES
                || when.elapsed() >= PROGRESS_INTERVAL)
    }

    fn give(&mut self, building: Building, progress: Progress) -> Batch {
        self.inside = true;
        if let Progress::After { end_lsn } = progress {
            self.given.0 = end_lsn;
            self.inside = false;
        }
        self.given.1 = Instant::now();
        let mut notes = building.notes;
        notes.extend(self.beat.note(progress));
        Batch {
            relations: building.relations,
            events: building.events,
            notes,
            checkpoint: self.checkpoint(progress),
            begin: false,
            partial: false,
        }
    }
}
