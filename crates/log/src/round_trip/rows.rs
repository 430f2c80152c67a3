//! Rows without envelopes, read back as topics of another producer are: by the columns of an equal target.

use cdc::{Catalog, Cell, Looked};
use connect_data::json::{JsonConverter, JsonSettings};
use rdkafka::message::OwnedHeaders;
use tokio::runtime::Runtime;

use super::values::printed_column;
use super::*;
use crate::config::WrittenWith;
use crate::foreign::{Decoder, Read};
use crate::lane::MessageRef;
use crate::{Kafka, LogSettings, RecordRef, VERBATIM_HEADER};

/// A target with the event's table.
struct Same(Arc<Schema>);

impl Catalog for Same {
    fn table<'a>(&'a self, _: &'a TableName) -> Looked<'a> {
        Box::pin(async { Ok(Some((*self.0).clone())) })
    }
}

/// A record on its way back.
struct Message<'a>(RecordRef<'a>);

impl MessageRef for Message<'_> {
    fn offset(&self) -> i64 {
        0
    }

    fn payload(&self) -> Option<&[u8]> {
        self.0.value
    }

    fn key(&self) -> Option<&[u8]> {
        self.0.key
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        if name == VERBATIM_HEADER {
            return self.0.verbatim;
        }
        self.0.other_key.filter(|(which, _)| which.header() == name).map(|(_, key)| key)
    }

    fn headers(&self) -> OwnedHeaders {
        OwnedHeaders::new()
    }

    fn timestamp(&self) -> Option<i64> {
        None
    }
}

/// The event in modes that a reader can be told, and what it is told.
fn told(event: &mut Event) -> WrittenWith {
    let modes = &event.schema.modes;
    let written = WrittenWith {
        decimal_handling_mode: Some(modes.decimal),
        binary_handling_mode: modes.binary,
        time_precision_mode: modes.time,
        interval_handling_mode: modes.interval,
        hstore_handling_mode: modes.hstore,
        unavailable_value_placeholder: event.schema.placeholder.as_deref().map(str::to_owned),
    };
    let schema = (*event.schema).clone().with_modes(written.modes());
    event.schema = Arc::new(schema);
    written
}

fn reader(
    event: &Event,
    written: &WrittenWith,
    formats: (&str, &str),
    runtime: &Runtime,
) -> Decoder {
    let kafka = serde_json::json!({
        "brokers": "b:1", "key_format": formats.0, "value_format": formats.1, "written_with": written,
    });
    let kafka: Kafka = serde_json::from_value(kafka).unwrap();
    let catalog = Arc::new(Same(Arc::clone(&event.schema)));
    Decoder::new(LogSettings::new("p", kafka), catalog, runtime.handle().clone())
}

/// What the records should give: a row whose key alone is known is deleted, any other is written.
fn expected(event: &Event) -> Vec<(bool, &Row)> {
    match &event.change {
        Change::Insert { after } | Change::Read { after } => vec![(false, after)],
        Change::Update { before: Some(before), after } if event.changes_record_key() => {
            vec![(true, before), (false, after)]
        }
        Change::Update { after, .. } => vec![(false, after)],
        Change::Delete { before } => vec![(true, before)],
        Change::Truncate { .. } => vec![],
    }
}

/// Whether the cells are one value: a float may have been given in another spelling than the server's.
fn same(kind: &Kind, read: Cell<'_>, wanted: Cell<'_>) -> bool {
    let number = |cell| match cell {
        Cell::Text(text) => std::str::from_utf8(text).ok()?.parse::<f64>().ok(),
        _ => None,
    };
    read == wanted
        || (matches!(kind, Kind::Float4 | Kind::Float8)
            && number(read).is_some_and(|read| number(wanted) == Some(read)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_row_reads_back_from_its_record(
        mut event in event_of(printed_column()), schemas in any::<bool>(), text_key in any::<bool>()
    ) {
        let written = told(&mut event);
        let value = if schemas { Format::JsonSchemas } else { Format::Json };
        let key = if text_key { Format::String } else { value };
        let mut converter = AnyConverter::of(Formats::new(key, value), "shop", true);
        let mut records = Records::default();
        converter.encode(&event, &mut records).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut reader = reader(&event, &written, (key.word(), value.word()), &runtime);
        let expected = expected(&event);
        prop_assert_eq!(records.len(), expected.len());
        for (record, (deleted, row)) in records.iter().zip(expected) {
            let verbatim = String::from_utf8_lossy(record.verbatim.unwrap_or_default()).into_owned();
            let read = reader.decode(&"shop.public.t".into(), 0, &Message(record)).unwrap();
            let Read::Change(found) = read else { panic!("no change") };
            let schema = &found.event.schema;
            prop_assert_eq!(found.event.change.op() == cdc::Op::Delete, deleted);
            let read = found.event.change.after().or(found.event.change.before()).unwrap();
            for (i, column) in event.schema.columns.iter().enumerate() {
                // A key that its schema has no room for, and what the record does not say exactly.
                if (deleted && i > 0) || row.cell(i) == Cell::Text(b"x") {
                    continue;
                }
                let place = schema.column(&column.name).unwrap();
                let (read, wanted) = (read.cell(place), row.cell(i));
                prop_assert!(
                    same(&column.pg.kind, read, wanted),
                    "{read:?} {wanted:?} {:?} {verbatim} {:?}",
                    column.pg,
                    record.value.map(String::from_utf8_lossy)
                );
            }
        }
    }

    #[test]
    fn a_text_is_that_of_the_same_struct(event in event_of(column())) {
        let encoded = |format| {
            let mut records = Records::default();
            AnyConverter::of(Formats::new(format, format), "shop", true).encode(&event, &mut records).unwrap();
            records
        };
        let (texts, structs) = (encoded(Format::String), encoded(Format::JsonSchemas));
        let mut json = JsonConverter::new(JsonSettings {
            replace_null_with_default: false,
            strict: true,
            ..JsonSettings::default()
        });
        let mut text_of = |bytes: Option<&[u8]>| {
            let mut text = Vec::new();
            let is_there = connect_data::string::write(&json.read(bytes).unwrap().value, &mut text);
            is_there.then_some(text)
        };
        prop_assert_eq!(texts.len(), structs.len());
        for (text, structure) in texts.iter().zip(structs.iter()) {
            // JSON has no negative zero, and a text has room for what a schema has none for.
            let negative = text.value.is_some_and(|text| memchr::memmem::find(text, b"-0.0").is_some());
            if structure.verbatim.is_none() && !negative {
                prop_assert_eq!(text.value.map(<[u8]>::to_vec), text_of(structure.value));
            }
            if text.key != Some(b"Struct{id=x}") {
                prop_assert_eq!(text.key.map(<[u8]>::to_vec), text_of(structure.key));
            }
        }
    }
}
