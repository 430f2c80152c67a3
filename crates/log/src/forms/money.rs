//! `money`, whose text has the server's `lc_monetary`: signs of currencies and groups of digits.

use connect_data::{Decimal, Value};

/// The amount in its smallest unit and how many digits of it are behind the point.
fn amount(text: &str) -> Option<(i128, u32)> {
    let negative = text.starts_with('-') || text.starts_with('(') || text.ends_with('-');
    // The last sign that is neither a digit nor at the end stands before the fraction, unless three digits follow it.
    let digits_behind = |at: usize| text[at..].bytes().filter(u8::is_ascii_digit).count();
    let point = text.rfind(['.', ',']).filter(|at| (1..=2).contains(&digits_behind(*at)));
    let mut units: i128 = 0;
    for digit in text.bytes().filter(u8::is_ascii_digit) {
        units = units.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
    }
    text.bytes().any(|byte| byte.is_ascii_digit()).then_some(())?;
    let scale = point.map_or(0, |at| u32::try_from(digits_behind(at)).unwrap_or(0));
    Some((if negative { -units } else { units }, scale))
}

/// The amount with `scale` digits behind the point, halves rounded away from zero.
fn scaled(text: &str, scale: u8) -> Option<i128> {
    let (units, has) = amount(text)?;
    let wanted = u32::from(scale);
    if wanted >= has {
        return units.checked_mul(10_i128.checked_pow(wanted - has)?);
    }
    let unit = 10_i128.checked_pow(has - wanted)?;
    let half = if units < 0 { -unit / 2 } else { unit / 2 };
    Some((units + half) / unit)
}

/// A Decimal.
pub(super) fn decimal(text: &str, scale: u8) -> Option<Value> {
    Some(Value::Decimal(Decimal::new(scaled(text, scale)?, i32::from(scale))))
}

/// The digits, as many behind the point as the server says.
pub(super) fn digits(text: &str) -> Option<Value> {
    let (units, scale) = amount(text)?;
    Some(Value::String(plain(units, scale)))
}

fn plain(units: i128, scale: u32) -> String {
    let scale = scale as usize;
    let text = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = text.split_at(text.len() - scale);
    let sign = if units < 0 { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// The number.
pub(super) fn double(text: &str) -> Option<Value> {
    let (units, scale) = amount(text)?;
    plain(units, scale).parse().ok().map(Value::Float64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_in_several_languages() {
        for (text, units, scale) in [
            ("$1,234.50", 123_450, 2),
            ("-$0.05", -5, 2),
            ("($1.00)", -100, 2),
            ("1.234,50 €", 123_450, 2),
            ("¥1,234", 1_234, 0),
            ("$92,233,720,368,547,758.07", i128::from(i64::MAX), 2),
        ] {
            assert_eq!(amount(text), Some((units, scale)), "{text}");
        }
        assert_eq!(amount("$"), None);
        assert_eq!(scaled("$1.25", 1), Some(13));
        assert_eq!(digits("-$0.05"), Some(Value::String("-0.05".to_owned())));
    }
}
