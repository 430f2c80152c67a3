//! Avro schemas and bytes that an independent implementation of Avro has read and written the same.

use std::fmt::Write;
use std::sync::Arc;

use connect_data::avro::{self, AvroReader, AvroSchema};
use connect_data::{Data, Decimal, Field, Schema, Struct, Type, Value};

/// A schema and bytes, and the same for a value without a schema.
const GOLDEN: &str = include_str!("vectors/avro.txt");

const MILLIS_PER_DAY: i64 = 86_400_000;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("text");
        text
    })
}

fn check(schema: Option<&Arc<Schema>>, value: &Value, text: &str, bytes: &str) {
    let avro = AvroSchema::from_connect(schema.map(AsRef::as_ref)).expect("an Avro schema");
    assert_eq!(avro.to_json(), text);
    let mut out = Vec::new();
    assert!(avro::write(1, schema.map(AsRef::as_ref), value, &mut out).expect("bytes"));
    assert_eq!(hex(&out), bytes);
    let reader = AvroReader::new(text.parse().expect("a schema")).expect("a reader");
    let Data { value: read, .. } = reader.read(&out[5..]).expect("a value");
    let mut again = Vec::new();
    avro::write(1, reader.schema().map(AsRef::as_ref), &read, &mut again).expect("bytes");
    assert_eq!(hex(&again), bytes);
}

fn point() -> Arc<Schema> {
    let fields = vec![
        Field::new("x", Schema::new(Type::Float64)),
        Field::new("y", Schema::new(Type::Int8).optional()),
    ];
    Arc::new(Schema::structure(fields).named("srv.Point"))
}

fn a_point(schema: &Arc<Schema>) -> Value {
    let values = vec![Value::Float64(1.5), Value::Int8(-3)];
    Value::Struct(Struct { schema: Arc::clone(schema), values })
}

#[test]
fn a_row_of_many_types() {
    let mut lines = GOLDEN.lines();
    let inner = point();
    let opt_inner = Arc::new(Schema { optional: true, ..inner.as_ref().clone() });
    let schema = Arc::new(
        Schema::structure(vec![
            Field::new("id", Schema::new(Type::Int32)),
            Field::new("big", Schema::new(Type::Int64).defaulting(Value::Int64(5))),
            Field::new("small", Schema::new(Type::Int16).optional()),
            Field::new(
                "name",
                Schema::new(Type::String)
                    .optional()
                    .defaulting(Value::String("n/a \u{1F600}".into())),
            ),
            Field::new("amt", Schema::decimal(2).optional()),
            Field::new(
                "price",
                Schema::decimal(2)
                    .parameter("connect.decimal.precision", "10")
                    .defaulting(Value::Decimal(Decimal::new(-156, 2))),
            ),
            Field::new("d", Schema::date()),
            Field::new("t", Schema::time()),
            Field::new("ts", Schema::timestamp().optional()),
            Field::new("f", Schema::new(Type::Float32)),
            Field::new("b", Schema::new(Type::Bytes)),
            Field::new("ok", Schema::new(Type::Boolean)),
            Field::new("tags", Schema::array(Schema::new(Type::String).optional())),
            Field::new("m", Schema::map(Schema::new(Type::String), Schema::new(Type::Int64))),
            Field::new("e", Schema::map(Schema::new(Type::Int32), Schema::new(Type::String))),
            Field::new("before", Arc::clone(&opt_inner)),
            Field::new("after", Arc::clone(&opt_inner)),
            Field::new("p", Arc::clone(&inner)),
            Field::new(
                "anon",
                Schema::structure(vec![Field::new("z", Schema::new(Type::Boolean))]),
            ),
        ])
        .named("srv.public.t.Value")
        .versioned(1)
        .documented("a table"),
    );
    let anon = Arc::clone(&schema.fields()[18].schema);
    let value = Value::Struct(Struct {
        schema: Arc::clone(&schema),
        values: vec![
            Value::Int32(-1),
            Value::Int64(1 << 40),
            Value::Int16(300),
            Value::Null,
            Value::Decimal(Decimal::new(156, 2)),
            Value::Null,
            Value::Date(19_000 * MILLIS_PER_DAY),
            Value::Date(14_400_000),
            Value::Date(4_000_000_000),
            Value::Float32(12.34),
            Value::Bytes(vec![1, 2, 3]),
            Value::Boolean(true),
            Value::Array(vec![Value::String("a".into()), Value::Null]),
            Value::map(vec![(Value::String("k".into()), Value::Int64(7))]),
            Value::map(vec![(Value::Int32(2), Value::String("two".into()))]),
            Value::Null,
            a_point(&opt_inner),
            a_point(&inner),
            Value::Struct(Struct { schema: anon, values: vec![Value::Boolean(false)] }),
        ],
    });
    let (text, bytes) = (lines.next().expect("a schema"), lines.next().expect("bytes"));
    check(Some(&schema), &value, text, bytes);
}

#[test]
fn a_value_without_a_schema() {
    let mut lines = GOLDEN.lines().skip(2);
    let value = Value::map(vec![
        (Value::String("a".into()), Value::Int64(1)),
        (Value::String("b".into()), Value::Array(vec![Value::Float64(1.5), Value::Null])),
    ]);
    let (text, bytes) = (lines.next().expect("a schema"), lines.next().expect("bytes"));
    check(None, &value, text, bytes);
}

#[test]
fn a_schema_may_name_types_of_others() {
    let money =
        r#"{"type":"record","name":"Money","namespace":"s","fields":[{"name":"n","type":"long"}]}"#;
    let order = r#"{"type":"record","name":"Order","namespace":"s","fields":[{"name":"sum","type":"Money"},{"name":"tip","type":["null","s.Money"]}]}"#;
    let schema = AvroSchema::parse_with(&[money.to_owned()], order).unwrap();
    let data = AvroReader::new(schema).unwrap().read(&[6, 2, 8]).unwrap();
    let Value::Struct(order) = data.value else { panic!("no struct") };
    for (field, n) in [("sum", 3), ("tip", 4)] {
        let Some(Value::Struct(money)) = order.get(field) else { panic!("no {field}") };
        assert!(matches!(money.get("n"), Some(Value::Int64(found)) if *found == n), "{field}");
    }
    let alone = r#"{"type":"s.Money"}"#.parse::<AvroSchema>().unwrap_err().to_string();
    assert!(alone.contains("s.Money"), "{alone}");
}
