//! Kafka as a Sink and as a Source, and the wire formats of its records.
//!
//! The log stands between the two halves of a pipeline. [`LogSink`] ends the half that captures: a batch becomes
//! one Kafka transaction of records, a [`Cut`] and the checkpoint. [`LogSource`] begins the half that applies: cut
//! by cut it gives the same batches back, in their order, across topics and partitions. A [`Converter`] knows what
//! an event is as bytes; nothing else here does.
//!
//! Read in this order: `cut`, `stamp` and `topics` say what lies in Kafka; `sink` and `producer` write it; `source`,
//! `reader`, `gap`, `lane`, `decoder` and `fold` read it; `debezium_json`, `avro` and `string` are the
//! formats, made of `forms` and `rows`, which `changes` makes records of; `registrar` asks a schema registry.
//!
//! It refuses a broker without transactions unless the file says so, a checkpoint topic that is not compacted, a
//! log that is not the one the target was fed from, and records among a batch that somebody else wrote. Errors name
//! topic, partition and offset, and never a value.

mod acl;
mod admin;
mod avro;
mod changes;
mod check;
mod client;
mod compression;
mod config;
mod converter;
mod cut;
mod debezium_json;
mod decoder;
mod delivery;
mod envelope;
mod error;
mod fold;
mod foreign;
mod forget;
mod format;
mod forms;
mod gap;
mod hand;
mod hand_over;
mod headers;
mod lane;
pub mod murmur2;
mod names;
mod notes;
mod offsets;
mod pause;
mod producer;
mod reader;
mod records;
mod registrar;
#[cfg(test)]
mod round_trip;
mod rows;
mod scan;
mod sink;
mod source;
mod stamp;
mod string;
mod tables;
mod takeover;
mod targets;
pub mod topics;

pub use acl::commands as acl_commands;
pub use avro::{Avro, SchemaIds};
pub use check::check;
pub use client::owned_option;
pub use compression::Compression;
pub use config::{
    Brokers, Delivery, Kafka, LogSettings, OptionValue, SchemaRegistry, SubjectNames, Takeover,
    TopicPattern, WrittenWith,
};
pub use converter::{AnyConverter, ConvertError, Converter, Piece};
pub use cut::{Cut, Places};
pub use error::LogError;
pub use fold::{FoldError, ReadRecord, fold};
pub use foreign::{
    check_dead_letters, check_topic_patterns, check_topics, reads_topic, topic_ends,
};
pub use forget::forget;
pub use format::{DecimalFormat, Format, HeaderFormat};
pub use hand_over::hand_over;
pub use names::SchemaError;
pub use records::{OtherKey, RecordRef, Records, VERBATIM_HEADER};
pub use rows::placeholder::word as placeholder_word;
pub use sink::LogSink;
pub use source::{LogEnd, LogSource};
pub use stamp::{STAMP_HEADER, Stamp};
