//! `date`: days since 1970 in the proleptic Gregorian calendar.

use super::digits::{number, push, take, take_two};
use super::{MaybeInfinite, POSTGRES_EPOCH_DAYS};

/// A day, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

impl Date {
    /// Reads a date as PostgreSQL prints it: `2024-01-02`, `0044-03-15 BC`, `infinity`.
    pub fn read(text: &[u8]) -> Option<MaybeInfinite<Self>> {
        MaybeInfinite::read(text, |text| {
            let (mut rest, bc) = split_era(text);
            let days = take_days(&mut rest, bc)?;
            if rest.is_empty() { i32::try_from(days).ok().map(Self) } else { None }
        })
    }

    /// Appends the date as PostgreSQL prints it.
    pub fn write(self, out: &mut Vec<u8>) {
        let bc = push_days(out, i64::from(self.0));
        push_era(out, bc);
    }

    /// Days since 2000, as PostgreSQL's binary form has them.
    pub fn postgres_days(date: MaybeInfinite<Self>) -> Option<i32> {
        match date {
            MaybeInfinite::NegativeInfinity => Some(i32::MIN),
            MaybeInfinite::Infinity => Some(i32::MAX),
            MaybeInfinite::Finite(Date(days)) => days
                .checked_sub(POSTGRES_EPOCH_DAYS)
                .filter(|days| *days != i32::MIN && *days != i32::MAX),
        }
    }
}

/// Splits ` BC` off the end.
pub(super) fn split_era(text: &[u8]) -> (&[u8], bool) {
    text.strip_suffix(b" BC").map_or((text, false), |rest| (rest, true))
}

/// Appends ` BC` where the year is before Christ.
pub(super) fn push_era(out: &mut Vec<u8>, bc: bool) {
    if bc {
        out.extend_from_slice(b" BC");
    }
}

/// Takes `YYYY-MM-DD` off the front, as days since 1970.
pub(super) fn take_days(text: &mut &[u8], bc: bool) -> Option<i64> {
    let length = text.iter().position(|byte| *byte == b'-')?;
    // Years have four digits, or as many as they need.
    if !(4..=7).contains(&length) || (length > 4 && text.first() == Some(&b'0')) {
        return None;
    }
    let (year, rest) = text.split_at_checked(length)?;
    let year = number(year).filter(|year| *year > 0)?;
    *text = rest;
    take(text, b'-')?;
    let (month, day) = take_month_and_day(text)?;
    days_from_civil(if bc { 1 - year } else { year }, month, day)
}

/// Takes `MM-DD` off the front.
pub(super) fn take_month_and_day(text: &mut &[u8]) -> Option<(i64, i64)> {
    let month = take_two(text, 13)?;
    take(text, b'-')?;
    Some((month, take_two(text, 32)?))
}

/// Appends `YYYY-MM-DD`; whether the year is before Christ is for the caller to append.
pub(super) fn push_days(out: &mut Vec<u8>, days: i64) -> bool {
    let (year, month, day) = civil_from_days(days);
    let bc = year <= 0;
    push(out, if bc { 1 - year } else { year }.unsigned_abs(), 4);
    out.push(b'-');
    push_month_and_day(out, month, day);
    bc
}

/// Appends `MM-DD`.
pub(super) fn push_month_and_day(out: &mut Vec<u8>, month: i64, day: i64) {
    push(out, month.unsigned_abs(), 2);
    out.push(b'-');
    push(out, day.unsigned_abs(), 2);
}

/// Days since 1970 of a day of an astronomical year (0 is 1 BC); `None` where the month has no such day.
///
/// <https://howardhinnant.github.io/date_algorithms.html>
pub(super) fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Astronomical year, month and day of a day since 1970.
pub(super) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn days(text: &str) -> Option<MaybeInfinite<Date>> {
        Date::read(text.as_bytes())
    }

    #[test]
    fn dates_postgres_prints_are_days_since_1970() {
        let finite = |n| Some(MaybeInfinite::Finite(Date(n)));
        assert_eq!(days("1970-01-01"), finite(0));
        assert_eq!(days("2000-01-01"), finite(POSTGRES_EPOCH_DAYS));
        assert_eq!(days("2024-02-29"), finite(19_782));
        assert_eq!(days("5874897-12-31"), finite(2_145_042_905));
        assert_eq!(days("4714-11-24 BC"), finite(-2_440_588));
        assert_eq!(days("-infinity"), Some(MaybeInfinite::NegativeInfinity));
        for wrong in [
            "",
            "2023-02-29",
            "0000-01-01",
            "02024-01-01",
            "24-01-01",
            "2024-1-01",
            "2024-01-01 ",
            "2024-13-01",
            "2024-01-00",
            "99999999-01-01",
            "2024-01-01 AD",
            "2024/01/01",
        ] {
            assert_eq!(days(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn infinity_has_its_own_binary_day() {
        assert_eq!(Date::postgres_days(MaybeInfinite::Infinity), Some(i32::MAX));
        assert_eq!(Date::postgres_days(days("2000-01-02").unwrap()), Some(1));
    }

    proptest! {
        #[test]
        fn every_day_reads_back(n in any::<i32>()) {
            let mut text = Vec::new();
            Date(n).write(&mut text);
            prop_assert_eq!(Date::read(&text), Some(MaybeInfinite::Finite(Date(n))));
        }

        #[test]
        fn what_is_read_is_written_the_same(text in "[0-9]{4,5}-[01][0-9]-[0-3][0-9]( BC)?") {
            if let Some(MaybeInfinite::Finite(date)) = Date::read(text.as_bytes()) {
                let mut out = Vec::new();
                date.write(&mut out);
                prop_assert_eq!(out, text.as_bytes());
            }
        }

        #[test]
        fn any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..24)) {
            let _ = Date::read(&bytes);
        }
    }
}
