//! A record as a change of a table whose schema is known: one pass over the JSON, no maps.

use std::borrow::Cow;
use std::fmt;

use cdc::{Identity, Lsn, Op, Order, Origin, Row, RowBuilder, SnapshotRow};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::prepared::Prepared;
use super::read;
use crate::converter::{ConvertError, Piece};
use crate::envelope;
use crate::forms::Reason;
use crate::rows::{Frames, Is, Side, Verbatim};

/// The fields of an envelope that mean something here.
#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    pub(super) before: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) after: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) source: Source<'a>,
    #[serde(borrow, default)]
    pub(super) transaction: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) op: Cow<'a, str>,
}

/// The fields of its transaction block.
#[derive(Deserialize)]
struct Block {
    total_order: u64,
    data_collection_order: u64,
}

/// The fields of its source block.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Source<'a> {
    #[serde(borrow)]
    pub(super) snapshot: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) sequence: Option<&'a RawValue>,
    pub(super) ts_ms: Option<i64>,
    pub(super) ts_us: Option<i64>,
    #[serde(borrow)]
    pub(super) schema: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) table: Option<Cow<'a, str>>,
    #[serde(rename = "txId")]
    pub(super) xid: Option<i64>,
    pub(super) lsn: Option<u64>,
    #[serde(borrow)]
    pub(super) origin: Option<Cow<'a, str>>,
    pub(super) origin_lsn: Option<u64>,
}

impl Source<'_> {
    pub(super) fn commit_micros(&self) -> i64 {
        self.ts_us.or_else(|| self.ts_ms.map(|ms| ms.saturating_mul(1_000))).unwrap_or_default()
    }

    /// Which row of the snapshot this is: Debezium writes a string there, older versions a boolean.
    fn snapshot_row(&self) -> Option<SnapshotRow> {
        let marker = self.snapshot.map(RawValue::get)?.trim_matches('"');
        envelope::snapshot_row(marker)
    }

    fn origin(&self) -> Option<Origin> {
        let lsn = Lsn::new(self.origin_lsn.unwrap_or_default());
        self.origin.as_deref().map(|name| Origin { name: name.into(), lsn })
    }

    fn previous_commit_lsn(&self) -> Option<Lsn> {
        let list = read::unquoted(self.sequence?.get()).ok()?;
        envelope::previous_commit_lsn(&list)
    }
}

/// Which event of its transaction a record is: for who reads on, so what is not a number is nothing.
fn order(block: &RawValue) -> Option<Order> {
    let block: Block = serde_json::from_str(block.get()).ok()?;
    Some(Order { total: block.total_order, in_table: block.data_collection_order })
}

/// A reader's error as a place in the record. serde_json's own words never quote a value of a `RawValue`.
pub(super) fn malformed(value: &str, part: &str, error: &serde_json::Error) -> ConvertError {
    let within = error.column().saturating_sub(1);
    let reason = match error.classify() {
        serde_json::error::Category::Data => "the record is not as its schema says",
        _ => "the record is not JSON",
    };
    ConvertError::Malformed { byte: offset(value, part) + within, reason: reason.to_owned() }
}

/// Where `part`, a slice of `value`, begins in it.
pub(super) fn offset(value: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(value.as_ptr() as usize)
}

pub(super) fn text_of(value: &[u8]) -> Result<&str, ConvertError> {
    std::str::from_utf8(value).map_err(|error| ConvertError::Malformed {
        byte: error.valid_up_to(),
        reason: "the record is not UTF-8".to_owned(),
    })
}

pub(super) fn op_of(letter: &str) -> Result<Op, ConvertError> {
    envelope::op_of(letter)
        .map_err(|reason| ConvertError::Malformed { byte: 0, reason: reason.to_owned() })
}

/// Reads one record's value.
pub(super) fn read(
    value: &[u8],
    verbatim: Option<&[u8]>,
    schema: &Prepared,
    wrapped: bool,
    frames: &mut Frames,
) -> Result<Piece, ConvertError> {
    let value = text_of(value)?;
    let verbatim = Verbatim::read(verbatim)?;
    let json = if wrapped { payload(value)? } else { value };
    let envelope: Envelope<'_> =
        serde_json::from_str(json).map_err(|error| malformed(value, json, &error))?;
    let mut row = |side: Side, json: Option<&RawValue>| {
        json.map(|json| read_row(value, json.get(), side, &verbatim, schema, frames)).transpose()
    };
    let source = &envelope.source;
    let piece = Piece {
        op: op_of(&envelope.op)?,
        before: row(Side::Before, envelope.before)?,
        after: row(Side::After, envelope.after)?,
        lsn: Lsn::new(source.lsn.unwrap_or_default()),
        xid: source.xid.and_then(|xid| u32::try_from(xid).ok()).unwrap_or_default(),
        commit_micros: source.commit_micros(),
        previous_commit_lsn: source.previous_commit_lsn(),
        snapshot: source.snapshot_row(),
        origin: source.origin(),
        order: envelope.transaction.and_then(order),
    };
    piece.checked()
}

