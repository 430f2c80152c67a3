//! What is left to do for each event of one table version, once every name is a place.

use std::sync::Arc;

use cdc::{Cell, Change, Event, Finding, Flow, Op, Row, Schema, TransformError};

use crate::mask::Masker;

/// One thing done to an event. Places are those the acts before it left.
#[derive(Debug)]
pub(crate) enum Act {
    /// Masks a column in every row.
    Mask {
        /// The column.
        column: usize,
        /// How.
        masker: Masker,
        /// Step, table and column, for a finding.
        place: String,
    },
    /// Takes a column out of every row.
    Remove {
        /// The column.
        column: usize,
    },
    /// Ends the events of these operations.
    End {
        /// The operations.
        ops: Ops,
    },
    /// Ends updates that leave the row as it was, of which the whole was sent.
    EndUnchanged,
}

/// A set of operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ops(u8);

impl Ops {
    pub(crate) const ALL: Self = Self(0b1_1111);

    pub(crate) fn of(ops: impl IntoIterator<Item = Op>) -> Self {
        Self(ops.into_iter().fold(0, |set, op| set | Self::bit(op)))
    }

    const fn bit(op: Op) -> u8 {
        match op {
            Op::Create => 1,
            Op::Update => 1 << 1,
            Op::Delete => 1 << 2,
            Op::Read => 1 << 3,
            Op::Truncate => 1 << 4,
        }
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn has(self, op: Op) -> bool {
        self.0 & Self::bit(op) != 0
    }
}

/// The acts for one table version, what comes in and what goes out.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) input: Arc<Schema>,
    pub(crate) output: Arc<Schema>,
    pub(crate) acts: Vec<Act>,
}

impl Plan {
    /// Runs the acts on an event of the table version they were made for. After an error the event has no
    /// values left: whoever sets it aside cannot leak what was not masked yet.
    pub(crate) fn run(&self, event: &mut Event) -> Result<Flow, TransformError> {
        let ran = self.acts(event);
        if ran.is_err() {
            event.change.rows_mut().for_each(|row| *row = Row::nulls(self.output.columns.len()));
        }
        if let Ok(Flow::Keep) | Err(_) = ran {
            event.schema = self.output.clone();
        }
        ran
    }

    fn acts(&self, event: &mut Event) -> Result<Flow, TransformError> {
        let columns = self.input.columns.len();
        if event.change.rows_mut().any(|row| row.len() != columns) {
            return Err(self.misshapen(event));
        }
        for act in &self.acts {
            match act {
                Act::Mask { column, masker, place } => {
                    let covered =
                        event.change.rows_mut().try_for_each(|row| masker.cover(row, *column));
                    covered.map_err(|_| unfit(place, event))?;
                }
                Act::Remove { column } => {
                    event.change.rows_mut().for_each(|row| row.remove(*column));
                }
                Act::End { ops } if ops.has(event.change.op()) => return Ok(Flow::Drop),
                Act::EndUnchanged if leaves_all(&event.change) => return Ok(Flow::Drop),
                Act::End { .. } | Act::EndUnchanged => {}
            }
        }
        Ok(Flow::Keep)
    }

    fn misshapen(&self, event: &Event) -> TransformError {
        let finding = Finding::failed(
            "transform_row_shape",
            format!("transforms, table {}, at {}", self.input.table, event.position.commit_lsn),
            format!(
                "a row has not the {} cells its table has columns: which of them to mask is not known",
                self.input.columns.len()
            ),
        );
        TransformError(Box::new(finding.remedy("start the pipeline again: it reads the change again from where the sink stands; if it stays, report it with the table's definition")))
    }
}

/// Whether an update leaves every value as it was. A value that was not sent has not changed.
fn leaves_all(change: &Change) -> bool {
    let Change::Update { before: Some(before), after } = change else { return false };
    before.cells().zip(after.cells()).all(|cells| match cells {
        (_, Cell::Unchanged) | (Cell::Null, Cell::Null) => true,
        (Cell::Text(before), Cell::Text(after)) => before == after,
        _ => false,
    })
}

fn unfit(place: &str, event: &Event) -> TransformError {
    let finding = Finding::failed(
        "transform_cell_unfit",
        format!("{place}, at {}", event.position.commit_lsn),
        "the record has a value here that is no text: this mask cannot cover it",
    );
    TransformError(Box::new(finding.remedy("mask this column `with: null` or `with: fixed`")))
}
