//! What a source says beside the changes of rows.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::{Lsn, Position, Transaction};

/// Something that is no change of a row: it goes to a topic of its own, and no target has a place for it.
///
/// A chain of transforms does not see notes: each kind is produced only where the pipeline file asks for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// A message that an application wrote into the log.
    Message(Message),
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
    /// Its place in the commit order; of one outside of transactions see [`Position::outside`].
    pub position: Position,
    /// Where it stands in the log.
    pub lsn: Lsn,
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
        }
    }

    /// The bytes the note keeps in memory, roughly.
    pub fn weight(&self) -> usize {
        let own = match self {
            Note::Message(message) => message.prefix.len() + message.content.len(),
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
            position: Position::default(),
            lsn: Lsn::ZERO,
            transaction: Arc::default(),
        };
        let printed = format!("{:?}", Note::Message(message));
        assert!(printed.contains("6 bytes") && !printed.contains("canary"), "{printed}");
    }
}
