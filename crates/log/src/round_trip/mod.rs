//! What goes into a record comes out of it: every kind of value, every change, and garbage.

mod avro;
mod headers;
mod rows;
mod values;

use std::sync::Arc;

use bytes::Bytes;
use cdc::{
    Adjustment, Batch, BinaryMode, Change, Checkpoint, Column, DecimalMode, Event, HstoreMode,
    Identity, IntervalMode, Kind, Lsn, Modes, Order, Origin, PgType, Position, Progress, Row,
    RowBuilder, Schema, SnapshotRow, SourceId, TableName, TimeMode, Transaction,
};
use proptest::prelude::*;

use self::values::column;
use crate::fold::{ReadRecord, fold};
use crate::format::{DecimalFormat, Formats};
use crate::{AnyConverter, Converter, Format, HeaderFormat, Records, Stamp};

const PLACEHOLDER: &str = "__debezium_unavailable_value";

/// What a cell is: the text, null, or not sent.
#[derive(Clone, Copy, Debug)]
enum Sent {
    Text,
    Null,
    Unchanged,
}

fn row(cells: &[(Kind, i32, String)], id: &str, sent: &[Sent]) -> Row {
    let mut frame = id.as_bytes().to_vec();
    let mut builder = RowBuilder::with_capacity(cells.len() + 1);
    builder.text(0, frame.len() as u32);
    for ((_, _, text), sent) in cells.iter().zip(sent) {
        match sent {
            Sent::Text => {
                builder.text(frame.len() as u32, text.len() as u32);
                frame.extend_from_slice(text.as_bytes());
            }
            Sent::Null => builder.null(),
            Sent::Unchanged => builder.unchanged(),
        }
    }
    builder.build(Bytes::from(frame))
}

fn modes() -> impl Strategy<Value = Modes> {
    let times = [
        TimeMode::Adaptive,
        TimeMode::AdaptiveTimeMicroseconds,
        TimeMode::Connect,
        TimeMode::Isostring,
        TimeMode::Microseconds,
        TimeMode::Nanoseconds,
        TimeMode::Structured,
    ];
    let decimals = [DecimalMode::Precise, DecimalMode::String, DecimalMode::Double];
    let binaries =
        [BinaryMode::Bytes, BinaryMode::Base64, BinaryMode::Base64UrlSafe, BinaryMode::Hex];
    let select = proptest::sample::select::<TimeMode>;
    let chosen = (
        select(times.to_vec()),
        proptest::sample::select(decimals.to_vec()),
        proptest::sample::select(binaries.to_vec()),
        any::<[bool; 3]>(),
    );
    let chosen = chosen.prop_map(|(time, decimal, binary, [interval, hstore, unknown])| Modes {
        time,
        decimal,
        binary,
        interval: if interval { IntervalMode::String } else { IntervalMode::Numeric },
        hstore: if hstore { HstoreMode::Map } else { HstoreMode::Json },
        unknown,
        field_names: if hstore { Adjustment::AvroUnicode } else { Adjustment::None },
        schema_names: if unknown { Adjustment::Avro } else { Adjustment::None },
        ..Modes::default()
    });
    prop_oneof![Just(Modes::default()), chosen]
}

fn event() -> impl Strategy<Value = Event> {
    event_of(column())
}

