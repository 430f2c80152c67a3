//! The keys that a change of key has in headers.

use connect_data::json::{JsonConverter, JsonSettings};
use proptest::prelude::*;

use super::*;

/// The headers of an event's records.
fn headers(event: &Event, key: Format, header: HeaderFormat) -> Vec<Vec<u8>> {
    let mut records = Records::default();
    let formats = Formats { header, ..Formats::new(key, Format::DebeziumJson) };
    AnyConverter::of(formats, "shop", true).encode(event, &mut records).unwrap();
    records.iter().filter_map(|record| record.other_key.map(|(_, key)| key.to_vec())).collect()
}

#[test]
fn a_header_has_a_format_of_its_own() {
    for (key, header, expected) in [
        (Format::DebeziumJson, HeaderFormat::Json, r#"{"id":2}"#),
        (Format::DebeziumJsonSchemas, HeaderFormat::Simple, r#"{"id":2}"#),
        (Format::String, HeaderFormat::Json, r#"{"id":2}"#),
        (Format::String, HeaderFormat::String, "Struct{id=2}"),
        (Format::DebeziumJson, HeaderFormat::String, "Struct{id=2}"),
    ] {
        let found = headers(&a_move(), key, header);
        assert_eq!(String::from_utf8_lossy(&found[0]), expected, "{key:?} {header:?}");
        assert_eq!(found.len(), 3);
    }
    for key in [Format::String, Format::JsonSchemas] {
        let with_schema = headers(&a_move(), key, HeaderFormat::JsonSchemas);
        let text = String::from_utf8_lossy(&with_schema[2]).into_owned();
        assert!(text.starts_with(r#"{"schema":{"#) && text.ends_with(r#""payload":{"id":1}}"#));
    }
}

/// An insert as a change of its key, which is all of the row.
fn moved(event: &Event) -> Option<Event> {
    let (Change::Insert { after } | Change::Read { after }) = &event.change else { return None };
    let schema = &event.schema;
    let key = (0..schema.columns.len()).collect();
    let keyed = Schema::new(schema.table.clone(), schema.columns.clone(), key, Identity::Full);
    let mut before = after.clone();
    before.set_text(0, "x");
    Some(Event {
        schema: Arc::new(keyed.with_modes(schema.modes)),
        change: Change::Update { before: Some(before), after: after.clone() },
        ..event.clone()
    })
}

/// Whether a schema has room for all of an event's values.
fn has_room(event: &Event) -> bool {
    let mut records = Records::default();
    converter_of(Format::DebeziumJsonSchemas).encode(event, &mut records).unwrap();
    records.iter().all(|record| record.verbatim.is_none())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_header_is_that_of_the_same_struct(event in event()) {
        let Some(moved) = moved(&event).filter(|_| has_room(&event)) else { return Ok(()) };
        let text = &headers(&moved, Format::DebeziumJson, HeaderFormat::Simple)[0];
        let structure = &headers(&moved, Format::DebeziumJson, HeaderFormat::JsonSchemas)[0];
        let settings = JsonSettings { strict: true, ..JsonSettings::default() };
        let data = JsonConverter::new(settings).read(Some(structure)).unwrap();
        let mut expected = Vec::new();
        connect_data::header::write(&data.value, &mut expected);
        // JSON has no negative zero.
        if memchr::memmem::find(text, b"-0.0").is_none() {
            prop_assert_eq!(String::from_utf8_lossy(text), String::from_utf8_lossy(&expected));
        }
    }
}
