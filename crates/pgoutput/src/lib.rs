//! PostgreSQL's logical replication protocol: bytes and messages. No IO.
//!
//! A walsender sends `CopyData` frames: [`Frame::XLogData`] with one pgoutput [`Message`] each, and
//! [`Frame::Keepalive`]; the client answers with [`status_update`]. Everything is read in place: a row is a
//! [`cdc::Row`] over the frame's own bytes.
//!
//! <https://www.postgresql.org/docs/current/protocol-replication.html>,
//! <https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html>
//!
//! Protocol version 1, text format. No input makes this crate panic: what it cannot read is a [`DecodeError`].

mod frame;
mod message;
mod read;

pub use frame::{Frame, StatusUpdate, postgres_micros_to_unix, status_update};
pub use message::{Begin, Commit, Message, OldTuple, Relation, RelationColumn, Truncate, TypeName};
pub use read::DecodeError;
