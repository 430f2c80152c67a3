//! A reader that checks every step: what is not there is an error, never a panic.

use bytes::Bytes;

/// Bytes that are not what the protocol says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The message ends too soon.
    #[error("read {what} at byte {at}: the message ends after {len} bytes")]
    Short {
        /// What was to be read.
        what: &'static str,
        /// Where it should stand.
        at: usize,
        /// How long the message is.
        len: usize,
    },
    /// A name that is not UTF-8.
    #[error("read {what} at byte {at}: not UTF-8")]
    Utf8 {
        /// What was to be read.
        what: &'static str,
        /// Where it stands.
        at: usize,
    },
    /// A byte that stands for nothing known.
    #[error("read {what} at byte {at}: unknown kind {found:?}")]
    Unknown {
        /// What was to be read.
        what: &'static str,
        /// Where it stands.
        at: usize,
        /// The byte, as a character.
        found: char,
    },
    /// Bytes left over.
    #[error("read {what}: {left} bytes are left over")]
    Left {
        /// What was read.
        what: &'static str,
        /// How many bytes follow it.
        left: usize,
    },
    /// A number that cannot be.
    #[error("read {what} at byte {at}: {value} is out of range")]
    Range {
        /// What was to be read.
        what: &'static str,
        /// Where it stands.
        at: usize,
        /// The number.
        value: i64,
    },
}

/// Reads big-endian fields from the start of a message to its end.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a Bytes,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a Bytes) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(crate) fn frame(&self) -> &Bytes {
        self.bytes
    }

    pub(crate) fn take(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let short = DecodeError::Short { what, at: self.at, len: self.bytes.len() };
        let end = self.at.checked_add(n).ok_or(short.clone())?;
        let taken = self.bytes.get(self.at..end).ok_or(short)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, what)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        self.array(what).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        self.array(what).map(u32::from_be_bytes)
    }

    pub(crate) fn i32(&mut self, what: &'static str) -> Result<i32, DecodeError> {
        self.array(what).map(i32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        self.array(what).map(u64::from_be_bytes)
    }

    pub(crate) fn i64(&mut self, what: &'static str) -> Result<i64, DecodeError> {
        self.array(what).map(i64::from_be_bytes)
    }

    /// A string that ends with a zero byte.
    pub(crate) fn cstr(&mut self, what: &'static str) -> Result<&'a str, DecodeError> {
        let at = self.at;
        let rest = self.bytes.get(at..).unwrap_or_default();
        let short = DecodeError::Short { what, at, len: self.bytes.len() };
        let len = rest.iter().position(|byte| *byte == 0).ok_or(short)?;
        let text = std::str::from_utf8(&rest[..len]).map_err(|_| DecodeError::Utf8 { what, at })?;
        self.at += len + 1;
        Ok(text)
    }

    pub(crate) fn end(&self, what: &'static str) -> Result<(), DecodeError> {
        if self.left() == 0 { Ok(()) } else { Err(DecodeError::Left { what, left: self.left() }) }
    }
}
