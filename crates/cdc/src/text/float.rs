//! Floating point numbers: the same digits as PostgreSQL lays them out, and as Java does.
//!
//! Both print the shortest digits that read back as the number; they differ in where the point goes, and when an
//! exponent is written: `1e+20` and `1.0E20`, `1` and `1.0`, `0.0001` and `1.0E-4`.

/// More than any number needs: 17 for a double.
const DIGITS_MAX: usize = 20;

/// The digits of a number, without zeros at either end, and the power of ten of the first one.
struct Decimal {
    negative: bool,
    digits: [u8; DIGITS_MAX],
    len: usize,
    exponent: i32,
}

/// Appends what PostgreSQL printed as Java prints it; `false`, and nothing, where the text is not as PostgreSQL prints
/// a finite number of this precision.
pub fn to_java(text: &[u8], single: bool, out: &mut Vec<u8>) -> bool {
    match Decimal::read(text) {
        Some(number) if laid_out(text, out, |out| number.write_postgres(single, out)) => {
            number.write_java(out);
            true
        }
        _ => false,
    }
}

/// Appends what Java printed as PostgreSQL prints it; `false`, and nothing, where the text is not as Java prints a
/// finite number.
pub fn from_java(text: &[u8], single: bool, out: &mut Vec<u8>) -> bool {
    match Decimal::read(text) {
        Some(number) if laid_out(text, out, |out| number.write_java(out)) => {
            number.write_postgres(single, out);
            true
        }
        _ => false,
    }
}

/// Whether `write` writes this text. `out` is only lent.
fn laid_out(text: &[u8], out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> bool {
    let start = out.len();
    write(out);
    let same = out.get(start..) == Some(text);
    out.truncate(start);
    same
}

impl Decimal {
    fn read(text: &[u8]) -> Option<Decimal> {
        let (negative, mut rest) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut number = Decimal { negative, digits: [0; DIGITS_MAX], len: 0, exponent: 0 };
        // How many digits stand before the point, not counting zeros before the first other one.
        let (mut before, mut point, mut zeros) = (0, false, 0);
        while let [byte @ (b'0'..=b'9' | b'.'), tail @ ..] = rest {
            rest = tail;
            match byte {
                b'.' if point => return None,
                b'.' => point = true,
                b'0' if number.len == 0 => before -= i32::from(point),
                b'0' => (zeros, before) = (zeros + 1, before + i32::from(!point)),
                digit => {
                    for pushed in std::iter::repeat_n(b'0', zeros).chain([*digit]) {
                        *number.digits.get_mut(number.len)? = pushed;
                        number.len += 1;
                    }
                    (zeros, before) = (0, before + i32::from(!point));
                }
            }
        }
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', exponent @ ..] if exponent.len() <= 5 => {
                std::str::from_utf8(exponent).ok()?.parse().ok()?
            }
            _ => return None,
        };
        number.exponent = if number.len == 0 { 0 } else { before - 1 + exponent };
        Some(number)
    }

    fn digits(&self) -> &[u8] {
        if self.len == 0 { b"0" } else { &self.digits[..self.len] }
    }

    /// As `float4out` and `float8out` do.
    fn write_postgres(&self, single: bool, out: &mut Vec<u8>) {
        let fixed = -4..if single { 6 } else { 15 };
        if fixed.contains(&self.exponent) {
            return self.write_fixed(b"", out);
        }
        self.write_mantissa(b"", out);
        out.push(b'e');
        out.push(if self.exponent < 0 { b'-' } else { b'+' });
        super::digits::push(out, u64::from(self.exponent.unsigned_abs()), 2);
    }

    /// As `Float.toString` and `Double.toString` do.
    fn write_java(&self, out: &mut Vec<u8>) {
        if (-3..7).contains(&self.exponent) {
            return self.write_fixed(b".0", out);
        }
        self.write_mantissa(b".0", out);
        out.extend_from_slice(if self.exponent < 0 { b"E-" } else { b"E" });
        super::digits::push(out, u64::from(self.exponent.unsigned_abs()), 1);
    }

    /// One digit, the point, the others; `whole` where there are none.
    fn write_mantissa(&self, whole: &[u8], out: &mut Vec<u8>) {
        let one = Decimal { exponent: 0, ..*self };
        one.write_fixed(whole, out);
    }

    /// Without an exponent; a whole number is followed by `whole`.
    fn write_fixed(&self, whole: &[u8], out: &mut Vec<u8>) {
        let digits = self.digits();
        if self.negative {
            out.push(b'-');
        }
        let Ok(exponent) = usize::try_from(self.exponent) else {
            out.extend_from_slice(b"0.");
            out.extend(std::iter::repeat_n(b'0', (-1 - self.exponent) as usize));
            return out.extend_from_slice(digits);
        };
        match digits.split_at_checked(exponent + 1) {
            Some((before, after)) if !after.is_empty() => {
                out.extend_from_slice(before);
                out.push(b'.');
                out.extend_from_slice(after);
            }
            _ => {
                out.extend_from_slice(digits);
                out.extend(std::iter::repeat_n(b'0', exponent + 1 - digits.len()));
                out.extend_from_slice(whole);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn converted(
        convert: fn(&[u8], bool, &mut Vec<u8>) -> bool,
        text: &str,
        single: bool,
    ) -> Option<String> {
        let mut out = b"x".to_vec();
        let done = convert(text.as_bytes(), single, &mut out);
        let text = String::from_utf8(out).unwrap().split_off(1);
        assert!(done || text.is_empty());
        done.then_some(text)
    }

    #[test]
    fn each_layout_has_its_other() {
        for (postgres, java, single) in [
            ("0", "0.0", false),
            ("-0", "-0.0", true),
            ("1", "1.0", false),
            ("-1.5", "-1.5", true),
            ("100", "100.0", false),
            ("123456", "123456.0", true),
            ("1.234567e+06", "1234567.0", true),
            ("1234567", "1234567.0", false),
            ("12345678", "1.2345678E7", false),
            ("1e+15", "1.0E15", false),
            ("100000000000000", "1.0E14", false),
            ("1e+20", "1.0E20", true),
            ("0.001", "0.001", false),
            ("0.0001", "1.0E-4", false),
            ("1e-05", "1.0E-5", false),
            ("1.7976931348623157e+308", "1.7976931348623157E308", false),
            ("0.30000000000000004", "0.30000000000000004", false),
            ("1.0203e-10", "1.0203E-10", false),
        ] {
            assert_eq!(converted(to_java, postgres, single).as_deref(), Some(java));
            assert_eq!(converted(from_java, java, single).as_deref(), Some(postgres));
        }
    }

    #[test]
    fn what_is_laid_out_otherwise_is_left_alone() {
        for text in
            ["", "-", "NaN", "1.0", "01", "1e20", "1.5.1", "+1", ".5", "5.", "1e+0020", "1e"]
        {
            assert_eq!(converted(to_java, text, false), None, "{text}");
        }
        for text in ["1", "1e+20", "1E20", "1.0E+20", "0.00", "12345678.0", "1.0E3"] {
            assert_eq!(converted(from_java, text, false), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "-?[0-9.]{0,30}([eE][+-]?[0-9]{0,6})?", single: bool) {
            if let Some(java) = converted(to_java, &text, single) {
                prop_assert_eq!(converted(from_java, &java, single), Some(text));
            }
        }
    }
}
