//! `time without time zone`: microseconds since midnight.

use super::digits::{number, push, take, take_two};

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;

/// Reads a time as PostgreSQL prints it, `24:00:00` included.
pub fn read_time(text: &[u8]) -> Option<i64> {
    let mut rest = text;
    let micros = take_time(&mut rest, 25, true)?;
    (rest.is_empty() && micros <= DAY).then_some(micros)
}

/// Appends a time as PostgreSQL prints it; `false`, and nothing appended, where it is none.
pub fn write_time(micros: i64, out: &mut Vec<u8>) -> bool {
    let valid = (0..=DAY).contains(&micros);
    if valid {
        push_time(out, micros);
    }
    valid
}

/// Takes `HH:MM:SS[.ffffff]` off the front. A `strict` fraction has no zero at its end; one that is not may
/// also have more digits than a microsecond needs, all zero.
pub(super) fn take_time(text: &mut &[u8], hours: i64, strict: bool) -> Option<i64> {
    let hour = take_two(text, hours)?;
    take(text, b':')?;
    let minute = take_two(text, 60)?;
    take(text, b':')?;
    let second = take_two(text, 60)?;
    let mut micros = ((hour * 60 + minute) * 60 + second) * 1_000_000;
    if text.first() == Some(&b'.') {
        take(text, b'.')?;
        let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
        let (digits, rest) = text.split_at_checked(end)?;
        *text = rest;
        micros += fraction(digits, strict)?;
    }
    Some(micros)
}

fn fraction(mut digits: &[u8], strict: bool) -> Option<i64> {
    if digits.is_empty() || digits.len() > 9 || (strict && digits.last() == Some(&b'0')) {
        return None;
    }
    while let [rest @ .., b'0'] = digits {
        digits = rest;
    }
    match digits.len() {
        0 => Some(0),
        length @ 1..=6 => Some(number(digits)? * 10i64.pow(6 - length as u32)),
        _ => None,
    }
}

/// Appends `HH:MM:SS[.ffffff]`, with as many digits as are needed.
pub(super) fn push_time(out: &mut Vec<u8>, micros: i64) {
    let micros = micros.unsigned_abs();
    let seconds = micros / 1_000_000;
    push(out, seconds / 3_600, 2);
    out.push(b':');
    push(out, seconds / 60 % 60, 2);
    out.push(b':');
    push(out, seconds % 60, 2);
    let fraction = micros % 1_000_000;
    if fraction > 0 {
        out.push(b'.');
        push(out, fraction, 6);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_postgres_prints_are_microseconds() {
        assert_eq!(read_time(b"00:00:00"), Some(0));
        assert_eq!(read_time(b"04:05:06.78"), Some(14_706_780_000));
        assert_eq!(read_time(b"24:00:00"), Some(DAY));
        for wrong in [
            "",
            "24:00:00.1",
            "24:00:01",
            "1:02:03",
            "01:60:00",
            "01:00:60",
            "01:02:03.",
            "01:02:03.10",
        ] {
            assert_eq!(read_time(wrong.as_bytes()), None, "{wrong}");
        }
        assert!(!write_time(DAY + 1, &mut Vec::new()) && !write_time(-1, &mut Vec::new()));
    }

    proptest! {
        #[test]
        fn every_time_reads_back(micros in 0..=DAY) {
            let mut text = Vec::new();
            prop_assert!(write_time(micros, &mut text));
            prop_assert_eq!(read_time(&text), Some(micros));
        }

        #[test]
        fn any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..24)) {
            let _ = read_time(&bytes);
        }
    }
}
