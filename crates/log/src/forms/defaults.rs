//! What stands for a value that is not there: a column's default in its schema, and what Debezium invents.

use cdc::{Column, Kind, PgType, Special};
use connect_data::{Decimal, Struct, Value};

use super::values::{integer, value_of, variable_zero};
use super::{Form, Odd, Text, Unit};

/// The default that a column's schema has: of literals the value, of functions a nought, of other expressions none.
///
/// Mirrors `PostgresDefaultValueConverter`: only the types it knows have one, and structs never do.
pub(crate) fn schema_default(form: &Form, column: &Column) -> Option<Value> {
    let expression = column.default.as_deref()?.trim();
    let nought = nought(column)?;
    if column.pg.kind == Kind::Enum {
        let label = expression.rsplit_once("::").and_then(|(label, _)| {
            label.strip_prefix('\'').and_then(|label| label.strip_suffix('\''))
        });
        return Some(Value::String(label?.to_owned()));
    }
    let literal;
    let text = if is_function(expression) {
        nought
    } else {
        literal = literal_of(expression)?;
        literal.as_str()
    };
    if let Some(value) = without_end(form, text) {
        return Some(value);
    }
    match value_of(form, canonical(&column.pg, text)?.as_bytes()) {
        None | Some(Value::Struct(_)) => None,
        value => value,
    }
}

/// What Java has for a default that has no end, or ends a day: the last and the first day that it knows, cut to the
/// field's size, and the last moment of a day.
fn without_end(form: &Form, text: &str) -> Option<Value> {
    const DAYS: (i32, i32) = (-170_999_002, 169_560_311);
    const MIDNIGHT: &str = "24:00:00";
    let of = |first: &'static str, last: &'static str| match text {
        "-infinity" => Some(Value::String(first.to_owned())),
        "infinity" => Some(Value::String(last.to_owned())),
        _ => None,
    };
    match form {
        Form::Days { connect } => {
            let days = match text {
                "-infinity" => DAYS.0,
                "infinity" => DAYS.1,
                _ => return None,
            };
            Some(if *connect {
                Value::Date(i64::from(days) * 86_400_000)
            } else {
                Value::Int32(days)
            })
        }
        Form::IsoDate => of("-999999999-01-01Z", "+999999999-12-31Z"),
        Form::IsoMoment => of("-999999999-01-01T00:00:00Z", "+999999999-12-31T23:59:59.999999999Z"),
        Form::Time(unit) if text == MIDNIGHT => Some(match unit {
            Unit::Millis => Value::Int32(86_399_999),
            Unit::Connect => Value::Date(86_399_999),
            Unit::Micros => Value::Int64(86_399_999_999),
            Unit::Nanos => Value::Int64(86_399_999_999_999),
        }),
        Form::IsoTime if text == MIDNIGHT => Some(Value::String("23:59:59.999999999Z".to_owned())),
        _ => None,
    }
}

/// What a function's value is in the schema; `None` for the types without defaults.
fn nought(column: &Column) -> Option<&'static str> {
    if column.pg.base.is_some() {
        return None;
    }
    Some(match &column.pg.kind {
        Kind::Bool => "false",
        Kind::Int2 | Kind::Int4 | Kind::Int8 => "0",
        Kind::Float4 | Kind::Float8 | Kind::Numeric => "0.0",
        Kind::Text if is_string(&column.pg.name) => "",
        Kind::Json | Kind::Jsonb => "{}",
        Kind::Uuid => "00000000-0000-0000-0000-000000000000",
        Kind::Date => "1970-01-01",
        Kind::Time => "00:00:00",
        Kind::Timestamp => "1970-01-01 00:00:00",
        Kind::Timestamptz => "1970-01-01 00:00:00+00",
        Kind::Special(Special::Xml) | Kind::Enum => "",
        Kind::Special(Special::Bit) => "00",
        Kind::Special(Special::Varbit) => "0",
        Kind::Special(Special::Interval) => "00:00:00",
        _ => return None,
    })
}

/// `citext` and `name` are text, too, and have no defaults.
fn is_string(name: &str) -> bool {
    name == "text" || name.starts_with("character")
}

/// A call, or one of the words that are calls.
fn is_function(expression: &str) -> bool {
    const WORDS: [&str; 5] =
        ["current_timestamp", "current_time", "current_date", "localtime", "localtimestamp"];
    let inner = expression.strip_prefix('(').unwrap_or(expression);
    let name = inner.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).next();
    let called = name.is_some_and(|name| {
        !name.is_empty() && inner[name.len()..].starts_with('(') && inner.contains(')')
    });
    called || WORDS.contains(&expression.to_ascii_lowercase().as_str())
}

