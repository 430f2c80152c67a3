//! The loop between ends that are only memory: what is confirmed when, in which order, and how much waits.

#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use cdc::{
    Batch, Change, Checkpoint, Column, Event, Fault, Finding, Identity, Kind, Lsn, Meter, PgType,
    Position, Progress, Remedy, Row, Schema, Sink, Source, TableName,
};
use replicator::run::{Bounds, Chained, Failure, Until, run};
use tokio_util::sync::CancellationToken;

/// What was said to the ends, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Gave(Lsn),
    Writing(Vec<Lsn>),
    Wrote(Lsn),
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
        let Some(batch) = self.left.pop_front() else { return std::future::pending().await };
        self.log.lock().unwrap().push(Said::Gave(end(&batch)));
        Ok(batch)
    }

    async fn confirm(&mut self, upto: &Checkpoint) -> Result<(), Broken> {
        let upto = upto.progress.confirmable().unwrap();
        self.log.lock().unwrap().push(Said::Confirmed(upto));
        Ok(())
    }

    async fn stop(&mut self) {}
}

struct Memory {
    log: Log,
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

    async fn write(&mut self, batch: &Batch) -> Result<(), Broken> {
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
        self.log.lock().unwrap().push(Said::Wrote(end(batch)));
        Ok(())
    }
}

fn end(batch: &Batch) -> Lsn {
    batch.checkpoint.progress.confirmable().unwrap()
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
    mut batches: VecDeque<Batch>,
    (turns, fails): (usize, Option<usize>),
    bounds: Bounds,
) -> (Vec<Said>, Result<(), Failure>) {
    let log = Log::default();
    let until = Until::Lsn(end(batches.back().unwrap()));
    batches[0].relations = vec![schema()];
    let mut source = Batches { left: batches, log: log.clone() };
    let mut sink = Memory { log: log.clone(), turns, fails };
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
async fn a_place_is_confirmed_after_all_up_to_it_was_written() {
    for fails in [None, Some(1), Some(3)] {
        let (said, ran) = play(hundred(), (20, fails), BOUNDS).await;
        assert_eq!(ran.is_err(), fails.is_some());
        let mut written = Lsn::ZERO;
        let mut confirmed = Lsn::ZERO;
        for said in &said {
            match *said {
                Said::Wrote(upto) => written = upto,
                Said::Confirmed(upto) => {
                    assert!(upto <= written, "{upto} was confirmed, and {written} was written");
                    confirmed = upto;
                }
                Said::Gave(_) | Said::Writing(_) => {}
            }
        }
        assert_eq!(written, confirmed);
        assert!(fails.is_some() || confirmed == Lsn::new(1_010));
    }
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
                Said::Writing(_) | Said::Confirmed(_) => {}
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
