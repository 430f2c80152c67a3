//! Rows in records, as every format has them: which value stands for what was not sent, and what a record does not say.

mod column;
mod frames;
pub(crate) mod placeholder;
mod row;
mod typed;
mod verbatim;

pub(crate) use column::PreparedColumn;
pub(crate) use frames::Frames;
pub(crate) use row::{RowWriter, Side};
pub(crate) use verbatim::{Is, Verbatim};
