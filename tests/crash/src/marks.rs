//! What the service says about where it is, read from its log line by line.
//!
//! The marks stand in the target `pgrelay::phase`; the span around a half says whose they are.

use std::collections::BTreeMap;
use std::fmt;

/// An LSN as a number.
#[must_use]
pub fn lsn(text: &str) -> Option<u64> {
    let (high, low) = text.trim().split_once('/')?;
    Some(u64::from_str_radix(high, 16).ok()? << 32 | u64::from_str_radix(low, 16).ok()?)
}

/// Which half a mark is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    /// From a database into another one.
    Direct,
    /// Into the log.
    Capture,
    /// Out of the log.
    Apply,
}

/// How far a batch reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// A part of a snapshot.
    Snapshot,
    /// A part of a transaction.
    Inside,
    /// Everything before this LSN.
    After(u64),
}

/// A mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A table is being copied.
    Copying,
    /// The records are in the log, their transaction is open.
    Produced,
    /// The rows were sent to the target, their transaction is open.
    Written,
    /// The sink has it durably, or holds it in its open transaction.
    Committed(Reached),
    /// The source was told.
    Confirmed,
}

/// Reads a mark off a line of the log.
#[must_use]
pub fn read(line: &str) -> Option<(Half, Mark)> {
    let role =
        line.split_once("half{role=\"").map(|(_, rest)| rest.split('"').next().unwrap_or(""));
    let half = match role {
        Some("direct") => Half::Direct,
        Some("sink") => Half::Apply,
        // The producer's thread, and what the source does in tasks of its own, are outside of the span.
        _ => Half::Capture,
    };
    let mark = if line.contains("copying table=") {
        Mark::Copying
    } else if !line.contains(" TRACE ") {
        return None;
    } else if line.ends_with("produced") {
        Mark::Produced
    } else if line.ends_with("written") {
        Mark::Written
    } else if line.ends_with("confirmed") {
        Mark::Confirmed
    } else {
        let (_, progress) = line.split_once("committed progress=")?;
        Mark::Committed(match progress.strip_prefix("after ") {
            Some(at) => Reached::After(lsn(at)?),
            None if progress.starts_with("snapshot") => Reached::Snapshot,
            None => Reached::Inside,
        })
    };
    Some((half, mark))
}

/// Where one half was when it was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The tables were being copied.
    Snapshot,
    /// The last batch ended inside a transaction.
    Inside,
    /// Records were in the log, their transaction was open.
    Produced,
    /// Rows were in the target, their transaction was open.
    Written,
    /// Durable, and the slot had not heard of it.
    Committed,
    /// Nothing was under way.
    Idle,
    /// Connecting, claiming, comparing.
    Starting,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Snapshot => "snapshot",
            Phase::Inside => "inside a transaction",
            Phase::Produced => "produced, not committed",
            Phase::Written => "written, not committed",
            Phase::Committed => "committed, not confirmed",
            Phase::Idle => "idle",
            Phase::Starting => "starting",
        })
    }
}

/// What one half has said since its process began.
#[derive(Debug, Clone, Copy, Default)]
pub struct HalfSaid {
    /// The last mark.
    pub last: Option<Mark>,
    /// The last durable place between transactions.
    pub after: Option<u64>,
    /// It copies, and the copy is not whole yet.
    pub copies: bool,
    /// The last batch ended inside a transaction.
    pub inside: bool,
    /// How many marks there were.
    pub marks: u64,
}

impl HalfSaid {
    /// Takes in a mark.
    pub fn take(&mut self, mark: Mark) {
        self.marks += 1;
        if let Mark::Committed(reached) = mark {
            self.inside = reached == Reached::Inside;
        }
        match mark {
            Mark::Copying | Mark::Committed(Reached::Snapshot) => self.copies = true,
            Mark::Committed(Reached::After(lsn)) => {
                self.copies = false;
                self.after = Some(lsn);
            }
            _ => {}
        }
        self.last = Some(mark);
    }

    /// Nothing is begun and not ended.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.last == Some(Mark::Confirmed) && !self.inside && !self.copies
    }

    /// Where it was, if this was its end. `heard`: what the slot knows.
    #[must_use]
    pub fn phase(&self, half: Half, heard: u64) -> Phase {
        match self.last {
            None => Phase::Starting,
            _ if self.copies => Phase::Snapshot,
            Some(Mark::Produced) => Phase::Produced,
            Some(Mark::Written) => Phase::Written,
            _ if self.inside => Phase::Inside,
            _ if half != Half::Apply && self.after.is_some_and(|after| after > heard) => {
                Phase::Committed
            }
            _ => Phase::Idle,
        }
    }
}

/// Both halves.
pub type Said = BTreeMap<Half, HalfSaid>;
