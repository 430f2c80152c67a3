//! One cell as JSON, in Debezium's default modes (`precise` decimals, `adaptive` times).
//!
//! A value goes in Debezium's form only where reading that form gives back the same text. Everything else
//! goes as its text: in a JSON string where the form is no string, in `{"text":…}` where it is one of
//! another alphabet.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cdc::text::{self, Date, MaybeInfinite, Timestamp};
use cdc::{Kind, PgType};

use super::string;

/// Debezium's numbers for dates without end. No date that PostgreSQL has comes near them.
pub(super) const DATE_INFINITY: i32 = 2_146_033_979;
pub(super) const DATE_NEGATIVE_INFINITY: i32 = -2_147_472_691;

/// Memory that is kept between cells.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    bytes: Vec<u8>,
}

/// Appends a value; `Err` is its first byte that is not UTF-8.
pub(super) fn value(
    kind: &Kind,
    pg: &PgType,
    text: &[u8],
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), usize> {
    match kind {
        Kind::Text | Kind::Json | Kind::Jsonb | Kind::Uuid | Kind::Enum | Kind::Other => {
            string::write(text, out)
        }
        Kind::Bool => match text::read_bool(text) {
            Some(true) => plain(b"true", out),
            Some(false) => plain(b"false", out),
            None => string::write(text, out),
        },
        Kind::Int2 | Kind::Int4 | Kind::Int8 if text::is_integer(text) => plain(text, out),
        Kind::Int2 | Kind::Int4 | Kind::Int8 => string::write(text, out),
        Kind::Float4 | Kind::Float8 => float(*kind == Kind::Float4, text, out),
        Kind::Numeric => numeric(pg, text, scratch, out),
        Kind::Bytea => {
            scratch.bytes.clear();
            if text::bytea::read(text, &mut scratch.bytes) {
                base64(&scratch.bytes, out);
                Ok(())
            } else {
                object(text, out)
            }
        }
        Kind::Date => match Date::read(text) {
            Some(MaybeInfinite::Finite(Date(days))) => integer(i64::from(days), out),
            Some(MaybeInfinite::Infinity) => integer(i64::from(DATE_INFINITY), out),
            Some(MaybeInfinite::NegativeInfinity) => {
                integer(i64::from(DATE_NEGATIVE_INFINITY), out)
            }
            None => string::write(text, out),
        },
        Kind::Time => {
            let micros = text::read_time(text);
            match if in_millis(pg) { micros.and_then(millis) } else { micros } {
                Some(n) => integer(n, out),
                None => string::write(text, out),
            }
        }
        Kind::Timestamp => timestamp(pg, text, out),
        Kind::Timestamptz => match Timestamp::read_zoned(text) {
            Some(MaybeInfinite::Finite(at)) => {
                out.push(b'"');
                at.write_iso(digits(pg), out);
                out.push(b'"');
                Ok(())
            }
            _ => string::write(text, out),
        },
        Kind::Array(element) => array(element, pg, text, scratch, out),
    }
}

/// Whether the values of this type are counted in milliseconds: those declared with at most 3 digits.
pub(super) fn in_millis(pg: &PgType) -> bool {
    (0..=3).contains(&pg.typmod)
}

/// Debezium's numbers for timestamps without end, the earlier one first.
pub(super) fn infinities(pg: &PgType) -> (i64, i64) {
    if in_millis(pg) {
        (-9_223_372_036_832_400_000, 9_223_372_036_825_200_000)
    } else {
        (i64::MIN, i64::MAX)
    }
}

/// The precision of a type of times: 6 where it is not declared.
fn digits(pg: &PgType) -> usize {
    usize::try_from(pg.typmod).unwrap_or(6).min(6)
}

/// Whether an array's elements can be told apart by commas. `box` has semicolons.
pub(super) fn has_commas(pg: &PgType) -> bool {
    !pg.name.starts_with("box") && !pg.name.ends_with(".box[]")
}

fn millis(micros: i64) -> Option<i64> {
    (micros % 1_000 == 0).then_some(micros / 1_000)
}

fn plain(json: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    out.extend_from_slice(json);
    Ok(())
}

fn integer(n: i64, out: &mut Vec<u8>) -> Result<(), usize> {
    plain(itoa::Buffer::new().format(n).as_bytes(), out)
}

fn object(text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    out.extend_from_slice(br#"{"text":"#);
    string::write(text, out)?;
    out.push(b'}');
    Ok(())
}

fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // The room is as large as the encoding, so this cannot fail.
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
    out.push(b'"');
}

