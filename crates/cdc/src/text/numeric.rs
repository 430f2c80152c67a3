//! `numeric`: an unscaled whole number and the count of its decimals, as Java's `BigDecimal` has it.
//!
//! The unscaled number is big-endian two's complement in as few bytes as hold it. Up to 38 digits go through
//! 128 bits; longer ones through limbs, as long as PostgreSQL itself allows.

/// The most digits PostgreSQL's `numeric` has: 131072 before the point and 16383 after it.
const DIGITS_MAX: usize = 131_072 + 16_383;
/// As many bytes hold [`DIGITS_MAX`] digits.
const BYTES_MAX: usize = 61_250;
/// Nine digits to a limb.
const LIMB: u64 = 1_000_000_000;

/// Appends the unscaled bytes of `text`, and says its scale; `None`, and nothing appended, where the text is
/// not a finite number as PostgreSQL prints one.
pub fn read(text: &[u8], out: &mut Vec<u8>) -> Option<i32> {
    let (negative, whole, decimals) = parts(text)?;
    push_unscaled(negative, whole, decimals, out);
    i32::try_from(decimals.len()).ok()
}

/// Appends the unscaled bytes of `text` at a given scale; `false`, and nothing appended, where the text has
/// other decimals than that.
pub fn read_scaled(text: &[u8], scale: i32, out: &mut Vec<u8>) -> bool {
    let Some((negative, whole, decimals)) = parts(text) else { return false };
    if usize::try_from(scale).is_ok_and(|scale| decimals.len() == scale) {
        push_unscaled(negative, whole, decimals, out);
        return true;
    }
    if scale >= 0 || !decimals.is_empty() {
        return false;
    }
    // numeric(3,-2) prints 12300: the zeros are not part of the number.
    let zeros = scale.unsigned_abs() as usize;
    let kept = match whole {
        b"0" => whole,
        _ => match whole.split_at_checked(whole.len().wrapping_sub(zeros)) {
            Some((kept, rest)) if !kept.is_empty() && rest.iter().all(|d| *d == b'0') => kept,
            _ => return false,
        },
    };
    push_unscaled(negative, kept, b"", out);
    true
}

/// Appends the number as PostgreSQL prints it; `false`, and nothing appended, where it is beyond `numeric`.
pub fn write(unscaled: &[u8], scale: i32, out: &mut Vec<u8>) -> bool {
    if unscaled.is_empty() || unscaled.len() > BYTES_MAX || !(-131_072..=16_383).contains(&scale) {
        return false;
    }
    let (negative, digits) = digits(unscaled);
    let zero = digits == b"0";
    if negative {
        out.push(b'-');
    }
    if scale <= 0 {
        out.extend_from_slice(&digits);
        if !zero {
            out.resize(out.len() + scale.unsigned_abs() as usize, b'0');
        }
        return true;
    }
    let scale = scale.unsigned_abs() as usize;
    let whole = digits.len().saturating_sub(scale);
    if whole == 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + scale - digits.len(), b'0');
        out.extend_from_slice(&digits);
    } else {
        out.extend_from_slice(&digits[..whole]);
        out.push(b'.');
        out.extend_from_slice(&digits[whole..]);
    }
    true
}

/// Sign, digits before and digits after the point.
fn parts(text: &[u8]) -> Option<(bool, &[u8], &[u8])> {
    let (negative, digits) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
    let (whole, decimals) = match digits.iter().position(|byte| *byte == b'.') {
        Some(point) if point + 1 < digits.len() => (&digits[..point], &digits[point + 1..]),
        Some(_) => return None,
        None => (digits, &[][..]),
    };
    let spelled = match whole {
        [] => false,
        [b'0', rest @ ..] => rest.is_empty(),
        _ => true,
    };
    let all_digits = whole.iter().chain(decimals).all(u8::is_ascii_digit);
    let minus_zero = negative && whole.iter().chain(decimals).all(|digit| *digit == b'0');
    let fits = digits.len() <= DIGITS_MAX + 1 && decimals.len() <= 16_383;
    (spelled && all_digits && !minus_zero && fits).then_some((negative, whole, decimals))
}

fn push_unscaled(negative: bool, whole: &[u8], decimals: &[u8], out: &mut Vec<u8>) {
    let digits = || whole.iter().chain(decimals).map(|digit| digit - b'0');
    if whole.len() + decimals.len() <= 38 {
        let n = digits().fold(0i128, |n, digit| n * 10 + i128::from(digit));
        let bytes = if negative { -n } else { n }.to_be_bytes();
        out.extend_from_slice(shortest(&bytes));
        return;
    }
    let mut limbs: Vec<u32> = Vec::new();
    let (mut chunk, mut factor) = (0u64, 1u64);
    for digit in digits() {
        (chunk, factor) = (chunk * 10 + u64::from(digit), factor * 10);
        if factor == LIMB {
            multiply_add(&mut limbs, factor, chunk);
            (chunk, factor) = (0, 1);
        }
    }
    multiply_add(&mut limbs, factor, chunk);
    let mut bytes = vec![0];
    bytes.extend(limbs.iter().rev().flat_map(|limb| limb.to_be_bytes()));
    if negative {
        negate(&mut bytes);
    }
    out.extend_from_slice(shortest(&bytes));
}

