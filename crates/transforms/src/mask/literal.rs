//! The value of a fixed mask: checked against the column's type once, before the first row.

use std::fmt;

use cdc::{Kind, PgType};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::room;

/// A value as the file writes it: a text, a number or `true` and `false`.
#[derive(Clone, Debug, PartialEq)]
pub struct Literal(String);

impl schemars::JsonSchema for Literal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Literal".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = Literal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, true or false")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Literal, E> {
                Ok(Literal(value.to_string()))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Literal, E> {
                Ok(Literal(value.to_string()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Literal, E> {
                Ok(Literal(value.to_string()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Literal, E> {
                Ok(Literal(value.to_string()))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Literal, E> {
                if value.contains('\0') {
                    return Err(E::custom("no text of PostgreSQL holds a zero byte"));
                }
                Ok(Literal(value.to_owned()))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}

impl Literal {
    /// The value as PostgreSQL prints one of type `pg`.
    pub(super) fn as_text_of(&self, pg: &PgType) -> Result<String, String> {
        let text = self.0.as_str();
        let unfit = || format!("`{text}` is no value of type {}", pg.name);
        let plain = |fits: bool| fits.then(|| text.to_owned()).ok_or_else(unfit);
        match &pg.kind {
            Kind::Bool => match text {
                "t" | "true" => Ok("t".to_owned()),
                "f" | "false" => Ok("f".to_owned()),
                _ => Err(unfit()),
            },
            Kind::Int2 => plain(text.parse::<i16>().is_ok()),
            Kind::Int4 => plain(text.parse::<i32>().is_ok()),
            Kind::Int8 => plain(text.parse::<i64>().is_ok()),
            Kind::Float4 | Kind::Float8 => plain(text.parse::<f64>().is_ok()),
            Kind::Numeric => numeric(text, pg).ok_or_else(unfit),
            Kind::Text => match room(pg).filter(|room| text.chars().count() > *room) {
                Some(room) => {
                    Err(format!("`{text}` is longer than the {room} characters of the column"))
                }
                None => Ok(text.to_owned()),
            },
            Kind::Bytea => plain(text.strip_prefix("\\x").is_some_and(|hex| {
                hex.len().is_multiple_of(2) && hex.bytes().all(|b| b.is_ascii_hexdigit())
            })),
            Kind::Date => plain(is_date(text)),
            Kind::Time => plain(is_time(text)),
            Kind::Timestamp => timestamp(text).ok_or_else(unfit),
            Kind::Timestamptz => {
                let local = text.strip_suffix("+00").or(text.strip_suffix('Z')).unwrap_or(text);
                timestamp(local).map(|utc| utc + "+00").ok_or_else(unfit)
            }
            Kind::Json | Kind::Jsonb => {
                plain(serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
            }
            Kind::Uuid => plain(is_uuid(text)).map(|text| text.to_ascii_lowercase()),
            Kind::Enum => plain(pg.labels.iter().any(|label| **label == *text)),
            Kind::Array(_) => plain(text.starts_with('{') && text.ends_with('}')),
            Kind::Special(_) | Kind::Other => Ok(text.to_owned()),
        }
    }
}

/// A plain decimal number with the digits after its point that the column has.
fn numeric(text: &str, pg: &PgType) -> Option<String> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || text.ends_with('.') {
        return None;
    }
    let Some((precision, scale)) = pg.precision_and_scale() else { return Some(text.to_owned()) };
    let scale = usize::try_from(scale).ok()?;
    let significant = whole.trim_start_matches('0').len();
    if fraction.len() > scale || significant > usize::from(precision).checked_sub(scale)? {
        return None;
    }
    let point = if scale > 0 && fraction.is_empty() { "." } else { "" };
    Some(format!("{text}{point}{}", "0".repeat(scale - fraction.len())))
}

/// The numbers of `text`, each of two digits or more, between `separator`s.
fn numbers<const N: usize>(text: &str, separator: char) -> Option<[u32; N]> {
    let part = |part: &str| {
        let digits = part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    };
    text.split(separator).map(part).collect::<Option<Vec<_>>>()?.try_into().ok()
}

fn is_date(text: &str) -> bool {
    let Some([year, month, day]) = numbers(text, '-') else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => 0,
    };
    text.len() == 10 && text.as_bytes()[4] == b'-' && year > 0 && (1..=days).contains(&day)
}

fn is_time(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let fits = matches!(numbers(whole, ':'), Some([0..24, 0..60, 0..60])) && whole.len() == 8;
    fits && (1..=6).contains(&fraction.len()) && fraction.bytes().all(|b| b.is_ascii_digit())
}

/// A point in time; a date alone is its midnight.
fn timestamp(text: &str) -> Option<String> {
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    (is_date(date) && is_time(time)).then(|| format!("{date} {time}"))
}

fn is_uuid(text: &str) -> bool {
    let dash = |at| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, b): (usize, u8)| if dash(at) { b == b'-' } else { b.is_ascii_hexdigit() };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_the_type_prints_it() {
        let as_text =
            |kind, text: &str| Literal(text.to_owned()).as_text_of(&PgType::new(0, "t", kind)).ok();
        let fits = |kind, text: &str, printed: &str| {
            assert_eq!(as_text(kind, text).as_deref(), Some(printed));
        };
        fits(Kind::Bool, "true", "t");
        fits(Kind::Date, "2024-02-29", "2024-02-29");
        fits(Kind::Timestamp, "1970-01-01", "1970-01-01 00:00:00");
        fits(Kind::Timestamptz, "1970-01-01T10:00:00.5Z", "1970-01-01 10:00:00.5+00");
        fits(Kind::Jsonb, "{}", "{}");
        fits(Kind::Bytea, "\\x00ff", "\\x00ff");
        let uuid = "00000000-0000-4000-8000-00000000000A";
        fits(Kind::Uuid, uuid, &uuid.to_lowercase());
        for (kind, text) in [
            (Kind::Bool, "yes"),
            (Kind::Int2, "40000"),
            (Kind::Int4, "1.5"),
            (Kind::Numeric, "1e3"),
            (Kind::Date, "2023-02-29"),
            (Kind::Date, "01-01-1970"),
            (Kind::Time, "24:00:00"),
            (Kind::Json, "{"),
            (Kind::Enum, "none"),
            (Kind::Uuid, "none"),
            (Kind::Array(Box::new(Kind::Text)), "none"),
        ] {
            assert_eq!(as_text(kind.clone(), text), None, "{kind:?} {text}");
        }
    }

    #[test]
    fn a_number_has_the_digits_of_its_column() {
        let typmod = (5 << 16 | 2) + 4;
        let pg = PgType { typmod, ..PgType::new(1700, "numeric(5,2)", Kind::Numeric) };
        let as_text = |text: &str| Literal(text.to_owned()).as_text_of(&pg).ok();
        assert_eq!(as_text("0").as_deref(), Some("0.00"));
        assert_eq!(as_text("-12.5").as_deref(), Some("-12.50"));
        assert_eq!((as_text("1000"), as_text("0.001"), as_text("1.")), (None, None, None));
    }
}
