//! The table that a record is of: its fingerprint chooses the kind of the column `v`. And the way back: what was read is
//! made events of, and written again.

use std::sync::Arc;

use cdc::{Batch, Checkpoint, Column, Identity, Kind, Lsn, PgType, Progress, Schema, TableName};
use pgrelay_log::{AnyConverter, Converter, ReadRecord, Records, Stamp, fold};

const KINDS: [Kind; 18] = [
    Kind::Text,
    Kind::Bool,
    Kind::Int2,
    Kind::Int4,
    Kind::Int8,
    Kind::Float4,
    Kind::Float8,
    Kind::Numeric,
    Kind::Bytea,
    Kind::Date,
    Kind::Time,
    Kind::Timestamp,
    Kind::Timestamptz,
    Kind::Json,
    Kind::Jsonb,
    Kind::Uuid,
    Kind::Enum,
    Kind::Other,
];

pub(crate) fn schema(fingerprint: u64, identity: Identity) -> Arc<Schema> {
    let column = |name: &str, typmod, kind, optional| Column {
        name: name.into(),
        pg: PgType { typmod, ..PgType::new(0, "t", kind) },
        optional,
        masked: false,
        missing: None,
        default: None,
        source_type: None,
    };
    // Each kind as it is, and as the element of an array; numbers with a scale and without one, times likewise.
    let count = KINDS.len() as u64;
    let kind = KINDS[(fingerprint % count) as usize].clone();
    let kind = if fingerprint / count % 2 == 1 { Kind::Array(Box::new(kind)) } else { kind };
    let typmod = match (fingerprint / count / 2 % 2, &kind) {
        (0, _) => -1,
        (_, Kind::Numeric) => (10 << 16 | 2) + 4,
        _ => 3,
    };
    let columns = vec![column("id", -1, Kind::Int8, false), column("v", typmod, kind, true)];
    Arc::new(Schema::new(TableName::new("public", "t"), columns, vec![0], identity))
}

/// Reads a record, makes events of it, and writes these again.
pub(crate) fn there_and_back(
    converter: &mut AnyConverter,
    schema: Arc<Schema>,
    (stamp, verbatim, value): (Stamp, Option<&[u8]>, &[u8]),
) {
    let end = Progress::After { end_lsn: Lsn::new(1) };
    converter.begin(&Batch::progress(Checkpoint::new(end)), 0);
    let Ok(piece) = converter.decode(value, verbatim, &schema) else { return };
    let record = ReadRecord { stamp, schema, piece };
    let second = ReadRecord { stamp: stamp.part(2), ..record.clone() };
    for records in [vec![record.clone()], vec![record, second]] {
        let Ok(events) = fold(records) else { continue };
        let mut written = Records::default();
        for event in &events {
            let _ = converter.encode(event, &mut written);
        }
    }
}

/// A line that is the header `pgrelay.position`, a line that is the header `pgrelay.verbatim` or empty, and the value.
pub(crate) fn parts(bytes: &[u8]) -> (&[u8], Option<&[u8]>, &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (stamp, verbatim, value) = (part(), part(), part());
    (stamp, (!verbatim.is_empty()).then_some(verbatim), value)
}
