//! Kafka as a Sink and as a Source, and the wire formats of its records.

mod acl;
mod admin;
mod check;
mod client;
mod config;
mod converter;
mod cut;
mod debezium_json;
mod decoder;
mod error;
mod fold;
mod forget;
mod lane;
pub mod murmur2;
mod offsets;
mod producer;
mod reader;
mod records;
#[cfg(test)]
mod round_trip;
mod scan;
mod sink;
mod source;
mod stamp;
pub mod topics;

pub use acl::commands as acl_commands;
pub use check::check;
pub use config::{Brokers, Compression, Delivery, Kafka, LogSettings, OptionValue};
pub use converter::{AnyConverter, ConvertError, Converter, Foreign, Format, Piece};
pub use cut::{Cut, Places};
pub use debezium_json::DebeziumJson;
pub use error::LogError;
pub use fold::{FoldError, ReadRecord, fold};
pub use forget::forget;
pub use records::{OtherKey, RecordRef, Records, VERBATIM_HEADER};
pub use sink::LogSink;
pub use source::{LogEnd, LogSource};
pub use stamp::{STAMP_HEADER, Stamp};
