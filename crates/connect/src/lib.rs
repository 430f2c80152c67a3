//! Kafka Connect's data model and its converters, for records that other connectors wrote or will read.
//!
//! A [`Schema`] says what a [`Value`] may be; [`Data`] is both together, or a value without a schema. A converter turns
//! that into a record's bytes and back, byte for byte and error for error as Kafka Connect's converter of the same name.
//! Nothing here reads a file or talks to a server.

pub mod avro;
mod calendar;
mod decimal;
mod digits;
mod error;
pub mod header;
mod java;
pub mod json;
mod primitive;
mod schema;
pub mod string;
mod validate;
mod value;

pub use decimal::Decimal;
pub use error::{ConnectError, Result};
pub use primitive::PrimitiveConverter;
pub use schema::{DATE, DECIMAL, Field, Logical, SCALE, Schema, TIME, TIMESTAMP, Type};
pub use value::{Data, Struct, Value};
