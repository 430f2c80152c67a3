//! Topics of other producers as a source: any connector's records, in order per partition, applied to tables whose
//! columns the target itself knows.
//!
//! Read in this order: `partitions` finds what is read; `side` turns bytes into `item`s; `change` says what a record
//! does to a row; `struct_text` takes keys apart that are text; `slot` and `text` make the row, by the record's schema or the target's columns, and `types` the
//! columns the target lacks; `decoder` brings these together; `moves` pairs what is one change of key; `reader` makes
//! batches, each with the next offset of every partition; `witness` sees at a start whether the topics are the same.
//!
//! It halts at a record that is not of its format, that does not fit its column, or that belongs to no table. Where the
//! pipeline file says so, those that are `unreadable` for what is in them become `dead_letters` instead. It passes
//! over what is no change of a row: messages, heartbeats, the bounds of transactions, changes of schemas, and
//! tombstones behind deletes.

mod change;
mod check;
mod dead_letters;
mod decoder;
mod item;
mod moves;
mod partitions;
mod placeholder;
mod reader;
mod side;
mod slot;
mod struct_text;
#[cfg(test)]
mod tests;
mod text;
mod types;
mod unreadable;
mod witness;
mod wrong;

use cdc::Finding;

use crate::config::LogSettings;
use crate::error::LogError;

#[cfg(test)]
pub(crate) use decoder::{Decoder, Read};

pub use check::{check_dead_letters, check_topic_patterns, check_topics, reads_topic};
pub use partitions::topic_ends;
pub(crate) use reader::Reader;

/// A target whose checkpoint is not of this kind of pipeline.
pub(crate) fn other_checkpoint(settings: &LogSettings, read_now: &str) -> LogError {
    Finding::outside(
        "checkpoint_of_another_source",
        format!("pipeline {}", settings.pipeline),
        format!("the pipeline reads {read_now}, and its checkpoint in the target says how far something else was read"),
    )
    .remedy("Give the pipeline another name; or run `pgrelay drop` for it and start it with emptied target tables.")
    .into()
}
