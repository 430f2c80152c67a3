//! What a record says of a row: Debezium's envelope, or the row alone.

use cdc::{Lsn, Op, TableName};

use super::item::{Fields, Item, field, some};
use super::slot::DELETED;
use crate::envelope::op_of;
use crate::format::Format;
use crate::rows::Verbatim;

/// A change of a row.
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub(super) op: Op,
    /// The table, if the record names it.
    pub(super) table: Option<TableName>,
    pub(super) before: Option<Item<'a>>,
    pub(super) after: Option<Item<'a>>,
    /// When it was committed, in microseconds since 1970.
    pub(super) micros: i64,
    pub(super) lsn: Lsn,
    pub(super) xid: u32,
    /// The row stands alone.
    pub(super) is_flat: bool,
    /// What a capture half said of columns that its record does not say.
    pub(super) verbatim: Verbatim<'a>,
}

/// Whether values of this format are envelopes.
pub(super) fn is_enveloped(format: Format, value: Item<'_>) -> bool {
    match format {
        Format::DebeziumJson | Format::DebeziumJsonSchemas => true,
        Format::Avro => value
            .row_schema()
            .and_then(|schema| schema.name.as_deref())
            .is_some_and(|name| name.ends_with("Envelope")),
        Format::Json | Format::JsonSchemas | Format::String | Format::Bytes => false,
    }
}

/// What the value says; `None` where it is no change of a row: a message, a heartbeat, the bounds of a transaction, a
/// change of a schema.
pub(super) fn read<'a>(format: Format, value: Item<'a>) -> Result<Option<Told<'a>>, &'static str> {
    let fields = value.fields().ok_or("expected an object of fields")?;
    if is_enveloped(format, value) { envelope(&fields) } else { row(&fields, value).map(Some) }
}

fn envelope<'a>(fields: &Fields<'a>) -> Result<Option<Told<'a>>, &'static str> {
    let Some(letter) = some(fields, "op").and_then(Item::text) else {
        return if is_beside(fields) {
            Ok(None)
        } else if field(fields, "schema").is_some() && field(fields, "payload").is_some() {
            Err(
                "expected a change event, and a schema stands beside it: name the format debezium_json_schemas",
            )
        } else {
            Err("expected a change event: fields op, before, after, source")
        };
    };
    if letter == "m" {
        return Ok(None);
    }
    let op = op_of(&letter)?;
    let source = some(fields, "source").and_then(Item::fields).unwrap_or_default();
    let text = |name: &str| some(&source, name).and_then(Item::text);
    let number = |name: &str| some(&source, name).and_then(Item::number);
    // A server without schemas has databases.
    let schema = text("schema").or_else(|| text("db"));
    let millis = || number("ts_ms").map(|millis| millis.saturating_mul(1_000));
    let told = Told {
        op,
        table: schema.zip(text("table")).map(|(schema, table)| TableName::new(&schema, &table)),
        before: some(fields, "before"),
        after: some(fields, "after"),
        micros: number("ts_us").or_else(millis).unwrap_or_default(),
        lsn: Lsn::new(number("lsn").unwrap_or_default().unsigned_abs()),
        xid: number("txId").and_then(|xid| u32::try_from(xid).ok()).unwrap_or_default(),
        is_flat: false,
        verbatim: Verbatim::default(),
    };
    match op {
        Op::Create | Op::Read | Op::Update if told.after.is_none() => {
            Err("expected the new row in `after`, and it is null")
        }
        _ => Ok(Some(told)),
    }
}

/// Whether it is one of the records that Debezium writes beside the changes.
fn is_beside(fields: &Fields<'_>) -> bool {
    let has = |name: &str| field(fields, name).is_some();
    let only = |name: &str| fields.len() == 1 && has(name);
    (has("status") && has("id"))
        || only("ts_ms")
        || only("serverName")
        || has("ddl")
        || has("tableChanges")
}

fn row<'a>(fields: &Fields<'a>, value: Item<'a>) -> Result<Told<'a>, &'static str> {
    if ["op", "source", "after"].iter().all(|name| field(fields, name).is_some()) {
        return Err(
            "expected a row, and it is a change event: name a format that begins with debezium_",
        );
    }
    let is_deleted = some(fields, DELETED).is_some_and(|item| match item {
        Item::Json(json) => matches!(json, "true" | "\"true\""),
        Item::Typed(_, connect_data::Value::Boolean(deleted)) => *deleted,
        item => item.text().is_some_and(|text| text == "true"),
    });
    let (op, before, after) =
        if is_deleted { (Op::Delete, Some(value), None) } else { (Op::Update, None, Some(value)) };
    let (table, micros, lsn, xid) = (None, 0, Lsn::ZERO, 0);
    let verbatim = Verbatim::default();
    Ok(Told { op, table, before, after, micros, lsn, xid, is_flat: true, verbatim })
}

/// The table that a topic is called after: the last two parts of `<prefix>.<schema>.<table>`. Of fewer parts the whole
/// name, with `_` for each point, as Debezium's JDBC sink has it.
pub(super) fn table_of(topic: &str) -> TableName {
    let mut parts = topic.rsplitn(3, '.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(table), Some(schema), Some(_)) if !table.is_empty() && !schema.is_empty() => {
            TableName::new(schema, table)
        }
        _ => TableName::new("public", &topic.replace('.', "_")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_called_after_its_table() {
        for (topic, table) in [
            ("shop.crm.people", "crm.people"),
            ("eu.shop.crm.people", "crm.people"),
            ("people", "public.people"),
            ("shop.people", "public.shop_people"),
        ] {
            assert_eq!(table_of(topic).to_string(), table);
        }
    }

    #[test]
    fn what_is_no_change_is_told_from_what_is_wrong() {
        let read = |json| {
            read(Format::DebeziumJson, Item::Json(json)).map(|told| told.map(|told| told.op))
        };
        assert_eq!(
            read(r#"{"op":"c","after":{"id":1},"source":{"table":"t"}}"#),
            Ok(Some(Op::Create))
        );
        for beside in
            [r#"{"op":"m"}"#, r#"{"ts_ms":1}"#, r#"{"status":"BEGIN","id":"1"}"#, r#"{"ddl":"x"}"#]
        {
            assert_eq!(read(beside), Ok(None), "{beside}");
        }
        for wrong in [r#"{"op":"c","after":null}"#, r#"{"id":1}"#, "7", r#"{"op":"x"}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
