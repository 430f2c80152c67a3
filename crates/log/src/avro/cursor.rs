//! The bytes of a record, taken one part after the other. They are not trusted: no length is believed before the bytes
//! are there.

use crate::converter::ConvertError;
use crate::forms::Reason;

/// What is left of a record.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    length: usize,
}

const SHORT: Reason = "the record ends too early";

impl<'a> Cursor<'a> {
    /// `bytes` are the end of a record of this length.
    pub(super) fn new(bytes: &'a [u8], length: usize) -> Self {
        Self { bytes, length }
    }

    /// How many bytes of the record were taken.
    pub(super) fn place(&self) -> usize {
        self.length.saturating_sub(self.bytes.len())
    }

    /// An error at a place that says where in the record it is, and in which field.
    pub(super) fn wrong(at: usize, field: &str, reason: Reason) -> ConvertError {
        ConvertError::Malformed { byte: at, reason: format!("{field}: {reason}") }
    }

    /// Takes a field.
    pub(super) fn field<T>(
        &mut self,
        name: &str,
        take: impl FnOnce(&mut Self) -> Result<T, Reason>,
    ) -> Result<T, ConvertError> {
        let at = self.place();
        take(self).map_err(|reason| Self::wrong(at, name, reason))
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Reason> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(SHORT)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        self.take(N)?.try_into().map_err(|_| SHORT)
    }

    pub(super) fn long(&mut self) -> Result<i64, Reason> {
        let mut number = 0_u64;
        for shift in (0..70).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        Err("expected a whole number of at most ten bytes")
    }

    pub(super) fn int(&mut self) -> Result<i32, Reason> {
        i32::try_from(self.long()?).map_err(|_| "expected a whole number of 32 bits")
    }

    /// Bytes behind their number.
    pub(super) fn sized(&mut self) -> Result<&'a [u8], Reason> {
        let length = usize::try_from(self.long()?).map_err(|_| "expected a length")?;
        self.take(length)
    }

    pub(super) fn string(&mut self) -> Result<&'a str, Reason> {
        std::str::from_utf8(self.sized()?).map_err(|_| "expected UTF-8")
    }

    /// Which of the two branches of a union follows.
    pub(super) fn second(&mut self) -> Result<bool, Reason> {
        match self.long()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("expected one of the two branches of a union"),
        }
    }

    /// A value that may be null, which comes first.
    pub(super) fn optional<T>(
        &mut self,
        take: impl FnOnce(&mut Self) -> Result<T, Reason>,
    ) -> Result<Option<T>, Reason> {
        if self.second()? { take(self).map(Some) } else { Ok(None) }
    }

    /// Takes blocks of items until an empty one.
    pub(super) fn items(
        &mut self,
        mut item: impl FnMut(&mut Self, usize) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        let mut number = 0;
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // The size of the block in bytes follows, for those who want to pass over it.
                count = count.checked_neg().ok_or("expected a number of items")?;
                self.long()?;
            }
            for _ in 0..count {
                item(self, number)?;
                number += 1;
            }
        }
    }
}
