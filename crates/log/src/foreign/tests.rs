//! Records of other producers, without a broker: any bytes, and what is told of those that are wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cdc::{
    Catalog, Cell, Change, Column, Fault, Identity, Kind, Looked, PgType, Remedy, Schema, Special,
    TableName,
};
use proptest::prelude::*;
use rdkafka::message::OwnedHeaders;
use schema_registry::RegistryError;
use tokio::runtime::Runtime;

use super::decoder::{Decoder, Read};
use super::side::Unread;
use super::unreadable::{Part, Refusal};
use super::wrong::Place;
use crate::config::{Kafka, LogSettings};
use crate::error::LogError;
use crate::format::Format;
use crate::lane::MessageRef;

/// A target with one table.
struct One(Schema);

impl Catalog for One {
    fn table<'a>(&'a self, name: &'a TableName) -> Looked<'a> {
        Box::pin(async move { Ok((*name == self.0.table).then(|| self.0.clone())) })
    }
}

#[derive(Debug)]
struct Message {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
}

impl MessageRef for Message {
    fn offset(&self) -> i64 {
        7
    }

    fn payload(&self) -> Option<&[u8]> {
        self.value.as_deref()
    }

    fn key(&self) -> Option<&[u8]> {
        self.key.as_deref()
    }

    fn header(&self, _name: &str) -> Option<&[u8]> {
        None
    }

    fn headers(&self) -> OwnedHeaders {
        OwnedHeaders::new()
    }

    fn timestamp(&self) -> Option<i64> {
        None
    }
}

fn column(name: &str, pg: PgType) -> Column {
    Column {
        name: name.into(),
        pg,
        optional: true,
        masked: false,
        missing: None,
        default: None,
        source_type: None,
    }
}

fn table() -> Schema {
    let numeric =
        PgType { typmod: (10 << 16 | 2) + 4, ..PgType::new(1700, "numeric", Kind::Numeric) };
    let columns = vec![
        column("id", PgType::new(23, "integer", Kind::Int4)),
        column("d", PgType::new(1082, "date", Kind::Date)),
        column("n", numeric),
        column("at", PgType::new(1184, "timestamp with time zone", Kind::Timestamptz)),
        column("list", PgType::new(1009, "text[]", Kind::Array(Box::new(Kind::Text)))),
        column("bin", PgType::new(17, "bytea", Kind::Bytea)),
        column("doc", PgType::new(3802, "jsonb", Kind::Jsonb)),
        column("bits", PgType::new(1562, "bit varying", Kind::Special(Special::Varbit))),
    ];
    Schema::new(TableName::new("public", "t"), columns, vec![0], Identity::Default)
}

fn decoder(runtime: &Runtime, kafka: &str) -> Decoder {
    decoder_of(runtime, kafka, table())
}

fn decoder_of(runtime: &Runtime, kafka: &str, target: Schema) -> Decoder {
    decoder_at(runtime, kafka, Arc::new(One(target)))
}

fn decoder_at(runtime: &Runtime, kafka: &str, catalog: Arc<dyn Catalog>) -> Decoder {
    let kafka: Kafka = serde_json::from_str(&format!("{{\"brokers\":\"b:1\",{kafka}}}")).unwrap();
    Decoder::new(LogSettings::new("p", kafka), catalog, runtime.handle().clone())
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

/// The texts of the row, or what is said of the record.
fn row(kafka: &str, key: &str, value: &str) -> Result<Vec<Option<String>>, String> {
    let runtime = runtime();
    let mut decoder = decoder(&runtime, kafka);
    let message = Message { key: Some(key.into()), value: Some(value.into()) };
    let read = decoder.decode(&"p.public.t".into(), 3, &message);
    let said = |refusal| LogError::from(refusal).finding().to_string();
    let Read::Change(found) = read.map_err(said)? else {
        return Ok(Vec::new());
    };
    let row = found.event.change.after().or(found.event.change.before()).cloned().unwrap();
    let text = |cell: Cell<'_>| match cell {
        Cell::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
        Cell::Unchanged => Some("unchanged".to_owned()),
        _ => None,
    };
    Ok(row.cells().map(text).collect())
}

