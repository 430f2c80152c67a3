//! One event as records: how many they are, and what each of them says, whatever its format.
//!
//! A format [writes](Encode) keys and values. Where a value is an envelope, a delete is followed by a tombstone; where it
//! is a row alone, a delete is a value of null, and a truncate, which has no row, has no record. So it is after Debezium's
//! `ExtractNewRecordState`.

use cdc::{Change, Event, Note, Op, Order, Row, Schema};

use crate::converter::ConvertError;
use crate::records::{OtherKey, Records, Span};
use crate::stamp::Stamp;

/// One record of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) event: &'a Event,
    pub(crate) stamp: Stamp,
    pub(crate) op: Op,
    pub(crate) before: Option<&'a Row>,
    pub(crate) after: Option<&'a Row>,
}

impl<'a> Part<'a> {
    fn of(event: &'a Event, op: Op) -> Self {
        let stamp = Stamp::new(event.position, event.schema.fingerprint());
        Self { event, stamp, op, before: None, after: None }
    }

    /// Which event of its transaction it is: the second half of a move is one of its own.
    pub(crate) fn order(&self) -> Option<Order> {
        self.event.order.map(|order| if self.stamp.sub == 2 { order.next() } else { order })
    }
}

/// Which part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Key,
    Value,
}

/// What a format writes.
pub(crate) trait Encode {
    /// What becomes of a delete and of a truncate.
    fn deletes(&self) -> Deletes;

