//! What a half counts while it works: written by its ends, read by metrics and status.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::Lsn;

/// What a half is doing, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Phase {
    /// It connects and compares.
    #[default]
    Starting,
    /// It waits; the text says for what and for whom.
    Waiting(String),
    /// It copies the tables.
    Snapshot,
    /// It follows the changes.
    Streaming,
    /// It failed, and starts again soon; the text is the reason.
    Retrying(String),
    /// It stopped at a finding; the text is the reason.
    Halted(String),
    /// It was stopped.
    Stopped,
}

impl Phase {
    /// One word for metrics and listings.
    pub const fn word(&self) -> &'static str {
        match self {
            Phase::Starting => "starting",
            Phase::Waiting(_) => "waiting",
            Phase::Snapshot => "snapshot",
            Phase::Streaming => "streaming",
            Phase::Retrying(_) => "retrying",
            Phase::Halted(_) => "halted",
            Phase::Stopped => "stopped",
        }
    }

    /// What the word alone does not say.
    pub fn detail(&self) -> &str {
        match self {
            Phase::Waiting(text) | Phase::Retrying(text) | Phase::Halted(text) => text,
            _ => "",
        }
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counters and positions of one half. Positions are LSNs as numbers, times microseconds since 1970; 0 is unknown.
        #[derive(Debug, Default)]
        pub struct Meter {
            $($(#[$doc])* pub $name: AtomicU64,)*
            /// When the last applied or durable transaction was committed in the source.
            pub commit_micros: AtomicI64,
            phase: Mutex<Phase>,
        }
    };
}

counters! {
    /// Events made durable.
    events,
    /// Bytes received from the source.
    bytes,
    /// Batches made durable.
    batches,
    /// Errors, each followed by a new start or a halt.
    errors,
    /// Truncates that left no record, as rows without envelopes have none for them.
    truncates_left_out,
    /// Records that could not be read and lie in the dead letter topic.
    dead_letters,
    /// The end of the server's WAL, as it last said.
    head_lsn,
    /// The end of what the server has sent.
    sent_lsn,
    /// The end of what was received and decoded.
    received_lsn,
    /// The end of what the log or the target holds durably.
    durable_lsn,
    /// The end of what the target has applied.
    applied_lsn,
    /// Rows the snapshot has read.
    snapshot_rows,
    /// Rows the snapshot expects, by the planner's estimate.
    snapshot_rows_expected,
    /// Tables the snapshot has finished.
    snapshot_tables,
    /// Tables the snapshot reads.
    snapshot_tables_total,
    /// Bytes waiting between the socket and the batch.
    queue_bytes,
    /// How many bytes may wait there.
    queue_bytes_max,
    /// Records in the topics of other producers that are not applied yet, when that was last looked at.
    lag_records,
    /// How much WAL the source keeps for the slot.
    slot_kept_bytes,
    /// How much WAL the source would keep for it; 0 is without bound.
    slot_keep_bytes_max,
}

impl Meter {
    /// What the half is doing.
    pub fn phase(&self) -> Phase {
        self.phase.lock().map(|phase| phase.clone()).unwrap_or_default()
    }

    /// Says what the half is doing from here on.
    pub fn enter(&self, phase: Phase) {
        if let Ok(mut now) = self.phase.lock() {
            *now = phase;
        }
    }

    /// Moves a position forward; never back.
    pub fn advance(counter: &AtomicU64, lsn: Lsn) {
        counter.fetch_max(lsn.get(), Ordering::Relaxed);
    }

    /// Adds to a counter.
    pub fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }
}
