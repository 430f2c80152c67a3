//! Columns of every kind, each with texts that PostgreSQL prints for it.

use cdc::{Kind, Special};
use proptest::prelude::*;

use super::PLACEHOLDER;

/// A column's type and modifier, and a few values of it.
type Texts = (Kind, i32, Vec<String>);

const STRING: &str = "(\\PC|[\"\\\\\\x01\\n{}, ]){0,12}|NULL|__debezium_unavailable_value";
const INFINITE: &[&str] = &["infinity", "-infinity"];

fn printed(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut text = Vec::new();
    write(&mut text);
    String::from_utf8(text).unwrap()
}

fn kind(
    kind: Kind,
    typmod: i32,
    texts: impl Strategy<Value = String> + 'static,
) -> BoxedStrategy<Texts> {
    let texts = proptest::collection::vec(texts, 1..4);
    texts.prop_map(move |texts| (kind.clone(), typmod, texts)).boxed()
}

fn or(
    texts: impl Strategy<Value = String> + 'static,
    special: &'static [&'static str],
) -> BoxedStrategy<String> {
    let special = proptest::sample::select(special).prop_map(String::from);
    prop_oneof![4 => texts, 1 => special].boxed()
}

fn date() -> impl Strategy<Value = String> {
    (-200_000i32..2_145_042_905).prop_map(|days| printed(|out| cdc::text::Date(days).write(out)))
}

fn moment(zoned: bool, unit: i64) -> impl Strategy<Value = String> {
    (i64::MIN / unit..i64::MAX / unit).prop_map(move |n| {
        let at = cdc::text::Timestamp::from_unix_micros(n * unit);
        printed(|out| if zoned { at.write_zoned(out) } else { at.write(out) })
    })
}

fn time(unit: i64) -> impl Strategy<Value = String> {
    (0..=86_400_000_000 / unit)
        .prop_map(move |n| printed(|out| assert!(cdc::text::write_time(n * unit, out))))
}

fn bytea() -> impl Strategy<Value = String> {
    let placeholder = Just(PLACEHOLDER.as_bytes().to_vec());
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..20), placeholder]
        .prop_map(|bytes| printed(|out| cdc::text::bytea::write(&bytes, out)))
}

fn number() -> impl Strategy<Value = Texts> {
    prop_oneof![
        kind(Kind::Bool, -1, "[tf]"),
        kind(Kind::Int2, -1, any::<i16>().prop_map(|n| n.to_string())),
        kind(Kind::Int4, -1, any::<i32>().prop_map(|n| n.to_string())),
        kind(Kind::Int8, -1, any::<i64>().prop_map(|n| n.to_string())),
        kind(
            Kind::Float8,
            -1,
            or("-?[1-9]\\.?[0-9]{1,9}(e[+-][1-9][0-9])?", &["NaN", "Infinity", "-Infinity", "-0"])
        ),
        kind(
            Kind::Numeric,
            -1,
            or("-?[1-9][0-9]{0,60}(\\.[0-9]{1,30})?", &["NaN", "Infinity", "-Infinity", "0.00"])
        ),
        kind(
            Kind::Numeric,
            (40 << 16 | 3) + 4,
            or("-?[1-9][0-9]{0,36}\\.[0-9]{3}", &["NaN", "0.000", "Infinity"])
        ),
        kind(Kind::Numeric, (3 << 16 | (-2 & 0x7FF)) + 4, or("[1-9][0-9]{0,2}00", &["0"])),
    ]
}

