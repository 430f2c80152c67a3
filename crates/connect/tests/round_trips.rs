//! What is written is read back, and no bytes make a reader panic.

use std::collections::BTreeSet;
use std::sync::Arc;

use connect_data::avro::{self, AvroReader, AvroSchema};
use connect_data::json::{DecimalFormat, JsonConverter, JsonSettings};
use connect_data::{Data, Decimal, Field, Logical, Schema, Struct, Type, Value, header};
use proptest::collection::vec;
use proptest::prelude::*;

const MILLIS_PER_DAY: i64 = 86_400_000;

fn plain_schema() -> impl Strategy<Value = Schema> {
    let kinds = [
        Type::Int8,
        Type::Int16,
        Type::Int32,
        Type::Int64,
        Type::Float32,
        Type::Float64,
        Type::Boolean,
        Type::String,
        Type::Bytes,
    ];
    prop_oneof![
        proptest::sample::select(kinds.to_vec()).prop_map(Schema::new),
        (0..40).prop_map(Schema::decimal),
        Just(Schema::date()),
        Just(Schema::time()),
        Just(Schema::timestamp()),
    ]
}

fn maybe_optional(schema: impl Strategy<Value = Schema>) -> impl Strategy<Value = Schema> {
    (schema, any::<bool>()).prop_map(|(schema, optional)| Schema { optional, ..schema })
}

fn any_schema() -> impl Strategy<Value = Schema> {
    maybe_optional(plain_schema()).prop_recursive(4, 24, 5, |inner| {
        let fields = vec(inner.clone(), 0..5).prop_map(|schemas| {
            let named = schemas.into_iter().enumerate();
            let fields = named.map(|(at, schema)| Field::new(format!("f{at}"), schema));
            Schema::structure(fields.collect())
        });
        let entries = (inner.clone(), any::<u64>()).prop_map(|(values, name)| {
            // Two maps with different entries cannot share a name in Avro.
            Schema::map(Schema::new(Type::Int32), values).named(format!("e.M{name}"))
        });
        maybe_optional(prop_oneof![
            inner.clone().prop_map(Schema::array),
            inner.prop_map(|values| Schema::map(Schema::new(Type::String), values)),
            entries,
            fields,
        ])
    })
}

fn value_of(schema: &Arc<Schema>) -> BoxedStrategy<Value> {
    let value = match schema.logical() {
        Some(Logical::Decimal) => {
            let scale = schema.scale().expect("a scale");
            let small = any::<i128>().prop_map(move |number| Decimal::new(number, scale));
            let large = vec(any::<u8>(), 17..80)
                .prop_filter_map("bytes", move |bytes| Decimal::from_be_bytes(&bytes, scale));
            prop_oneof![small, large].prop_map(Value::Decimal).boxed()
        }
        Some(Logical::Date) => {
            any::<i32>().prop_map(|days| Value::Date(i64::from(days) * MILLIS_PER_DAY)).boxed()
        }
        Some(Logical::Time) => (0..=MILLIS_PER_DAY).prop_map(Value::Date).boxed(),
        Some(Logical::Timestamp) => any::<i64>().prop_map(Value::Date).boxed(),
        None => plain_value_of(schema),
    };
    if schema.optional { prop_oneof![1 => Just(Value::Null), 4 => value].boxed() } else { value }
}

