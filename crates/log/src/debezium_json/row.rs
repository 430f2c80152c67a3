//! One row as a JSON object, and which of its values only look like the placeholder.

use cdc::{Cell, Event, Row};

use super::prepared::{Prepared, json_string};
use super::typed;
use super::write::{self, Scratch};
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

/// Writes rows, with memory that is kept between them.
#[derive(Debug, Default)]
pub(super) struct RowWriter {
    scratch: Scratch,
    text: Vec<u8>,
    /// The values of this record that are real although they look like the placeholder.
    pub(super) verbatim: Vec<(Side, usize)>,
}

impl RowWriter {
    /// The next record begins.
    pub(super) fn begin(&mut self) {
        self.verbatim.clear();
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
        for (i, column) in schema.columns.iter().enumerate() {
            out.push(if i == 0 { b'{' } else { b',' });
            match row.cell(i) {
                Cell::Null if side == Side::Before => {
                    out.extend_from_slice(&column.name);
                    out.extend_from_slice(column.not_sent);
                }
                Cell::Unchanged => {
                    out.extend_from_slice(&column.name);
                    out.extend_from_slice(column.placeholder);
                }
                cell => {
                    let start = out.len() + column.name.len();
                    self.named(schema, event, i, cell, out)?;
                    if out.get(start..) == Some(column.placeholder) {
                        self.verbatim.push((side, i));
                    }
                }
            }
        }
        out.push(b'}');
        Ok(())
    }

    /// `"name":value`
    pub(super) fn named(
        &mut self,
        schema: &Prepared,
        event: &Event,
        column: usize,
        cell: Cell<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let pg = &schema.schema.columns[column].pg;
        out.extend_from_slice(&schema.columns[column].name);
        let text = match cell {
            Cell::Text(text) => text,
            Cell::Typed(value) => {
                self.text.clear();
                typed::write_text(value, &mut self.text);
                &self.text
            }
            Cell::Null | Cell::Unchanged => {
                out.extend_from_slice(b"null");
                return Ok(());
            }
        };
        write::value(&pg.kind, pg, text, &mut self.scratch, out).map_err(|byte| {
            ConvertError::NotUtf8 {
                table: event.schema.table.clone(),
                column: event.schema.columns[column].name.clone(),
                position: event.position,
                byte,
            }
        })
    }

    /// The header's value: `["after.note"]`.
    pub(super) fn write_verbatim(
        &self,
        schema: &Prepared,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        for (i, (side, column)) in self.verbatim.iter().enumerate() {
            out.push(if i == 0 { b'[' } else { b',' });
            let name = &schema.schema.columns[*column].name;
            out.extend(json_string(&format!("{}{name}", side.prefix())));
        }
        out.push(b']');
        Ok(())
    }
}
