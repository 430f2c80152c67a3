//! Decimal digits of a fixed width, and offsets from UTC: what dates and times are made of.

/// Reads all of `text` as decimal digits. At most 18 of them.
pub(super) fn number(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter()
        .try_fold(0i64, |n, digit| digit.is_ascii_digit().then(|| n * 10 + i64::from(digit - b'0')))
}

/// Takes two digits below `limit` off the front of `text`.
pub(super) fn take_two(text: &mut &[u8], limit: i64) -> Option<i64> {
    let (two, rest) = text.split_at_checked(2)?;
    let n = number(two).filter(|n| *n < limit)?;
    *text = rest;
    Some(n)
}

/// Takes one byte off the front of `text`.
pub(super) fn take(text: &mut &[u8], byte: u8) -> Option<()> {
    *text = text.strip_prefix(&[byte])?;
    Some(())
}

/// Appends `n` with at least `width` digits.
pub(super) fn push(out: &mut Vec<u8>, mut n: u64, width: usize) {
    let mut buffer = [b'0'; 20];
    let mut at = buffer.len();
    while n > 0 || buffer.len() - at < width.min(20) {
        at -= 1;
        buffer[at] = b'0' + (n % 10) as u8;
        n /= 10;
    }
    out.extend_from_slice(&buffer[at..]);
}

/// Takes an offset from UTC, in seconds: `+00`, `+05:30`, `-03:30:15`.
pub(super) fn take_offset(text: &mut &[u8]) -> Option<i64> {
    let (sign, rest) = text.split_first()?;
    let sign = match sign {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    *text = rest;
    let mut seconds = take_two(text, 24)? * 3_600;
    if text.first() == Some(&b':') {
        take(text, b':')?;
        seconds += take_two(text, 60)? * 60;
        if text.first() == Some(&b':') {
            take(text, b':')?;
            seconds += take_two(text, 60)?;
        }
    }
    Some(sign * seconds)
}
