//! The forms that few columns have. Their values become Connect's on the way, in both directions.

use cdc::{BinaryMode, DecimalMode, HstoreMode, IntervalMode, Modes, PgType, Special};
use connect_data::Value;

use super::{
    Form, Temporal, Text, bits, decoded, encoded, geometry, hstore, interval, money, vector,
    zoned_time,
};

/// An odd form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Odd {
    /// `bit(1)`, as a boolean.
    Bit,
    /// `io.debezium.data.Bits` of at most this length.
    Bits(i32),
    /// `money` as a Decimal.
    Money { scale: u8 },
    /// `money` as its digits.
    MoneyDigits { scale: u8 },
    /// `money` as a float.
    MoneyDouble,
    /// `io.debezium.time.ZonedTime`.
    ZonedTime,
    /// `io.debezium.time.MicroDuration`.
    Duration,
    /// `io.debezium.time.Interval`.
    Interval,
    /// `io.debezium.data.geometry.Point`.
    Point,
    /// `io.debezium.data.geometry.Line`.
    Line,
    /// `io.debezium.data.geometry.Circle`.
    Circle,
    /// `io.debezium.data.geometry.Geometry` made of PostgreSQL's own shapes.
    Shape(Shape),
    /// `io.debezium.data.geometry.Geometry` of PostGIS.
    Geometry,
    /// `io.debezium.data.geometry.Geography` of PostGIS.
    Geography,
    /// `hstore` as a map.
    HstoreMap,
    /// `hstore` as JSON.
    HstoreJson,
    /// `io.debezium.data.DoubleVector`.
    Vector,
    /// `io.debezium.data.FloatVector`.
    Halfvec,
    /// `io.debezium.data.SparseDoubleVector`.
    Sparsevec,
    /// A date, a time or an interval in numbers, and the digits of a second that the column declares.
    Structured(Temporal, i32),
    /// The text as bytes, in the binary mode's form.
    Unknown(BinaryMode),
}

/// PostgreSQL's own shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Box,
    Lseg,
    Path,
    Polygon,
}

impl Odd {
    pub(super) fn of(special: Special, pg: &PgType, modes: &Modes) -> Form {
        Form::Odd(match special {
            Special::Bit if pg.typmod == 1 => Odd::Bit,
            Special::Varbit if pg.typmod == 1 => Odd::Bit,
            Special::Bit | Special::Varbit => {
                Odd::Bits(if pg.typmod > 0 { pg.typmod } else { i32::MAX })
            }
            Special::Money => match modes.decimal {
                DecimalMode::Precise => Odd::Money { scale: modes.money.0 },
                DecimalMode::String => Odd::MoneyDigits { scale: modes.money.0 },
                DecimalMode::Double => Odd::MoneyDouble,
            },
            Special::Timetz => Odd::ZonedTime,
            Special::Interval if modes.interval == IntervalMode::Numeric => Odd::Duration,
            Special::Interval => Odd::Interval,
            Special::Point => Odd::Point,
            Special::Line => Odd::Line,
            Special::Circle => Odd::Circle,
            Special::Box => Odd::Shape(Shape::Box),
            Special::Lseg => Odd::Shape(Shape::Lseg),
            Special::Path => Odd::Shape(Shape::Path),
            Special::Polygon => Odd::Shape(Shape::Polygon),
            Special::Geometry => Odd::Geometry,
            Special::Geography => Odd::Geography,
            Special::Hstore if modes.hstore == HstoreMode::Map => Odd::HstoreMap,
            Special::Hstore => Odd::HstoreJson,
            Special::Vector => Odd::Vector,
            Special::Halfvec => Odd::Halfvec,
            Special::Sparsevec => Odd::Sparsevec,
            Special::Oid | Special::Xml | Special::Ltree | Special::Tsvector | Special::Word => {
                return Form::Text(Text::Plain);
            }
        })
    }

    /// The value of a text that PostgreSQL printed; `None` where it has none in this form.
    pub(crate) fn value(&self, text: &[u8]) -> Option<Value> {
        let text = std::str::from_utf8(text).ok()?;
        match self {
            Odd::Bit => bits::bit(text),
            Odd::Bits(_) => bits::value(text),
            Odd::Money { scale } => money::decimal(text, *scale),
            Odd::MoneyDigits { .. } => money::digits(text),
            Odd::MoneyDouble => money::double(text),
            Odd::ZonedTime => zoned_time::value(text),
            Odd::Duration => interval::micros(text),
            Odd::Interval => interval::iso(text),
            Odd::Point => geometry::point(text),
            Odd::Line => geometry::line(text),
            Odd::Circle => geometry::circle(text),
            Odd::Shape(shape) => geometry::shape(*shape, text),
            Odd::Geometry => geometry::ewkb(text, false),
            Odd::Geography => geometry::ewkb(text, true),
            Odd::HstoreMap => hstore::map(text),
            Odd::HstoreJson => hstore::json(text),
            Odd::Vector => vector::doubles(text),
            Odd::Halfvec => vector::floats(text),
            Odd::Sparsevec => vector::sparse(text),
            Odd::Structured(temporal, precision) => temporal.value(*precision, text),
            Odd::Unknown(BinaryMode::Bytes) => Some(Value::Bytes(text.as_bytes().to_vec())),
            Odd::Unknown(mode) => Some(Value::String(encoded(*mode, text.as_bytes()))),
        }
    }

    /// The text PostgreSQL prints for a value in this form, where the form alone tells it.
    pub(crate) fn text(&self, value: &Value) -> Option<String> {
        match self {
            Odd::Bit => bits::bit_text(value),
            Odd::Bits(length) => bits::text(value, *length),
            Odd::ZonedTime => zoned_time::text(value),
            Odd::Duration => interval::micros_text(value),
            Odd::Interval => interval::iso_text(value),
            Odd::Point => geometry::point_text(value),
            Odd::Line => geometry::line_text(value),
            Odd::Circle => geometry::circle_text(value),
            Odd::Geometry | Odd::Geography => geometry::ewkb_text(value),
            Odd::HstoreMap => hstore::map_text(value),
            Odd::HstoreJson => hstore::json_text(value),
            Odd::Vector | Odd::Halfvec => vector::text(value),
            Odd::Structured(..) => Temporal::text(value),
            Odd::Unknown(mode) => match value {
                Value::Bytes(bytes) => String::from_utf8(bytes.clone()).ok(),
                Value::String(text) => String::from_utf8(decoded(*mode, text)?).ok(),
                _ => None,
            },
            Odd::Money { .. } | Odd::MoneyDigits { .. } | Odd::MoneyDouble => None,
            Odd::Shape(shape) => geometry::shape_text(*shape, value),
            Odd::Sparsevec => vector::sparse_text(value),
        }
    }
}
