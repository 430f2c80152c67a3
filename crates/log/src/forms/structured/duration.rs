//! Lengths of time.

use connect_data::Struct;

use super::super::interval;
use super::{Part, fraction, number};

/// The fields, the precision behind them.
pub(super) const PARTS: [Part; 7] = [
    Part::Int32("years"),
    Part::Int32("months"),
    Part::Int32("days"),
    Part::Int32("hours"),
    Part::Int32("minutes"),
    Part::Int64("seconds"),
    Part::Int32("nanos"),
];

/// The numbers of `1 year 2 mons -3 days +04:05:06.789`; those of the time have one sign.
pub(super) fn numbers(text: &str) -> Option<Vec<(&'static str, i64)>> {
    let parts = interval::parts(text)?;
    Some(vec![
        ("years", parts.years),
        ("months", parts.months),
        ("days", parts.days),
        ("hours", parts.hours),
        ("minutes", parts.minutes),
        ("seconds", parts.micros / 1_000_000),
        ("nanos", parts.micros % 1_000_000 * 1_000),
    ])
}

/// The reverse, as the server's style `postgres` has it: a plus where the one before was negative.
pub(super) fn text(fields: &Struct) -> Option<String> {
    let mut out = String::new();
    let mut before = 0;
    for (name, word) in [("years", "year"), ("months", "mon"), ("days", "day")] {
        let n = number(fields, name)?;
        if n != 0 {
            let plus = if before < 0 && n > 0 { "+" } else { "" };
            let many = if n == 1 { "" } else { "s" };
            out += &format!("{plus}{n} {word}{many} ");
            before = n;
        }
    }
    let time = ["hours", "minutes", "seconds", "nanos"].map(|name| number(fields, name));
    let [hours, minutes, seconds, nanos] = [time[0]?, time[1]?, time[2]?, time[3]?];
    let parts = [hours, minutes, seconds, nanos];
    if out.is_empty() || parts.iter().any(|n| *n != 0) {
        let negative = parts.iter().any(|n| *n < 0);
        if negative && parts.iter().any(|n| *n > 0) {
            return None;
        }
        out += match (negative, before < 0) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        let clock = format!("{:02}:{:02}:{:02}", hours.abs(), minutes.abs(), seconds.abs());
        out += &clock;
        out += &fraction(nanos.abs());
    }
    Some(out.trim_end().to_owned())
}
