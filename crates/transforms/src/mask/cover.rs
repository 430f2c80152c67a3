//! A mask bound to one column: the work done for each row.

use std::borrow::Cow;

use bytes::Bytes;
use cdc::{Cell, Row, Value};

use super::Partial;
use super::hmac::Keyed;

/// How one column is masked.
#[derive(Debug)]
pub(crate) enum Masker {
    /// By nothing.
    Null,
    /// By this text.
    Fixed(Bytes),
    /// By a part of it.
    Partial {
        /// Which part.
        partial: Partial,
        /// Whether the spaces at its end are no part of the value.
        padded: bool,
    },
    /// By its keyed hash.
    Hmac {
        /// The key.
        keyed: Keyed,
        /// What the hash becomes.
        form: Form,
        /// Whether the spaces at its end are no part of the value.
        padded: bool,
        /// Whether texts that differ in case alone are equal, so that their hashes must be.
        folded: bool,
    },
}

/// What a hash becomes.
#[derive(Debug)]
pub(crate) enum Form {
    /// A uuid of version 4, whose bits are as good as random.
    Uuid,
    /// Its first `digits` in hexadecimal, between two texts.
    Text {
        /// What stands before them.
        before: Box<str>,
        /// How many.
        digits: usize,
        /// What stands after them.
        after: Box<str>,
    },
}

/// A cell whose value has no text.
#[derive(Debug)]
pub(crate) struct NoText;

impl Masker {
    /// Masks cell `i` of `row`. Null stays null, and what was not sent stays not sent.
    pub(crate) fn cover(&self, row: &mut Row, i: usize) -> Result<(), NoText> {
        let cell = row.cell(i);
        if matches!(cell, Cell::Null | Cell::Unchanged) {
            return Ok(());
        }
        let masked = match self {
            Masker::Null => {
                row.set_null(i);
                return Ok(());
            }
            Masker::Fixed(text) => text.clone(),
            Masker::Partial { partial, padded } => partial.of(trimmed(&text(cell)?, *padded)),
            Masker::Hmac { keyed, form, padded, folded: false } => {
                form.of(&keyed.hash(trimmed(&text(cell)?, *padded)))
            }
            Masker::Hmac { keyed, form, folded: true, .. } => {
                let text = text(cell)?;
                form.of(&keyed.hash(String::from_utf8_lossy(&text).to_lowercase().as_bytes()))
            }
        };
        row.set_text(i, masked);
        Ok(())
    }
}

/// The text of a cell, as PostgreSQL prints it.
fn text(cell: Cell<'_>) -> Result<Cow<'_, [u8]>, NoText> {
    let value = match cell {
        Cell::Text(text) => return Ok(Cow::Borrowed(text)),
        Cell::Typed(value) => value,
        Cell::Null | Cell::Unchanged => return Err(NoText),
    };
    Ok(match value {
        Value::String(text) => Cow::Borrowed(text.as_bytes()),
        Value::Bool(flag) => Cow::Borrowed(if *flag { b"t" } else { b"f" }),
        Value::Int(number) => Cow::Owned(number.to_string().into_bytes()),
        Value::Float(number) => Cow::Owned(number.to_string().into_bytes()),
        Value::Bytes(_) | Value::Array(_) | Value::Struct(_) => return Err(NoText),
    })
}

fn trimmed(text: &[u8], padded: bool) -> &[u8] {
    let end = text.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
    if padded { &text[..end] } else { text }
}

impl Partial {
    /// The part of `text` that stays, the rest covered character by character; all of it, if nothing would be.
    fn of(&self, text: &[u8]) -> Bytes {
        let text = String::from_utf8_lossy(text);
        let count = text.chars().count();
        let kept = self.keep_first.saturating_add(self.keep_last);
        let (first, last) =
            if count <= kept { (0, count) } else { (self.keep_first, count - self.keep_last) };
        let masked: String = text
            .chars()
            .enumerate()
            .map(|(at, c)| if (first..last).contains(&at) { self.cover } else { c })
            .collect();
        masked.into()
    }
}

impl Form {
    fn of(&self, hash: &[u8; 32]) -> Bytes {
        match self {
            Form::Uuid => uuid(hash),
            Form::Text { before, digits, after } => {
                let mut text = Vec::with_capacity(before.len() + digits + after.len());
                text.extend_from_slice(before.as_bytes());
                text.extend((0..*digits).map(|at| digit(hash, at)));
                text.extend_from_slice(after.as_bytes());
                text.into()
            }
        }
    }
}

/// Character `at` of the hash in hexadecimal.
fn digit(hash: &[u8], at: usize) -> u8 {
    let byte = hash[at / 2];
    let nibble = if at.is_multiple_of(2) { byte >> 4 } else { byte & 0x0F };
    b"0123456789abcdef"[nibble as usize]
}

/// A uuid of the hash's first 122 bits.
///
/// <https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-4>
fn uuid(hash: &[u8; 32]) -> Bytes {
    let mut bits = [0; 16];
    bits.copy_from_slice(&hash[..16]);
    bits[6] = bits[6] & 0x0F | 0x40;
    bits[8] = bits[8] & 0x3F | 0x80;
    let mut text = Vec::with_capacity(36);
    for at in 0..32 {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push(b'-');
        }
        text.push(digit(&bits, at));
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_counted_in_characters() {
        let of = |keep_first, keep_last, text: &str| {
            Partial { keep_first, keep_last, cover: '*' }.of(text.as_bytes())
        };
        assert_eq!(of(3, 2, "+44 20 7946 0123"), "+44***********23");
        assert_eq!(of(1, 1, "äöü日本"), "ä***本");
        assert_eq!(of(2, 2, "abcd"), "****");
        assert_eq!(of(2, 2, "abcde"), "ab*de");
        assert_eq!(of(0, 0, ""), "");
        assert_eq!(of(usize::MAX, usize::MAX, "abc"), "***");
        assert_eq!(trimmed(b"ab  ", true), b"ab");
    }

    #[test]
    fn a_uuid_says_its_version() {
        assert_eq!(uuid(&[0xFF; 32]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
