//! One change of one table.

use std::sync::Arc;

use crate::{Lsn, Position, Row, Schema};

/// Debezium's letter for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `c`: an insert.
    Create,
    /// `u`: an update.
    Update,
    /// `d`: a delete.
    Delete,
    /// `r`: a row read by the snapshot.
    Read,
    /// `t`: a truncate.
    Truncate,
}

impl Op {
    /// The letter in the record's `op`.
    pub const fn letter(self) -> &'static str {
        match self {
            Op::Create => "c",
            Op::Update => "u",
            Op::Delete => "d",
            Op::Read => "r",
            Op::Truncate => "t",
        }
    }
}

/// What happened to a row, or to a table.
///
/// An old row (`before`) is what the replica identity sent: the whole row under `FULL`, else the identity's
/// columns with every other cell null.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A new row.
    Insert {
        /// The row.
        after: Row,
    },
    /// A row as the snapshot found it.
    Read {
        /// The row.
        after: Row,
    },
    /// A row changed. `before` is there where its identity changed, or where the identity is `FULL`.
    Update {
        /// What the identity sent of the old row.
        before: Option<Row>,
        /// The new row; cells may be unchanged.
        after: Row,
    },
    /// A row is gone.
    Delete {
        /// What the identity sent of it.
        before: Row,
    },
    /// All rows are gone.
    Truncate {
        /// `CASCADE` was said.
        cascade: bool,
        /// `RESTART IDENTITY` was said.
        restart_identity: bool,
    },
}

impl Change {
    /// Which operation this is.
    pub fn op(&self) -> Op {
        match self {
            Change::Insert { .. } => Op::Create,
            Change::Read { .. } => Op::Read,
            Change::Update { .. } => Op::Update,
            Change::Delete { .. } => Op::Delete,
            Change::Truncate { .. } => Op::Truncate,
        }
    }

    /// The old row, if one was sent.
    pub fn before(&self) -> Option<&Row> {
        match self {
            Change::Update { before, .. } => before.as_ref(),
            Change::Delete { before } => Some(before),
            _ => None,
        }
    }

    /// The new row, if there is one.
    pub fn after(&self) -> Option<&Row> {
        match self {
            Change::Insert { after } | Change::Read { after } | Change::Update { after, .. } => {
                Some(after)
            }
            _ => None,
        }
    }

    /// The rows, old one first: a transform that changes a column changes it in both.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        let (before, after) = match self {
            Change::Insert { after } | Change::Read { after } => (None, Some(after)),
            Change::Update { before, after } => (before.as_mut(), Some(after)),
            Change::Delete { before } => (Some(before), None),
            Change::Truncate { .. } => (None, None),
        };
        before.into_iter().chain(after)
    }

    /// The bytes the change keeps in memory, roughly.
    pub fn weight(&self) -> usize {
        self.before().map_or(0, Row::weight) + self.after().map_or(0, Row::weight)
    }
}

/// The transaction an event belongs to: shared by all of its events.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Transaction {
    /// The transaction's id; of a snapshot, the one it was taken in or 0.
    pub xid: u32,
    /// Where the commit record begins; of a snapshot, its consistent point.
    pub commit_lsn: Lsn,
    /// When it was committed, in microseconds since 1970; of a snapshot, when it began.
    pub commit_micros: i64,
    /// The end of the transaction committed before, where it is known: for `source.sequence`.
    pub previous_commit_lsn: Option<Lsn>,
    /// Which of the snapshot's rows this is, if it is one of them.
    pub snapshot: Option<SnapshotRow>,
    /// Where the source itself has it from, if it was replicated there.
    pub origin: Option<Origin>,
    /// The slot's `catalog_xmin` about when it was received, where that is asked for: for `source.xmin`.
    pub xmin: Option<u32>,
}

/// A replication origin, and where the transaction stood there.
///
/// <https://www.postgresql.org/docs/current/replication-origins.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The origin's name.
    pub name: Arc<str>,
    /// Where the transaction was committed there; zero where that was not said.
    pub lsn: Lsn,
}

/// Where a row stands in the snapshot: Debezium's marker in `source.snapshot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SnapshotRow {
    /// The first of all.
    First,
    /// The first of its table.
    FirstOfTable,
    /// One between.
    Within,
    /// The last of its table.
    LastOfTable,
    /// The last of all.
    Last,
}

impl SnapshotRow {
    /// Every one.
    pub const ALL: [SnapshotRow; 5] =
        [Self::First, Self::FirstOfTable, Self::Within, Self::LastOfTable, Self::Last];

    /// Debezium's word.
    pub const fn word(self) -> &'static str {
        match self {
            SnapshotRow::First => "first",
            SnapshotRow::FirstOfTable => "first_in_data_collection",
            SnapshotRow::Within => "true",
            SnapshotRow::LastOfTable => "last_in_data_collection",
            SnapshotRow::Last => "last",
        }
    }
}

/// One change of one table, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What its rows look like.
    pub schema: Arc<Schema>,
    /// What happened.
    pub change: Change,
    /// Its place in the commit order.
    pub position: Position,
    /// Where its own WAL record begins: information only, it orders nothing.
    pub lsn: Lsn,
    /// Its transaction.
    pub transaction: Arc<Transaction>,
    /// Which event of its transaction it is, where these are counted.
    pub order: Option<Order>,
}

/// Which event of its transaction an event is. A change of key is two: this is the delete's, the insert's is the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Among all of them, from 1.
    pub total: u64,
    /// Among those of its table, from 1.
    pub in_table: u64,
}

impl Order {
    /// The one that follows in the same table.
    #[must_use]
    pub fn next(self) -> Self {
        Self { total: self.total + 1, in_table: self.in_table + 1 }
    }
}

impl Event {
    /// Whether the change moves the row to another key: its old key is known, and differs from the new one.
    pub fn is_move(&self) -> bool {
        match &self.change {
            Change::Update { before: Some(before), after } => {
                !self.schema.key.is_empty() && !self.schema.same_key(before, after)
            }
            _ => false,
        }
    }

    /// Whether its records have two keys: the old row's is known, and differs from the new one's.
    pub fn changes_record_key(&self) -> bool {
        match &self.change {
            Change::Update { before: Some(before), after } => {
                !self.schema.record_key().is_empty() && !self.schema.same_record_key(before, after)
            }
            _ => false,
        }
    }

    /// The bytes the event keeps in memory, roughly.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.change.weight()
    }
}
