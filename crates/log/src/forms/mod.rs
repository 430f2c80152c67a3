//! What a column's values are in a record: Connect's type, and Debezium's name for it.
//!
//! A form is chosen by the column's type and the pipeline's modes, once for each version of a table. The common forms
//! are written straight from PostgreSQL's text by each format; the [odd](Odd) ones become a Connect value in between.

mod bits;
mod defaults;
mod float;
mod geometry;
mod hstore;
mod interval;
pub(crate) mod iso;
mod money;
mod odd;
mod put;
mod read;
mod schema;
mod structured;
mod values;
mod vector;
mod write;
mod zoned_time;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use cdc::{BinaryMode, DecimalMode, Kind, Modes, PgType, Special, TimeMode};

pub(crate) use defaults::{fallback, schema_default};
pub(crate) use float::{print as print_float, print_single};
pub(crate) use odd::{Odd, Shape};
pub(crate) use put::Put;
pub(crate) use read::{Reason, read_days, read_moment, read_numeric, read_string, read_time};
pub(crate) use schema::schema_of;
pub(crate) use structured::Temporal;
pub(crate) use write::{Fit, Unformed, Writer, has_alphabet};

/// The form of a type's values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Form {
    /// `boolean`.
    Bool,
    /// `int16`, `int32` or `int64`.
    Int(Width),
    /// `float32`, or `float64`.
    Float { single: bool },
    /// The text as it is, under a name.
    Text(Text),
    /// `org.apache.kafka.connect.data.Decimal`.
    Decimal { scale: i16, precision: u16 },
    /// `io.debezium.data.VariableScaleDecimal`.
    VariableDecimal,
    /// A number's digits as text, with this many behind the point where the column says so.
    Digits { scale: Option<i16> },
    /// A number as a `float64`.
    Double,
    /// Bytes.
    Bytes,
    /// Bytes as text.
    Encoded(BinaryMode),
    /// Days since 1970; under the name of Connect's own type or of Debezium's.
    Days { connect: bool },
    /// A day as `2017-09-15Z`.
    IsoDate,
    /// A time of day.
    Time(Unit),
    /// A time of day as `04:05:06.78Z`.
    IsoTime,
    /// A moment without a zone.
    Moment(Unit),
    /// A moment without a zone as `2017-09-15T04:05:06.78Z`.
    IsoMoment,
    /// A moment as `2017-09-15T04:05:06.780000Z`, with this many digits of a second at most.
    Zoned { digits: usize },
    /// Values of one form.
    Array(Box<Form>),
    /// Any other.
    Odd(Odd),
}

/// The size of a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    W16,
    W32,
    W64,
}

/// What a text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Plain,
    Json,
    Xml,
    Uuid,
    Ltree,
    Tsvector,
    Isbn,
    /// The labels, with commas between.
    Enum(Arc<str>),
}

/// What a time is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Millis,
    Micros,
    Nanos,
    /// Milliseconds, under the name of Connect's own type.
    Connect,
}

impl Unit {
    fn of(mode: TimeMode, pg: &PgType) -> Self {
        match mode {
            TimeMode::Connect => Unit::Connect,
            TimeMode::Microseconds => Unit::Micros,
            TimeMode::Nanoseconds => Unit::Nanos,
            _ if (0..=3).contains(&pg.typmod) => Unit::Millis,
            _ => Unit::Micros,
        }
    }

    /// The number in this unit, and whether nothing was lost; `None` beyond 64 bits.
    pub(crate) fn of_micros(self, micros: i64) -> Option<(i64, bool)> {
        match self {
            Unit::Millis | Unit::Connect => Some((micros.div_euclid(1_000), micros % 1_000 == 0)),
            Unit::Micros => Some((micros, true)),
            Unit::Nanos => Some((micros.checked_mul(1_000)?, true)),
        }
    }

    /// The reverse.
    pub(crate) fn to_micros(self, n: i64) -> Option<i64> {
        match self {
            Unit::Millis | Unit::Connect => n.checked_mul(1_000),
            Unit::Micros => Some(n),
            Unit::Nanos => Some(n.div_euclid(1_000)),
        }
    }
}

impl Form {
    /// The form of a column's values.
    pub(crate) fn of(pg: &PgType, modes: &Modes) -> Self {
        // In arrays Debezium does not see what a domain is made of.
        if modes.unknown && pg.is_array_of_domains() {
            return Form::Array(Box::new(Form::Odd(Odd::Unknown(modes.binary))));
        }
        Self::of_kind(&pg.kind, pg, modes)
    }