fn plain_value_of(schema: &Arc<Schema>) -> BoxedStrategy<Value> {
    use proptest::num::{f32, f64};
    let finite = f64::NORMAL | f64::SUBNORMAL;
    match &schema.kind {
        Type::Int8 => any::<i8>().prop_map(Value::Int8).boxed(),
        Type::Int16 => any::<i16>().prop_map(Value::Int16).boxed(),
        Type::Int32 => any::<i32>().prop_map(Value::Int32).boxed(),
        Type::Int64 => any::<i64>().prop_map(Value::Int64).boxed(),
        Type::Float32 => (f32::NORMAL | f32::SUBNORMAL).prop_map(Value::Float32).boxed(),
        Type::Float64 => finite.prop_map(Value::Float64).boxed(),
        Type::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::Bytes => vec(any::<u8>(), 0..20).prop_map(Value::Bytes).boxed(),
        Type::Array(items) => {
            let items = items.as_ref().expect("a schema");
            vec(value_of(items), 0..4).prop_map(Value::Array).boxed()
        }
        Type::Map(keys, values) => {
            let (keys, values) = (keys.as_ref().expect("keys"), values.as_ref().expect("values"));
            vec((value_of(keys), value_of(values)), 0..4).prop_map(Value::map).boxed()
        }
        Type::Struct(fields) => {
            let schema = Arc::clone(schema);
            let values: Vec<_> = fields.iter().map(|field| value_of(&field.schema)).collect();
            values
                .prop_map(move |values| {
                    Value::Struct(Struct { schema: Arc::clone(&schema), values })
                })
                .boxed()
        }
    }
}

fn any_data() -> impl Strategy<Value = Data> {
    any_schema().prop_flat_map(|schema| {
        let schema = Arc::new(schema);
        value_of(&schema).prop_map(move |value| Data { schema: Some(Arc::clone(&schema)), value })
    })
}

fn any_schemaless() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Int64),
        any::<String>().prop_map(Value::String),
        proptest::num::f64::NORMAL.prop_map(Value::Float64),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let text = any::<String>().prop_map(Value::String);
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((text, inner), 0..4).prop_map(Value::map),
        ]
    })
}

proptest! {
    #[test]
    fn json_with_its_schema_is_read_back(data in any_data(), numeric: bool) {
        let decimal_format = if numeric { DecimalFormat::Numeric } else { DecimalFormat::Base64 };
        let settings = JsonSettings { decimal_format, ..JsonSettings::default() };
        let mut converter = JsonConverter::new(settings);
        // The second time the schemas are known.
        for _ in 0..2 {
            let mut out = Vec::new();
            prop_assert!(converter.write(data.schema.as_ref(), &data.value, &mut out).unwrap());
            let read = converter.read(Some(&out)).unwrap();
            if !numeric || !out.windows(7).any(|piece| piece == b"Decimal") {
                prop_assert_eq!(&read, &data);
            }
        }
    }

    #[test]
    fn json_without_a_schema_is_read_back(value in any_schemaless()) {
        let settings = JsonSettings { schemas_enable: false, ..JsonSettings::default() };
        let mut converter = JsonConverter::new(settings);
        let mut out = Vec::new();
        if converter.write(None, &value, &mut out).unwrap() {
            prop_assert_eq!(converter.read(Some(&out)).unwrap().value, value);
        }
    }

    #[test]
    fn avro_is_read_back(data in any_data()) {
        let schema = data.schema.as_deref();
        let text = AvroSchema::from_connect(schema).unwrap().to_json();
        let reader = AvroReader::new(text.parse().unwrap()).unwrap();
        prop_assert_eq!(reader.schema().map(AsRef::as_ref), schema);
        let mut out = Vec::new();
        if avro::write(7, schema, &data.value, &mut out).unwrap() {
            let (id, body) = avro::split(&out).unwrap();
            prop_assert_eq!(id, 7);
            prop_assert_eq!(reader.read(body).unwrap(), data);
        }
    }

    #[test]
    fn avro_without_a_schema_is_read_back(value in any_schemaless()) {
        let reader = AvroReader::new(AvroSchema::from_connect(None).unwrap()).unwrap();
        let mut out = Vec::new();
        if avro::write(1, None, &value, &mut out).unwrap() {
            prop_assert_eq!(reader.read(&out[5..]).unwrap().value, value);
        }
    }

    #[test]
    fn no_bytes_make_the_json_reader_panic(bytes in vec(any::<u8>(), 0..60), enabled: bool) {
        let settings = JsonSettings { schemas_enable: enabled, ..JsonSettings::default() };
        let _ = JsonConverter::new(settings).read(Some(&bytes));
    }

    #[test]
    fn no_change_makes_the_json_reader_panic(data in any_data(), at: usize, byte: u8) {
        let mut converter = JsonConverter::default();
        let mut out = Vec::new();
        converter.write(data.schema.as_ref(), &data.value, &mut out).unwrap();
        let at = at % out.len();
        out[at] = byte;
        let _ = converter.read(Some(&out));
        let _ = converter.read(Some(&out[..at]));
    }

    #[test]
    fn no_bytes_make_the_avro_reader_panic(schema in any_schema(), bytes in vec(any::<u8>(), 0..60)) {
        let reader = AvroReader::new(AvroSchema::from_connect(Some(&schema)).unwrap()).unwrap();
        let _ = reader.read(&bytes);
        let _ = avro::split(&bytes);
        let anything = AvroReader::new(AvroSchema::from_connect(None).unwrap()).unwrap();
        let _ = anything.read(&bytes);
    }

    #[test]
    fn no_text_makes_the_avro_schema_reader_panic(schema in any_schema(), at: usize, byte in 32_u8..127) {
        let mut text = AvroSchema::from_connect(Some(&schema)).unwrap().to_json().into_bytes();
        let at = at % text.len();
        text[at] = byte;
        let Ok(text) = String::from_utf8(text) else { return Ok(()) };
        if let Ok(schema) = text.parse::<AvroSchema>() {
            let _ = AvroReader::new(schema);
        }
    }

    #[test]
    fn no_text_makes_the_header_reader_panic(text in "[-+0-9eE.:,{}\\[\\]\"\\\\ TZa]{0,40}|\\PC{0,20}") {
        let data = header::parse_string(&text);
        let mut out = Vec::new();
        header::write(&data.value, &mut out);
    }

    #[test]
    fn a_header_that_was_written_is_read_as_what_it_was(numbers in vec(any::<i32>(), 0..5)) {
        let value = Value::Array(numbers.iter().copied().map(Value::Int32).collect());
        let mut out = Vec::new();
        prop_assert!(header::write(&value, &mut out));
        let data = header::read(Some(&out));
        let mut again = Vec::new();
        header::write(&data.value, &mut again);
        prop_assert_eq!(out, again);
    }
}

