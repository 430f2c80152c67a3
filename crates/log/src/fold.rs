//! Records back into events: in commit order, with the records of a move made one event again.

use std::sync::Arc;

use cdc::{Change, Event, Op, Position, Schema, Transaction};

use crate::converter::Piece;
use crate::stamp::Stamp;

/// A record that was read, before it takes its place.
#[derive(Clone, Debug)]
pub struct ReadRecord {
    /// Its header `pgrelay.position`.
    pub stamp: Stamp,
    /// What its row looks like.
    pub schema: Arc<Schema>,
    /// Its change.
    pub piece: Piece,
}

/// Records that do not make events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at {position}: {reason}")]
pub struct FoldError {
    /// The event.
    pub position: Position,
    /// What is wrong.
    pub reason: &'static str,
}

/// Puts records in commit order and makes events of them.
///
/// # Errors
/// Where two records claim one place, or half of a move is missing.
pub fn fold(mut records: Vec<ReadRecord>) -> Result<Vec<Event>, FoldError> {
    if !records.is_sorted_by_key(|record| (record.stamp.position, record.stamp.sub)) {
        records.sort_by_key(|record| (record.stamp.position, record.stamp.sub));
    }
    let mut events = Vec::with_capacity(records.len());
    let mut transaction = Arc::new(Transaction::default());
    let mut records = records.into_iter().peekable();
    while let Some(record) = records.next() {
        let position = record.stamp.position;
        let wrong = |reason| Err(FoldError { position, reason });
        let second = records
            .next_if(|next| next.stamp.position == position && !truncated_together(&record, next));
        let last = second.as_ref().unwrap_or(&record);
        if records
            .peek()
            .is_some_and(|next| next.stamp.position == position && !truncated_together(last, next))
        {
            return wrong("more than two records claim one place");
        }
        enter(&mut transaction, &record);
        let lsn = record.piece.lsn;
        let change = match (record.stamp.sub, &second) {
            (0, None) => change(&record),
            (0, Some(second)) if second.stamp.sub == 2 => moved(&record, second),
            (0, Some(_)) => return wrong("two records claim one place"),
            _ => return wrong("the first record of a change of key is missing"),
        };
        let Some(change) = change else {
            return wrong("the rows of the record do not fit its operation");
        };
        let schema = second.map_or(record.schema, |second| second.schema);
        let transaction = Arc::clone(&transaction);
        let order = record.piece.order;
        events.push(Event { schema, change, position, lsn, transaction, order });
    }
    Ok(events)
}

/// Whether both come from one TRUNCATE: it is one message, so one place, of several tables.
fn truncated_together(one: &ReadRecord, other: &ReadRecord) -> bool {
    let truncates = |record: &ReadRecord| record.piece.op == Op::Truncate && record.stamp.sub == 0;
    truncates(one) && truncates(other) && one.schema.table != other.schema.table
}

/// The record's transaction, shared with the record before where it is the same.
fn enter(transaction: &mut Arc<Transaction>, record: &ReadRecord) {
    let piece = &record.piece;
    let now = Transaction {
        xid: piece.xid,
        commit_lsn: record.stamp.position.commit_lsn,
        commit_micros: piece.commit_micros,
        previous_commit_lsn: piece.previous_commit_lsn,
        snapshot: piece.snapshot,
        origin: piece.origin.clone(),
        // Of interest to who reads the topics; nobody who applies them asks for it.
        xmin: None,
    };
    if **transaction != now {
        *transaction = Arc::new(now);
    }
}

fn change(record: &ReadRecord) -> Option<Change> {
    let (before, after) = (record.piece.before.clone(), record.piece.after.clone());
    Some(match record.piece.op {
        Op::Create => Change::Insert { after: after? },
        Op::Read => Change::Read { after: after? },
        Op::Update => Change::Update { before, after: after? },
        Op::Delete => Change::Delete { before: before? },
        Op::Truncate => Change::Truncate {
            cascade: record.stamp.cascade,
            restart_identity: record.stamp.restart_identity,
        },
    })
}

fn moved(delete: &ReadRecord, create: &ReadRecord) -> Option<Change> {
    if (delete.piece.op, create.piece.op) != (Op::Delete, Op::Create) {
        return None;
    }
    Some(Change::Update {
        before: Some(delete.piece.before.clone()?),
        after: create.piece.after.clone()?,
    })
}