fn other() -> impl Strategy<Value = Texts> {
    prop_oneof![
        kind(Kind::Text, -1, STRING),
        kind(Kind::Enum, -1, STRING),
        kind(Kind::Other, -1, STRING),
        kind(Kind::Jsonb, -1, or(STRING, &["null", "{\"a\": [1, \"b\"]}"])),
        kind(
            Kind::Uuid,
            -1,
            or(
                "[0-9a-f]{8}-[0-9a-f]{4}-4abc-8abc-[0-9a-f]{12}",
                &["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]
            )
        ),
        kind(Kind::Bytea, -1, bytea()),
        kind(Kind::Date, -1, or(date(), INFINITE)),
        kind(Kind::Time, -1, time(1)),
        kind(Kind::Time, 2, time(10_000)),
        kind(Kind::Timestamp, -1, or(moment(false, 1), INFINITE)),
        kind(Kind::Timestamp, 3, or(moment(false, 1_000), INFINITE)),
        kind(Kind::Timestamptz, -1, or(moment(true, 1), INFINITE)),
        special(),
    ]
}

fn special() -> BoxedStrategy<Texts> {
    let fixed = |special: Special, typmod, texts: &'static [&'static str]| {
        let texts = proptest::sample::select(texts).prop_map(String::from);
        kind(Kind::Special(special), typmod, texts)
    };
    prop_oneof![
        fixed(Special::Bit, 1, &["0", "1"]),
        kind(Kind::Special(Special::Bit), 11, "[01]{11}"),
        kind(Kind::Special(Special::Varbit), -1, "[01]{0,20}"),
        fixed(Special::Money, -1, &["$1,234.50", "-$0.05", "1.234,50 €", "¥1,234"]),
        kind(Kind::Special(Special::Oid), -1, any::<u32>().prop_map(|n| n.to_string())),
        fixed(Special::Timetz, -1, &["04:05:06.78-08", "24:00:00+00", "00:00:00+05:30"]),
        fixed(
            Special::Interval,
            -1,
            &["1 year 2 mons -3 days +04:05:06.789", "00:00:00", "-1 days", "1 day -00:00:01"]
        ),
        fixed(Special::Point, -1, &["(1,2)", "(1e+20,-0.5)", "(NaN,Infinity)"]),
        fixed(Special::Line, -1, &["{1,2,3}"]),
        fixed(Special::Circle, -1, &["<(1,2),3>"]),
        fixed(Special::Box, -1, &["(1,1),(0,0)"]),
        fixed(Special::Path, -1, &["((0,0),(1,1))", "[(0,0),(1,1)]"]),
        fixed(Special::Polygon, -1, &["((0,0),(1,1),(1,0))"]),
        fixed(
            Special::Hstore,
            -1,
            &["", "\"a\"=>\"1\", \"b\"=>NULL", "\"b\"=>\"q\\\"\", \"aa\"=>\"x\""]
        ),
        fixed(Special::Geometry, -1, &["0101000020E6100000000000000000F03F0000000000000040"]),
        fixed(Special::Vector, -1, &["[1,2.5,-3e-10]"]),
        fixed(Special::Halfvec, -1, &["[1,2.5]"]),
        fixed(Special::Sparsevec, -1, &["{1:0.5,3:2}/5", "{}/5"]),
        fixed(Special::Word, -1, &["10.0.0.1/8", "[1,5)"]),
    ]
    .boxed()
}

fn scalar() -> impl Strategy<Value = Texts> {
    prop_oneof![2 => number(), 3 => other()]
}

/// A column, and a value of it as its type prints it.
pub(super) fn printed_column() -> impl Strategy<Value = (Kind, i32, String)> {
    scalar().prop_map(|(kind, typmod, texts)| (kind, typmod, texts[0].clone()))
}

/// A column, and a value of it.
pub(super) fn column() -> impl Strategy<Value = (Kind, i32, String)> {
    prop_oneof![
        3 => scalar().prop_map(|(kind, typmod, texts)| (kind, typmod, texts[0].clone())),
        1 => (scalar(), any::<bool>()).prop_map(|((kind, typmod, texts), null)| {
            let mut text = Vec::new();
            let items = texts.iter().map(|text| Some(text.as_bytes()));
            cdc::text::array::write(items.chain(null.then_some(None)), b',', &mut text);
            (Kind::Array(Box::new(kind)), typmod, String::from_utf8(text).unwrap())
        }),
        // What Debezium writes for an array that was not sent, as the value itself.
        1 => proptest::sample::select(vec![
            (Kind::Text, "{__debezium_unavailable_value}"),
            (Kind::Uuid, "{b68a35a7-17ad-35b3-af2a-ae46edb4545a}"),
            (Kind::Int4, "{95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,108,117,101}"),
            (Kind::Int4, "{{1,2},{3,4}}"),
            (Kind::Text, "[0:1]={a,b}"),
        ]).prop_map(|(kind, text)| (Kind::Array(Box::new(kind)), -1, text.to_owned())),
        // A text that the column's type never prints, as a careless transform might put there.
        1 => (scalar(), "[a-z0-9_:. -]{0,12}|__debezium_unavailable_value").prop_filter("has one spelling", |((kind, _, _), _)| {
            *kind != Kind::Timestamptz
        }).prop_map(|((kind, typmod, _), text)| (kind, typmod, text)),
    ]
}
