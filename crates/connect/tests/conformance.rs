//! The converters against what Kafka Connect's own made of the same values: every vector of `CONFORMANCE_DIR`, or of the
//! copy kept here, which alone must hold all kinds. Vectors of kinds that are not this crate's are counted and passed over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use connect_data::json::{DecimalFormat, JsonConverter, JsonSettings};
use connect_data::{ConnectError, Data, Schema, Type, Value, header, string};
use serde_json::Value as Json;

/// What this crate answers for.
const KINDS: [&str; 5] =
    ["json_to_bytes", "json_from_bytes", "string_format", "header_parse", "header_format"];

/// What comes of the vectors, by kind.
#[derive(Debug, Default)]
struct Tally {
    checked: BTreeMap<String, usize>,
    passed_over: BTreeMap<String, usize>,
    failures: Vec<String>,
}

#[test]
fn converters_do_as_kafka_connects_do() {
    let tally = tally(&vectors(&folder()));
    println!("checked {:?}, passed over {:?}", tally.checked, tally.passed_over);
    let failures = &tally.failures;
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    if folder() == own_folder() {
        for kind in KINDS {
            assert!(tally.checked.contains_key(kind), "no vector of kind {kind}");
        }
    }
}

/// Checks every vector.
fn tally(vectors: &[Json]) -> Tally {
    let mut tally = Tally::default();
    for vector in vectors {
        let kind = vector["kind"].as_str().unwrap_or("none").to_owned();
        match check(&kind, vector) {
            None => *tally.passed_over.entry(kind).or_default() += 1,
            Some(checked) => {
                if let Err(reason) = checked {
                    tally.failures.push(format!("{}: {reason}", vector["id"]));
                }
                *tally.checked.entry(kind).or_default() += 1;
            }
        }
    }
    tally
}

/// How a vector fared; `None` for a kind this crate does not answer for.
fn check(kind: &str, vector: &Json) -> Option<Result<(), String>> {
    Some(match kind {
        "json_to_bytes" => json_to_bytes(vector),
        "json_from_bytes" => json_from_bytes(vector),
        "string_format" => formatted(vector, string::write),
        "header_format" => formatted(vector, header::write),
        "header_parse" => header_parse(vector),
        _ => return None,
    })
}

/// The copy kept here.
fn own_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn folder() -> PathBuf {
    std::env::var_os("CONFORMANCE_DIR").map_or_else(own_folder, PathBuf::from)
}

fn vectors(folder: &Path) -> Vec<Json> {
    let mut vectors = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder of vectors") {
        let path = entry.expect("an entry of the folder").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read(&path).expect("a file of vectors");
            let file: Vec<Json> = serde_json::from_slice(&text).expect("an array of vectors");
            vectors.extend(file);
        }
    }
    vectors
}

/// What JsonConverter writes with schemas, as it stands.
fn decode(data: &Json) -> Data {
    if data.is_null() {
        return Data::null();
    }
    let settings = JsonSettings { replace_null_with_default: false, ..JsonSettings::default() };
    let bytes = serde_json::to_vec(data).expect("JSON");
    JsonConverter::new(settings).read(Some(&bytes)).expect("a vector's data")
}

fn encode(data: &Data) -> Json {
    let settings = JsonSettings { replace_null_with_default: false, ..JsonSettings::default() };
    let mut out = Vec::new();
    match JsonConverter::new(settings).write(data.schema.as_ref(), &data.value, &mut out) {
        Ok(true) => serde_json::from_slice(&out).expect("JSON"),
        Ok(false) => Json::Null,
        Err(_) => {
            let mut text = Vec::new();
            string::write(&data.value, &mut text);
            let class = data.value.java_class().trim_start_matches("class ");
            serde_json::json!({
                "unserializable": String::from_utf8_lossy(&text), "java_class": class
            })
        }
    }
}

/// The converter's settings; an error says which one this crate does not take.
fn settings(vector: &Json) -> Result<JsonSettings, String> {
    let mut settings = JsonSettings::default();
    for (name, value) in vector["config"].as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match name.as_str() {
            "schemas.enable" => settings.schemas_enable = value.eq_ignore_ascii_case("true"),
            "replace.null.with.default" => {
                settings.replace_null_with_default = value.eq_ignore_ascii_case("true");
            }
            "decimal.format" => {
                let format = value.parse::<DecimalFormat>();
                settings.decimal_format = format.map_err(|_| format!("{name}={value}"))?;
            }
            "schemas.cache.size" | "converter.type" => {}
            _ => return Err(format!("a setting nobody knows: {name}={value}")),
        }
    }
    Ok(settings)
}

