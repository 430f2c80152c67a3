//! Logical decoding messages: those the pipeline file asks for become notes, all of them are moved past.

use std::sync::Arc;

use bytes::Bytes;
use cdc::{BinaryMode, Lsn, Note, Order, Position, Transaction};

use super::Stream;
use super::tally::Tally;
use crate::error::SourceError;

/// A message as the server sends it.
pub(super) struct Said {
    pub(super) transactional: bool,
    /// Where its record in the log ends.
    pub(super) lsn: Lsn,
    pub(super) prefix: String,
    pub(super) content: Bytes,
}

impl Stream {
    pub(super) fn said(&mut self, wal_start: Lsn, said: Said) -> Result<(), SourceError> {
        if said.transactional { self.said_inside(wal_start, said) } else { self.said_outside(said) }
    }

    /// Part of its transaction, and counted like a change.
    fn said_inside(&mut self, wal_start: Lsn, said: Said) -> Result<(), SourceError> {
        let Some(open) = &mut self.open else {
            return Err(self.wrong("a message of a transaction outside of one".to_owned()));
        };
        let position = Position { commit_lsn: open.transaction.commit_lsn, seq: open.seq };
        let xid = open.transaction.xid;
        let taken = self.taken.as_mut().is_some_and(|taken| taken.has(xid, wal_start));
        if self.settings.messages.wants(&said.prefix) && !self.start.covers(position) {
            let transaction = open.transaction.clone();
            // What is taken has its place in the order, too.
            let order = open.tally.as_mut().map(Tally::message);
            if !taken {
                let binary = self.settings.shape.modes.binary;
                let of = message(said, binary, position, wal_start, order, transaction);
                self.building.note(of);
            }
        }
        self.count();
        Ok(())
    }

    /// Said at once: the server sends it between transactions, when it reads it. What is done with it is done with
    /// everything before its end.
    fn said_outside(&mut self, said: Said) -> Result<(), SourceError> {
        let position = Position::outside(said.lsn);
        // As in Debezium's `source.sequence`, it is the last thing committed.
        self.previous_commit = Some(said.lsn);
        if !self.settings.messages.wants(&said.prefix) || self.start.covers(position) {
            return Ok(());
        }
        if self.open.is_some() {
            return Err(self.wrong("a message of no transaction inside of one".to_owned()));
        }
        let transaction = Transaction {
            commit_lsn: position.commit_lsn,
            // The server does not say when it was said: Debezium has the time of the transaction before here.
            commit_micros: self.begun_micros,
            previous_commit_lsn: self.previous_commit,
            xmin: self.xmin(),
            ..Transaction::default()
        };
        let (lsn, binary) = (said.lsn, self.settings.shape.modes.binary);
        self.building.note(message(said, binary, position, lsn, None, Arc::new(transaction)));
        self.building.is_whole_at(lsn, self.given.0);
        Ok(())
    }
}

fn message(
    said: Said,
    binary: BinaryMode,
    position: Position,
    lsn: Lsn,
    order: Option<Order>,
    transaction: Arc<Transaction>,
) -> Note {
    // The frame it came in is large, and is not kept for it.
    let content = Bytes::copy_from_slice(&said.content);
    let prefix = said.prefix.into();
    Note::Message(cdc::Message { prefix, content, binary, position, lsn, order, transaction })
}
