//! The loop between ends that are only memory: what is confirmed when, in which order, and how much waits.

#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use cdc::{
    Batch, Change, Checkpoint, Column, Event, Fault, Finding, Identity, Kind, Lsn, Meter, PgType,
    Position, Progress, Remedy, Row, Schema, Sink, Source, TableName, Written,
};
use replicator::run::{Bounds, Chained, Failure, Until, run};
use tokio_util::sync::CancellationToken;

/// What was said to the ends, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Gave(Lsn),
    Writing(Vec<Lsn>),
    Wrote(Lsn),
    Flushed(Lsn),
    Confirmed(Lsn),
}

type Log = Arc<Mutex<Vec<Said>>>;

#[derive(Debug, thiserror::Error)]
#[error("broken")]
struct Broken;

impl Fault for Broken {
    fn remedy(&self) -> Remedy {
        Remedy::Retry
    }

    fn finding(&self) -> Finding {
        Finding::failed("broken", "memory", "it was to break")
    }
}

struct Batches {
    left: VecDeque<Batch>,
    log: Log,
    /// What follows the last batch: an error, or nothing for ever.
    breaks: bool,
}

impl Source for Batches {
    type Error = Broken;

    async fn claim(&mut self) -> Result<(), Broken> {
        Ok(())
    }

    async fn start(&mut self, _: Option<Checkpoint>) -> Result<(), Broken> {
        Ok(())
    }

    async fn next(&mut self) -> Result<Batch, Broken> {
        let Some(batch) = self.left.pop_front() else {
            return if self.breaks { Err(Broken) } else { std::future::pending().await };
        };
        self.log.lock().unwrap().push(Said::Gave(end(&batch)));
        Ok(batch)
    }

    async fn confirm(&mut self, upto: &Checkpoint) -> Result<(), Broken> {
        if let Some(upto) = upto.progress.confirmable() {
            self.log.lock().unwrap().push(Said::Confirmed(upto));
        }
        Ok(())
    }

    async fn stop(&mut self) {}
}

#[derive(Default)]
struct Memory {
    log: Log,
    /// What a write promises: durable once in so many, visible otherwise. 0: always durable.
    lazy: usize,
    writes: usize,
    last: Lsn,
    /// A transaction is open.
    open: bool,
    /// A flush has no end.
    stuck: bool,
    /// How often a write lets the loop do something else before it is done.
    turns: usize,
    /// The write that fails, counted from 1.
    fails: Option<usize>,
}

impl Sink for Memory {
    type Error = Broken;

