//! `bit` and `bit varying`: the last bit is the lowest of the first byte, as in Java's BitSet.

use connect_data::Value;

/// One bit as a boolean.
pub(super) fn bit(text: &str) -> Option<Value> {
    match text {
        "1" => Some(Value::Boolean(true)),
        "0" => Some(Value::Boolean(false)),
        _ => None,
    }
}

/// The reverse.
pub(super) fn bit_text(value: &Value) -> Option<String> {
    match value {
        Value::Boolean(set) => Some(if *set { "1" } else { "0" }.to_owned()),
        _ => None,
    }
}

/// The bytes up to the highest bit that is set.
pub(super) fn value(text: &str) -> Option<Value> {
    let mut bytes = vec![0_u8; text.len().div_ceil(8)];
    for (i, bit) in text.bytes().rev().enumerate() {
        match bit {
            b'1' => bytes[i / 8] |= 1 << (i % 8),
            b'0' => {}
            _ => return None,
        }
    }
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(used);
    Some(Value::Bytes(bytes))
}

/// The reverse, with as many bits as the type has. Of a `bit varying` without one ([`i32::MAX`]) the zeros in front are
/// lost: it ends at the highest bit that is set, as in `BitType.toBitString` of Debezium's JDBC sink.
pub(super) fn text(value: &Value, length: i32) -> Option<String> {
    let Value::Bytes(bytes) = value else { return None };
    let length = match length {
        i32::MAX => highest(bytes),
        _ => usize::try_from(length).ok().filter(|length| *length < 1 << 27)?,
    };
    let is_set = |i: usize| bytes.get(i / 8).is_some_and(|byte| byte >> (i % 8) & 1 == 1);
    Some((0..length).rev().map(|i| if is_set(i) { '1' } else { '0' }).collect())
}

/// How many bits there are up to the highest that is set.
fn highest(bytes: &[u8]) -> usize {
    let last = bytes.iter().rposition(|byte| *byte != 0);
    last.map_or(0, |last| last * 8 + 8 - bytes[last].leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bit_is_the_first() {
        assert_eq!(value("0000000110000001"), Some(Value::Bytes(vec![0x81, 1])));
        assert_eq!(value("0000"), Some(Value::Bytes(vec![])));
        assert_eq!(text(&Value::Bytes(vec![0x81, 1]), 10).as_deref(), Some("0110000001"));
        assert_eq!(value("12"), None);
    }

    #[test]
    fn without_a_length_it_ends_at_the_highest_bit() {
        for (bits, bytes) in
            [("", vec![]), ("1", vec![1]), ("101", vec![5]), ("110000001", vec![0x81, 1])]
        {
            assert_eq!(value(bits), Some(Value::Bytes(bytes.clone())));
            assert_eq!(text(&Value::Bytes(bytes), i32::MAX).as_deref(), Some(bits));
        }
        assert_eq!(text(&Value::Bytes(vec![5, 0, 0]), i32::MAX).as_deref(), Some("101"));
        assert_eq!(text(&Value::Bytes(vec![5]), -1), None);
    }
}