    /// Appends the key of `row`, with what it does not have from `older`. The table has one.
    fn key(
        &mut self,
        event: &Event,
        row: &Row,
        older: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError>;

    /// Appends the key of `row` as a header has it; false, and nothing, where that is the key itself.
    fn key_in_header(
        &mut self,
        _event: &Event,
        _row: &Row,
        _older: Option<&Row>,
        _out: &mut Vec<u8>,
    ) -> Result<bool, ConvertError> {
        Ok(false)
    }

    /// Appends the value; false, and nothing, where the record has none.
    fn value(&mut self, part: &Part<'_>, out: &mut Vec<u8>) -> Result<bool, ConvertError>;

    /// Whether the value written last says all of its rows.
    fn is_exact(&self) -> bool;

    /// Appends what it does not say.
    fn write_verbatim(&self, schema: &Schema, out: &mut Vec<u8>) -> Result<(), ConvertError>;

    /// Appends the key or the value of what is no change of a row.
    fn note(&mut self, note: &Note, role: Role, out: &mut Vec<u8>) -> Result<(), ConvertError>;
}

/// What becomes of a change that leaves no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletes {
    /// An envelope, and behind that of a delete a tombstone or none.
    Enveloped { tombstones: bool },
    /// Rows stand alone: a delete has a value that is null, a truncate no record.
    Rows,
}

/// Appends the records of one event; none of them where it cannot be written.
pub(crate) fn write(
    format: &mut dyn Encode,
    event: &Event,
    records: &mut Records,
) -> Result<(), ConvertError> {
    let (bytes, list) = (records.bytes.len(), records.list.len());
    let result = all(format, event, records);
    if result.is_err() {
        records.bytes.truncate(bytes);
        records.list.truncate(list);
    }
    result
}

/// Appends the record of what is no change of a row.
pub(crate) fn write_note(
    format: &mut dyn Encode,
    note: &Note,
    records: &mut Records,
) -> Result<(), ConvertError> {
    let key = records.span(|out| format.note(note, Role::Key, out))?;
    let value = records.span(|out| format.note(note, Role::Value, out))?;
    records.push(Stamp::of_note(note), Some(key), Some(value), None, None);
    Ok(())
}

fn all(format: &mut dyn Encode, event: &Event, records: &mut Records) -> Result<(), ConvertError> {
    let part = Part::of(event, event.change.op());
    match &event.change {
        Change::Insert { after } | Change::Read { after } => {
            let key = key(format, event, after, None, records)?;
            record(format, &Part { after: Some(after), ..part }, key, None, records)
        }
        Change::Update { before: Some(before), after } if event.changes_record_key() => {
            moved(format, event, (before, after), records)
        }
        Change::Update { before, after } => {
            let before = before.as_ref();
            let key = key(format, event, after, before, records)?;
            record(format, &Part { before, after: Some(after), ..part }, key, None, records)
        }
        Change::Delete { before } => {
            let key = key(format, event, before, None, records)?;
            deleted(format, &Part { before: Some(before), ..part }, key, None, records)
        }
        Change::Truncate { .. } if format.deletes() == Deletes::Rows => Ok(()),
        Change::Truncate { cascade, restart_identity } => {
            let (cascade, restart_identity) = (*cascade, *restart_identity);
            let stamp = Stamp { cascade, restart_identity, ..part.stamp };
            record(format, &Part { stamp, ..part }, None, None, records)
        }
    }
}

/// A change of key: delete, tombstone, create, each naming the other key.
fn moved(
    format: &mut dyn Encode,
    event: &Event,
    (before, after): (&Row, &Row),
    records: &mut Records,
) -> Result<(), ConvertError> {
    let old = key(format, event, before, None, records)?;
    let new = key(format, event, after, Some(before), records)?;
    let to_new = other_key(format, event, (after, Some(before)), new.clone(), records)?;
    let to_new = to_new.map(|key| (OtherKey::New, key));
    let to_old = other_key(format, event, (before, None), old.clone(), records)?;
    let to_old = to_old.map(|key| (OtherKey::Old, key));
    let delete = Part { before: Some(before), ..Part::of(event, Op::Delete) };
    deleted(format, &delete, old, to_new, records)?;
    let create = Part::of(event, Op::Create);
    let create = Part { stamp: create.stamp.part(2), after: Some(after), ..create };
    record(format, &create, new, to_old, records)
}

/// A row's key for the header of a record with another one.
fn other_key(
    format: &mut dyn Encode,
    event: &Event,
    (row, older): (&Row, Option<&Row>),
    key: Option<Span>,
    records: &mut Records,
) -> Result<Option<Span>, ConvertError> {
    let Some(key) = key else { return Ok(None) };
    let mut has_form = false;
    let form = records.span(|out| {
        has_form = format.key_in_header(event, row, older, out)?;
        Ok::<_, ConvertError>(())
    })?;
    Ok(Some(if has_form { form } else { key }))
}

/// A delete, and its tombstone.
fn deleted(
    format: &mut dyn Encode,
    part: &Part<'_>,
    key: Option<Span>,
    other_key: Option<(OtherKey, Span)>,
    records: &mut Records,
) -> Result<(), ConvertError> {
    record(format, part, key.clone(), other_key.clone(), records)?;
    if format.deletes() == (Deletes::Enveloped { tombstones: true }) {
        records.push(part.stamp.part(1), key, None, None, other_key);
    }
    Ok(())
}

/// The key of a row; none for a table without one.
fn key(
    format: &mut dyn Encode,
    event: &Event,
    row: &Row,
    older: Option<&Row>,
    records: &mut Records,
) -> Result<Option<Span>, ConvertError> {
    if event.schema.record_key().is_empty() {
        return Ok(None);
    }
    records.span(|out| format.key(event, row, older, out)).map(Some)
}

fn record(
    format: &mut dyn Encode,
    part: &Part<'_>,
    key: Option<Span>,
    other_key: Option<(OtherKey, Span)>,
    records: &mut Records,
) -> Result<(), ConvertError> {
    let mut is_there = false;
    let value = records.span(|out| {
        is_there = format.value(part, out)?;
        Ok::<_, ConvertError>(())
    })?;
    let verbatim = if format.is_exact() {
        None
    } else {
        Some(records.span(|out| format.write_verbatim(&part.event.schema, out))?)
    };
    records.push(part.stamp, key, is_there.then_some(value), verbatim, other_key);
    Ok(())
}