    async fn committed(&mut self) -> Result<Option<Checkpoint>, Broken> {
        Ok(None)
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, Broken> {
        let events = batch.events.iter().map(|event| event.position.commit_lsn).collect();
        self.log.lock().unwrap().push(Said::Writing(events));
        for _ in 0..self.turns {
            tokio::task::yield_now().await;
        }
        if let Some(left) = &mut self.fails {
            *left -= 1;
            if *left == 0 {
                return Err(Broken);
            }
        }
        self.writes += 1;
        self.last = end(batch);
        self.log.lock().unwrap().push(Said::Wrote(self.last));
        self.open = !batch.checkpoint.progress.is_whole();
        if self.open || self.lazy == 0 || self.writes.is_multiple_of(self.lazy) {
            if !self.open {
                self.log.lock().unwrap().push(Said::Flushed(self.last));
            }
            return Ok(Written::Durable);
        }
        Ok(Written::Visible)
    }

    async fn flush(&mut self) -> Result<(), Broken> {
        if self.stuck {
            std::future::pending::<()>().await;
        }
        assert!(!self.open, "a flush inside a transaction makes nothing durable");
        tokio::task::yield_now().await;
        self.log.lock().unwrap().push(Said::Flushed(self.last));
        Ok(())
    }
}

fn end(batch: &Batch) -> Lsn {
    match batch.checkpoint.progress {
        Progress::Inside { commit_lsn, .. } => commit_lsn,
        _ => batch.checkpoint.progress.confirmable().unwrap(),
    }
}

fn schema() -> Arc<Schema> {
    let id = Column {
        name: "id".into(),
        pg: PgType::new(23, "integer", Kind::Int4),
        optional: false,
        masked: false,
        missing: None,
        default: None,
        source_type: None,
    };
    Arc::new(Schema::new(TableName::new("public", "t"), vec![id], vec![0], Identity::Default))
}

/// A transaction of one event, whose commit record is 10 bytes long.
fn batch(schema: &Arc<Schema>, commit: u64) -> Batch {
    let event = Event {
        schema: schema.clone(),
        change: Change::Insert { after: Row::nulls(1) },
        position: Position { commit_lsn: Lsn::new(commit), seq: 0 },
        lsn: Lsn::new(commit),
        transaction: Arc::default(),
        order: None,
    };
    let end = Progress::After { end_lsn: Lsn::new(commit + 10) };
    Batch { events: vec![event], ..Batch::progress(Checkpoint::new(end)) }
}

/// Runs over `batches`, the first of which announces the table, until all is durable or it fails.
async fn play(
    batches: VecDeque<Batch>,
    (turns, fails): (usize, Option<usize>),
    bounds: Bounds,
) -> (Vec<Said>, Result<(), Failure>) {
    play_lazily(batches, (turns, fails), bounds, 0).await
}

async fn play_lazily(
    mut batches: VecDeque<Batch>,
    (turns, fails): (usize, Option<usize>),
    bounds: Bounds,
    lazy: usize,
) -> (Vec<Said>, Result<(), Failure>) {
    let log = Log::default();
    let until = Until::Lsn(end(batches.back().unwrap()));
    batches[0].relations = vec![schema()];
    let mut source = Batches { left: batches, log: log.clone(), breaks: false };
    let mut sink = Memory { log: log.clone(), turns, fails, lazy, ..Memory::default() };
    let mut chain = Chained::new("transforms", Vec::new(), None).unwrap();
    let (meter, stop) = (Meter::default(), CancellationToken::new());
    let ran = run(&mut source, &mut chain, &mut sink, &meter, bounds, Some(&until), &stop).await;
    let said = log.lock().unwrap().clone();
    (said, ran)
}

fn hundred() -> VecDeque<Batch> {
    let schema = schema();
    (1..=100).map(|n| batch(&schema, n * 10)).collect()
}

const BOUNDS: Bounds = Bounds { batch_events_max: 7, batch_bytes_max: 1 << 20 };

#[tokio::test]
async fn a_place_is_confirmed_after_all_up_to_it_is_durable() {
    for (fails, lazy) in [
        (None, 0),
        (None, 3),
        (None, 1_000),
        (Some(1), 0),
        (Some(3), 0),
        (Some(9), 4),
        (Some(8), 5),
    ] {
        let (said, ran) = play_lazily(hundred(), (20, fails), BOUNDS, lazy).await;
        assert_eq!(ran.is_err(), fails.is_some());
        let (mut durable, confirmed) = (Lsn::ZERO, confirmed_in_order(&said));
        for said in &said {
            match *said {
                Said::Flushed(upto) => durable = upto,
                Said::Confirmed(upto) => {
                    assert!(upto <= durable, "{upto} was confirmed, and {durable} was durable");
                }
                Said::Gave(_) | Said::Writing(_) | Said::Wrote(_) => {}
            }
        }
        assert_eq!(durable, confirmed);
        assert!(fails.is_some() || confirmed == Lsn::new(1_010));
    }
}

/// The last place that was confirmed; each was beyond the one before.
fn confirmed_in_order(said: &[Said]) -> Lsn {
    let confirmed = said.iter().filter_map(|said| match said {
        Said::Confirmed(upto) => Some(*upto),
        _ => None,
    });
    confirmed.fold(Lsn::ZERO, |before, upto| {
        assert!(before < upto, "{upto} was confirmed after {before}");
        upto
    })
}

/// What is only visible is made durable and confirmed although nothing follows, and the run goes on.
#[tokio::test]
async fn what_is_visible_is_confirmed_while_nothing_comes() {
    let log = Log::default();
    let mut batches: VecDeque<_> = [batch(&schema(), 10)].into();
    batches[0].relations = vec![schema()];
    let mut source = Batches { left: batches, log: log.clone(), breaks: false };
    let mut sink = Memory { log: log.clone(), lazy: 1_000, ..Memory::default() };
    let mut chain = Chained::new("transforms", Vec::new(), None).unwrap();
    let (meter, stop) = (Meter::default(), CancellationToken::new());
    let running = run(&mut source, &mut chain, &mut sink, &meter, BOUNDS, None, &stop);
    let confirmed = async {
        while !log.lock().unwrap().contains(&Said::Confirmed(Lsn::new(20))) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ran = running => panic!("the run has ended: {ran:?}"),
        () = confirmed => {}
    }
    assert_eq!(
        log.lock().unwrap()[2..],
        [Said::Wrote(Lsn::new(20)), Said::Flushed(Lsn::new(20)), Said::Confirmed(Lsn::new(20)),]
    );
}

/// What was taken in before an error is durable and confirmed when the error is said.
#[tokio::test]
async fn what_is_visible_is_confirmed_before_an_error_is_said() {
    let log = Log::default();
    let mut batches: VecDeque<_> = [batch(&schema(), 10)].into();
    batches[0].relations = vec![schema()];
    let mut source = Batches { left: batches, log: log.clone(), breaks: true };
    let mut sink = Memory { log: log.clone(), lazy: 1_000, ..Memory::default() };
    let mut chain = Chained::new("transforms", Vec::new(), None).unwrap();
    let (meter, stop) = (Meter::default(), CancellationToken::new());
    let ran = run(&mut source, &mut chain, &mut sink, &meter, BOUNDS, None, &stop).await;
    ran.unwrap_err();
    assert_eq!(log.lock().unwrap().last(), Some(&Said::Confirmed(Lsn::new(20))));
}

/// A sink that does not answer does not keep the process: nothing is written behind the flush that was given up.
#[tokio::test]
async fn a_flush_without_end_is_given_up_after_a_stop() {
    let log = Log::default();
    let mut batches: VecDeque<_> = [batch(&schema(), 10), batch(&schema(), 20)].into();
    batches[0].relations = vec![schema()];
    batches[1].checkpoint.progress = Progress::Inside { commit_lsn: Lsn::new(20), done: 1 };
    let mut source = Batches { left: batches, log: log.clone(), breaks: false };
    let mut sink = Memory { log: log.clone(), lazy: 1_000, stuck: true, ..Memory::default() };
    let mut chain = Chained::new("transforms", Vec::new(), None).unwrap();
    let (meter, stop) = (Meter::default(), CancellationToken::new());
    let stopping = async {
        while !log.lock().unwrap().contains(&Said::Wrote(Lsn::new(20))) {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let running = run(&mut source, &mut chain, &mut sink, &meter, BOUNDS, None, &stop);
    let (ran, ()) = tokio::join!(running, stopping);
    ran.unwrap();
    let log = log.lock().unwrap();
    assert!(!log.iter().any(|said| matches!(said, Said::Confirmed(_))));
    assert_eq!(log.iter().filter(|said| matches!(said, Said::Writing(_))).count(), 1);
}

/// Before a transaction is held open over several batches, what was before it is settled.
#[tokio::test]
async fn nothing_is_flushed_inside_a_transaction() {
    let schema = schema();
    let mut batches: VecDeque<_> = (1..=60).map(|n| batch(&schema, n * 10)).collect();
    for (n, batch) in batches.iter_mut().enumerate().filter(|(n, _)| n % 5 != 4) {
        let commit_lsn = Lsn::new((n as u64 / 5 + 1) * 50);
        batch.checkpoint.progress = Progress::Inside { commit_lsn, done: n as u64 % 5 + 1 };
    }
    let bounds = Bounds { batch_events_max: 1, ..BOUNDS };
    let (said, ran) = play_lazily(batches, (20, None), bounds, 1_000).await;
    ran.unwrap();
    let flushes = said.iter().filter(|said| matches!(said, Said::Flushed(_))).count();
    assert_eq!(flushes, 12, "one for each transaction");
    assert_eq!(confirmed_in_order(&said), Lsn::new(610));
}

#[tokio::test]
async fn batches_are_written_in_the_order_they_came_in() {
    let (said, ran) = play(hundred(), (20, None), BOUNDS).await;
    ran.unwrap();
    let written = said.iter().flat_map(|said| match said {
        Said::Writing(events) => events.clone(),
        _ => Vec::new(),
    });
    let wanted: Vec<Lsn> = (1..=100).map(|n| Lsn::new(n * 10)).collect();
    assert_eq!(written.collect::<Vec<_>>(), wanted);
}

/// While one batch is written, one more waits: of both no more is held than the bounds say.
#[tokio::test]
async fn what_waits_is_bounded_by_events_and_by_bytes() {
    let one = batch(&schema(), 10).weight();
    let by_bytes = Bounds { batch_events_max: 1_000, batch_bytes_max: 7 * one };
    for bounds in [BOUNDS, by_bytes] {
        let (said, ran) = play(hundred(), (1_000, None), bounds).await;
        ran.unwrap();
        let (mut given, mut most) = (0, 0);
        let mut written = 0;
        for said in &said {
            match said {
                Said::Gave(upto) => given = upto.get() / 10 - 1,
                Said::Wrote(upto) => written = upto.get() / 10 - 1,
                Said::Writing(_) | Said::Flushed(_) | Said::Confirmed(_) => {}
            }
            most = most.max(given - written);
        }
        assert!(most > 7, "nothing was taken in during a write");
        assert!(most <= 2 * 7, "{most} events were held at once");
    }
}

/// Rows of a version are written before the version that follows is made in the target.
#[tokio::test]
async fn a_batch_does_not_grow_over_a_new_version_of_its_table() {
    let mut newer = (*schema()).clone();
    newer.columns[0].pg = PgType::new(20, "bigint", Kind::Int8);
    let newer = Arc::new(newer.sealed());
    let mut batches = hundred();
    for (n, place) in batches.iter_mut().enumerate().skip(50) {
        *place = batch(&newer, (n as u64 + 1) * 10);
    }
    batches[50].relations = vec![newer];
    let bounds = Bounds { batch_events_max: 1_000, ..BOUNDS };
    let (said, ran) = play(batches, (1_000, None), bounds).await;
    ran.unwrap();
    let writes = said.iter().filter_map(|said| match said {
        Said::Writing(events) => Some(events),
        _ => None,
    });
    let ends: Vec<_> = writes.map(|events| *events.last().unwrap()).collect();
    assert!(ends.contains(&Lsn::new(500)), "{ends:?}");
    assert!(ends.len() <= 4, "{} writes for one new version", ends.len());
}

/// A row of a table version the chain never met ends the run: it is not left out.
#[tokio::test]
async fn an_event_the_chain_refuses_ends_the_run() {
    let mut batches = hundred();
    let mut other = (*schema()).clone();
    other.table = TableName::new("public", "other");
    batches[50] = batch(&Arc::new(other.sealed()), 510);
    let (said, ran) = play(batches, (0, None), BOUNDS).await;
    let failure = ran.unwrap_err();
    assert_eq!((failure.remedy, failure.finding.code), (Remedy::Halt, "transform_unbound"));
    assert!(!said.iter().any(|said| matches!(said, Said::Wrote(upto) if *upto > Lsn::new(510))));
}