/// A converter that cannot be configured is what a vector with an error may be about.
fn expect_refused(vector: &Json, reason: String) -> Result<(), String> {
    if vector["error"].is_null() { Err(reason) } else { Ok(()) }
}

fn expect_text(vector: &Json, written: bool, out: Vec<u8>) -> Result<(), String> {
    let found = written.then(|| String::from_utf8(out).expect("text"));
    let expected = vector["bytes_utf8"].as_str().map(str::to_owned);
    if found == expected { Ok(()) } else { Err(format!("{found:?}, not {expected:?}")) }
}

fn expect_error(vector: &Json, error: &ConnectError) -> Result<(), String> {
    let expected = &vector["error"];
    let found = serde_json::json!({ "class": error.class(), "message": error.to_string() });
    if expected["class"] == found["class"] && expected["message"] == found["message"] {
        Ok(())
    } else {
        Err(format!("{found}, not {expected}"))
    }
}

fn json_to_bytes(vector: &Json) -> Result<(), String> {
    let settings = match settings(vector) {
        Ok(settings) => settings,
        Err(reason) => return expect_refused(vector, reason),
    };
    let data = decode(&vector["data"]);
    let mut out = Vec::new();
    match JsonConverter::new(settings).write(data.schema.as_ref(), &data.value, &mut out) {
        Ok(written) => expect_text(vector, written, out),
        Err(error) => expect_error(vector, &error),
    }
}

fn json_from_bytes(vector: &Json) -> Result<(), String> {
    let mut converter = match settings(vector) {
        Ok(settings) => JsonConverter::new(settings),
        Err(reason) => return expect_refused(vector, reason),
    };
    let data = match converter.read(vector["bytes_utf8"].as_str().map(str::as_bytes)) {
        Ok(data) => data,
        Err(error) => return expect_error(vector, &error),
    };
    if vector.get("error").is_some() {
        return Err(format!("{data:?}, not {}", vector["error"]));
    }
    expect_class(vector, &data.value)?;
    expect_data(vector, &data)
}

fn expect_class(vector: &Json, value: &Value) -> Result<(), String> {
    let Some(expected) = vector["java_class"].as_str() else { return Ok(()) };
    let found = value.java_class().trim_start_matches("class ");
    // A map keeps its order here, whichever class it has there.
    let map = matches!(value, Value::Map(_)) && expected.ends_with("HashMap");
    if map || found == expected { Ok(()) } else { Err(format!("{found}, not {expected}")) }
}

fn expect_data(vector: &Json, data: &Data) -> Result<(), String> {
    let (found, expected) = (encode(data), &vector["result"]);
    if let (Some(text), Some(other)) = (found.get("unserializable"), expected.get("unserializable"))
    {
        return if text == other { Ok(()) } else { Err(format!("{text}, not {other}")) };
    }
    // Numbers of 64 bits that are whole are written with and without a point.
    if same(&found, expected) { Ok(()) } else { Err(format!("{found}, not {expected}")) }
}

fn same(found: &Json, expected: &Json) -> bool {
    match (found, expected) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => found == expected,
    }
}

fn formatted(vector: &Json, write: fn(&Value, &mut Vec<u8>) -> bool) -> Result<(), String> {
    let data = decode(&vector["data"]);
    let mut out = Vec::new();
    let written = write(&data.value, &mut out);
    expect_text(vector, written, out)
}

fn header_parse(vector: &Json) -> Result<(), String> {
    let data = header::read(vector["text"].as_str().map(str::as_bytes));
    if vector["result_null_object"] == Json::Bool(true) {
        let null = data == Data::null();
        return if null { Ok(()) } else { Err(format!("{data:?}, not null")) };
    }
    let schema = data.schema.as_deref().map(label);
    if schema.as_deref() != vector["schema"].as_str() {
        return Err(format!("{schema:?}, not {}", vector["schema"]));
    }
    expect_data(vector, &data)
}

