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
            let held = held.filter(|held| half.is_some() && is_of_one_change(&held.delete, &event));
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

/// Whether the two are of one change of a row: between them a record of another partition may be missing.
fn is_of_one_change(delete: &Event, insert: &Event) -> bool {
    delete.schema.table == insert.schema.table && delete.lsn == insert.lsn
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cdc::{Column, Identity, Kind, Lsn, PgType, Position, TableName, Transaction};

    use super::*;

    fn row(id: &str, unsent: bool) -> Row {
        let mut row = Row::nulls(2);
        row.set_text(0, id.to_owned());
        if unsent {
            row.set_unchanged(1);
        }
        row
    }

    fn read(lsn: u64, half: OtherKey, change: Change) -> Read {
        let column = |name: &str| Column {
            name: name.into(),
            pg: PgType::new(25, "text", Kind::Text),
            optional: true,
            masked: false,
            missing: None,
            default: None,
            source_type: None,
        };
        let columns = vec![column("id"), column("v")];
        let schema = Schema::new(TableName::new("s", "t"), columns, vec![0], Identity::Default);
        let lsn = Lsn::new(lsn);
        let event = Event {
            schema: Arc::new(schema.sealed()),
            change,
            position: Position { commit_lsn: lsn, seq: 0 },
            lsn,
            transaction: Arc::new(Transaction::default()),
            order: None,
        };
        Read::Change(Box::new(Found { event, half: Some(half), is_flat: false }))
    }

    /// The insert that the delete waits for went to another partition; here comes that of another row.
    #[test]
    fn a_row_is_not_given_what_another_row_had() {
        let place = Place { topic: "t", partition: 0, offset: 1 };
        for (insert_lsn, events) in [(5, Some(1)), (6, None)] {
            let (mut moves, mut out) = (Moves::default(), Vec::new());
            let delete = Change::Delete { before: row("a", false) };
            moves.push(&place, read(5, OtherKey::New, delete), &mut out).unwrap();
            let insert = Change::Insert { after: row("b", true) };
            let pushed = moves.push(&place, read(insert_lsn, OtherKey::Old, insert), &mut out);
            assert_eq!(pushed.is_ok().then_some(out.len()), events);
        }
    }
}
