//! One row as a JSON object, and what its JSON does not say.

use std::ops::Range;

use cdc::{Cell, Event, Identity, Row};

use super::prepared::{Prepared, PreparedColumn, json_string};
use super::write::{Fit, Writer};
use super::{string, typed};
use crate::converter::ConvertError;

/// Which row of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

impl Side {
    /// What its columns' names begin with in the header `pgrelay.verbatim`.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Side::Before => "before.",
            Side::After => "after.",
        }
    }
}

/// A column whose JSON is not all of it.
#[derive(Debug)]
struct Verbatim {
    side: Side,
    column: usize,
    is: Is,
}

#[derive(Debug)]
enum Is {
    /// A text, and where it stands.
    Text(Range<usize>),
    Null,
    /// The source did not send it.
    NotSent,
}

/// Writes rows, with memory that is kept between them.
#[derive(Debug, Default)]
pub(super) struct RowWriter {
    writer: Writer,
    text: Vec<u8>,
    verbatim: Vec<Verbatim>,
    texts: Vec<u8>,
}

impl RowWriter {
    /// `loose`: whether a value without a form goes as its text.
    pub(super) fn new(loose: bool) -> Self {
        Self { writer: Writer::new(loose), ..Self::default() }
    }

    /// The next record begins.
    pub(super) fn begin(&mut self) {
        self.verbatim.clear();
        self.texts.clear();
    }

    pub(super) fn row(
        &mut self,
        schema: &Prepared,
        event: &Event,
        side: Side,
        row: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let Some(row) = row else {
            out.extend_from_slice(b"null");
            return Ok(());
        };
        if schema.columns.is_empty() {
            out.push(b'{');
        }
        let full = schema.schema.identity == Identity::Full;
        for (i, column) in schema.columns.iter().enumerate() {
            out.push(if i == 0 { b'{' } else { b',' });
            out.extend_from_slice(&column.name);
            match row.cell(i) {
                Cell::Null if side == Side::Before && !full => {
                    out.extend_from_slice(&column.not_sent)
                }
                Cell::Null => self.null(column, side, i, out),
                Cell::Unchanged => self.unchanged(column, side, i, out),
                cell => self.cell(schema, event, side, i, cell, out)?,
            }
        }
        out.push(b'}');
        Ok(())
    }

    /// A null in a column that may not be null now: it was allowed when the row was written.
    fn null(&mut self, column: &PreparedColumn, side: Side, i: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&column.null);
        if column.null != b"null" {
            self.verbatim.push(Verbatim { side, column: i, is: Is::Null });
        }
    }

    fn unchanged(&mut self, column: &PreparedColumn, side: Side, i: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&column.placeholder);
        if !column.tells_placeholder {
            self.verbatim.push(Verbatim { side, column: i, is: Is::NotSent });
        }
    }

    fn cell(
        &mut self,
        schema: &Prepared,
        event: &Event,
        side: Side,
        i: usize,
        cell: Cell<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let start = out.len();
        let fit = self.value(schema, event, i, cell, out)?;
        let column = &schema.columns[i];
        // What only looks like the placeholder must not be taken for it.
        let doubtful = column.tells_placeholder && out.get(start..) == Some(&*column.placeholder);
        if fit == Fit::Exact && !doubtful {
            return Ok(());
        }
        let at = self.texts.len();
        self.texts.extend_from_slice(match cell {
            Cell::Text(text) => text,
            _ => &self.text,
        });
        let is = Is::Text(at..self.texts.len());
        self.verbatim.push(Verbatim { side, column: i, is });
        Ok(())
    }

    /// One value of a key, after its name.
    pub(super) fn key(
        &mut self,
        schema: &Prepared,
        event: &Event,
        column: usize,
        cell: Cell<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        out.extend_from_slice(&schema.columns[column].name);
        match cell {
            Cell::Null | Cell::Unchanged => out.extend_from_slice(b"null"),
            cell => {
                self.value(schema, event, column, cell, out)?;
            }
        }
        Ok(())
    }

    fn value(
        &mut self,
        schema: &Prepared,
        event: &Event,
        i: usize,
        cell: Cell<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Fit, ConvertError> {
        let column = &schema.columns[i];
        let text = match cell {
            Cell::Text(text) => text,
            Cell::Typed(value) => {
                self.text.clear();
                typed::write_text(value, &mut self.text);
                &self.text
            }
            Cell::Null | Cell::Unchanged => return Ok(Fit::Unfit),
        };
        let pg = &schema.schema.columns[i].pg;
        let fit =
            self.writer.value(&column.form, &column.schema, pg, text, out).map_err(|byte| {
                ConvertError::NotUtf8 {
                    table: event.schema.table.clone(),
                    column: event.schema.columns[i].name.clone(),
                    position: event.position,
                    byte,
                }
            })?;
        if fit == Fit::Unfit {
            out.extend_from_slice(&column.unfit);
        }
        Ok(fit)
    }

    /// Whether the JSON written since [`RowWriter::begin`] says all.
    pub(super) fn is_exact(&self) -> bool {
        self.verbatim.is_empty()
    }

    /// The header's value: `{"after.note":"the text","after.total":null,"after.photo":false}`.
    pub(super) fn write_verbatim(
        &self,
        schema: &Prepared,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        for (i, Verbatim { side, column, is }) in self.verbatim.iter().enumerate() {
            out.push(if i == 0 { b'{' } else { b',' });
            let name = &schema.schema.columns[*column].name;
            out.extend(json_string(&format!("{}{name}", side.prefix())));
            out.push(b':');
            match is {
                // It was UTF-8 when the row was written.
                Is::Text(range) => {
                    string::write(&self.texts[range.clone()], out).unwrap_or_default();
                }
                Is::Null => out.extend_from_slice(b"null"),
                Is::NotSent => out.extend_from_slice(b"false"),
            }
        }
        out.push(b'}');
        Ok(())
    }
}