/// What stands beside the schema.
fn payload(value: &str) -> Result<&str, ConvertError> {
    #[derive(Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        payload: &'a RawValue,
    }
    let wrapped: Wrapped<'_> =
        serde_json::from_str(value).map_err(|error| malformed(value, value, &error))?;
    Ok(wrapped.payload.get())
}

fn read_row(
    value: &str,
    json: &str,
    side: Side,
    verbatim: &Verbatim<'_>,
    schema: &Prepared,
    frames: &mut Frames,
) -> Result<Row, ConvertError> {
    let mut wrong = None;
    let reader = RowReader { value, side, verbatim, schema, frames, wrong: &mut wrong };
    let result = serde_json::Deserializer::from_str(json).deserialize_map(reader);
    match (result, wrong) {
        (Ok(row), _) => Ok(row),
        (Err(_), Some(wrong)) => Err(wrong),
        (Err(error), None) => Err(malformed(value, json, &error)),
    }
}

struct RowReader<'v, 'w> {
    value: &'v str,
    side: Side,
    verbatim: &'v Verbatim<'v>,
    schema: &'v Prepared,
    frames: &'w mut Frames,
    /// What was wrong, for the caller: serde's own error has no room for it.
    wrong: &'w mut Option<ConvertError>,
}

impl<'de> Visitor<'de> for RowReader<'_, '_> {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Row, A::Error> {
        let columns = self.schema.columns.len();
        self.frames.begin();
        let mut builder = RowBuilder::with_capacity(columns);
        let mut next = 0;
        while let Some(is_next) =
            map.next_key_seed(ColumnName { names: &self.schema.names, next })?
        {
            if !is_next {
                map.next_value::<IgnoredAny>()?;
                return Err(self.fail("a column is not in the schema, or not in its place"));
            }
            let json: &RawValue = map.next_value()?;
            if let Err(reason) = self.cell(next, json.get(), &mut builder) {
                let byte = offset(self.value, json.get());
                let column = &self.schema.schema.columns[next].name;
                return Err(self.fail_at(byte, format!("column {column}: {reason}")));
            }
            next += 1;
        }
        if next != columns {
            return Err(self.fail("a column of the schema is missing"));
        }
        Ok(builder.build(self.frames.finish()))
    }
}

impl RowReader<'_, '_> {
    fn fail<E: serde::de::Error>(&mut self, reason: &str) -> E {
        self.fail_at(0, reason.to_owned())
    }

    fn fail_at<E: serde::de::Error>(&mut self, byte: usize, reason: String) -> E {
        *self.wrong = Some(ConvertError::Malformed { byte, reason });
        E::custom("a row")
    }

    fn cell(&mut self, i: usize, json: &str, builder: &mut RowBuilder) -> Result<(), Reason> {
        let schema = &*self.schema.schema;
        let column = &schema.columns[i];
        // What stands in the other columns of such an old row, the encoder made up.
        let invented = self.side == Side::Before
            && schema.identity != Identity::Full
            && !schema.key.contains(&i);
        if invented {
            builder.null();
            return Ok(());
        }
        let prepared = &self.schema.columns[i];
        let frame = &mut self.frames.row;
        let start = frame.len();
        match self.verbatim.get(self.side, &column.name) {
            Some(Is::NotSent(_)) => {
                builder.unchanged();
                return Ok(());
            }
            Some(Is::Text(text)) => frame.extend_from_slice(text.as_bytes()),
            Some(Is::Null(())) => {
                builder.null();
                return Ok(());
            }
            None if json == "null" => {
                builder.null();
                return Ok(());
            }
            None if prepared.tells_placeholder && json.as_bytes() == prepared.placeholder => {
                builder.unchanged();
                return Ok(());
            }
            None => read::value(&prepared.form, &prepared.schema, &column.pg, json, frame)?,
        }
        let place = |n| u32::try_from(n).map_err(|_| "the row is longer than 4 GB");
        builder.text(place(start)?, place(frame.len() - start)?);
        Ok(())
    }
}

/// Whether a key is the name of the next column: rows are written in the order of the schema.
struct ColumnName<'v> {
    names: &'v [String],
    next: usize,
}

impl<'de> DeserializeSeed<'de> for ColumnName<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for ColumnName<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(self.names.get(self.next).is_some_and(|next| next == name))
    }
}