/// The type and the name, as the vectors print a schema.
fn label(schema: &Schema) -> String {
    match (&schema.kind, &schema.name) {
        (kind @ Type::Array(_), None) => kind.to_string(),
        (kind, None) => kind.to_string(),
        (kind, Some(name)) => format!("{kind}:{name}"),
    }
}

#[test]
fn kinds_of_others_and_settings_refused_are_no_panic() {
    let of = |vector: Json| tally(&[vector]);
    let other = of(serde_json::json!({ "kind": "transform", "id": "t" }));
    assert_eq!((other.passed_over.len(), other.checked.len(), other.failures.len()), (1, 0, 0));
    for config in [r#"{"decimal.format":"HEX"}"#, r#"{"no.such.key":1}"#] {
        let config: Json = serde_json::from_str(config).expect("JSON");
        for kind in ["json_to_bytes", "json_from_bytes"] {
            let refused = of(serde_json::json!({
                "kind": kind, "id": "r", "config": config, "error": { "class": "x" }
            }));
            assert!(refused.failures.is_empty(), "{refused:?}");
            let wrong = of(serde_json::json!({ "kind": kind, "id": "w", "config": config }));
            assert_eq!(wrong.failures.len(), 1, "{wrong:?}");
        }
    }
}

/// Further texts and what the original reads in them, found by comparing some sixty thousand.
#[test]
fn odd_json_is_read_as_there() {
    let cases = [
        (r#"{"schema":{"type":"float"},"payload":-0.0}"#, Ok(Value::Float32(0.0))),
        (r#"{"schema":{"type":"int32"},"payload":1.9}"#, Ok(Value::Int32(1))),
        (r#"{"schema":{"type":"int64"},"payload":1e400}"#, Ok(Value::Int64(0))),
        (r#"{"schema":{"type":"bytes"},"payload":"Q UI="}"#, Err("Invalid bytes field")),
        (
            r#"{"schema":{"type":"array","items":{"type":"int8"}},"payload":{"a":1}}"#,
            Ok(Value::Array(vec![Value::Int8(1)])),
        ),
        (
            r#"{"schema":{"type":"struct","fields":[{"type":"string","field":"a"}]},"payload":{"a":1}}"#,
            Err("Invalid value: null used for required field: \"a\", schema type: STRING"),
        ),
        (
            r#"{"schema":{"type":"map","keys":{"type":"int8"},"values":{"type":"int8"}},"payload":[[1]]}"#,
            Err("Found invalid map entry, expected length 2 but found :1"),
        ),
        (
            r#"{"schema":{"type":"int32","name":"org.apache.kafka.connect.data.Time"},"payload":86400001}"#,
            Err(
                "Time values must use number of milliseconds greater than 0 and less than 86400000",
            ),
        ),
    ];
    for (text, expected) in cases {
        let found = JsonConverter::default().read(Some(text.as_bytes()));
        let found = found.map(|data| data.value).map_err(|error| error.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{text}");
    }
}

/// The same of headers.
#[test]
fn odd_headers_are_read_as_there() {
    let cases = [
        ("[1,null]", "[1,null]", "STRING"),
        ("[1, 1.5, 70000]", "[1.0,1.5,70000.0]", "ARRAY"),
        ("{\"a\":1 \"b\":2}", "{\"a\":1,\"b\":2}", "MAP"),
        ("{a:1}", "{a:1}", "STRING"),
        ("2024--1-02", "2023-11-02", "INT32:org.apache.kafka.connect.data.Date"),
        ("2024-1-2ab", "2024-01-02", "INT32:org.apache.kafka.connect.data.Date"),
        ("25:61:61.999Z", "1970-01-02T02:02:01.999Z", "INT32:org.apache.kafka.connect.data.Time"),
        ("1e40", "1.0E40", "FLOAT64"),
        ("1e400", "1E+400", "BYTES:org.apache.kafka.connect.data.Decimal"),
        ("[70000,2024-01-02]", "[2161-08-27,2024-01-02]", "ARRAY"),
        ("true}", "true}", "STRING"),
    ];
    for (text, expected, schema) in cases {
        let data = header::parse_string(text);
        let mut out = Vec::new();
        header::write(&data.value, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected, "{text}");
        assert_eq!(data.schema.as_deref().map(label).as_deref(), Some(schema), "{text}");
    }
}
