//! Counting the events of a transaction, in all and by table, as Debezium's transaction metadata has them.

use std::collections::HashMap;
use std::sync::Arc;

use cdc::{Boundary, Counts, Lsn, Note, Order, Position, Progress, TableCount};

use super::{Open, Stream};

/// What the messages of a transaction are counted under.
const MESSAGES: &str = "LOGICAL_DECODING_MESSAGE";
/// The number that no table has.
const NO_TABLE: u32 = 0;

/// The counts of the transaction that is being received.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Counts,
    /// Where each relation's count is.
    places: HashMap<u32, usize>,
}

impl Tally {
    /// Goes on where an earlier process stopped inside the transaction.
    pub(super) fn resumed(counts: &Counts) -> Self {
        Self { counts: counts.clone(), places: HashMap::new() }
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Counts an event of a table that becomes so many records, and says which the first of them is.
    pub(super) fn event(&mut self, oid: u32, name: impl FnOnce() -> String, records: u64) -> Order {
        let tables = &mut self.counts.tables;
        let place = *self.places.entry(oid).or_insert_with(|| {
            let name = name();
            tables.iter().position(|known| *known.table == *name).unwrap_or_else(|| {
                tables.push(TableCount { table: name.into(), events: 0 });
                tables.len() - 1
            })
        });
        let order = Order { total: self.counts.total + 1, in_table: tables[place].events + 1 };
        self.counts.total += records;
        tables[place].events += records;
        order
    }

    /// Counts a message. Debezium takes each for a collection of its own, of which it is the first.
    pub(super) fn message(&mut self) -> Order {
        Order { in_table: 1, ..self.event(NO_TABLE, || MESSAGES.to_owned(), 1) }
    }
}

impl Stream {
    /// The counts to begin a transaction with, if they are asked for; with the first of it, it is said to begin.
    pub(super) fn begins(&mut self, lsn: Lsn, open: &mut Open) {
        if !self.settings.transaction_metadata {
            return;
        }
        let commit_lsn = open.transaction.commit_lsn;
        match self.start {
            // Said before. A transaction that was not counted from its beginning is not counted to its end.
            Progress::Inside { commit_lsn: at, .. } if at == commit_lsn => {
                open.tally = self.counted.take().as_deref().map(Tally::resumed);
            }
            _ => {
                open.tally = Some(Tally::default());
                self.bounds(lsn, open, Position { commit_lsn, seq: 0 }, None);
            }
        }
    }

    /// The transaction is said to end, with its counts.
    pub(super) fn ends(&mut self, lsn: Lsn, open: &Open) {
        if let Some(tally) = &open.tally {
            let position = Position { commit_lsn: open.transaction.commit_lsn, seq: open.seq };
            self.bounds(lsn, open, position, Some(tally.counts().clone()));
        }
    }

    fn bounds(&mut self, lsn: Lsn, open: &Open, position: Position, end: Option<Counts>) {
        if !self.start.covers(position) {
            let transaction = Arc::clone(&open.transaction);
            self.building.note(Note::Boundary(Boundary { position, lsn, transaction, end }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_go_on_where_they_stopped() {
        let order = |total, in_table| Order { total, in_table };
        let mut tally = Tally::default();
        assert_eq!(tally.event(7, || "s.a".to_owned(), 1), order(1, 1));
        assert_eq!(tally.event(8, || "s.b".to_owned(), 2), order(2, 1));
        assert_eq!(tally.event(8, || "s.b".to_owned(), 1), order(4, 3));
        assert_eq!(tally.message(), order(5, 1));
        let mut tally = Tally::resumed(tally.counts());
        assert_eq!(tally.event(8, || "s.b".to_owned(), 1), order(6, 4));
        assert_eq!(tally.message(), order(7, 1));
        assert_eq!(tally.event(9, || "s.c".to_owned(), 1), order(8, 1));
        let events: Vec<u64> = tally.counts().tables.iter().map(|table| table.events).collect();
        assert_eq!(events, [1, 4, 2, 1]);
    }
}