fn event_of(
    column: impl Strategy<Value = (Kind, i32, String)> + 'static,
) -> impl Strategy<Value = Event> {
    let sent =
        prop_oneof![6 => Just(Sent::Text), 1 => Just(Sent::Null), 1 => Just(Sent::Unchanged)];
    let columns = proptest::collection::vec((column, sent, any::<bool>()), 0..6);
    let numbers = any::<(u32, u32, bool)>();
    (columns, 0..7u8, any::<bool>(), any::<i32>(), numbers, modes()).prop_map(
        |(columns, change, full, id, (commit, xid, snapshot), modes)| {
            let cells: Vec<_> = columns.iter().map(|(cell, _, _)| cell.clone()).collect();
            let sent: Vec<_> = columns.iter().map(|(_, sent, _)| *sent).collect();
            let mut schema = vec![Column {
                name: "id".into(),
                pg: PgType::new(23, "integer", Kind::Int4),
                optional: false,
                masked: false,
                missing: None,
                default: None,
                source_type: None,
            }];
            for (i, ((kind, typmod, _), _, optional)) in columns.iter().enumerate() {
                schema.push(Column {
                    name: format!("c \"{i}\\").into(),
                    pg: PgType { typmod: *typmod, ..PgType::new(1, "t", kind.clone()) },
                    optional: *optional,
                    masked: false,
                    missing: None,
                    default: None,
                    source_type: None,
                });
            }
            let identity = if full { Identity::Full } else { Identity::Default };
            let table = TableName::new("public", "odd \"name");
            let all = vec![Sent::Text; cells.len()];
            let old = if full { all.clone() } else { vec![Sent::Null; cells.len()] };
            let id = id.to_string();
            let same = row(&cells, &id, &sent);
            let change = match change {
                0 => Change::Insert { after: row(&cells, &id, &all) },
                1 => Change::Read { after: row(&cells, &id, &all) },
                2 => Change::Update { before: None, after: same },
                3 => Change::Update { before: Some(row(&cells, &id, &old)), after: same },
                4 => Change::Update { before: Some(row(&cells, "x", &old)), after: same },
                5 => Change::Delete { before: row(&cells, &id, &old) },
                _ => Change::Truncate { cascade: snapshot, restart_identity: full },
            };
            let commit_lsn = Lsn::new(u64::from(commit) << 8);
            let mut schema = Schema::new(table, schema, vec![0], identity);
            schema.placeholder = snapshot.then(|| "?\u{e9}".into());
            Event {
                schema: Arc::new(schema.with_modes(modes)),
                change,
                position: Position { commit_lsn, seq: u64::from(xid) },
                lsn: Lsn::new(u64::from(commit)),
                transaction: Arc::new(Transaction {
                    xid,
                    commit_lsn,
                    commit_micros: i64::from(xid) * 1_000_003,
                    previous_commit_lsn: full.then(|| Lsn::new(u64::from(commit))),
                    snapshot: snapshot.then(|| SnapshotRow::ALL[xid as usize % 5]),
                    origin: full
                        .then(|| Origin { name: format!("o\"{xid}").into(), lsn: commit_lsn }),
                    xmin: None,
                }),
                order: (xid % 2 == 0).then(|| Order { total: u64::from(xid), in_table: 1 }),
            }
        },
    )
}

fn converter() -> AnyConverter {
    converter_of(Format::DebeziumJson)
}

fn converter_of(format: Format) -> AnyConverter {
    begun(format.converter("shop", true))
}

fn begun(mut converter: AnyConverter) -> AnyConverter {
    let mut batch = Batch::progress(Checkpoint::new(Progress::After { end_lsn: Lsn::new(1) }));
    batch.checkpoint.source = Some(Arc::new(SourceId {
        system_identifier: "7".into(),
        database: "sh\"op".into(),
        slot: "s".into(),
        timeline: Some(1),
    }));
    converter.begin(&batch, 1_700_000_000_123_456);
    converter
}

