//! The same in Avro, whose records are read by Connect's own reader, too.

use connect_data::avro::{AvroReader, AvroSchema, split, write};
use proptest::prelude::*;

use super::*;
use crate::{Avro, SchemaIds};

const VALUE_ID: u32 = 0x0102_0304;
const IDS: SchemaIds = SchemaIds { key: Some(7), value: Some(VALUE_ID) };

/// A converter that knows the schemas of the event's table, and what a registry would have of them.
fn converter_for(event: &Event) -> (AnyConverter, [AvroSchema; 2]) {
    let mut converter = converter_of(Format::Avro);
    let schemas = learn(converter.avro().unwrap(), &event.schema);
    (converter, schemas)
}

fn learn(avro: &mut Avro, table: &Arc<Schema>) -> [AvroSchema; 2] {
    let (key, value) = avro.schemas(table).unwrap();
    avro.learn(table.fingerprint(), IDS);
    avro.meet(VALUE_ID, &value.json).unwrap();
    [key.unwrap().json, value.json].map(|json| json.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn an_event_reads_back_from_its_records(event in event()) {
        let (mut converter, [key, value]) = converter_for(&event);
        let mut records = Records::default();
        converter.encode(&event, &mut records).unwrap();
        for record in records.iter() {
            for (bytes, schema, id) in [(record.key, &key, 7), (record.value, &value, VALUE_ID)] {
                let Some(bytes) = bytes else { continue };
                let (found, body) = split(bytes).unwrap();
                prop_assert_eq!(found, id);
                let data = AvroReader::new(schema.clone()).unwrap().read(body).unwrap();
                let mut again = Vec::new();
                write(id, data.schema.as_deref(), &data.value, &mut again).unwrap();
                prop_assert_eq!(bytes, again);
            }
        }
        let read = fold(decoded(&mut converter, &records, &event.schema).unwrap()).unwrap();
        prop_assert_eq!(read, vec![event]);
    }

    #[test]
    fn no_bytes_make_reading_panic(
        event in event(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()
    ) {
        let (mut converter, _) = converter_for(&event);
        let mut records = Records::default();
        converter.encode(&event, &mut records).unwrap();
        for record in records.iter() {
            let Some(value) = record.value else { continue };
            let mut value = value.to_vec();
            let at = at.index(value.len());
            value[at] = byte;
            if cut {
                value.truncate(at);
            }
            let _ = converter.decode(&value, record.verbatim, &event.schema);
            let _ = converter.decode(&value, Some(&value), &event.schema);
        }
    }
}

/// The names of the fields, and the text of the schema.
fn schema_of(table: &Arc<Schema>) -> Result<String, crate::SchemaError> {
    let mut avro = Avro::new("my-shop", true);
    avro.value_schema(table)
}

fn table(names: &[&str]) -> Arc<Schema> {
    let columns = names.iter().map(|name| Column {
        name: (*name).into(),
        pg: PgType::new(20, "bigint", Kind::Int8),
        optional: true,
        masked: false,
        missing: None,
        default: None,
        source_type: None,
    });
    let name = TableName::new("public", "1 table");
    Arc::new(Schema::new(name, columns.collect(), vec![0], Identity::Default))
}

#[test]
fn names_are_legal_and_columns_that_become_one_are_refused() {
    let json = schema_of(&table(&["2nd", "a b"])).unwrap();
    for expected in [r#""name":"_2nd""#, r#""name":"a_b""#, "my_shop.public.1_table"] {
        assert!(json.contains(expected), "{expected}: {json}");
    }
    let error = schema_of(&table(&["a b", "c", "a-b"])).unwrap_err().to_string();
    assert!(error.contains("a b") && error.contains("a-b") && error.contains("a_b"), "{error}");
}

#[test]
fn a_malformed_value_is_named_by_place_and_not_by_content() {
    let event = a_move();
    let (mut converter, _) = converter_for(&event);
    let mut records = Records::default();
    converter.encode(&event, &mut records).unwrap();
    let value = records.iter().last().unwrap().value.unwrap().to_vec();
    let refused = |converter: &mut AnyConverter, value: &[u8]| {
        converter.decode(value, None, &event.schema).unwrap_err().to_string()
    };
    // The zero, the id, no old row, a new one, and the column `id`; then `name` is too long.
    let mut long = value.clone();
    long[8] = 0x7e;
    let error = refused(&mut converter, &long);
    assert!(error.contains("byte 8") && error.contains("after, column name"), "{error}");
    assert!(!error.contains("new"), "{error}");
    let error = refused(&mut converter, &value[..20]);
    assert!(error.contains("byte") && error.contains("too early"), "{error}");
    let error = refused(&mut converter, &[&value[..], b"x"].concat());
    assert!(error.contains(&format!("byte {}", value.len())), "{error}");
    let mut other = value.clone();
    other[4] = 9;
    let error = refused(&mut converter, &other);
    assert!(error.contains("id 16909065 is not known"), "{error}");
    let error = refused(&mut converter, b"{}");
    assert!(error.contains("byte 0"), "{error}");
}

#[test]
fn the_schema_of_another_table_version_is_refused() {
    let event = a_move();
    let (mut converter, _) = converter_for(&event);
    let mut records = Records::default();
    converter.encode(&event, &mut records).unwrap();
    let avro = converter.avro().unwrap();
    let other = learn(avro, &table(&["id"]))[1].to_json();
    avro.meet(VALUE_ID, &other).unwrap();
    let value = records.iter().last().unwrap().value.unwrap();
    let error = converter.decode(value, None, &event.schema).unwrap_err().to_string();
    assert!(error.contains("is not that of the record's table version"), "{error}");
}

#[test]
fn nothing_is_written_without_ids() {
    let event = a_move();
    let error = converter_of(Format::Avro).encode(&event, &mut Records::default()).unwrap_err();
    assert!(error.to_string().contains("no ids"), "{error}");
}

/// Null in a column with a default is null, and the default is what an old row has that was not sent.
#[test]
fn a_default_takes_no_nulls_place() {
    let mut event = a_move();
    let mut schema = Schema::clone(&event.schema);
    schema.columns[2].default = Some("'none'::text".into());
    schema.columns[2].pg = PgType::new(25, "text", Kind::Text);
    let rebuilt = Schema::new(schema.table, schema.columns, schema.key, schema.identity);
    event.schema = Arc::new(rebuilt);
    let mut after = Row::nulls(3);
    after.set_text(0, "2");
    after.set_text(1, "x");
    event.change = Change::Insert { after };
    let (mut converter, [_, value]) = converter_for(&event);
    let mut records = Records::default();
    converter.encode(&event, &mut records).unwrap();
    let body = split(records.iter().next().unwrap().value.unwrap()).unwrap().1;
    let data = AvroReader::new(value).unwrap().read(body).unwrap();
    assert!(format!("{:?}", data.value).contains("Null"), "{:?}", data.value);
    let read = fold(decoded(&mut converter, &records, &event.schema).unwrap()).unwrap();
    assert_eq!(read, vec![event]);
}

#[test]
fn keys_alone_and_values_alone_need_the_ids_of_theirs() {
    let event = a_move();
    for (key, value) in [(Format::Avro, Format::Json), (Format::String, Format::Avro)] {
        let mut converter = AnyConverter::of(Formats::new(key, value), "shop", true);
        let [of_keys, of_values] = converter.avro_roles();
        assert_eq!([of_keys, of_values], [key, value].map(|format| format == Format::Avro));
        let (key, value) = (of_keys.then_some(7), of_values.then_some(VALUE_ID));
        let avro = converter.avro().unwrap();
        avro.learn(event.schema.fingerprint(), SchemaIds { key, value });
        let mut records = Records::default();
        converter.encode(&event, &mut records).unwrap();
        for record in records.iter() {
            assert_eq!(split(record.key.unwrap()).ok().map(|(id, _)| id), key);
            let Some(bytes) = record.value else { continue };
            assert_eq!(split(bytes).ok().map(|(id, _)| id), value);
        }
    }
}
