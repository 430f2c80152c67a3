//! How Debezium writes a TOAST value that the source did not send, for each kind of column.

use cdc::{Kind, PgType};

/// Debezium's `unavailable.value.placeholder`.
pub(super) const TEXT: &[u8] = br#""__debezium_unavailable_value""#;
const BASE64: &[u8] = br#""X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==""#;
const TEXT_ARRAY: &[u8] = br#"["__debezium_unavailable_value"]"#;
const BASE64_ARRAY: &[u8] = br#"["X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="]"#;
const NUMBER_ARRAY: &[u8] = b"[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,108,117,101]";
/// Java's `UUID.nameUUIDFromBytes` of the placeholder.
const UUID_ARRAY: &[u8] = br#"["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]"#;

/// The JSON that stands for an unsent value of this kind.
pub(super) fn of(kind: &Kind) -> &'static [u8] {
    match kind {
        Kind::Bytea => BASE64,
        Kind::Array(element) => match **element {
            Kind::Text | Kind::Json | Kind::Jsonb | Kind::Enum | Kind::Other => TEXT_ARRAY,
            Kind::Bytea => BASE64_ARRAY,
            Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Date => NUMBER_ARRAY,
            Kind::Uuid => UUID_ARRAY,
            _ => TEXT,
        },
        _ => TEXT,
    }
}

/// What Debezium writes for a column that may not be null and that the replica identity did not send.
pub(super) fn fallback(pg: &PgType) -> &'static [u8] {
    match &pg.kind {
        Kind::Bool => b"false",
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Date | Kind::Time | Kind::Timestamp => b"0",
        Kind::Float4 | Kind::Float8 => b"0.0",
        Kind::Numeric if pg.precision_and_scale().is_some() => br#""AA==""#,
        Kind::Numeric => br#"{"scale":0,"value":"AA=="}"#,
        Kind::Timestamptz => br#""1970-01-01T00:00:00Z""#,
        Kind::Array(_) => b"[]",
        Kind::Text
        | Kind::Json
        | Kind::Jsonb
        | Kind::Bytea
        | Kind::Uuid
        | Kind::Enum
        | Kind::Other => br#""""#,
    }
}
