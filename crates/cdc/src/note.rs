//! What a source says beside the changes of rows.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use serde::{Deserialize, Serialize};

use crate::{BinaryMode, Lsn, Order, Position, Transaction};

/// Something that is no change of a row: it goes to a topic of its own, and no target has a place for it.
///
/// A chain of transforms does not see notes: each kind is produced only where the pipeline file asks for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// A message that an application wrote into the log.
    Message(Message),
    /// A transaction begins, or ends.
    Boundary(Boundary),
    /// The source is there, whether anything changes or not.
    Heartbeat(Heartbeat),
}

/// That the source is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// How far the source has come: everything before it is in the batches up to this one.
    pub position: Position,
}

/// The beginning or the end of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Boundary {
    /// Its place in the commit order: that of the transaction's first event, or the one behind its last.
    pub position: Position,
    /// Where it stands in the log.
    pub lsn: Lsn,
    /// The transaction.
    pub transaction: Arc<Transaction>,
    /// What was counted, at the end; `None` is the beginning.
    pub end: Option<Counts>,
}

/// How many events a transaction has, as they left the source: before a chain drops any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// In all.
    pub total: u64,
    /// Of each table, in the order of their first events.
    pub tables: Vec<TableCount>,
}

/// How many events of a transaction are of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCount {
    /// The table's name in the source, or the word for messages.
    pub table: Arc<str>,
    /// The events.
    pub events: u64,
}

/// A message of `pg_logical_emit_message`. `Debug` does not show its content.
///
/// <https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-REPLICATION>
#[derive(Clone, PartialEq)]
pub struct Message {
    /// Its prefix: what readers tell messages apart by.
    pub prefix: Arc<str>,
    /// Its content.
    pub content: Bytes,
    /// What its content is in records: what a `bytea` is.
    pub binary: BinaryMode,
    /// Its place in the commit order; of one outside of transactions see [`Position::outside`].
    pub position: Position,
    /// Where it stands in the log.
    pub lsn: Lsn,
    /// Which event of its transaction it is, where these are counted.
    pub order: Option<Order>,
    /// Its transaction. One that was said at once, whatever became of the transaction around it, has the xid 0.
    pub transaction: Arc<Transaction>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("position", &self.position)
            .field("content", &format_args!("{} bytes", self.content.len()))
            .finish_non_exhaustive()
    }
}

impl Note {
    /// Its place in the commit order.
    pub fn position(&self) -> Position {
        match self {
            Note::Message(message) => message.position,
            Note::Boundary(boundary) => boundary.position,
            Note::Heartbeat(heartbeat) => heartbeat.position,
        }
    }

    /// The bytes the note keeps in memory, roughly.
    pub fn weight(&self) -> usize {
        let own = match self {
            Note::Message(message) => message.prefix.len() + message.content.len(),
            Note::Heartbeat(_) => 0,
            Note::Boundary(Boundary { end, .. }) => {
                end.as_ref().map_or(0, |end| end.tables.len() * size_of::<TableCount>())
            }
        };
        size_of::<Self>() + own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_prints_no_content() {
        let message = Message {
            prefix: "canary".into(),
            content: Bytes::from_static(b"canary"),
            binary: BinaryMode::default(),
            position: Position::default(),
            lsn: Lsn::ZERO,
            order: None,
            transaction: Arc::default(),
        };
        let printed = format!("{:?}", Note::Message(message));
        assert!(printed.contains("6 bytes") && !printed.contains("canary"), "{printed}");
    }
}