/// What stands between the first quotes, or the whole where there are none.
fn literal_of(expression: &str) -> Option<String> {
    let Some((_, rest)) = expression.split_once('\'') else {
        return (!expression.starts_with("NULL::")).then(|| expression.to_owned());
    };
    let mut out = String::new();
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' if chars.peek() == Some(&'\'') => out.push(chars.next()?),
            '\'' => return Some(out),
            c => out.push(c),
        }
    }
    None
}

/// A literal as PostgreSQL would print the value; `None` for what Java has no number for.
fn canonical(pg: &PgType, text: &str) -> Option<String> {
    Some(match pg.kind {
        Kind::Bool => if text.eq_ignore_ascii_case("true") { "t" } else { "f" }.to_owned(),
        Kind::Numeric if !is_decimal(text) || has_more_digits(pg, text) => return None,
        _ => text.to_owned(),
    })
}

/// Whether `new BigDecimal` takes it: what is no number and what has no end is refused.
fn is_decimal(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'))
}

/// Whether digits other than zeros stand behind those that the type has: PostgreSQL rounds each value, and
/// `PostgresValueConverter.withScaleAdjustedIfNeeded` refuses to, whatever the mode.
fn has_more_digits(pg: &PgType, text: &str) -> bool {
    let Some((_, scale)) = pg.precision_and_scale() else { return false };
    let Ok(scale) = usize::try_from(scale) else { return false };
    let decimals = text.split_once('.').map_or("", |(_, decimals)| decimals);
    decimals.bytes().skip(scale).any(|digit| digit != b'0')
}

/// What Debezium writes for a value that may not be null and was not sent.
pub(crate) fn fallback(form: &Form) -> Value {
    let text = |text: &str| Value::String(text.to_owned());
    match form {
        Form::Bool | Form::Odd(Odd::Bit) => Value::Boolean(false),
        Form::Int(width) => integer(*width, 0).unwrap_or(Value::Null),
        Form::Float { single: true } => Value::Float32(0.0),
        Form::Float { single: false } | Form::Double | Form::Odd(Odd::MoneyDouble) => {
            Value::Float64(0.0)
        }
        Form::Decimal { scale, .. } => Value::Decimal(Decimal::new(0, i32::from(*scale))),
        Form::Odd(Odd::Money { scale }) => Value::Decimal(Decimal::new(0, i32::from(*scale))),
        Form::VariableDecimal => variable_zero(),
        Form::Digits { scale } => nought_of(scale.unwrap_or(0)),
        Form::Odd(Odd::MoneyDigits { scale }) => nought_of(i16::from(*scale)),
        Form::Bytes | Form::Odd(Odd::Bits(_)) => Value::Bytes(Vec::new()),
        Form::Odd(Odd::Unknown(cdc::BinaryMode::Bytes)) => Value::Bytes(Vec::new()),
        Form::Days { connect: false } | Form::Time(Unit::Millis) => Value::Int32(0),
        Form::Days { connect: true } | Form::Time(Unit::Connect) | Form::Moment(Unit::Connect) => {
            Value::Date(0)
        }
        Form::Time(_) | Form::Moment(_) | Form::Odd(Odd::Duration) => Value::Int64(0),
        Form::IsoDate => text("1970-01-01Z"),
        Form::IsoTime | Form::Odd(Odd::ZonedTime) => text("00:00:00Z"),
        Form::IsoMoment | Form::Zoned { .. } => text("1970-01-01T00:00:00Z"),
        Form::Odd(Odd::Interval) => text("P0Y0M0DT0H0M0S"),
        Form::Odd(Odd::HstoreJson) => text("{}"),
        Form::Odd(Odd::HstoreMap) => Value::Map(Vec::new()),
        Form::Array(_) | Form::Odd(Odd::Vector | Odd::Halfvec) => Value::Array(Vec::new()),
        Form::Text(Text::Plain | Text::Json | Text::Xml | Text::Uuid | Text::Ltree)
        | Form::Text(Text::Tsvector | Text::Isbn | Text::Enum(_))
        | Form::Encoded(_)
        | Form::Odd(Odd::Unknown(_)) => text(""),
        Form::Odd(odd) => odd_fallback(odd),
    }
}

/// Nought as digits, this many of them behind the point.
fn nought_of(scale: i16) -> Value {
    Value::String(match usize::try_from(scale) {
        Ok(scale @ 1..) => format!("0.{}", "0".repeat(scale)),
        _ => "0".to_owned(),
    })
}

