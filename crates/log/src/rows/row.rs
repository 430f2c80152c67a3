//! One row in the parts of any format, and what the record does not say of it.

use std::ops::Range;

use cdc::{Cell, Event, Identity, Row, Schema};

use super::{PreparedColumn, typed};
use crate::converter::ConvertError;
use crate::debezium_json::{Json, json_string};
use crate::forms::{Fit, Put, Unformed, Writer};

/// Which row of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

impl Side {
    /// What its columns' names begin with in the header `pgrelay.verbatim`.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Side::Before => "before.",
            Side::After => "after.",
        }
    }
}

/// A column that is not all in the record.
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
#[derive(Debug)]
pub(crate) struct RowWriter<P> {
    writer: Writer<P>,
    text: Vec<u8>,
    verbatim: Vec<Verbatim>,
    texts: Vec<u8>,
}

impl<P: Put> RowWriter<P> {
    /// With `unformed`, a value without a form goes as its text.
    pub(crate) fn new(unformed: Option<Unformed>) -> Self {
        Self {
            writer: Writer::new(unformed),
            text: Vec::new(),
            verbatim: Vec::new(),
            texts: Vec::new(),
        }
    }

    /// The next record begins.
    pub(crate) fn begin(&mut self) {
        self.verbatim.clear();
        self.texts.clear();
    }

    /// Appends a row, or what stands for none.
    pub(crate) fn row(
        &mut self,
        columns: &[PreparedColumn],
        event: &Event,
        side: Side,
        row: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let Some(row) = row else {
            out.extend_from_slice(P::NO_ROW);
            return Ok(());
        };
        out.extend_from_slice(P::ROW);
        let full = event.schema.identity == Identity::Full;
        let first = out.len();
        for (i, column) in columns.iter().enumerate() {
            let start = name::<P>(column, first, out);
            match row.cell(i) {
                Cell::Null if side == Side::Before && !full => {
                    out.extend_from_slice(&column.not_sent)
                }
                Cell::Null => self.null(column, side, i, out),
                Cell::Unchanged => self.unchanged(column, side, i, out),
                cell => self.cell(column, event, side, i, cell, out)?,
            }
            leave_out::<P>(column, start, out);
        }
        out.extend_from_slice(P::ROW_END);
        Ok(())
    }

    /// A null in a column that may not be null now: it was allowed when the row was written.
    fn null(&mut self, column: &PreparedColumn, side: Side, i: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&column.null);
        if !column.tells_null {
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
        column: &PreparedColumn,
        event: &Event,
        side: Side,
        i: usize,
        cell: Cell<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let start = out.len();
        let fit = self.value(column, event, i, cell, out)?;
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

    /// Appends the key of a row, with what it does not have from `older`.
    pub(crate) fn key(
        &mut self,
        columns: &[PreparedColumn],
        event: &Event,
        row: &Row,
        older: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        out.extend_from_slice(P::KEY);
        let first = out.len();
        for &i in event.schema.record_key() {
            let column = &columns[i];
            let start = name::<P>(column, first, out);
            let cell = match (row.cell(i), older) {
                (Cell::Unchanged, Some(older)) => older.cell(i),
                (cell, _) => cell,
            };
            match cell {
                Cell::Unchanged => {
                    return Err(ConvertError::KeyNotSent {
                        table: event.schema.table.clone(),
                        column: event.schema.columns[i].name.clone(),
                        position: event.position,
                    });
                }
                // A column that the identity does not send, as Debezium's `message.key.columns` may name one.
                Cell::Null => out.extend_from_slice(&column.not_sent),
                cell => {
                    self.value(column, event, i, cell, out)?;
                }
            }
            leave_out::<P>(column, start, out);
        }
        out.extend_from_slice(P::ROW_END);
        Ok(())
    }

    fn value(
        &mut self,
        column: &PreparedColumn,
        event: &Event,
        i: usize,
        cell: Cell<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Fit, ConvertError> {
        let text = match cell {
            Cell::Text(text) => text,
            Cell::Typed(value) => {
                self.text.clear();
                typed::write_text(value, &mut self.text);
                &self.text
            }
            Cell::Null | Cell::Unchanged => return Ok(Fit::Unfit),
        };
        let pg = &event.schema.columns[i].pg;
        let start = out.len();
        out.extend_from_slice(column.some);
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
            out.truncate(start);
            out.extend_from_slice(&column.unfit);
        }
        Ok(fit)
    }

    /// Whether the rows written since [`RowWriter::begin`] say all.
    pub(crate) fn is_exact(&self) -> bool {
        self.verbatim.is_empty()
    }

    /// The header's value: `{"after.note":"the text","after.total":null,"after.photo":false}`.
    pub(crate) fn write_verbatim(
        &self,
        schema: &Schema,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        for (i, Verbatim { side, column, is }) in self.verbatim.iter().enumerate() {
            out.push(if i == 0 { b'{' } else { b',' });
            let name = &schema.columns[*column].name;
            out.extend(json_string(&format!("{}{name}", side.prefix())));
            out.push(b':');
            match is {
                // It was UTF-8 when the row was written.
                Is::Text(range) => {
                    Json::string(&self.texts[range.clone()], out).unwrap_or_default();
                }
                Is::Null => out.extend_from_slice(b"null"),
                Is::NotSent => out.extend_from_slice(b"false"),
            }
        }
        out.push(b'}');
        Ok(())
    }
}

/// Appends a column's name behind what is there since `first`, and says where it begins.
fn name<P: Put>(column: &PreparedColumn, first: usize, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    if start > first {
        out.extend_from_slice(P::NEXT);
    }
    out.extend_from_slice(&column.name);
    start
}

/// Takes back the name of a column whose value the format leaves out.
fn leave_out<P: Put>(column: &PreparedColumn, start: usize, out: &mut Vec<u8>) {
    if !P::ABSENT.is_empty() && out.ends_with(P::ABSENT) {
        debug_assert!(out.len() > start + column.name.len());
        out.truncate(start);
    }
}
