//! Rows in JSON, whose decimal numbers are numbers or not.

use cdc::{Column, Event, Row, Schema};
use connect_data::json::{DecimalFormat, JsonSettings};

use super::put::JsonWith;
use super::{Json, unformed};
use crate::converter::ConvertError;
use crate::forms::Unformed;
use crate::rows::{PreparedColumn, RowWriter, Side};

/// Writes rows.
#[derive(Debug)]
pub(super) enum Rows {
    Base64(RowWriter<Json>),
    Numeric(RowWriter<JsonWith<true>>),
}

/// A column for such rows.
pub(super) fn prepared_column(
    settings: JsonSettings,
    schema: &Schema,
    column: &Column,
    name: Vec<u8>,
) -> PreparedColumn {
    let loose = !settings.schemas_enable;
    match settings.decimal_format {
        DecimalFormat::Base64 => PreparedColumn::new::<Json>(schema, column, name, loose),
        DecimalFormat::Numeric => {
            PreparedColumn::new::<JsonWith<true>>(schema, column, name, loose)
        }
    }
}

impl Rows {
    pub(super) fn new(settings: JsonSettings) -> Self {
        let unformed = (!settings.schemas_enable).then_some(unformed as Unformed);
        match settings.decimal_format {
            DecimalFormat::Base64 => Rows::Base64(RowWriter::new(unformed)),
            DecimalFormat::Numeric => Rows::Numeric(RowWriter::new(unformed)),
        }
    }

    /// The next record begins.
    pub(super) fn begin(&mut self) {
        match self {
            Rows::Base64(rows) => rows.begin(),
            Rows::Numeric(rows) => rows.begin(),
        }
    }

    /// Appends a row, or what stands for none.
    pub(super) fn row(
        &mut self,
        columns: &[PreparedColumn],
        event: &Event,
        side: Side,
        row: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        match self {
            Rows::Base64(rows) => rows.row(columns, event, side, row, out),
            Rows::Numeric(rows) => rows.row(columns, event, side, row, out),
        }
    }

    /// Appends the key of a row, with what it does not have from `older`.
    pub(super) fn key(
        &mut self,
        columns: &[PreparedColumn],
        event: &Event,
        row: &Row,
        older: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        match self {
            Rows::Base64(rows) => rows.key(columns, event, row, older, out),
            Rows::Numeric(rows) => rows.key(columns, event, row, older, out),
        }
    }

    /// Whether the rows of the record say all.
    pub(super) fn is_exact(&self) -> bool {
        match self {
            Rows::Base64(rows) => rows.is_exact(),
            Rows::Numeric(rows) => rows.is_exact(),
        }
    }

    /// Appends what they do not say.
    pub(super) fn write_verbatim(
        &self,
        schema: &Schema,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        match self {
            Rows::Base64(rows) => rows.write_verbatim(schema, out),
            Rows::Numeric(rows) => rows.write_verbatim(schema, out),
        }
    }
}
