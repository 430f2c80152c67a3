//! Debezium's markers on the rows of a snapshot: the first and the last, of a table and of all.
//!
//! Whether a row is a last one is known only behind it, so the row read last is held back.

use std::sync::Arc;

use cdc::{Event, Lsn, SnapshotRow, Transaction};

/// The row held back, and what it is known to be.
#[derive(Debug)]
pub(super) struct Markers {
    /// What rows are part of, in the order of [`SnapshotRow::ALL`].
    transactions: [Arc<Transaction>; 5],
    held: Option<Event>,
    table: Table,
}

/// The table at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Table {
    first: bool,
    empty: bool,
}

impl Markers {
    /// Of a snapshot taken at this place and time.
    pub(super) fn new(at: Lsn, micros: i64) -> Self {
        let transactions = SnapshotRow::ALL.map(|row| {
            Arc::new(Transaction {
                xid: 0,
                commit_lsn: at,
                commit_micros: micros,
                previous_commit_lsn: None,
                snapshot: Some(row),
                origin: None,
                xmin: None,
            })
        });
        Self { transactions, held: None, table: Table { first: true, empty: true } }
    }

    /// What a row is part of, as long as nothing more is known of it.
    pub(super) fn transaction(&self, row: SnapshotRow) -> Arc<Transaction> {
        self.transactions[row as usize].clone()
    }

    /// Holds the next row back and gives the one before it.
    pub(super) fn row(&mut self, mut event: Event) -> Option<Event> {
        let row = match self.table {
            Table { empty: false, .. } => SnapshotRow::Within,
            Table { first: true, .. } => SnapshotRow::First,
            Table { first: false, .. } => SnapshotRow::FirstOfTable,
        };
        self.table.empty = false;
        event.transaction = self.transaction(row);
        self.held.replace(event)
    }

    /// The table at hand has no more rows.
    pub(super) fn end_of_table(&mut self) {
        // The first of all, alone in its table, stays that.
        let first = self.held.as_ref().and_then(|held| held.transaction.snapshot);
        if !self.table.empty && first != Some(SnapshotRow::First) {
            self.mark(SnapshotRow::LastOfTable);
        }
        self.table = Table { first: false, empty: true };
    }

    /// No table has more rows: gives the last one of all.
    pub(super) fn end(&mut self) -> Option<Event> {
        self.mark(SnapshotRow::Last);
        self.held.take()
    }

    fn mark(&mut self, row: SnapshotRow) {
        let transaction = self.transaction(row);
        if let Some(held) = &mut self.held {
            held.transaction = transaction;
        }
    }
}

#[cfg(test)]
mod tests {
    use cdc::{Change, Identity, Position, Row, Schema, TableName};

    use super::*;

    /// The markers of tables with so many rows.
    fn marked(tables: &[usize]) -> Vec<&'static str> {
        let mut markers = Markers::new(Lsn::new(1), 2);
        let schema = Schema::new(TableName::new("s", "t"), Vec::new(), Vec::new(), Identity::Full);
        let event = Event {
            schema: Arc::new(schema),
            change: Change::Read { after: Row::nulls(0) },
            position: Position { commit_lsn: Lsn::new(1), seq: 0 },
            lsn: Lsn::new(1),
            transaction: markers.transaction(SnapshotRow::Within),
            order: None,
        };
        let mut rows = Vec::new();
        for table in tables {
            rows.extend((0..*table).filter_map(|_| markers.row(event.clone())));
            markers.end_of_table();
        }
        rows.extend(markers.end());
        rows.iter().filter_map(|row| row.transaction.snapshot).map(SnapshotRow::word).collect()
    }

    #[test]
    fn the_first_and_the_last_are_marked() {
        assert_eq!(
            marked(&[3, 2, 1, 3]),
            [
                "first",
                "true",
                "last_in_data_collection",
                "first_in_data_collection",
                "last_in_data_collection",
                "last_in_data_collection",
                "first_in_data_collection",
                "true",
                "last"
            ]
        );
        assert_eq!(marked(&[0, 2, 0]), ["first_in_data_collection", "last"]);
        assert_eq!(marked(&[1]), ["last"]);
        assert_eq!(marked(&[1, 1, 1]), ["first", "last_in_data_collection", "last"]);
        assert!(marked(&[0, 0]).is_empty() && marked(&[]).is_empty());
    }
}
