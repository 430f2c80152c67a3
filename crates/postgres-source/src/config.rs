//! What a pipeline file says about a source.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use cdc::TableName;
use serde::Deserialize;

use crate::heartbeat::Heartbeat;
use crate::prefixes::Prefixes;
use crate::selection::Selection;
use crate::shape::Shape;

/// Whether the tables are copied before the changes are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotMode {
    /// Copied once, before the first change.
    #[default]
    Initial,
    /// Copied once, and the pipeline ends with it, whatever `--until` says: no slot stays, no change is followed.
    InitialOnly,
    /// Copied once, and anew where the changes since the checkpoint cannot be read any more: the slot is gone,
    /// invalidated or ahead, or the server was restored. A target's tables that a copy of this pipeline filled are
    /// emptied in the transaction that fills them anew, and their readers wait for it.
    WhenNeeded,
    /// Copied each time the process starts; into Kafka only, not where a `sink:` holds the rows already. Changes made
    /// while the process is down have no records but those of the copy.
    Always,
    /// Not copied: only changes from here on.
    NoData,
    /// The same by its older name.
    Never,
}

impl SnapshotMode {
    /// Whether the tables are copied at the first start.
    pub const fn copies(self) -> bool {
        !matches!(self, SnapshotMode::NoData | SnapshotMode::Never)
    }

    /// Whether changes are followed after that.
    pub const fn follows(self) -> bool {
        !matches!(self, SnapshotMode::InitialOnly)
    }
}

/// One entry of `tables`: a table by name, or `*` for any run of characters in a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePattern {
    schema: String,
    name: String,
    text: String,
    exact: Option<TableName>,
}

/// An entry of `tables` that is not two names.
#[derive(Debug, thiserror::Error)]
#[error(
    "read table `{0}`: expected schema.table, with * for any characters; quote a part that has a dot in it, as in SQL"
)]
pub struct PatternError(String);

fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let mut pieces: Vec<_> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

impl FromStr for TablePattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if let Ok(exact) = text.parse::<TableName>() {
            let (mut quoted, mut globbed, mut literal) = (false, false, false);
            for c in text.chars() {
                quoted ^= c == '"';
                globbed |= c == '*' && !quoted;
                literal |= c == '*' && quoted;
            }
            // Which of the two stars is meant is lost with the quotes.
            if globbed && literal {
                return Err(PatternError(text.to_owned()));
            }
            return Ok(Self {
                schema: exact.schema.to_string(),
                name: exact.name.to_string(),
                text: text.to_owned(),
                exact: (!globbed).then_some(exact),
            });
        }
        Err(PatternError(text.to_owned()))
    }
}

impl TablePattern {
    /// Whether it means `table`.
    pub fn matches(&self, table: &TableName) -> bool {
        match &self.exact {
            Some(exact) => exact == table,
            None => matches(&self.schema, &table.schema) && matches(&self.name, &table.name),
        }
    }

    /// The one table it names, if it names one.
    pub fn exact(&self) -> Option<&TableName> {
        self.exact.as_ref()
    }
}

impl fmt::Display for TablePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How a source works, once the file is read and its secrets are known.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The pipeline's name: locks and sessions are called after it.
    pub pipeline: Arc<str>,
    /// The database.
    pub server: postgres_client::Server,
    /// The tables to capture.
    pub tables: Vec<TablePattern>,
    /// Whether the rows of partitions are sent as rows of their root, not under the partitions' own names.
    pub via_root: bool,
    /// Whether a table whose updates and deletes the server could not send is refused.
    pub requires_identity: bool,
    /// Whether a table that gets another name, which `tables` match, too, is followed under it: nothing else in the
    /// pipeline file goes by tables' names.
    pub follows_renames: bool,
    /// The replication slot.
    pub slot: Arc<str>,
    /// The publication.
    pub publication: Arc<str>,
    /// Whether to copy first.
    pub snapshot: SnapshotMode,
    /// How records look.
    pub shape: Shape,
    /// What of the tables is copied.
    pub selection: Selection,
    /// Which logical decoding messages are captured.
    pub messages: Prefixes,
    /// Whether transactions are said to begin and end, and their events counted.
    pub transaction_metadata: bool,
    /// When the pipeline says that it is there.
    pub heartbeat: Option<Heartbeat>,
    /// How often the slot's `catalog_xmin` is asked for, if it is.
    pub xmin_interval: Option<Duration>,
    /// A batch ends at this many events.
    pub batch_events_max: usize,
    /// A batch ends at this many bytes.
    pub batch_bytes_max: usize,
    /// This many bytes may wait between the socket and the batch.
    pub queue_bytes_max: usize,
}

/// Whether `name` can be a replication slot's name.
///
/// <https://www.postgresql.org/docs/current/warm-standby.html#STREAMING-REPLICATION-SLOTS>
pub fn is_slot_name(name: &str) -> bool {
    (1..64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_what_it_says() {
        let matches = |pattern: &str, table: &str| {
            pattern.parse::<TablePattern>().unwrap().matches(&table.parse::<TableName>().unwrap())
        };
        assert!(
            matches("public.orders", "public.orders")
                && !matches("public.orders", "public.orders2")
        );
        assert!(
            matches("inventory.*", "inventory.parts")
                && !matches("inventory.*", "inventory2.parts")
        );
        assert!(
            matches("*.a*c", "s.abc")
                && !matches("*.a*c", "s.abcd")
                && matches("p.a*b*c", "p.axbyc")
        );
        assert!(
            matches("\"Odd.Name\".t", "\"Odd.Name\".t")
                && matches("s.\"*\"", "s.\"*\"")
                && matches("\"Odd.Name\".*", "\"Odd.Name\".t")
        );
        assert!(!matches("s.\"*\"", "s.t") && "orders".parse::<TablePattern>().is_err());
    }
}
