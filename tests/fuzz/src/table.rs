//! The table that a record is of: its fingerprint chooses the kind of the column `v`.

use std::sync::Arc;

use cdc::{Column, Identity, Kind, PgType, Schema, TableName};

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
