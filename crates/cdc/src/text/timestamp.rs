//! `timestamp` and `timestamptz`: a day and the microseconds in it, and Debezium's `ZonedTimestamp`.
//!
//! PostgreSQL's range is wider than 64 bits of microseconds since 1970, so the day is kept apart, and
//! whoever wants one number asks for it.

use super::date::{
    civil_from_days, days_from_civil, push_days, push_era, push_month_and_day, split_era,
    take_days, take_month_and_day,
};
use super::digits::{number, push, take, take_offset};
use super::time::{DAY, push_time, take_time};
use super::{MaybeInfinite, POSTGRES_EPOCH_DAYS};

/// A point in time, with or without a zone: a zoned one is kept in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    days: i64,
    micros: i64,
}

impl Timestamp {
    /// The point `micros` after 1970.
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self { days: micros.div_euclid(DAY), micros: micros.rem_euclid(DAY) }
    }

    /// Microseconds since 1970; `None` where 64 bits do not hold them.
    pub fn unix_micros(self) -> Option<i64> {
        self.micros_since(0)
    }

    /// Microseconds since 2000, as PostgreSQL's binary form has them.
    pub fn postgres_micros(at: MaybeInfinite<Self>) -> Option<i64> {
        match at {
            MaybeInfinite::NegativeInfinity => Some(i64::MIN),
            MaybeInfinite::Infinity => Some(i64::MAX),
            MaybeInfinite::Finite(at) => at
                .micros_since(i64::from(POSTGRES_EPOCH_DAYS))
                .filter(|micros| *micros != i64::MIN && *micros != i64::MAX),
        }
    }

    fn micros_since(self, epoch: i64) -> Option<i64> {
        // In 128 bits the day alone may leave the range that the sum is in.
        let micros = i128::from(self.days - epoch) * i128::from(DAY) + i128::from(self.micros);
        i64::try_from(micros).ok()
    }

    /// Reads a `timestamp` as PostgreSQL prints it: `2024-01-02 03:04:05.6`, `0044-03-15 12:00:00 BC`.
    pub fn read(text: &[u8]) -> Option<MaybeInfinite<Self>> {
        MaybeInfinite::read(text, |text| {
            let (mut rest, bc) = split_era(text);
            let at = Self::take(&mut rest, bc)?;
            rest.is_empty().then_some(at)
        })
    }

    /// Reads a `timestamptz` as PostgreSQL prints it in any time zone: `2024-01-02 03:04:05+00`.
    pub fn read_zoned(text: &[u8]) -> Option<MaybeInfinite<Self>> {
        MaybeInfinite::read(text, |text| {
            let (mut rest, bc) = split_era(text);
            let at = Self::take(&mut rest, bc)?;
            let offset = take_offset(&mut rest)?;
            rest.is_empty().then(|| at.earlier(offset))
        })
    }

    /// Appends a `timestamp` as PostgreSQL prints it.
    pub fn write(self, out: &mut Vec<u8>) {
        let bc = push_days(out, self.days);
        out.push(b' ');
        push_time(out, self.micros);
        push_era(out, bc);
    }

    /// Appends a `timestamptz` as PostgreSQL prints it in UTC.
    pub fn write_zoned(self, out: &mut Vec<u8>) {
        let bc = push_days(out, self.days);
        out.push(b' ');
        push_time(out, self.micros);
        out.extend_from_slice(b"+00");
        push_era(out, bc);
    }

    /// Reads Debezium's `io.debezium.time.ZonedTimestamp`: `2019-07-09T02:28:57.123456Z`.
    pub fn read_iso(text: &[u8]) -> Option<Self> {
        let mut rest = text;
        let negative = rest.first() == Some(&b'-');
        let signed = negative || rest.first() == Some(&b'+');
        if signed {
            rest = rest.get(1..)?;
        }
        let length = rest.iter().position(|byte| *byte == b'-').filter(|n| (4..=9).contains(n))?;
        let (year, after) = rest.split_at_checked(length)?;
        let year = number(year)? * if negative { -1 } else { 1 };
        rest = after;
        take(&mut rest, b'-')?;
        let (month, day) = take_month_and_day(&mut rest)?;
        take(&mut rest, b'T')?;
        let micros = take_time(&mut rest, 24, false)?;
        let at = Self { days: days_from_civil(year, month, day)?, micros };
        if rest == b"Z" {
            return Some(at);
        }
        let offset = take_offset(&mut rest)?;
        rest.is_empty().then(|| at.earlier(offset))
    }

    /// Appends Debezium's `io.debezium.time.ZonedTimestamp`. It has `digits` behind the point, the column's precision,
    /// and more only where they are needed.
    pub fn write_iso(self, digits: usize, out: &mut Vec<u8>) {
        let (year, month, day) = civil_from_days(self.days);
        if year < 0 {
            out.push(b'-');
        } else if year > 9_999 {
            out.push(b'+');
        }
        push(out, year.unsigned_abs(), 4);
        out.push(b'-');
        push_month_and_day(out, month, day);
        out.push(b'T');
        let start = out.len();
        push_time(out, self.micros);
        let point = start + "00:00:00".len();
        if digits > 0 && out.len() == point {
            out.push(b'.');
        }
        if digits > 0 {
            let wanted = out.len().max(point + 1 + digits);
            out.resize(wanted, b'0');
        }
        out.push(b'Z');
    }

    fn take(text: &mut &[u8], bc: bool) -> Option<Self> {
        let days = take_days(text, bc)?;
        take(text, b' ')?;
        Some(Self { days, micros: take_time(text, 24, true)? })
    }

    fn earlier(self, seconds: i64) -> Self {
        let micros = self.micros - seconds * 1_000_000;
        Self { days: self.days + micros.div_euclid(DAY), micros: micros.rem_euclid(DAY) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn micros(text: &str) -> Option<i64> {
        match Timestamp::read(text.as_bytes())? {
            MaybeInfinite::Finite(at) => at.unix_micros(),
            _ => None,
        }
    }

    fn iso(text: &str) -> Option<String> {
        match Timestamp::read_zoned(text.as_bytes())? {
            MaybeInfinite::Finite(at) => {
                let mut out = Vec::new();
                at.write_iso(0, &mut out);
                Some(String::from_utf8(out).unwrap())
            }
            _ => None,
        }
    }

    #[test]
    fn timestamps_postgres_prints_are_microseconds() {
        assert_eq!(micros("2019-07-09 02:28:57.123456"), Some(1_562_639_337_123_456));
        assert_eq!(micros("1969-12-31 23:59:59.999999"), Some(-1));
        assert_eq!(micros("4713-12-31 23:59:59.999999 BC"), Some(-210_831_897_600_000_001));
        assert_eq!(micros("294276-12-31 23:59:59.999999"), None);
        let last = Timestamp::read(b"294276-12-31 23:59:59.999999").unwrap();
        assert_eq!(Timestamp::postgres_micros(last), Some(9_223_371_331_199_999_999));
        for wrong in
            ["2019-07-09", "2019-07-09T02:28:57", "2019-07-09 24:00:00", "2019-07-09 02:28"]
        {
            assert_eq!(micros(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn zoned_timestamps_are_brought_to_utc() {
        let cases = [
            ("2019-07-09 02:28:57.123456+00", "2019-07-09T02:28:57.123456Z"),
            ("2019-07-09 02:28:57.1+05:30", "2019-07-08T20:58:57.1Z"),
            ("2019-07-09 02:28:57-03:30:15", "2019-07-09T05:59:12Z"),
            ("0044-03-15 12:00:00+00 BC", "-0043-03-15T12:00:00Z"),
            ("0001-01-01 00:00:00+00 BC", "0000-01-01T00:00:00Z"),
            ("294276-12-31 23:59:59.999999+00", "+294276-12-31T23:59:59.999999Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(iso(text).as_deref(), Some(expected), "{text}");
        }
        for wrong in ["2019-07-09 02:28:57", "2019-07-09 02:28:57Z", "2019-07-09 02:28:57+0"] {
            assert_eq!(iso(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_zoned_timestamp_has_the_digits_of_its_precision() {
        for (micros, digits, expected) in [
            (0, 6, "1970-01-01T00:00:00.000000Z"),
            (0, 0, "1970-01-01T00:00:00Z"),
            (100_000, 3, "1970-01-01T00:00:00.100Z"),
            (120_000, 1, "1970-01-01T00:00:00.12Z"),
        ] {
            let mut out = Vec::new();
            Timestamp::from_unix_micros(micros).write_iso(digits, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    proptest! {
        #[test]
        fn every_point_reads_back_in_every_form(micros in any::<i64>(), digits in 0usize..7) {
            let at = Timestamp::from_unix_micros(micros);
            prop_assert_eq!(at.unix_micros(), Some(micros));
            let (mut plain, mut zoned, mut iso) = (Vec::new(), Vec::new(), Vec::new());
            at.write(&mut plain);
            at.write_zoned(&mut zoned);
            at.write_iso(digits, &mut iso);
            prop_assert_eq!(Timestamp::read(&plain), Some(MaybeInfinite::Finite(at)));
            prop_assert_eq!(Timestamp::read_zoned(&zoned), Some(MaybeInfinite::Finite(at)));
            prop_assert_eq!(Timestamp::read_iso(&iso), Some(at));
        }

        #[test]
        fn any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..40), digits in "[-+0-9:. TZBC]{0,40}") {
            for text in [bytes.as_slice(), digits.as_bytes()] {
                let _ = (Timestamp::read(text), Timestamp::read_zoned(text), Timestamp::read_iso(text));
            }
        }
    }
}
