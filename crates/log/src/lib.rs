//! Kafka as a Sink and as a Source, and the wire formats of its records.

mod converter;
mod debezium_json;
mod fold;
pub mod murmur2;
mod records;
#[cfg(test)]
mod round_trip;
mod stamp;

pub use converter::{AnyConverter, ConvertError, Converter, Foreign, Format, Piece};
pub use debezium_json::DebeziumJson;
pub use fold::{FoldError, ReadRecord, fold};
pub use records::{OtherKey, RecordRef, Records, VERBATIM_HEADER};
pub use stamp::{STAMP_HEADER, Stamp};