/// `limbs * factor + carry`, lowest limb first.
fn multiply_add(limbs: &mut Vec<u32>, factor: u64, mut carry: u64) {
    for limb in limbs.iter_mut() {
        carry += u64::from(*limb) * factor;
        *limb = carry as u32;
        carry >>= 32;
    }
    if carry > 0 {
        limbs.push(carry as u32);
    }
}

/// Two's complement with the sign turned.
fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes.iter_mut().rev() {
        (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
    }
}

/// Two's complement without the leading bytes that say nothing.
fn shortest(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes {
        match rest.first() {
            Some(next) if *first == 0 && next & 0x80 == 0 => bytes = rest,
            Some(next) if *first == 0xFF && next & 0x80 != 0 => bytes = rest,
            _ => break,
        }
    }
    bytes
}

/// Sign and decimal digits of two's complement bytes.
fn digits(unscaled: &[u8]) -> (bool, Vec<u8>) {
    let negative = unscaled.first().is_some_and(|byte| byte & 0x80 != 0);
    if unscaled.len() <= 16 {
        let mut bytes = [if negative { 0xFF } else { 0 }; 16];
        bytes[16 - unscaled.len()..].copy_from_slice(unscaled);
        return (negative, i128::from_be_bytes(bytes).unsigned_abs().to_string().into_bytes());
    }
    let mut magnitude = vec![if negative { 0xFF } else { 0 }; (4 - unscaled.len() % 4) % 4 + 4];
    magnitude.extend_from_slice(unscaled);
    if negative {
        negate(&mut magnitude);
    }
    let mut limbs: Vec<u32> = magnitude
        .chunks_exact(4)
        .map(|chunk| chunk.iter().fold(0, |limb, byte| limb << 8 | u32::from(*byte)))
        .collect();
    let mut digits = Vec::with_capacity(limbs.len() * 10);
    let mut first = 0;
    while first < limbs.len() {
        let mut rest = 0u64;
        for limb in &mut limbs[first..] {
            rest = rest << 32 | u64::from(*limb);
            *limb = (rest / LIMB) as u32;
            rest %= LIMB;
        }
        for _ in 0..9 {
            digits.push(b'0' + (rest % 10) as u8);
            rest /= 10;
        }
        while limbs.get(first) == Some(&0) {
            first += 1;
        }
    }
    while digits.len() > 1 && digits.last() == Some(&b'0') {
        digits.pop();
    }
    digits.reverse();
    (negative, digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_javas_unscaled_bytes() {
        for (text, scale, bytes) in [
            ("1.56", 2, &[0x00, 0x9C][..]),
            ("-1.56", 2, &[0xFF, 0x64]),
            ("0", 0, &[0]),
            ("0.00", 2, &[0]),
            ("-128", 0, &[0x80]),
            ("128", 0, &[0, 0x80]),
        ] {
            let mut out = Vec::new();
            assert_eq!(read(text.as_bytes(), &mut out), Some(scale), "{text}");
            assert_eq!(out, bytes, "{text}");
        }
        for wrong in
            ["", "-", "NaN", "Infinity", "-0", "-0.0", "01", ".5", "5.", "1e5", "1.2.3", "+1"]
        {
            assert_eq!(read(wrong.as_bytes(), &mut Vec::new()), None, "{wrong}");
        }
    }

    #[test]
    fn a_scale_below_zero_keeps_the_zeros_out() {
        let mut out = Vec::new();
        assert!(read_scaled(b"12300", -2, &mut out) && out == [123]);
        assert!(!read_scaled(b"12345", -2, &mut out) && !read_scaled(b"1", -2, &mut out));
        let mut text = Vec::new();
        assert!(write(&[123], -2, &mut text) && write(&[0], -2, &mut text));
        assert_eq!(text, b"123000");
    }

    #[test]
    fn what_numeric_cannot_hold_is_refused() {
        assert!(!write(&[], 0, &mut Vec::new()));
        assert!(!write(&[1], 16_384, &mut Vec::new()));
        assert!(!write(&vec![1; BYTES_MAX + 1], 0, &mut Vec::new()));
        let long = "9".repeat(DIGITS_MAX);
        let mut out = Vec::new();
        assert_eq!(read(long.as_bytes(), &mut out), Some(0));
        assert!(out.len() <= BYTES_MAX);
    }

    proptest! {
        #[test]
        fn numbers_read_back(text in r"-?(0|[1-9][0-9]{0,90})(\.[0-9]{1,60})?") {
            let mut bytes = Vec::new();
            if let Some(scale) = read(text.as_bytes(), &mut bytes) {
                let mut again = Vec::new();
                prop_assert!(write(&bytes, scale, &mut again));
                prop_assert_eq!(again, text.as_bytes());
            } else {
                prop_assert!(text.starts_with("-0"));
            }
        }

        #[test]
        fn any_unscaled_bytes_read_back(bytes in proptest::collection::vec(any::<u8>(), 1..60), scale in 0..40) {
            let mut text = Vec::new();
            prop_assert!(write(&bytes, scale, &mut text));
            let mut again = Vec::new();
            prop_assert_eq!(read(&text, &mut again), Some(scale));
            prop_assert_eq!(again, shortest(&bytes));
        }
    }
}
