//! The key in a header: what Connect's converter of headers makes of it, which is one of its own.
//!
//! Its names are those of the keys, also where Avro has to allow them. Nobody reads it back here: that it is there says which half of a change of key a record is.

mod simple;

use cdc::{Event, Row};

use self::simple::Simple;
use crate::changes::Encode;
use crate::converter::ConvertError;
use crate::debezium_json::DebeziumJson;
use crate::format::{Format, Formats, HeaderFormat};
use crate::string::Strings;

/// Writes keys into headers.
#[derive(Debug)]
pub(crate) enum Headers {
    /// As they are in the records.
    AsKeys,
    Simple(Box<Simple>),
    Json(Box<DebeziumJson>),
    String(Box<Strings>),
}

impl Headers {
    pub(crate) fn of(formats: Formats, prefix: &str) -> Self {
        let in_avro = formats.key == Format::Avro;
        let json = |schemas| {
            let json = DebeziumJson::of_rows(prefix, formats.json(schemas));
            Headers::Json(Box::new(json.with_names(in_avro)))
        };
        match formats.header {
            header if header.is_of_keys(formats.key) => Headers::AsKeys,
            HeaderFormat::Simple => Headers::Simple(Box::new(Simple::new(prefix, in_avro))),
            HeaderFormat::Json => json(false),
            HeaderFormat::JsonSchemas => json(true),
            HeaderFormat::String => {
                Headers::String(Box::new(Strings::new(prefix).with_names(in_avro)))
            }
        }
    }

    /// Appends the key of `row`; false, and nothing, where that is the key itself.
    pub(crate) fn key(
        &mut self,
        event: &Event,
        row: &Row,
        older: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<bool, ConvertError> {
        match self {
            Headers::AsKeys => return Ok(false),
            Headers::Simple(simple) => simple.key(event, row, older, out)?,
            Headers::Json(json) => json.key(event, row, older, out)?,
            // A key's header need not tell rows apart.
            Headers::String(strings) => strings.any_key(event, row, older, out)?,
        }
        Ok(true)
    }
}
