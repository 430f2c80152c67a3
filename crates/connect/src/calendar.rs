//! Days and dates as Java's `GregorianCalendar` counts them: Julian before 15 October 1582.

/// Milliseconds of a day.
pub(crate) const MILLIS_PER_DAY: i64 = 86_400_000;

/// The first day that is counted the Gregorian way, in days since 1970-01-01.
const CUTOVER: i64 = -141_427;

/// A date. Year 0 is 1 BC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: u8,
    pub(crate) day: u8,
}

/// The day, and the milliseconds of that day.
pub(crate) fn split(millis: i64) -> (i64, i64) {
    (millis.div_euclid(MILLIS_PER_DAY), millis.rem_euclid(MILLIS_PER_DAY))
}

/// The date of a day.
pub(crate) fn civil(days: i64) -> Civil {
    // Days since 1 March of year 0, so that a leap day is the last of its year.
    let (year, of_year) = if days >= CUTOVER {
        let days = days + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        (era * 400 + year, of_era - (365 * year + year / 4 - year / 100))
    } else {
        let days = days + 719_470;
        let (era, of_era) = (days.div_euclid(1461), days.rem_euclid(1461));
        let year = (of_era - of_era / 1460) / 365;
        (era * 4 + year, of_era - 365 * year)
    };
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let small = |value: i64| u8::try_from(value).unwrap_or(1);
    Civil { year: year + i64::from(month <= 2), month: small(month), day: small(day) }
}

/// The day of a date. Months and days beyond their range roll over, as a lenient calendar has it.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = (year + (month - 1).div_euclid(12), (month - 1).rem_euclid(12) + 1);
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let julian_leaps = year.div_euclid(4);
    let gregorian_leaps = julian_leaps - year.div_euclid(100) + year.div_euclid(400);
    let gregorian = year * 365 + gregorian_leaps + of_year - 719_468;
    if gregorian >= CUTOVER { gregorian } else { year * 365 + julian_leaps + of_year - 719_470 }
}

#[cfg(test)]
mod tests {
    use super::{CUTOVER, Civil, civil, days};

    #[test]
    fn a_date_is_the_date_of_its_day() {
        for day in (-1_000_000..1_000_000).step_by(37).chain(CUTOVER - 3..CUTOVER + 3) {
            let Civil { year, month, day: of_month } = civil(day);
            assert_eq!(days(year, month.into(), of_month.into()), day);
        }
    }

    #[test]
    fn october_1582_lacks_ten_days() {
        assert_eq!(civil(CUTOVER), Civil { year: 1582, month: 10, day: 15 });
        assert_eq!(civil(CUTOVER - 1), Civil { year: 1582, month: 10, day: 4 });
    }

    #[test]
    fn months_roll_over() {
        assert_eq!(days(2024, 13, 45), 20_133);
    }
}
