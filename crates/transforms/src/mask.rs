//! `mask: { columns: [public.customers.email], with: hmac, key: { env: SHOP_MASK_KEY } }`: hides values.
//!
//! | `with` | a value becomes | takes |
//! |---|---|---|
//! | `null` | null | |
//! | `fixed` | `value` | `value` |
//! | `partial` | its first and last characters, `char` for each of the others | `keep_first`, `keep_last`, `char` |
//! | `hmac` | the HMAC-SHA256 of its text under `key`, inside `template` | `key`, `template`, `length`, `domain` |
//!
//! Null stays null, and a TOAST value that was not sent stays not sent. Old rows, new rows and keys are masked
//! alike. `hmac` makes equal values equal masks, in all columns and tables under one key and `domain`, so a join
//! over them still finds the same rows; it is what PostgreSQL's `encode(hmac(value, key, 'sha256'), 'hex')` says.
//! A column that holds less gets as much of the hash as fits; for a join between columns of different lengths,
//! `length` makes the masks of both equally long. The mask of a uuid is a uuid.
//!
//! It refuses, before the first row: a column that is not there; any mask but `hmac` on a column of the key, as
//! rows would become one; `null` where the column is not null; a mask whose result the column's type could not
//! hold.

mod cover;
mod hmac;
mod literal;
mod raw;

use cdc::{Column, Finding, Kind, PgType, TransformError};
use serde::Deserialize;

pub(crate) use cover::Masker;
pub use hmac::{Hmac, Template};
pub use literal::Literal;
pub use raw::Partial;

use crate::ColumnName;
use crate::draft::Draft;
use crate::plan::Act;

/// Hides the values of columns.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "raw::RawMask")]
#[schemars(with = "raw::RawMask")]
pub struct Mask {
    columns: Vec<ColumnName>,
    method: Method,
}

/// What a mask puts in place of a value.
#[derive(Clone, Debug)]
pub enum Method {
    /// Nothing.
    Null,
    /// The same for all.
    Fixed(Literal),
    /// A part of the value.
    Partial(Partial),
    /// Its keyed hash.
    Hmac(Hmac),
}

impl Mask {
    /// The columns it masks.
    pub fn columns(&self) -> &[ColumnName] {
        &self.columns
    }

    pub(crate) fn prepare(&mut self) -> Result<(), Box<Finding>> {
        match &mut self.method {
            Method::Hmac(hmac) => hmac.prepare(),
            Method::Null | Method::Fixed(_) | Method::Partial(_) => Ok(()),
        }
    }

    pub(crate) fn bind(&self, draft: &mut Draft) -> Result<(), TransformError> {
        for ColumnName { table, column } in &self.columns {
            if *table != draft.schema.table {
                continue;
            }
            let i = draft.named(column)?;
            let masker = self
                .masker(draft.column(i), draft.is_key(i))
                .map_err(|no| draft.refuse(no.code, column, no.reason, no.remedy))?;
            let place = draft.place(column);
            draft.acts.push(Act::Mask { column: i, masker, place });
            draft.schema.columns[i].masked = true;
            // In clear, and what a mask makes of it is for rows alone to say.
            draft.schema.columns[i].missing = None;
            draft.schema.columns[i].default = None;
        }
        Ok(())
    }

    fn masker(&self, column: &Column, key: bool) -> Result<Masker, No> {
        match &self.method {
            Method::Hmac(hmac) => hmac.masker(column, key),
            _ if key => Err(No {
                code: "transform_key_column",
                reason: "the column is part of the table's key, and different keys would get the same mask: rows would become one".to_owned(),
                remedy: "mask a key `with: hmac`, which keeps different keys different",
            }),
            Method::Null if !column.optional => Err(No {
                code: "transform_not_null",
                reason: "the column is not null, and this mask would make it null".to_owned(),
                remedy: "mask it `with: fixed` and a `value`, or drop the column",
            }),
            Method::Null => Ok(Masker::Null),
            Method::Fixed(literal) => match literal.as_text_of(&column.pg) {
                Ok(text) => Ok(Masker::Fixed(text.into())),
                Err(reason) => Err(No {
                    code: "transform_value_unfit",
                    reason,
                    remedy: "write a `value` as PostgreSQL prints values of this type",
                }),
            },
            Method::Partial(_) if column.pg.kind != Kind::Text => Err(No {
                code: "transform_type_unfit",
                reason: format!("a part of a value of type {} is no value of that type", column.pg.name),
                remedy: "mask it `with: fixed` and a `value` of this type, or `with: null`",
            }),
            Method::Partial(partial) => {
                Ok(Masker::Partial { partial: *partial, padded: is_padded(&column.pg) })
            }
        }
    }
}

/// Why a mask does not suit a column.
#[derive(Debug)]
struct No {
    code: &'static str,
    reason: String,
    remedy: &'static str,
}

/// Whether PostgreSQL prints values of `char(n)` with spaces up to its length, which are no part of the value.
fn is_padded(pg: &PgType) -> bool {
    let name = pg.base.as_ref().unwrap_or(&pg.name);
    name.split('(').next().is_some_and(|name| name == "character" || name == "bpchar")
}

/// Whether the type's `=` takes texts that differ in case alone for equal: `citext`, in whatever schema it is.
fn is_folded(pg: &PgType) -> bool {
    let name = pg.base.as_ref().unwrap_or(&pg.name);
    name.rsplit('.').next() == Some("citext")
}

/// The most a text column holds, in characters; of `name`, in bytes.
fn room(pg: &PgType) -> Option<usize> {
    match usize::try_from(pg.typmod) {
        Ok(packed @ 4..) => Some(packed - 4),
        _ if counts_bytes(pg) => Some(63),
        _ => None,
    }
}

/// Whether the type counts bytes, not characters.
fn counts_bytes(pg: &PgType) -> bool {
    **pg.base.as_ref().unwrap_or(&pg.name) == *"name"
}
