//! How far the work is done, in the words that survive a crash.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Counts, Lsn, Position, TableName};

/// How far a batch reaches in the source's commit order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// The snapshot is being read, for the `attempt`th time, counted from 1. Nothing before its end counts.
    Snapshot {
        /// Which attempt.
        attempt: u32,
    },
    /// The first `done` change messages of a transaction that is not whole yet.
    Inside {
        /// The transaction.
        commit_lsn: Lsn,
        /// How many of its change messages are done.
        done: u64,
    },
    /// Every transaction with `commit_lsn < end_lsn` is done, none with `commit_lsn >= end_lsn`. Equality is
    /// new: the end of one commit record is often the start of the next.
    After {
        /// The end of the last transaction's commit record, or a place between transactions.
        end_lsn: Lsn,
    },
    /// Topics of other producers were read so far as the [`LogPlace`] beside this says; their records are in no
    /// order but that of their partitions.
    Offsets {},
}

impl Progress {
    /// Whether an event at `position` is already done.
    pub fn covers(&self, position: Position) -> bool {
        match *self {
            Progress::Snapshot { .. } | Progress::Offsets {} => false,
            Progress::Inside { commit_lsn, done } => {
                position.commit_lsn < commit_lsn
                    || (position.commit_lsn == commit_lsn && position.seq < done)
            }
            Progress::After { end_lsn } => position.commit_lsn < end_lsn,
        }
    }

    /// What may be confirmed to the slot: a place between transactions, and nothing else. Invariant 2.
    pub fn confirmable(&self) -> Option<Lsn> {
        match self {
            Progress::After { end_lsn } => Some(*end_lsn),
            Progress::Snapshot { .. } | Progress::Inside { .. } | Progress::Offsets {} => None,
        }
    }

    /// Whether everything begun is whole: what a target may commit.
    pub fn is_whole(&self) -> bool {
        matches!(self, Progress::After { .. } | Progress::Offsets {})
    }

    /// Where to ask the server to start so that everything not done comes, and nothing is skipped.
    pub fn start_lsn(&self) -> Option<Lsn> {
        match self {
            Progress::Snapshot { .. } | Progress::Offsets {} => None,
            Progress::Inside { commit_lsn, .. } => Some(*commit_lsn),
            Progress::After { end_lsn } => Some(*end_lsn),
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Progress::Snapshot { attempt } => write!(f, "snapshot, attempt {attempt}"),
            Progress::Inside { commit_lsn, done } => {
                write!(f, "{done} changes inside the transaction at {commit_lsn}")
            }
            Progress::After { end_lsn } => write!(f, "after {end_lsn}"),
            Progress::Offsets {} => f.write_str("at the offsets of its topics"),
        }
    }
}

/// Which server, database and slot the positions of a checkpoint belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceId {
    /// `IDENTIFY_SYSTEM`'s `systemid`.
    pub system_identifier: String,
    /// The database.
    pub database: String,
    /// The slot.
    pub slot: String,
    /// The timeline of the server's WAL; none in what an older pgrelay wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline: Option<u32>,
}

/// A table as the pipeline knows it: what is not in here is new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedTable {
    /// Its name when it was last seen.
    pub table: TableName,
    /// Its columns when it was last seen.
    pub columns: Vec<Arc<str>>,
}

/// The tables a pipeline captures, by their object id in the source.
pub type Captured = BTreeMap<u32, CapturedTable>;

/// Where a log was read to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPlace {
    /// The offset of the last cut that was read; `None` where the topics have no cuts.
    pub cut: Option<i64>,
    /// The next offset of each partition of each topic.
    pub ends: BTreeMap<Arc<str>, BTreeMap<i32, i64>>,
    /// The last record before it, where the topics have no cuts; none in what an older pgrelay wrote.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub last: BTreeMap<Arc<str>, BTreeMap<i32, LastRecord>>,
}

/// What tells a record from one that has its offset in another topic of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRecord {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, in milliseconds since 1970.
    pub millis: i64,
}

/// Where a sink stands, durably, together with its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// How far.
    #[serde(flatten)]
    pub progress: Progress,
    /// In which source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Arc<SourceId>>,
    /// Of which tables. Kept beside the checkpoint by a sink, as it seldom changes.
    #[serde(skip)]
    pub captured: Arc<Captured>,
    /// What was counted of a transaction that is not whole yet, where its events are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Arc<Counts>>,
    /// Read from which log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Arc<LogPlace>>,
    /// What another program had done that read the slot before, until the stream has passed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Arc<Taken>>,
}