#[test]
fn times_in_numbers_are_read_by_their_schemas() {
    let read = |column: &str, name: &str, fields: &[(&str, &str, &str)]| {
        let (mut schema, mut payload) = (Vec::new(), Vec::new());
        for (field, kind, value) in fields {
            schema.push(format!(r#"{{"field":"{field}","type":"{kind}","optional":true}}"#));
            payload.push(format!(r#""{field}":{value}"#));
        }
        let (schema, payload) = (schema.join(","), payload.join(","));
        let value = format!(
            r#"{{"schema":{{"type":"struct","optional":false,"fields":[{{"field":"id","type":"int32","optional":false}},{{"field":"{column}","type":"struct","optional":true,"name":"io.debezium.time.{name}","version":1,"fields":[{schema}]}}]}},"payload":{{"id":1,"{column}":{{{payload}}}}}}}"#
        );
        let kafka = r#""key_format":"json","value_format":"json_schemas""#;
        let row = row(kafka, "{\"id\":1}", &value);
        row.map(|row| row.get(1).cloned().flatten().unwrap_or_default())
    };
    let day = [("year", "int32", "-43"), ("month", "int8", "3"), ("day", "int8", "15")];
    let clock = [
        ("hour", "int8", "4"),
        ("minute", "int8", "5"),
        ("second", "int8", "6"),
        ("nanos", "int32", "780000000"),
    ];
    let moment = [&day[..], &clock].concat();
    assert_eq!(read("d", "StructuredDate", &day).as_deref(), Ok("0044-03-15 BC"));
    let endless = [("year", "int32", "null"), ("specialValue", "string", "\"POSITIVE_INFINITY\"")];
    assert_eq!(read("d", "StructuredDate", &endless).as_deref(), Ok("infinity"));
    let zoned = [&moment[..], &[("offsetSeconds", "int32", "-5400")]].concat();
    let texts = [
        read("at", "StructuredZonedTimestamp", &zoned),
        read("at", "StructuredTimestamp", &moment),
    ];
    assert_eq!(texts[0].as_deref(), Ok("0044-03-15 04:05:06.78-01:30 BC"));
    assert_eq!(texts[1].as_deref(), Ok("0044-03-15 04:05:06.78+00 BC"));
    assert!(read("d", "StructuredDate", &day[..2]).unwrap_err().contains("all its numbers"));
}

#[test]
fn json_is_read_by_the_columns_types() {
    let one = |field: &str, kafka: &str| {
        let row =
            row(&format!("\"format\":\"json\"{kafka}"), "{\"id\":1}", &format!("{{{field}}}"));
        row.map(|row| row[0].clone().unwrap_or_default())
    };
    for (field, text) in [
        ("\"d\":19782", "2024-02-29"),
        ("\"d\":\"2024-02-29\"", "2024-02-29"),
        ("\"n\":\"MDk=\"", "123.45"),
        ("\"n\":\"12.50\"", "12.50"),
        ("\"n\":12.50", "12.50"),
        ("\"at\":\"2024-02-29T01:02:03+01:00\"", "2024-02-29 00:02:03+00"),
        ("\"at\":\"2024-02-29 01:02:03\"", "2024-02-29 01:02:03+00"),
        ("\"list\":[\"a\",null,\"b,c\"]", "{a,NULL,\"b,c\"}"),
        ("\"list\":[\"__debezium_unavailable_value\"]", "unchanged"),
        ("\"bin\":\"AP8=\"", "\\x00ff"),
        ("\"bits\":\"BQ==\"", "101"),
        ("\"bits\":\"\"", ""),
        ("\"doc\":{\"a\": 1.50}", "{\"a\": 1.50}"),
        ("\"doc\":\"{\\\"a\\\": 1}\"", "{\"a\": 1}"),
    ] {
        assert_eq!(one(field, "").as_deref(), Ok(text), "{field}");
    }
    // Four digits are base64, too.
    assert!(one("\"n\":\"1234\"", "").unwrap_err().contains("decimal_handling_mode"));
    let written =
        |mode: &str| format!(",\"written_with\":{{\"decimal_handling_mode\":\"{mode}\"}}");
    assert_eq!(one("\"n\":\"1234\"", &written("string")).as_deref(), Ok("1234"));
    assert_eq!(one("\"n\":\"1234\"", &written("precise")).as_deref(), Ok("-26588.24"));
    // The producer's own word for what it did not send, and Debezium's is a text then.
    let own = ",\"written_with\":{\"unavailable_value_placeholder\":\"?\"}";
    assert_eq!(one("\"list\":[\"?\"]", own).as_deref(), Ok("unchanged"));
    assert_eq!(one("\"bin\":\"Pw==\"", own).as_deref(), Ok("unchanged"));
    let word = "\"list\":[\"__debezium_unavailable_value\"]";
    assert_eq!(one(word, own).as_deref(), Ok("{__debezium_unavailable_value}"));
}

#[test]
fn a_record_that_is_wrong_is_told_by_its_place_and_not_by_its_values() {
    for (format, key, value) in [
        ("json", "{\"id\":1}", "{\"d\":[\"canary\"]}"),
        ("json", "{\"id\":1}", "{\"d\":\"x\",\"other\":\"canary\"}"),
        ("json", "{\"id\":1}", "{\"canary"),
        ("json", "canary", "{}"),
        ("json_schemas", "{\"id\":1}", "{\"id\":\"canary\"}"),
        ("debezium_json", "{\"id\":1}", "{\"op\":\"canary\",\"after\":{}}"),
        (
            "debezium_json_schemas",
            "{\"id\":1}",
            "{\"schema\":{\"type\":\"int32\"},\"payload\":\"canary\"}",
        ),
    ] {
        let said = row(&format!("\"format\":\"{format}\""), key, value).unwrap_err();
        assert!(said.contains("topic p.public.t, partition 3, offset 7"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
}

/// What is wrong in one record is told from what is wrong with its table, or with its topic.
#[test]
fn only_what_is_in_the_record_makes_it_unreadable() {
    let mut keyless = table();
    keyless.key.clear();
    for (format, target, key, value, is_of_the_record) in [
        ("json", table(), "{\"id\":1}", "{\"d\":true}", true),
        ("json", table(), "{\"id\":1}", "{", true),
        ("json", table(), "{", "{}", true),
        ("json", table(), "", "", true),
        ("json", table(), "", "{\"id\":null,\"d\":1}", true),
        ("json", table(), "", "{\"d\":1}", false),
        ("json", table(), "{\"id\":1}", "[]", true),
        ("debezium_json", table(), "{\"id\":1}", "{\"id\":1}", true),
        ("json", table(), "{\"id\":1}", "{\"other\":1}", false),
        ("json", keyless, "", "{\"d\":1}", false),
        (
            "debezium_json",
            table(),
            "{\"id\":1}",
            r#"{"op":"c","after":{"id":1},"source":{"schema":"public","table":"u"}}"#,
            false,
        ),
    ] {
        let runtime = runtime();
        let mut decoder = decoder_of(&runtime, &format!("\"format\":\"{format}\""), target);
        let bytes = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
        let message = Message { key: bytes(key), value: bytes(value) };
        let refusal = decoder.decode(&"p.public.t".into(), 3, &message).unwrap_err();
        assert_eq!(matches!(refusal, Refusal::Record(_)), is_of_the_record, "{refusal:?}");
    }
}

#[test]
fn what_a_registry_has_or_lacks_is_not_of_the_record() {
    let place = Place { topic: "p.public.t", partition: 3, offset: 7 };
    let lacks = RegistryError::NoSuchId { url: "http://r".to_owned(), id: 5 };
    for unread in [Unread::Schema("none".to_owned()), Unread::Registry(lacks.into())] {
        let refusal = place.unread(Part::Value, Format::Avro, unread);
        let Refusal::Other(error) = refusal else { panic!("{refusal:?}") };
        assert!(error.finding().place.contains("offset 7, value, byte 1"), "{error}");
        assert_eq!(error.remedy(), Remedy::Halt);
    }
}

/// A target whose table is altered once it was asked for.
struct Altered(AtomicUsize, [Schema; 2]);

impl Catalog for Altered {
    fn table<'a>(&'a self, _: &'a TableName) -> Looked<'a> {
        let asked = self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { Ok(Some(self.1[asked.min(1)].clone())) })
    }
}

#[test]
fn a_record_is_judged_against_the_table_as_it_is() {
    let columns =
        vec![table().columns[0].clone(), column("d", PgType::new(16, "boolean", Kind::Bool))];
    let altered = Schema::new(table().table, columns, vec![0], Identity::Default);
    let catalog = Arc::new(Altered(AtomicUsize::new(0), [table(), altered]));
    let runtime = runtime();
    let mut decoder = decoder_at(&runtime, "\"format\":\"json\"", catalog.clone());
    let mut read = |d: &str| {
        let value = format!("{{\"d\":{d}}}").into_bytes();
        let message = Message { key: Some(b"{\"id\":1}".to_vec()), value: Some(value) };
        decoder.decode(&"p.public.t".into(), 3, &message)
    };
    assert!(matches!(read("1"), Ok(Read::Change(_))));
    assert!(matches!(read("true"), Ok(Read::Change(_))));
    for _ in 0..100 {
        assert!(matches!(read("[]"), Err(Refusal::Record(_))));
    }
    assert!(catalog.0.load(Ordering::Relaxed) < 50, "asked for each record");
}

/// The target has no such table: only the rows before say what is emptied.
#[test]
fn a_truncate_behind_a_refused_record_is_not_passed_over() {
    let runtime = runtime();
    let mut decoder = decoder(&runtime, "\"format\":\"debezium_json_schemas\"");
    let mut read = |op: &str, after: &str| {
        let row = r#"{"type":"struct","optional":true,"field":"after","fields":[{"field":"id","type":"int32","optional":true}]}"#;
        let value = format!(
            r#"{{"schema":{{"type":"struct","optional":false,"fields":[{{"field":"op","type":"string","optional":false}},{row}]}},"payload":{{"op":"{op}","after":{after}}}}}"#
        );
        let key = r#"{"schema":{"type":"struct","optional":false,"fields":[{"field":"id","type":"int32","optional":false}]},"payload":{"id":1}}"#;
        let message = Message { key: Some(key.into()), value: Some(value.into()) };
        decoder.decode(&"p.public.new".into(), 3, &message)
    };
    let refused = |read| matches!(read, Err(Refusal::Record(_)));
    assert!(refused(read("c", r#"{"id":null}"#)));
    assert!(matches!(read("t", "null"), Ok(Read::Beside)), "no row has been there");
    assert!(matches!(read("c", r#"{"id":1}"#), Ok(Read::Change(_))));
    assert!(refused(read("c", r#"{"id":null}"#)));
    assert!(matches!(read("t", "null"), Ok(Read::Change(_))));
}

#[test]
fn a_payload_is_what_its_schema_says() {
    let one = |kind: &str, payload: &str| {
        let value = format!(
            r#"{{"schema":{{"type":"struct","optional":false,"fields":[{{"type":"{kind}","optional":true,"field":"n"}}]}},"payload":{{"n":{payload}}}}}"#
        );
        let key = r#"{"schema":{"type":"struct","optional":false,"fields":[{"type":"int32","optional":false,"field":"id"}]},"payload":{"id":1}}"#;
        row("\"format\":\"json_schemas\"", key, &value).map(|row| row[0].clone())
    };
    for (kind, payload, text) in
        [("double", "\"NaN\"", "NaN"), ("float", "\"-Infinity\"", "-Infinity"), ("int64", "7", "7")]
    {
        assert_eq!(one(kind, payload), Ok(Some(text.to_owned())));
    }
    for (kind, payload) in
        [("double", "\"x\""), ("int32", "\"7\""), ("int16", "70000"), ("boolean", "1")]
    {
        let said = one(kind, payload).unwrap_err();
        assert!(said.contains("not as its schema says"), "{kind} {payload}: {said}");
    }
}

#[test]
fn a_delete_needs_no_more_than_its_key() {
    let runtime = runtime();
    let mut decoder = decoder(&runtime, "\"format\":\"json\"");
    let message = Message { key: Some(b"{\"id\":9}".to_vec()), value: None };
    let Read::Change(found) = decoder.decode(&"p.public.t".into(), 0, &message).unwrap() else {
        panic!("no change");
    };
    let Change::Delete { before } = &found.event.change else { panic!("no delete") };
    let key = found.event.schema.key[0];
    assert_eq!(before.cell(key), Cell::Text(b"9"));
}

proptest! {
    #[test]
    fn no_bytes_make_reading_panic(
        format in prop::sample::select(vec!["json", "json_schemas", "debezium_json", "debezium_json_schemas", "string", "bytes"]),
        key in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
        value in any_value(),
    ) {
        let runtime = runtime();
        let kafka = format!("\"key_format\":\"{format}\",\"value_format\":\"{format}\"");
        let mut decoder = decoder(&runtime, &kafka);
        let message = Message { key, value };
        let _ = decoder.decode(&"p.public.t".into(), 0, &message);
        let message = Message { key: Some(b"{\"id\":1}".to_vec()), ..message };
        let _ = decoder.decode(&"p.public.t".into(), 0, &message);
    }
}

/// Bytes, and records with a piece of them exchanged.
fn any_value() -> impl Strategy<Value = Option<Vec<u8>>> {
    const WHOLE: [&str; 3] = [
        r#"{"id":1,"d":19000,"n":"MDk=","at":"2024-02-29T01:02:03Z","list":["a",null],"bin":"AP8=","doc":{"a":1}}"#,
        r#"{"op":"u","before":{"id":1},"after":{"id":1,"d":19000,"n":"MDk=","list":[]},"source":{"schema":"public","table":"t","ts_us":1}}"#,
        r#"{"schema":{"type":"struct","optional":false,"fields":[{"field":"id","type":"int32","optional":false},{"field":"d","type":"int32","optional":true,"name":"io.debezium.time.Date"}]},"payload":{"id":1,"d":19000}}"#,
    ];
    let spoilt = (
        prop::sample::select(WHOLE.to_vec()),
        any::<prop::sample::Index>(),
        prop::collection::vec(any::<u8>(), 0..4),
    );
    let spoilt = spoilt.prop_map(|(text, at, piece)| {
        let mut bytes = text.as_bytes().to_vec();
        let at = at.index(bytes.len());
        let end = (at + piece.len()).min(bytes.len());
        bytes.splice(at..end, piece);
        bytes
    });
    prop::option::of(prop_oneof![prop::collection::vec(any::<u8>(), 0..60), spoilt])
}