    fn of_kind(kind: &Kind, pg: &PgType, modes: &Modes) -> Self {
        if modes.time == TimeMode::Structured
            && let Some(temporal) = Temporal::of(kind)
        {
            return Form::Odd(Odd::Structured(temporal, precision(pg)));
        }
        match kind {
            Kind::Bool => Form::Bool,
            Kind::Int2 => Form::Int(Width::W16),
            Kind::Int4 => Form::Int(Width::W32),
            Kind::Int8 | Kind::Special(Special::Oid) => Form::Int(Width::W64),
            Kind::Float4 => Form::Float { single: true },
            Kind::Float8 => Form::Float { single: false },
            Kind::Numeric => numeric(pg, modes.decimal),
            Kind::Special(Special::Word) if is_isbn(pg) => Form::Text(Text::Isbn),
            Kind::Text | Kind::Special(Special::Word) => Form::Text(Text::Plain),
            Kind::Json | Kind::Jsonb => Form::Text(Text::Json),
            Kind::Uuid => Form::Text(Text::Uuid),
            Kind::Enum => Form::Text(Text::Enum(pg.labels.join(",").into())),
            Kind::Bytea if modes.binary == BinaryMode::Bytes => Form::Bytes,
            Kind::Bytea => Form::Encoded(modes.binary),
            Kind::Date if modes.time == TimeMode::Isostring => Form::IsoDate,
            Kind::Date => Form::Days { connect: modes.time == TimeMode::Connect },
            Kind::Time if modes.time == TimeMode::Isostring => Form::IsoTime,
            Kind::Time if modes.time == TimeMode::AdaptiveTimeMicroseconds => {
                Form::Time(Unit::Micros)
            }
            Kind::Time => Form::Time(Unit::of(modes.time, pg)),
            Kind::Timestamp if modes.time == TimeMode::Isostring => Form::IsoMoment,
            Kind::Timestamp => Form::Moment(Unit::of(modes.time, pg)),
            Kind::Timestamptz => Form::Zoned { digits: digits(pg) },
            Kind::Array(element) => Form::Array(Box::new(Self::of_kind(element, pg, modes))),
            Kind::Special(Special::Xml) => Form::Text(Text::Xml),
            Kind::Special(Special::Ltree) => Form::Text(Text::Ltree),
            Kind::Special(Special::Tsvector) => Form::Text(Text::Tsvector),
            Kind::Special(special) => Odd::of(*special, pg, modes),
            Kind::Other if pg.name.trim_end_matches("[]") == "\"char\"" => Form::Text(Text::Plain),
            Kind::Other if modes.unknown => Form::Odd(Odd::Unknown(modes.binary)),
            Kind::Other => Form::Text(Text::Plain),
        }
    }
}

/// The extension's `isbn`, in whichever schema it is, or an array of it.
fn is_isbn(pg: &PgType) -> bool {
    pg.name.trim_end_matches("[]").rsplit('.').next() == Some("isbn")
}

fn numeric(pg: &PgType, mode: DecimalMode) -> Form {
    match (mode, pg.precision_and_scale()) {
        (DecimalMode::String, declared) => Form::Digits { scale: declared.map(|(_, scale)| scale) },
        (DecimalMode::Double, _) => Form::Double,
        (DecimalMode::Precise, Some((precision, scale))) => Form::Decimal { scale, precision },
        (DecimalMode::Precise, None) => Form::VariableDecimal,
    }
}

/// The digits of a second that a type of times or an `interval` declares: 6 where it does not. An `interval` of years
/// and months alone has 65535.
fn precision(pg: &PgType) -> i32 {
    if pg.typmod < 0 { 6 } else { pg.typmod & 0xFFFF }
}

/// The precision of a type of times: 6 where it is not declared.
pub(crate) fn digits(pg: &PgType) -> usize {
    usize::try_from(pg.typmod).unwrap_or(6).min(6)
}

/// Whether an array's elements can be told apart by commas. `box` has semicolons.
pub(crate) fn has_commas(pg: &PgType) -> bool {
    !pg.name.starts_with("box") && !pg.name.ends_with(".box[]")
}

/// Bytes as text, in one of the modes that are text.
pub(crate) fn encoded(mode: BinaryMode, bytes: &[u8]) -> String {
    match mode {
        BinaryMode::Hex => bytes.iter().fold(String::new(), |mut text, byte| {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
            text
        }),
        BinaryMode::Base64UrlSafe => URL_SAFE.encode(bytes),
        BinaryMode::Base64 | BinaryMode::Bytes => STANDARD.encode(bytes),
    }
}

/// The reverse; `None` where the text is none of that alphabet.
pub(crate) fn decoded(mode: BinaryMode, text: &str) -> Option<Vec<u8>> {
    match mode {
        BinaryMode::Hex => {
            let mut out = Vec::new();
            let hex = [b"\\x", text.as_bytes()].concat();
            cdc::text::bytea::read(&hex, &mut out).then_some(out)
        }
        BinaryMode::Base64UrlSafe => URL_SAFE.decode(text).ok(),
        BinaryMode::Base64 | BinaryMode::Bytes => STANDARD.decode(text).ok(),
    }
}
