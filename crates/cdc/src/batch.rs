//! A run of events and how far it reaches.

use std::sync::Arc;

use crate::{Checkpoint, Event, Note, Schema};

/// Events in commit order, and the checkpoint that is true once they are durable.
///
/// A batch without events is progress: a keepalive between transactions, or a transaction that left nothing.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Table versions that begin with this batch: bound to the chain, announced to the log, made in the
    /// target, before the first event.
    pub relations: Vec<Arc<Schema>>,
    /// The events.
    pub events: Vec<Event>,
    /// What is said beside them, in order. A sink without a place for it passes over it.
    pub notes: Vec<Note>,
    /// How far the batch reaches.
    pub checkpoint: Checkpoint,
    /// An attempt at a snapshot begins here: what an earlier attempt wrote is void.
    pub begin: bool,
    /// It begins without all of the captured tables: the others are followed and not copied, and announced later.
    pub partial: bool,
}

impl Batch {
    /// Progress to `checkpoint`, and nothing else.
    pub fn progress(checkpoint: Checkpoint) -> Self {
        Self {
            relations: Vec::new(),
            events: Vec::new(),
            notes: Vec::new(),
            checkpoint,
            begin: false,
            partial: false,
        }
    }

    /// The bytes the batch keeps in memory, roughly.
    pub fn weight(&self) -> usize {
        self.events.iter().map(Event::weight).sum::<usize>()
            + self.notes.iter().map(Note::weight).sum::<usize>()
    }

    /// Whether it has nothing but its checkpoint.
    pub fn is_progress(&self) -> bool {
        self.events.is_empty() && self.notes.is_empty() && self.relations.is_empty() && !self.begin
    }

    /// Whether a version among `relations` is another than the one events here are of. Such a batch is not taken in: what
    /// the version changes in the target is made before the first event of a batch, and these come before it.
    pub fn is_outdated_by(&self, relations: &[Arc<Schema>]) -> bool {
        let other = |schema: &Arc<Schema>| {
            let of_another = |new: &Arc<Schema>| {
                new.table == schema.table && new.fingerprint() != schema.fingerprint()
            };
            relations.iter().any(of_another)
        };
        let mut last = None;
        !relations.is_empty()
            && self.events.iter().any(|event| {
                // Events of one table come in runs.
                let is_same = last.is_some_and(|last| Arc::ptr_eq(last, &event.schema));
                last = Some(&event.schema);
                !is_same && other(&event.schema)
            })
    }

    /// Takes in the batch that follows: the two are one from here on.
    pub fn append(&mut self, next: Batch) {
        self.relations.extend(next.relations);
        self.events.extend(next.events);
        self.notes.extend(next.notes);
        self.checkpoint = next.checkpoint;
    }
}