fn odd_fallback(odd: &Odd) -> Value {
    use super::odd::Shape;
    // The texts are ours, so they have values.
    let of = |text: &[u8]| odd.value(text).unwrap_or(Value::Null);
    match odd {
        Odd::Point => of(b"(0,0)"),
        Odd::Line => of(b"{0,1,0}"),
        Odd::Circle => of(b"<(0,0),0>"),
        Odd::Shape(Shape::Box) => of(b"(0,0),(1,1)"),
        Odd::Shape(Shape::Lseg) => of(b"[(0,0),(1,0)]"),
        Odd::Shape(Shape::Path) => without_closed(of(b"[(0,0),(1,0)]")),
        Odd::Shape(Shape::Polygon) => of(b"((0,0),(1,0),(0,1))"),
        // An empty collection.
        Odd::Geometry | Odd::Geography => of(b"010700000000000000"),
        Odd::Sparsevec => of(b"{}/0"),
        Odd::Structured(temporal, precision) => temporal.nought(*precision).unwrap_or(Value::Null),
        _ => Value::Null,
    }
}

/// Debezium's invented path does not say whether it is closed.
fn without_closed(mut path: Value) -> Value {
    if let Value::Struct(Struct { values, .. }) = &mut path
        && let Some(Value::Map(extensions)) = values.last_mut()
    {
        extensions.truncate(1);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use cdc::{DecimalMode, Modes};

    fn default_of(kind: Kind, name: &str, typmod: i32, expression: &str) -> Option<Value> {
        default_in(DecimalMode::Precise, kind, name, typmod, expression)
    }

    fn default_in(
        decimal: DecimalMode,
        kind: Kind,
        name: &str,
        typmod: i32,
        expression: &str,
    ) -> Option<Value> {
        let pg = PgType { typmod, ..PgType::new(0, name, kind) };
        let form = Form::of(&pg, &Modes { decimal, ..Modes::default() });
        let column = Column {
            name: "c".into(),
            pg,
            optional: true,
            masked: false,
            missing: None,
            default: Some(expression.into()),
            source_type: None,
        };
        schema_default(&form, &column)
    }

    #[test]
    fn literals_are_values_and_functions_are_nought() {
        let text = |text: &str| Some(Value::String(text.to_owned()));
        assert_eq!(default_of(Kind::Int4, "integer", -1, "42"), Some(Value::Int32(42)));
        assert_eq!(default_of(Kind::Int4, "integer", -1, "'-1'::integer"), Some(Value::Int32(-1)));
        assert_eq!(default_of(Kind::Int4, "integer", -1, "(1 + 2)"), None);
        assert_eq!(
            default_of(Kind::Int8, "bigint", -1, "nextval('a_seq'::regclass)"),
            Some(Value::Int64(0))
        );
        assert_eq!(default_of(Kind::Text, "text", -1, "'it''s'::text"), text("it's"));
        assert_eq!(default_of(Kind::Text, "citext", -1, "'x'::citext"), None);
        assert_eq!(default_of(Kind::Bool, "boolean", -1, "true"), Some(Value::Boolean(true)));
        let money = (6 << 16 | 2) + 4;
        assert_eq!(
            default_of(Kind::Numeric, "numeric(6,2)", money, "1.5"),
            Some(Value::Decimal(Decimal::new(150, 2)))
        );
        assert_eq!(default_of(Kind::Numeric, "numeric", -1, "1.5"), None);
        assert_eq!(
            default_of(Kind::Uuid, "uuid", -1, "gen_random_uuid()"),
            text("00000000-0000-0000-0000-000000000000")
        );
        assert_eq!(default_of(Kind::Enum, "s.mood", -1, "'ok'::s.mood"), text("ok"));
        assert_eq!(default_of(Kind::Jsonb, "jsonb", -1, "'{\"a\": 1}'::jsonb"), text("{\"a\": 1}"));
        assert_eq!(default_of(Kind::Int4, "integer", -1, "NULL::integer"), None);
    }

    #[test]
    fn a_number_that_java_refuses_is_no_default() {
        let two = (6 << 16 | 2) + 4;
        for mode in [DecimalMode::Precise, DecimalMode::String, DecimalMode::Double] {
            let of = |typmod, text: &str| default_in(mode, Kind::Numeric, "numeric", typmod, text);
            for (typmod, text) in [
                (-1, "'NaN'::numeric"),
                (two, "'NaN'::numeric"),
                (-1, "'Infinity'::numeric"),
                (-1, "'-Infinity'::numeric"),
                (two, "1.555"),
                (two, "'-0.001'::numeric"),
            ] {
                assert_eq!(of(typmod, text), None, "{mode:?} {text}");
            }
            assert!(of(two, "1.500").is_some(), "{mode:?}");
        }
        let text = |text: &str| Some(Value::String(text.to_owned()));
        let as_text =
            |typmod, text: &str| default_in(DecimalMode::String, Kind::Numeric, "n", typmod, text);
        assert_eq!(as_text(two, "1.500"), text("1.50"));
        assert_eq!(as_text(-1, "1.555"), text("1.555"));
        let nan = default_of(Kind::Float8, "double precision", -1, "'NaN'::double precision");
        assert!(matches!(nan, Some(Value::Float64(number)) if number.is_nan()));
    }
}