fn decoded(
    converter: &mut AnyConverter,
    records: &Records,
    schema: &Arc<Schema>,
) -> Result<Vec<ReadRecord>, crate::ConvertError> {
    let with_value = records.iter().filter(|record| record.value.is_some());
    with_value
        .map(|record| {
            Ok(ReadRecord {
                stamp: Stamp::read(record.stamp).unwrap(),
                schema: Arc::clone(schema),
                piece: converter.decode(record.value.unwrap(), record.verbatim, schema)?,
            })
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn an_event_reads_back_from_its_records(
        event in event(), schemas in any::<bool>(), numeric in any::<bool>()
    ) {
        let format = if schemas { Format::DebeziumJsonSchemas } else { Format::DebeziumJson };
        let decimals = if numeric { DecimalFormat::Numeric } else { DecimalFormat::Base64 };
        let formats = Formats { decimals, ..Formats::new(format, format) };
        let mut converter = begun(AnyConverter::of(formats, "shop", true));
        let mut records = Records::default();
        converter.encode(&event, &mut records).unwrap();
        for record in records.iter() {
            for json in [record.key, record.value, record.verbatim].into_iter().flatten() {
                serde_json::from_slice::<serde_json::Value>(json).unwrap();
            }
            if schemas {
                let mut connect = connect_data::json::JsonConverter::default();
                for json in [record.key, record.value].into_iter().flatten() {
                    connect.read(Some(json)).unwrap();
                }
            }
        }
        let read = fold(decoded(&mut converter, &records, &event.schema).unwrap()).unwrap();
        prop_assert_eq!(read, vec![event]);
    }

    #[test]
    fn no_bytes_make_reading_panic(
        event in event(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()
    ) {
        let mut converter = converter();
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

#[test]
fn a_malformed_value_is_named_by_place_and_not_by_content() {
    let mut converter = converter();
    let column = Column {
        name: "secret".into(),
        pg: PgType::new(20, "bigint", Kind::Int8),
        optional: true,
        masked: false,
        missing: None,
        default: None,
        source_type: None,
    };
    let schema =
        Schema::new(TableName::new("public", "t"), vec![column], vec![], Identity::Default);
    let value = br#"{"before":null,"after":{"secret":[1234]},"source":{},"op":"c"}"#;
    let error = converter.decode(value, None, &schema.clone().into()).unwrap_err().to_string();
    assert!(error.contains("byte 33") && error.contains("secret"), "{error}");
    assert!(!error.contains("1234"), "{error}");
    let cut = converter.decode(&value[..30], None, &schema.clone().into()).unwrap_err().to_string();
    assert!(cut.contains("not JSON"), "{cut}");
}

/// A change of key with an unsent value in it.
fn a_move() -> Event {
    let column = |name: &str, kind, optional| Column {
        name: name.into(),
        pg: PgType::new(0, "t", kind),
        optional,
        masked: false,
        missing: None,
        default: None,
        source_type: None,
    };
    let columns = vec![
        column("id", Kind::Int4, false),
        column("name", Kind::Text, false),
        column("note", Kind::Text, true),
    ];
    let schema =
        Arc::new(Schema::new(TableName::new("public", "t"), columns, vec![0], Identity::Default));
    let (mut before, mut after) = (Row::nulls(3), Row::nulls(3));
    before.set_text(0, "1");
    after.set_text(0, "2");
    after.set_text(1, "new\0\"");
    after.set_unchanged(2);
    Event {
        schema,
        change: Change::Update { before: Some(before), after },
        position: Position { commit_lsn: Lsn::new(0x2A), seq: 3 },
        lsn: Lsn::new(41),
        transaction: Arc::new(Transaction {
            xid: 9,
            commit_lsn: Lsn::new(0x2A),
            commit_micros: 1_600_000_000_000_001,
            previous_commit_lsn: Some(Lsn::new(40)),
            snapshot: None,
            origin: None,
            xmin: None,
        }),
        order: None,
    }
}

#[test]
fn the_records_are_debeziums() {
    let mut event = a_move();
    Arc::make_mut(&mut event.transaction).xmin = Some(4_000_000_000);
    let mut records = Records::default();
    converter().encode(&event, &mut records).unwrap();
    let records: Vec<_> = records.iter().collect();
    let text =
        |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap();
    let source = concat!(
        r#""source":{"version":""#,
        env!("CARGO_PKG_VERSION"),
        r#"","connector":"postgresql","name":"shop","ts_ms":1600000000000,"snapshot":"false","db":"sh\"op","#,
        r#""sequence":"[\"40\",\"41\"]","ts_us":1600000000000001,"ts_ns":1600000000000001000,"#,
        r#""schema":"public","table":"t","txId":9,"lsn":41,"xmin":4000000000,"origin":null,"origin_lsn":null},"#,
        r#""transaction":null,"op":""#
    );
    let times = r#"","ts_ms":1700000000123,"ts_us":1700000000123456,"ts_ns":1700000000123456000}"#;
    assert_eq!(
        text(records[0].value),
        format!(r#"{{"before":{{"id":1,"name":"","note":null}},"after":null,{source}d{times}"#)
    );
    assert_eq!(records[1].value, None);
    assert_eq!(
        text(records[2].value),
        format!(
            r#"{{"before":null,"after":{{"id":2,"name":"new\u0000\"","note":"{PLACEHOLDER}"}},{source}c{times}"#
        )
    );
    let keys: Vec<_> = records.iter().map(|record| text(record.key)).collect();
    assert_eq!(keys, [r#"{"id":1}"#, r#"{"id":1}"#, r#"{"id":2}"#]);
    let others: Vec<_> = records
        .iter()
        .map(|record| record.other_key.map(|(which, key)| (which.header(), text(Some(key)))))
        .collect();
    let other = |name, key: &str| Some((name, key.to_owned()));
    assert_eq!(
        others,
        [
            other("__debezium.newkey", r#"{"id":2}"#),
            other("__debezium.newkey", r#"{"id":2}"#),
            other("__debezium.oldkey", r#"{"id":1}"#)
        ]
    );
    assert_eq!(text(Some(records[2].stamp)).rsplit_once(':').unwrap().0, "0/2A:3:2");
}
