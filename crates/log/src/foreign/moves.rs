//! A change of key is two records: a delete and, right behind it, an insert. Where the insert lacks a value that was not
//! sent, only the row that is deleted has it: so the delete waits for the insert, and the two become one move.

use std::time::{Duration, Instant};

use cdc::{Cell, Change, Event, Finding, Row, Schema};

use super::decoder::{Found, Read};
use super::wrong::Place;
use crate::error::LogError;
use crate::records::OtherKey;

/// How long a delete waits for its insert, which the producer writes right behind it, unless it is in another partition.
const WAIT: Duration = Duration::from_secs(2);

/// The changes of one partition, in their order.
#[derive(Debug, Default)]
pub(super) struct Moves {
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    delete: Event,
    offset: i64,
    since: Instant,
}

impl Moves {
    /// The offset of the record that is not given away yet.
    pub(super) fn held_offset(&self) -> Option<i64> {
        self.held.as_ref().map(|held| held.offset)
    }

    /// The delete that has waited for long enough.
    pub(super) fn overdue(&mut self) -> Option<Event> {
        self.held.take_if(|held| held.since.elapsed() > WAIT).map(|held| held.delete)
    }

    /// The delete that waits, where the record behind it is set aside: that may be its insert.
    pub(super) fn release(&mut self) -> Option<Event> {
        self.held.take().map(|held| held.delete)
    }

    /// Takes in the next record, and gives what is complete with it.
    pub(super) fn push(
        &mut self,
        place: &Place<'_>,
        read: Read,
        out: &mut Vec<Event>,
    ) -> Result<(), LogError> {
        let found = match read {
            Read::Tombstone => return Ok(()),
            Read::Beside => return Ok(()),
            Read::Change(found) => *found,
        };
        let held = self.held.take();
        let Found { mut event, half, is_flat } = found;
        if half == Some(OtherKey::New)
            && let Change::Delete { before } = &event.change
        {
            if let Some(held) = held {
                let repeats = is_flat && is_delete_of(&held.delete, &event.schema, before);
                if repeats {
                    self.held = Some(held);
                    return Ok(());
                }
                out.push(held.delete);
            }
            self.held = Some(Held { delete: event, offset: place.offset, since: Instant::now() });
            return Ok(());
        }
        let lacks = event.change.after().is_some_and(Row::has_unchanged);
        if lacks
            && (half.is_some()
                || matches!(event.change, Change::Insert { .. } | Change::Read { .. }))
        {
            let held = held
                .filter(|held| half.is_some() && held.delete.schema.table == event.schema.table);
            let before = held.and_then(|held| old_row(&held.delete, &event.schema));
            let (Some(before), Some(after)) = (before, event.change.after().cloned()) else {
                return Err(lost(place, &event));
            };
            event.change = Change::Update { before: Some(before), after };
        } else {
            out.extend(held.map(|held| held.delete));
        }
        out.push(event);
        Ok(())
    }
}

/// Whether the delete is of this key.
fn is_delete_of(delete: &Event, schema: &Schema, row: &Row) -> bool {
    delete.schema.table == schema.table
        && old_row(delete, schema).is_some_and(|old| schema.same_key(&old, row))
}

/// What is deleted, in the columns of another shape of the table: the key, and nothing else.
fn old_row(delete: &Event, schema: &Schema) -> Option<Row> {
    let before = delete.change.before()?;
    let mut row = Row::nulls(schema.columns.len());
    for &i in &schema.key {
        let place = delete.schema.column(&schema.columns.get(i)?.name)?;
        match before.cell(place) {
            Cell::Text(text) => row.set_text(i, text.to_vec()),
            _ => return None,
        }
    }
    Some(row)
}

fn lost(place: &Place<'_>, event: &Event) -> LogError {
    Finding::failed(
        "record_without_value",
        format!("{}, table {}", place.text(), event.schema.table),
        "an insert lacks a value that the source did not send (an unchanged TOAST value), as the row got another key; and the record before it in this partition does not say which key it had",
    )
    .remedy("Let the source send whole rows: ALTER TABLE … REPLICA IDENTITY FULL; or let the topic have one partition. Then copy the table again.")
    .into()
}