fn numeric(
    pg: &PgType,
    text: &[u8],
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), usize> {
    scratch.bytes.clear();
    if let Some((_, scale)) = pg.precision_and_scale() {
        return if text::numeric::read_scaled(text, i32::from(scale), &mut scratch.bytes) {
            base64(&scratch.bytes, out);
            Ok(())
        } else if text == b"NaN" {
            // Three letters are no base64, so this string cannot be taken for a number.
            string::write(text, out)
        } else {
            object(text, out)
        };
    }
    match text::numeric::read(text, &mut scratch.bytes) {
        Some(scale) => {
            out.extend_from_slice(br#"{"scale":"#);
            integer(i64::from(scale), out)?;
            out.extend_from_slice(br#","value":"#);
            base64(&scratch.bytes, out);
            out.push(b'}');
            Ok(())
        }
        None => string::write(text, out),
    }
}

fn timestamp(pg: &PgType, text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    let (first, last) = infinities(pg);
    let number = match Timestamp::read(text) {
        Some(MaybeInfinite::Infinity) => Some(last),
        Some(MaybeInfinite::NegativeInfinity) => Some(first),
        Some(MaybeInfinite::Finite(at)) => at
            .unix_micros()
            .and_then(|micros| if in_millis(pg) { millis(micros) } else { Some(micros) })
            .filter(|n| *n != first && *n != last),
        None => None,
    };
    match number {
        Some(n) => integer(n, out),
        None => string::write(text, out),
    }
}

fn array(
    element: &Kind,
    pg: &PgType,
    text: &[u8],
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> Result<(), usize> {
    let Some(elements) = text::array::flat(text, b',').filter(|_| has_commas(pg)) else {
        return string::write(text, out);
    };
    if let Err(error) = std::str::from_utf8(text) {
        return Err(error.valid_up_to());
    }
    out.push(b'[');
    for (i, item) in elements.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        match item {
            None => out.extend_from_slice(b"null"),
            Some(text) => value(element, pg, text, scratch, out)?,
        }
    }
    out.push(b']');
    Ok(())
}

fn float(single: bool, text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    if text::float::to_java(text, single, out) {
        return Ok(());
    }
    // Java's own layout would be read as what PostgreSQL prints for it.
    let start = out.len();
    if is_number(text) && !text::float::from_java(text, single, out) {
        return plain(text, out);
    }
    out.truncate(start);
    string::write(text, out)
}

/// Whether a float's text is a number in JSON too. `NaN` and `Infinity` are not.
fn is_number(text: &[u8]) -> bool {
    fn digits(text: &mut &[u8]) -> bool {
        let n = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *text = &text[n..];
        n > 0
    }
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    if let Some(after) = rest.strip_prefix(b"0") {
        rest = after;
    } else if !digits(&mut rest) {
        return false;
    }
    if let Some(after) = rest.strip_prefix(b".") {
        rest = after;
        if !digits(&mut rest) {
            return false;
        }
    }
    if let [b'e' | b'E', after @ ..] = rest {
        rest = match after {
            [b'+' | b'-', after @ ..] => after,
            _ => after,
        };
        if !digits(&mut rest) {
            return false;
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(kind: Kind, typmod: i32, text: &str) -> String {
        let pg = PgType { typmod, ..PgType::new(0, "t", kind.clone()) };
        let mut out = Vec::new();
        value(&kind, &pg, text.as_bytes(), &mut Scratch::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_have_debeziums_forms() {
        let array = |kind| Kind::Array(Box::new(kind));
        let money = (10 << 16 | 2) + 4;
        for (kind, typmod, text, expected) in [
            (Kind::Bool, -1, "t", "true"),
            (Kind::Int8, -1, "-42", "-42"),
            (Kind::Float8, -1, "1e+20", "1.0E20"),
            (Kind::Float4, -1, "1", "1.0"),
            (Kind::Float8, -1, "1.0", r#""1.0""#),
            (Kind::Float8, -1, "1.50", "1.50"),
            (Kind::Float8, -1, "NaN", r#""NaN""#),
            (Kind::Float4, -1, "-Infinity", r#""-Infinity""#),
            (Kind::Numeric, money, "1.56", r#""AJw=""#),
            (Kind::Numeric, money, "NaN", r#""NaN""#),
            (Kind::Numeric, money, "Infinity", r#"{"text":"Infinity"}"#),
            (Kind::Numeric, -1, "1.56", r#"{"scale":2,"value":"AJw="}"#),
            (Kind::Numeric, -1, "-Infinity", r#""-Infinity""#),
            (Kind::Bytea, -1, r"\x010203", r#""AQID""#),
            (Kind::Date, -1, "2024-01-02", "19724"),
            (Kind::Date, -1, "infinity", "2146033979"),
            (Kind::Time, -1, "04:05:06.78", "14706780000"),
            (Kind::Time, 3, "04:05:06.78", "14706780"),
            (Kind::Time, 3, "04:05:06.7812", r#""04:05:06.7812""#),
            (Kind::Timestamp, -1, "2019-07-09 02:28:57.123456", "1562639337123456"),
            (Kind::Timestamp, 0, "2019-07-09 02:28:57", "1562639337000"),
            (Kind::Timestamp, -1, "infinity", "9223372036854775807"),
            (Kind::Timestamp, 3, "-infinity", "-9223372036832400000"),
            (Kind::Timestamp, -1, "294276-12-31 00:00:00", r#""294276-12-31 00:00:00""#),
            (Kind::Timestamptz, -1, "2019-07-09 02:28:57.5+00", r#""2019-07-09T02:28:57.500000Z""#),
            (Kind::Timestamptz, 0, "2019-07-09 02:28:57+00", r#""2019-07-09T02:28:57Z""#),
            (Kind::Timestamptz, -1, "-infinity", r#""-infinity""#),
            (Kind::Jsonb, -1, r#"{"a": 1}"#, r#""{\"a\": 1}""#),
            (array(Kind::Int4), -1, "{1,NULL}", "[1,null]"),
            (array(Kind::Text), -1, r#"{a,"b c"}"#, r#"["a","b c"]"#),
            (array(Kind::Int4), -1, "{{1},{2}}", r#""{{1},{2}}""#),
            (array(Kind::Int4), -1, "[0:0]={1}", r#""[0:0]={1}""#),
            (Kind::Other, -1, "(1,2)", r#""(1,2)""#),
        ] {
            assert_eq!(json(kind.clone(), typmod, text), expected, "{kind:?} {text}");
        }
    }

    #[test]
    fn a_timestamp_that_debezium_would_take_for_infinity_goes_as_text() {
        let mut text = Vec::new();
        Timestamp::from_unix_micros(i64::MAX).write(&mut text);
        let text = String::from_utf8(text).unwrap();
        assert_eq!(json(Kind::Timestamp, -1, &text), format!("\"{text}\""));
    }
}
