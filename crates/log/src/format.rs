//! The formats of the parts of a record: the closed lists of what a pipeline file may name.

use connect_data::json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::converter::AnyConverter;

/// The formats a pipeline file may name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Debezium's envelope as Connect's JsonConverter writes it with `schemas.enable=false`.
    #[default]
    DebeziumJson,
    /// The same with `schemas.enable=true`: each record has its schema beside its payload.
    DebeziumJsonSchemas,
    /// What Confluent's AvroConverter writes: Debezium's envelope, or, read from `topics`, a row; needs
    /// `schema_registry`.
    Avro,
    /// The row after the change, without an envelope, as Debezium's ExtractNewRecordState leaves it and JsonConverter
    /// writes it with `schemas.enable=false`. A delete is null, a truncate has no record. Read from `topics`.
    Json,
    /// The same with `schemas.enable=true`.
    JsonSchemas,
    /// What Connect's StringConverter makes of a key, or of a row: `Struct{id=1,name=x}`. Read from `topics` as a key
    /// only.
    String,
    /// Bytes. Only a key that is read from `topics`.
    Bytes,
}

impl Format {
    /// The word in the pipeline file.
    pub const fn word(self) -> &'static str {
        match self {
            Format::DebeziumJson => "debezium_json",
            Format::DebeziumJsonSchemas => "debezium_json_schemas",
            Format::Avro => "avro",
            Format::Json => "json",
            Format::JsonSchemas => "json_schemas",
            Format::String => "string",
            Format::Bytes => "bytes",
        }
    }

    /// Whether a capture half writes it.
    pub const fn is_written(self) -> bool {
        !matches!(self, Format::Bytes)
    }

    /// Whether the values a capture half writes are envelopes, which say all of a change.
    pub const fn is_enveloped(self) -> bool {
        matches!(self, Format::DebeziumJson | Format::DebeziumJsonSchemas | Format::Avro)
    }

    /// Whether it is JSON.
    pub const fn is_json(self) -> bool {
        matches!(
            self,
            Format::DebeziumJson | Format::DebeziumJsonSchemas | Format::Json | Format::JsonSchemas
        )
    }

    /// Whether keys look alike in both.
    pub(crate) fn has_keys_of(self, other: Format) -> bool {
        let alike = |format| match format {
            Format::Json => Format::DebeziumJson,
            Format::JsonSchemas => Format::DebeziumJsonSchemas,
            format => format,
        };
        alike(self) == alike(other)
    }

    /// The converter of this format. `tombstones`: whether a delete is followed by one.
    pub fn converter(self, topic_prefix: &str, tombstones: bool) -> AnyConverter {
        AnyConverter::of(Formats::new(self, self), topic_prefix, tombstones)
    }
}

/// How a change of key writes the row's other key into a header, as Connect's `header.converter` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeaderFormat {
    /// Connect's default, SimpleHeaderConverter: `{"id":1,"at":2024-01-02}`. It looks like JSON, and is where no key has
    /// Connect's own decimals and times, or line ends in its texts.
    #[default]
    Simple,
    /// JsonConverter with `schemas.enable=false`.
    Json,
    /// The same with `schemas.enable=true`.
    JsonSchemas,
    /// StringConverter: `Struct{id=1}`.
    String,
}

impl HeaderFormat {
    /// Whether it is JSON.
    pub const fn is_json(self) -> bool {
        matches!(self, HeaderFormat::Json | HeaderFormat::JsonSchemas)
    }

    /// Whether it is written as keys of this format are.
    pub(crate) fn is_of_keys(self, keys: Format) -> bool {
        match self {
            HeaderFormat::Simple => false,
            HeaderFormat::Json => keys.has_keys_of(Format::Json),
            HeaderFormat::JsonSchemas => keys.has_keys_of(Format::JsonSchemas),
            HeaderFormat::String => keys == Format::String,
        }
    }
}

/// What Connect's own decimal numbers look like in JSON: JsonConverter's `decimal.format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecimalFormat {
    /// The bytes of the number without its point, in base64.
    #[default]
    Base64,
    /// A JSON number with all of its digits, in Java's spelling: `12.30`, `1E-10`.
    Numeric,
}

/// The format of each part of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Formats {
    pub(crate) key: Format,
    pub(crate) value: Format,
    pub(crate) header: HeaderFormat,
    pub(crate) decimals: DecimalFormat,
}

impl Formats {
    /// Those of keys and values, and Connect's defaults for all else.
    pub(crate) fn new(key: Format, value: Format) -> Self {
        Self { key, value, header: HeaderFormat::default(), decimals: DecimalFormat::default() }
    }

    /// How the parts that are JSON are written.
    pub(crate) fn json(self, schemas_enable: bool) -> json::JsonSettings {
        let decimal_format = match self.decimals {
            DecimalFormat::Base64 => json::DecimalFormat::Base64,
            DecimalFormat::Numeric => json::DecimalFormat::Numeric,
        };
        json::JsonSettings { schemas_enable, decimal_format, ..json::JsonSettings::default() }
    }
}
