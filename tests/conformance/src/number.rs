//! Numbers that are equal, whatever they are written as.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::json::Json;

/// Whether both are one number: digits with a point and an exponent, or unscaled bytes with their scale.
pub(crate) fn same(ours: Option<&Json>, theirs: Option<&Json>) -> bool {
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return false };
    match (ours, theirs) {
        (Json::Object(_), Json::Object(_)) => {
            let of = |json| variable(json).map(|(digits, scale)| plain(digits, scale));
            of(ours).is_some_and(|ours| Some(ours) == of(theirs))
        }
        (Json::Word(ours), Json::Word(theirs)) => {
            // A float's text may have more digits than it takes to tell it from the next one.
            let float = |text: &str| text.parse::<f64>().ok();
            let single = |text: &str| text.parse::<f32>().ok();
            float(ours).is_some_and(|ours| Some(ours) == float(theirs))
                || single(ours).is_some_and(|ours| Some(ours) == single(theirs))
        }
        (Json::Text(ours), Json::Text(theirs)) => {
            let of = |text: &str| digits(text).map(|(digits, scale)| plain(digits, scale));
            of(ours).is_some_and(|ours| Some(ours) == of(theirs))
        }
        _ => false,
    }
}

/// Digits, which begin with none, without zeros at their end.
fn plain(mut digits: String, mut scale: i64) -> (String, i64) {
    while digits.ends_with('0') {
        digits.pop();
        scale -= 1;
    }
    if digits.is_empty() || digits == "-" { (String::new(), 0) } else { (digits, scale) }
}

fn digits(text: &str) -> Option<(String, i64)> {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (text, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let scale = i64::try_from(fraction.len()).ok()? - exponent.parse::<i64>().ok()?;
    Some((format!("{sign}{}", digits.trim_start_matches('0')), scale))
}

/// A `VariableScaleDecimal` as digits.
fn variable(json: &Json) -> Option<(String, i64)> {
    let Json::Word(scale) = json.get("scale")? else { return None };
    let bytes = STANDARD.decode(json.get("value")?.text()?).ok()?;
    Some((decimal(&bytes), scale.parse().ok()?))
}

/// Two's complement, the most significant byte first, as decimal digits.
fn decimal(bytes: &[u8]) -> String {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut digits = vec![0_u8];
    let mut push = |add: u32, times: u32| {
        let mut carry = add;
        for digit in &mut digits {
            let sum = u32::from(*digit) * times + carry;
            *digit = (sum % 10) as u8;
            carry = sum / 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    };
    for byte in bytes {
        push(u32::from(if negative { !byte } else { *byte }), 256);
    }
    if negative {
        push(1, 1);
    }
    let text: String = digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect();
    format!("{}{}", if negative { "-" } else { "" }, text.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_at_the_end_and_digits_too_many_make_no_other_number() {
        let same = |a: &str, b: &str| same(Json::parse(a).as_ref(), Json::parse(b).as_ref());
        // 1.0000 of 20 digits, -1.50 and 300, as Debezium cuts them and as PostgreSQL shows them.
        assert!(same(r#"{"scale":3,"value":"MDQ="}"#, r#"{"scale":2,"value":"BNI="}"#));
        assert!(same(r#"{"scale":2,"value":"/2o="}"#, r#"{"scale":1,"value":"8Q=="}"#));
        assert!(!same(r#"{"scale":2,"value":"/2o="}"#, r#"{"scale":2,"value":"8Q=="}"#));
        assert!(same("1.1754944E-38", "1.17549435E-38") && same("1", "1.0") && !same("1", "2"));
        assert!(same(r#"{"scale":2,"value":"AA=="}"#, r#"{"scale":0,"value":"AA=="}"#));
        assert!(same(r#""1.50""#, r#""1.5""#) && same(r#""1E+2""#, r#""100""#));
        assert!(!same(r#""1.50""#, r#""1.51""#) && !same(r#""x""#, r#""y""#));
    }
}
