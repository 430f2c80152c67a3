//! The converters of plain types.

use connect_data::{Data, PrimitiveConverter as Converter, Schema, Type, Value};

#[test]
fn plain_values_are_read_back() {
    let cases: [(Converter, Type, Value, &[u8]); 7] = [
        (Converter::ByteArray, Type::Bytes, Value::Bytes(vec![1, 2]), &[1, 2]),
        (Converter::Boolean, Type::Boolean, Value::Boolean(true), &[1]),
        (Converter::Short, Type::Int16, Value::Int16(-2), &[0xff, 0xfe]),
        (Converter::Integer, Type::Int32, Value::Int32(258), &[0, 0, 1, 2]),
        (Converter::Long, Type::Int64, Value::Int64(1), &[0, 0, 0, 0, 0, 0, 0, 1]),
        (Converter::Float, Type::Float32, Value::Float32(1.0), &[0x3f, 0x80, 0, 0]),
        (Converter::Double, Type::Float64, Value::Float64(1.0), &[0x3f, 0xf0, 0, 0, 0, 0, 0, 0]),
    ];
    for (converter, kind, value, bytes) in cases {
        let schema = Schema::new(kind).optional();
        let mut out = Vec::new();
        assert_eq!(converter.write(Some(&schema), &value, &mut out), Ok(true));
        assert_eq!(out, bytes, "{converter:?}");
        assert_eq!(converter.read(Some(bytes)), Ok(Data::new(schema.clone(), value)));
        assert_eq!(converter.read(None), Ok(Data::new(schema, Value::Null)));
        assert_eq!(converter.write(None, &Value::Null, &mut out), Ok(false));
    }
}

#[test]
fn other_values_are_refused_in_kafka_connects_words() {
    let text = Value::String("x".to_owned());
    let refused = |converter: Converter, schema: Option<&Schema>| {
        converter.write(schema, &text, &mut Vec::new()).expect_err("a refusal").to_string()
    };
    assert_eq!(
        refused(Converter::ByteArray, Some(&Schema::new(Type::String))),
        "Invalid schema type for ByteArrayConverter: STRING"
    );
    assert_eq!(
        refused(Converter::Boolean, None),
        "BooleanConverter is not compatible with objects of type class java.lang.String"
    );
    assert_eq!(
        refused(Converter::Long, None),
        "Failed to serialize to long (was class java.lang.String): "
    );
    let short = Converter::Integer.read(Some(&[1])).expect_err("a refusal");
    assert_eq!(short.to_string(), "Failed to deserialize integer: ");
}
