//! A PostgreSQL publication as a [`cdc::Source`]: the first room on a change's path.
//!
//! The order of a start is the guarantee: the lock of the slot on the replication connection itself; then the
//! sink says where it stands; then slot and checkpoint are compared, and anything but "the slot is behind" is
//! a finding; then the tables are copied, or the stream begins where the sink stands.
//!
//! It refuses a table whose updates could not be told apart before it publishes it, a slot or a server that
//! is not the checkpoint's, and a table it was not told about.

mod catalog;
mod config;
mod error;
mod feed;
mod heartbeat;
mod lock;
mod monitor;
mod prefixes;
mod preflight;
mod publication;
mod rights;
mod selection;
mod shape;
mod slot;
mod snapshot;
mod source;
mod source_type;
mod stream;
mod timeline;
mod walsender;
mod watch;
mod xmin;

pub use config::{PatternError, Settings, SnapshotMode, TablePattern, is_slot_name};
pub use error::SourceError;
pub use heartbeat::Heartbeat;
pub use prefixes::Prefixes;
pub use preflight::{compare, drop_made, grants, in_use, preflight, schemas, wal_end};
pub use selection::Selection;
pub use shape::{MessageKey, Shape, SourceTypes};
pub use source::PostgresSource;
