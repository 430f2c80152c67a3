//! Floats as PostgreSQL prints them.

/// The shortest text that is read as this number: digits up to 15 places before the point, an exponent beyond.
pub(crate) fn print(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..15).contains(&exponent) {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    #[test]
    fn floats_are_as_the_server_prints_them() {
        for text in ["0", "-0", "1.5", "1e+15", "100000000000000", "1e-05", "0.0001", "-2.5e-300"] {
            assert_eq!(super::print(text.parse().unwrap()), text);
        }
    }
}