#[test]
fn deep_nesting_is_no_end_of_the_stack() {
    for open in ["[", "{\"a\":", "{"] {
        let text = open.repeat(200_000);
        let _ = header::parse_string(&text);
        assert!(JsonConverter::default().read(Some(text.as_bytes())).is_err());
        assert!(text.parse::<AvroSchema>().is_err());
    }
}

#[test]
fn large_maps_take_no_long_time() {
    let keys: BTreeSet<i32> = (0..200_000).collect();
    let pairs: Vec<String> = keys.iter().map(|key| format!("[{key},1]")).collect();
    let text = format!(
        r#"{{"schema":{{"type":"map","keys":{{"type":"int32"}},"values":{{"type":"int32"}}}},"payload":[{}]}}"#,
        pairs.join(",")
    );
    let data = JsonConverter::default().read(Some(text.as_bytes())).expect("a map");
    assert!(matches!(data.value, Value::Map(pairs) if pairs.len() == keys.len()));
}

#[test]
fn schemas_that_write_alike_are_told_from_those_that_do_not() {
    let parse = |text: &str| text.parse::<connect_data::avro::AvroSchema>().unwrap();
    let record =
        |fields: &str| parse(&format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#));
    let one =
        record(r#"{"name":"a","type":"int"},{"name":"b","type":["null","R"],"default":null}"#);
    let told = record(
        r#"{"name":"a","type":{"type":"int","connect.doc":"x"},"default":1},{"name":"b","type":["null","R"]}"#,
    );
    assert!(one.writes_as(&told) && told.writes_as(&one));
    for other in [
        r#"{"name":"a","type":"int"}"#,
        r#"{"name":"a","type":"long"},{"name":"b","type":["null","R"]}"#,
        r#"{"name":"a","type":"int"},{"name":"c","type":["null","R"]}"#,
        r#"{"name":"a","type":"int"},{"name":"b","type":["R","null"]}"#,
    ] {
        assert!(!one.writes_as(&record(other)), "{other}");
    }
}
