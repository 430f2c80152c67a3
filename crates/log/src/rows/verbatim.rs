//! The header `pgrelay.verbatim` as it is read: what columns are that the record does not say exactly.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::Side;
use crate::converter::ConvertError;
use crate::records::VERBATIM_HEADER;

/// The columns that are named in it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Verbatim<'a>(#[serde(borrow)] BTreeMap<Cow<'a, str>, Is<'a>>);

/// What a column is.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Is<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Null(()),
    /// The source did not send it.
    NotSent(serde::de::IgnoredAny),
}

impl<'a> Verbatim<'a> {
    /// The header's value, or none.
    pub(crate) fn read(header: Option<&'a [u8]>) -> Result<Self, ConvertError> {
        let Some(header) = header else { return Ok(Self::default()) };
        serde_json::from_slice(header).map_err(|_| ConvertError::Malformed {
            byte: 0,
            reason: format!("the header {VERBATIM_HEADER} is not of columns and texts"),
        })
    }

    /// What it says of a column.
    pub(crate) fn get(&self, side: Side, column: &str) -> Option<&Is<'_>> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(format!("{}{column}", side.prefix()).as_str())
    }
}
