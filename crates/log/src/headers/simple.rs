//! Keys as Connect's SimpleHeaderConverter writes them: `{"id":1,"name":"x","at":2024-01-02}`.

use cdc::{Event, Row};
use connect_data::{Decimal, Schema, Value, header};

use crate::converter::ConvertError;
use crate::debezium_json::Json;
use crate::envelope;
use crate::forms::{Fit, Put, Unformed, Width};
use crate::names::{Names, SchemaError, adjust};
use crate::rows::{PreparedColumn, RowWriter};
use crate::tables::Tables;

/// Writes such keys.
#[derive(Debug)]
pub(crate) struct Simple {
    prefix: String,
    in_avro: bool,
    tables: Tables<Vec<PreparedColumn>>,
    rows: RowWriter<HeaderText>,
}

impl Simple {
    pub(super) fn new(topic_prefix: &str, in_avro: bool) -> Self {
        Self {
            prefix: topic_prefix.to_owned(),
            in_avro,
            tables: Tables::default(),
            rows: RowWriter::new(Some(unformed as Unformed)),
        }
    }

    /// Appends the key of `row`, with what it does not have from `older`.
    pub(super) fn key(
        &mut self,
        event: &Event,
        row: &Row,
        older: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let (schema, in_avro) = (&event.schema, self.in_avro);
        let names = Names::of_header(&schema.modes, in_avro);
        let columns = self.tables.get(schema, || columns(schema, &self.prefix, names))?;
        self.rows.key(&columns, event, row, older, out)
    }
}

fn columns(
    schema: &cdc::Schema,
    prefix: &str,
    names: Names,
) -> Result<Vec<PreparedColumn>, SchemaError> {
    let adjusted = adjust(&envelope::schemas(prefix, schema), names, &schema.table)?;
    let columns = schema.columns.iter().zip(envelope::row_fields(&adjusted));
    let prepared = columns.map(|(column, field)| {
        let mut name = Vec::new();
        header::put_quoted(&field, &mut name);
        name.push(b':');
        PreparedColumn::new::<HeaderText>(schema, column, name, true)
    });
    Ok(prepared.collect())
}

/// What has no form goes as its text.
fn unformed(_alphabet: bool, text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    HeaderText::string(text, out)
}

/// What Java's `Values.convertToString` gives for what is inside a struct. It is JSON but for decimals, times, and texts,
/// in which quotes and backslashes alone are escaped.
#[derive(Debug)]
struct HeaderText;

impl Put for HeaderText {
    const NO_ROW: &'static [u8] = Json::NO_ROW;
    const ROW: &'static [u8] = Json::ROW;
    const KEY: &'static [u8] = Json::KEY;
    const NEXT: &'static [u8] = Json::NEXT;
    const ROW_END: &'static [u8] = Json::ROW_END;

    fn optional(default: bool) -> (&'static [u8], &'static [u8]) {
        Json::optional(default)
    }

    fn boolean(value: bool, out: &mut Vec<u8>) {
        Json::boolean(value, out);
    }

    fn integer(number: i64, out: &mut Vec<u8>) {
        Json::integer(number, out);
    }

    fn digits(width: Width, text: &[u8], out: &mut Vec<u8>) -> Fit {
        Json::digits(width, text, out)
    }

    fn float(single: bool, text: &[u8], out: &mut Vec<u8>) -> Fit {
        let Ok(text) = std::str::from_utf8(text) else { return Fit::Unfit };
        let value = match single {
            true => text.parse().map(Value::Float32),
            false => text.parse().map(Value::Float64),
        };
        let Ok(value) = value else { return Fit::Unfit };
        header::write_within(&value, out);
        Fit::Exact
    }

    fn string(text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
        let text = std::str::from_utf8(text).map_err(|error| error.valid_up_to())?;
        header::put_quoted(text, out);
        Ok(())
    }

    fn plain_string(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        Json::plain_string(out, write);
    }

    fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
        Json::bytes(bytes, out);
    }

    fn decimal(scale: i32, unscaled: &[u8], out: &mut Vec<u8>) {
        if let Some(number) = Decimal::from_be_bytes(unscaled, scale) {
            header::write_within(&Value::Decimal(number), out);
        }
    }

    fn date(_number: i64, millis: i64, out: &mut Vec<u8>) {
        header::write_within(&Value::Date(millis), out);
    }

    fn scaled(scale: i32, unscaled: &[u8], out: &mut Vec<u8>) {
        Json::scaled(scale, unscaled, out);
    }

    fn array(items: usize, out: &mut Vec<u8>) {
        Json::array(items, out);
    }

    fn item(number: usize, optional: bool, null: bool, out: &mut Vec<u8>) {
        Json::item(number, optional, null, out);
    }

    fn array_end(items: usize, out: &mut Vec<u8>) {
        Json::array_end(items, out);
    }

    fn value(_schema: &Schema, value: &Value, out: &mut Vec<u8>) -> bool {
        header::write_within(value, out);
        true
    }
}
