//! `interval`, in the server's style `postgres`: `1 year 2 mons -3 days +04:05:06.789`.

use connect_data::Value;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) years: i64,
    pub(super) months: i64,
    pub(super) days: i64,
    /// The sign of each is that of the whole time.
    pub(super) hours: i64,
    pub(super) minutes: i64,
    /// Seconds, in microseconds.
    pub(super) micros: i64,
}

/// The numbers of a text.
pub(super) fn parts(text: &str) -> Option<Parts> {
    let mut parts = Parts::default();
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        if word.contains(':') {
            time(word, &mut parts)?;
            continue;
        }
        let n: i64 = word.parse().ok()?;
        match words.next()? {
            "year" | "years" => parts.years = n,
            "mon" | "mons" => parts.months = n,
            "day" | "days" => parts.days = n,
            _ => return None,
        }
    }
    Some(parts)
}

fn time(word: &str, parts: &mut Parts) -> Option<()> {
    let sign = if word.starts_with('-') { -1 } else { 1 };
    let mut units = word.trim_start_matches(['-', '+']).split(':');
    parts.hours = sign * units.next()?.parse::<i64>().ok()?;
    parts.minutes = sign * units.next()?.parse::<i64>().ok()?;
    let seconds = units.next().unwrap_or("0");
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let fraction: i64 = format!("{fraction:0<6}").parse().ok()?;
    parts.micros = sign * (whole.parse::<i64>().ok()? * 1_000_000 + fraction);
    Some(())
}

/// Microseconds, a month being 30.4375 days: reckoned in doubles, as Debezium does.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "as Debezium reckons"
)]
pub(super) fn micros(text: &str) -> Option<Value> {
    let parts = parts(text)?;
    let days = (parts.years * 12 + parts.months) as f64 * 30.4375 + parts.days as f64;
    let seconds = ((days * 24.0 + parts.hours as f64) * 60.0 + parts.minutes as f64) * 60.0
        + parts.micros as f64 / 1_000_000.0;
    Some(Value::Int64((seconds * 1_000_000.0) as i64))
}

/// The reverse, of a time without days and months: a day may have 25 hours, and a month 28 days.
pub(super) fn micros_text(value: &Value) -> Option<String> {
    let Value::Int64(micros) = value else { return None };
    let sign = if *micros < 0 { "-" } else { "" };
    let rest = micros.unsigned_abs();
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let time = format!("{sign}{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let fraction = format!("{fraction:06}");
    let fraction = fraction.trim_end_matches('0');
    Some(if fraction.is_empty() { time } else { format!("{time}.{fraction}") })
}

/// `P1Y2M-3DT4H5M6.789S`
pub(super) fn iso(text: &str) -> Option<Value> {
    let parts = parts(text)?;
    let (sign, rest) = (if parts.micros < 0 { "-" } else { "" }, parts.micros.unsigned_abs());
    let fraction = format!("{:06}", rest % 1_000_000);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Some(Value::String(format!(
        "P{}Y{}M{}DT{}H{}M{sign}{}{point}{fraction}S",
        parts.years,
        parts.months,
        parts.days,
        parts.hours,
        parts.minutes,
        rest / 1_000_000
    )))
}

/// The reverse, which PostgreSQL would print otherwise but takes for the same; `None` where it is not ours.
pub(super) fn iso_text(value: &Value) -> Option<String> {
    let Value::String(text) = value else { return None };
    let rest = text.strip_prefix('P')?;
    let (date, time) = rest.split_once('T')?;
    let (years, rest) = date.split_once('Y')?;
    let (months, rest) = rest.split_once('M')?;
    let days = rest.strip_suffix('D')?;
    let (hours, rest) = time.split_once('H')?;
    let (minutes, rest) = rest.split_once('M')?;
    let seconds = rest.strip_suffix('S')?;
    let number = |text: &str| text.parse::<i64>().ok();
    let mut out = String::new();
    for (n, one, many) in [(years, "year", "years"), (months, "mon", "mons"), (days, "day", "days")]
    {
        let n = number(n)?;
        if n != 0 {
            // After something negative a plus is printed; that text is not made here.
            out += &format!("{n} {} ", if n == 1 { one } else { many });
        }
    }
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let negative = hours < 0 || minutes < 0 || seconds.starts_with('-');
    let (whole, fraction) = seconds
        .trim_start_matches('-')
        .split_once('.')
        .unwrap_or((seconds.trim_start_matches('-'), ""));
    let whole: u64 = whole.parse().ok()?;
    let (hours, minutes) = (hours.unsigned_abs(), minutes.unsigned_abs());
    if hours != 0 || minutes != 0 || whole != 0 || !fraction.is_empty() || out.is_empty() {
        let sign = if negative { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        out += &format!("{sign}{hours:02}:{minutes:02}:{whole:02}{point}{fraction}");
    }
    Some(out.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_microseconds_or_iso() {
        for (text, number, words) in [
            ("1 year 2 mons 3 days 04:05:06.78", 37_091_106_780_000, "P1Y2M3DT4H5M6.78S"),
            ("-00:00:00.000001", -1, "P0Y0M0DT0H0M-0.000001S"),
            ("1 mon", 2_629_800_000_000, "P0Y1M0DT0H0M0S"),
            ("00:00:00", 0, "P0Y0M0DT0H0M0S"),
            ("1 day -02:00:00", 79_200_000_000, "P0Y0M1DT-2H0M0S"),
        ] {
            assert_eq!(micros(text), Some(Value::Int64(number)), "{text}");
            assert_eq!(iso(text), Some(Value::String(words.to_owned())), "{text}");
        }
        for text in ["1 year 2 mons 3 days 04:05:06.78", "-00:00:00.000001", "1 mon", "00:00:00"] {
            assert_eq!(iso_text(&iso(text).unwrap()).as_deref(), Some(text));
        }
        assert_eq!(micros_text(&Value::Int64(-90_000_000)).as_deref(), Some("-00:01:30"));
        assert_eq!(micros("for ever"), None);
    }
}