/// What a reader of the slot had done beyond the transactions that a checkpoint covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// Nothing.
    Whole,
    /// Nothing since the slot was made, which knows where that is, or since a later place.
    Slot,
    /// Of this transaction the changes before `lsn` and the first ones at it.
    Inside {
        /// The transaction's id.
        xid: u32,
        /// Where the WAL records of the last ones begin.
        lsn: Lsn,
        /// How many of these are done.
        events: u64,
    },
}

impl Checkpoint {
    /// A checkpoint that says how far and nothing else.
    pub fn new(progress: Progress) -> Self {
        Self {
            progress,
            source: None,
            captured: Arc::default(),
            counts: None,
            log: None,
            taken: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(commit: u64, seq: u64) -> Position {
        Position { commit_lsn: Lsn::new(commit), seq }
    }

    #[test]
    fn a_transaction_that_begins_where_the_last_ended_is_new() {
        let after = Progress::After { end_lsn: Lsn::new(100) };
        assert!(after.covers(at(99, 7)));
        assert!(!after.covers(at(100, 0)));
    }

    #[test]
    fn what_is_said_between_transactions_is_done_with_its_end() {
        let said = Position::outside(Lsn::new(100));
        assert!(Progress::After { end_lsn: Lsn::new(100) }.covers(said));
        assert!(!Progress::After { end_lsn: Lsn::new(99) }.covers(said));
        assert!(at(60, 7) < said && said < at(100, 0));
    }

    #[test]
    fn inside_covers_what_it_counted_and_all_before() {
        let inside = Progress::Inside { commit_lsn: Lsn::new(100), done: 2 };
        assert!(inside.covers(at(99, 1_000)) && inside.covers(at(100, 1)));
        assert!(!inside.covers(at(100, 2)) && !inside.covers(at(101, 0)));
        assert_eq!(inside.start_lsn(), Some(Lsn::new(100)));
    }

    #[test]
    fn only_a_place_between_transactions_is_confirmed_or_committed() {
        let after = Progress::After { end_lsn: Lsn::new(100) };
        assert_eq!((after.confirmable(), after.is_whole()), (Some(Lsn::new(100)), true));
        let inside = Progress::Inside { commit_lsn: Lsn::new(100), done: 2 };
        for open in [inside, Progress::Snapshot { attempt: 1 }] {
            assert_eq!((open.confirmable(), open.is_whole()), (None, false), "{open}");
        }
    }

    #[test]
    fn a_checkpoint_reads_back_what_it_writes() {
        let checkpoint = Checkpoint {
            progress: Progress::Inside { commit_lsn: Lsn::new(100), done: 2 },
            source: Some(Arc::new(SourceId {
                system_identifier: "7".into(),
                database: "shop".into(),
                slot: "pgrelay_shop".into(),
                timeline: Some(1),
            })),
            captured: Arc::default(),
            counts: Some(Arc::new(Counts {
                total: 2,
                tables: vec![crate::TableCount { table: "s.t".into(), events: 2 }],
            })),
            log: Some(Arc::new(LogPlace {
                cut: Some(3),
                ends: BTreeMap::from([("t".into(), BTreeMap::from([(0, 9)]))]),
                last: BTreeMap::from([(
                    "t".into(),
                    BTreeMap::from([(0, LastRecord { offset: 7, millis: 1 })]),
                )]),
            })),
            taken: None,
        };
        let offsets = Checkpoint { progress: Progress::Offsets {}, ..checkpoint.clone() };
        for checkpoint in [checkpoint, offsets] {
            let text = serde_json::to_string(&checkpoint).unwrap();
            assert_eq!(serde_json::from_str::<Checkpoint>(&text).unwrap(), checkpoint);
        }
    }

    #[test]
    fn a_place_without_last_records_is_read_and_written() {
        let text = r#"{"cut":null,"ends":{"t":{"0":9}}}"#;
        let place: LogPlace = serde_json::from_str(text).unwrap();
        assert_eq!((place.last.len(), serde_json::to_string(&place).unwrap().as_str()), (0, text));
    }
}
