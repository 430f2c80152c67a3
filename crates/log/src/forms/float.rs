//! Floats as PostgreSQL prints them.

/// The shortest text that is read as this number: digits up to 15 places before the point, an exponent beyond.
pub(crate) fn print(number: f64) -> String {
    if number.is_finite() {
        return finite(format!("{number:e}"), 15, || number.to_string());
    }
    without_end(number)
}

/// The same of a `real`: digits up to 6 places before the point.
pub(crate) fn print_single(number: f32) -> String {
    if number.is_finite() {
        return finite(format!("{number:e}"), 6, || number.to_string());
    }
    without_end(number.into())
}

fn without_end(number: f64) -> String {
    let name = match number {
        _ if number.is_nan() => "NaN",
        _ if number > 0.0 => "Infinity",
        _ => "-Infinity",
    };
    name.to_owned()
}

fn finite(scientific: String, places: i32, plain: impl FnOnce() -> String) -> String {
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..places).contains(&exponent) {
        return plain();
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
        for text in ["0.1", "-0", "100000", "1e+06", "3.4028235e+38", "1e-45", "NaN", "-Infinity"] {
            assert_eq!(super::print_single(text.parse().unwrap()), text);
        }
    }
}
