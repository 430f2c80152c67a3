//! How Java writes what Rust writes differently: floating point numbers, and dates as text.

use std::io::Write;

use crate::calendar::{self, Civil};
use crate::digits::{self, Digits};

/// Appends what `Double.toString` gives.
pub(crate) fn put_f64(value: f64, out: &mut Vec<u8>) {
    let sign = value.is_sign_negative();
    match digits::of_f64(value) {
        Some(digits) => layout(sign, &digits, out),
        None => out.extend_from_slice(not_finite(value.is_nan(), sign)),
    }
}

/// Appends what `Float.toString` gives.
pub(crate) fn put_f32(value: f32, out: &mut Vec<u8>) {
    let sign = value.is_sign_negative();
    match digits::of_f32(value) {
        Some(digits) => layout(sign, &digits, out),
        None => out.extend_from_slice(not_finite(value.is_nan(), sign)),
    }
}

fn not_finite(nan: bool, negative: bool) -> &'static [u8] {
    match (nan, negative) {
        (true, _) => b"NaN",
        (_, true) => b"-Infinity",
        _ => b"Infinity",
    }
}

/// Java's layout: plain from 10^-3 to 10^7, otherwise with `E`, and always a digit after the point.
fn layout(negative: bool, digits: &Digits, out: &mut Vec<u8>) {
    if negative {
        out.push(b'-');
    }
    let (digits, point) = (digits.as_bytes(), digits.point());
    let zeros = |out: &mut Vec<u8>, count: usize| out.resize(out.len() + count, b'0');
    match point {
        1..8 => {
            let whole = usize::try_from(point).unwrap_or(0);
            let split = whole.min(digits.len());
            out.extend_from_slice(&digits[..split]);
            zeros(out, whole - split);
            out.push(b'.');
            out.extend_from_slice(if split < digits.len() { &digits[split..] } else { b"0" });
        }
        -2..1 => {
            out.extend_from_slice(b"0.");
            zeros(out, usize::try_from(-point).unwrap_or(0));
            out.extend_from_slice(digits);
        }
        _ => {
            out.push(digits[0]);
            out.push(b'.');
            out.extend_from_slice(if digits.len() > 1 { &digits[1..] } else { b"0" });
            out.push(b'E');
            out.extend_from_slice(itoa::Buffer::new().format(point - 1).as_bytes());
        }
    }
}

/// Appends what `Date.toString` gives where the time zone is UTC: `Mon May 19 00:00:00 UTC 1997`.
pub(crate) fn put_date(millis: i64, out: &mut Vec<u8>) {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, rest) = calendar::split(millis);
    let Civil { year, month, day } = calendar::civil(days);
    let weekday = DAYS[usize::try_from(days.rem_euclid(7)).unwrap_or(0)];
    let month = MONTHS[usize::from(month - 1)];
    let seconds = rest / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let year = if year > 0 { year } else { 1 - year };
    // Writing to a Vec does not fail.
    let _ = write!(out, "{weekday} {month} {day:02} {hour:02}:{minute:02}:{second:02} UTC {year}");
}
