//! The batch that is being built, and how much of it belongs to whole transactions.

use std::sync::Arc;

use cdc::{Event, Lsn, Note, Schema};

/// What was received since the last batch was given away.
#[derive(Debug, Default)]
pub(super) struct Building {
    pub(super) relations: Vec<Arc<Schema>>,
    pub(super) events: Vec<Event>,
    pub(super) notes: Vec<Note>,
    pub(super) weight: usize,
    /// Where what is whole ends.
    pub(super) end: Option<Lsn>,
    /// How many of the events and of the notes are whole.
    whole: (usize, usize),
}

impl Building {
    /// Events and notes together.
    pub(super) fn len(&self) -> usize {
        self.events.len() + self.notes.len()
    }

    pub(super) fn event(&mut self, event: Event) {
        self.weight += event.weight();
        self.events.push(event);
    }

    pub(super) fn note(&mut self, note: Note) {
        self.weight += note.weight();
        self.notes.push(note);
    }

    /// Everything so far is whole, up to this place or to where the server was before.
    pub(super) fn is_whole_at(&mut self, end: Lsn, before: Lsn) {
        self.whole = (self.events.len(), self.notes.len());
        self.end = Some(end.max(self.end.unwrap_or(before)));
    }

    /// Whether there is anything that is whole.
    pub(super) fn has_whole(&self) -> bool {
        self.whole != (0, 0)
    }

    /// Takes what is whole, with the table versions; the rest stays.
    pub(super) fn take_whole(&mut self) -> Self {
        let events = self.events.split_off(self.whole.0);
        let notes = self.notes.split_off(self.whole.1);
        let mut whole = std::mem::take(self);
        self.weight = events.iter().map(Event::weight).sum::<usize>()
            + notes.iter().map(Note::weight).sum::<usize>();
        whole.weight -= self.weight.min(whole.weight);
        (self.events, self.notes) = (events, notes);
        whole
    }
}
