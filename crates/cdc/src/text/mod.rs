//! Values as PostgreSQL prints them: reading and writing.
//!
//! A row carries text until a converter or the sink asks for a value. What is read here is the output of a
//! session with `DateStyle` ISO, `TimeZone` UTC, `IntervalStyle` postgres, `bytea_output` hex and
//! `extra_float_digits` 3. Readers are strict: they accept the one spelling PostgreSQL gives a value, so that
//! writing what was read gives back the same bytes, and answer `None` to everything else. Nothing here
//! panics, and nothing guesses.

pub mod array;
pub mod bytea;
mod date;
mod digits;
pub mod float;
pub mod numeric;
mod time;
mod timestamp;

pub use date::Date;
pub use time::{read_time, write_time};
pub use timestamp::Timestamp;

/// 2000-01-01, where PostgreSQL's binary dates begin, in days since 1970.
pub const POSTGRES_EPOCH_DAYS: i32 = 10_957;

/// A point in time that may lie at either end of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MaybeInfinite<T> {
    /// `-infinity`.
    NegativeInfinity,
    /// A finite value.
    Finite(T),
    /// `infinity`.
    Infinity,
}

impl<T> MaybeInfinite<T> {
    /// The finite value changed by `f`.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> MaybeInfinite<U> {
        match self {
            Self::NegativeInfinity => MaybeInfinite::NegativeInfinity,
            Self::Finite(value) => MaybeInfinite::Finite(f(value)),
            Self::Infinity => MaybeInfinite::Infinity,
        }
    }

    /// Reads `infinity` and `-infinity`, and everything else with `finite`.
    pub fn read(text: &[u8], finite: impl FnOnce(&[u8]) -> Option<T>) -> Option<Self> {
        match text {
            b"infinity" => Some(Self::Infinity),
            b"-infinity" => Some(Self::NegativeInfinity),
            _ => finite(text).map(Self::Finite),
        }
    }

    /// Appends `infinity` or `-infinity`, or lets `finite` append the value.
    pub fn write(self, out: &mut Vec<u8>, finite: impl FnOnce(T, &mut Vec<u8>)) {
        match self {
            Self::NegativeInfinity => out.extend_from_slice(b"-infinity"),
            Self::Finite(value) => finite(value, out),
            Self::Infinity => out.extend_from_slice(b"infinity"),
        }
    }
}

/// Reads a `boolean`.
pub fn read_bool(text: &[u8]) -> Option<bool> {
    match text {
        b"t" => Some(true),
        b"f" => Some(false),
        _ => None,
    }
}

/// Whether the text is a whole number as PostgreSQL prints one. It need not fit any type.
pub fn is_integer(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match digits {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Reads a whole number.
pub fn read_integer(text: &[u8]) -> Option<i64> {
    if is_integer(text) { std::str::from_utf8(text).ok()?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_one_spelling() {
        for good in ["0", "-1", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(read_integer(good.as_bytes()).unwrap().to_string(), good);
        }
        for wrong in ["", "-", "-0", "01", "+1", "1 ", "9223372036854775808", "1.0"] {
            assert_eq!(read_integer(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
