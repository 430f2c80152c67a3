//! Dates, times and intervals taken apart into the numbers they are written with: `time.precision.mode=structured`.
//!
//! Mirrors `io.debezium.time.Structured*`. A year is Java's: 0 is 1 BC.

mod duration;

use std::sync::{Arc, LazyLock};

use cdc::text::{Date, MaybeInfinite, Timestamp, read_time};
use cdc::{Kind, Special};
use connect_data::{Field, Schema, Struct, Type, Value};

/// What is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temporal {
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A moment without a zone.
    Moment,
    /// A time of day with its distance from UTC.
    ZonedTime,
    /// A moment, in UTC.
    ZonedMoment,
    /// A length of time.
    Duration,
}

/// A field of one of the structs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Int8(&'static str),
    Int32(&'static str),
    Int64(&'static str),
    Text(&'static str),
}

use Part::{Int8, Int32, Int64, Text};

const DAY: [Part; 3] = [Int32("year"), Int8("month"), Int8("day")];
const CLOCK: [Part; 4] = [Int8("hour"), Int8("minute"), Int8("second"), Int32("nanos")];
const OFFSET: Part = Int32("offsetSeconds");
/// PostgreSQL keeps no zone: what it prints is in UTC.
const ZONE: Part = Text("zoneId");
const SPECIAL: Part = Text("specialValue");
const PRECISION: Part = Int32("precision");

const ENDS: [(&str, &str); 2] =
    [("infinity", "POSITIVE_INFINITY"), ("-infinity", "NEGATIVE_INFINITY")];

/// The schemas, in the order of [`Temporal`].
static SCHEMAS: LazyLock<[Arc<Schema>; 6]> = LazyLock::new(|| {
    use Temporal::{Date, Duration, Moment, Time, ZonedMoment, ZonedTime};
    [Date, Time, Moment, ZonedTime, ZonedMoment, Duration].map(|of| Arc::new(of.schema()))
});

impl Part {
    fn field(self) -> Field {
        let (name, kind) = match self {
            Int8(name) => (name, Type::Int8),
            Int32(name) => (name, Type::Int32),
            Int64(name) => (name, Type::Int64),
            Text(name) => (name, Type::String),
        };
        Field::new(name, Schema::new(kind).optional())
    }

    fn number(self, n: i64) -> Option<Value> {
        Some(match self {
            Int8(_) => Value::Int8(i8::try_from(n).ok()?),
            Int32(_) => Value::Int32(i32::try_from(n).ok()?),
            Int64(_) => Value::Int64(n),
            Text(_) => return None,
        })
    }
}

impl Temporal {
    /// What a type's values are, where they are times.
    pub(super) fn of(kind: &Kind) -> Option<Self> {
        Some(match kind {
            Kind::Date => Temporal::Date,
            Kind::Time => Temporal::Time,
            Kind::Timestamp => Temporal::Moment,
            Kind::Timestamptz => Temporal::ZonedMoment,
            Kind::Special(Special::Timetz) => Temporal::ZonedTime,
            Kind::Special(Special::Interval) => Temporal::Duration,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Temporal::Date => "io.debezium.time.StructuredDate",
            Temporal::Time => "io.debezium.time.StructuredTime",
            Temporal::Moment => "io.debezium.time.StructuredTimestamp",
            Temporal::ZonedTime => "io.debezium.time.StructuredZonedTime",
            Temporal::ZonedMoment => "io.debezium.time.StructuredZonedTimestamp",
            Temporal::Duration => "io.debezium.time.StructuredDuration",
        }
    }

    fn parts(self) -> Vec<Part> {
        match self {
            Temporal::Date => [&DAY[..], &[SPECIAL]].concat(),
            Temporal::Time => [&CLOCK[..], &[PRECISION]].concat(),
            Temporal::Moment => [&DAY[..], &CLOCK, &[SPECIAL, PRECISION]].concat(),
            Temporal::ZonedTime => [&CLOCK[..], &[OFFSET, PRECISION]].concat(),
            Temporal::ZonedMoment => {
                [&DAY[..], &CLOCK, &[OFFSET, ZONE, SPECIAL, PRECISION]].concat()
            }
            Temporal::Duration => [&duration::PARTS[..], &[PRECISION]].concat(),
        }
    }

    /// The schema of a value that may not be null.
    pub(super) fn schema(self) -> Schema {
        let fields = self.parts().into_iter().map(Part::field).collect();
        Schema::structure(fields).named(self.name()).versioned(1)
    }

    /// What stands for a value that may not be null and was not sent.
    pub(super) fn nought(self, precision: i32) -> Option<Value> {
        let text = match self {
            Temporal::Date => "1970-01-01",
            Temporal::Time | Temporal::Duration => "00:00:00",
            Temporal::Moment => "1970-01-01 00:00:00",
            Temporal::ZonedTime => "00:00:00+00",
            Temporal::ZonedMoment => "1970-01-01 00:00:00+00",
        };
        let mut value = self.value(precision, text)?;
        if let Value::Struct(Struct { values, .. }) = &mut value
            && let Some(zone) = self.parts().iter().position(|part| *part == ZONE)
        {
            values[zone] = Value::Null;
        }
        Some(value)
    }

    /// The value of a text that PostgreSQL printed; `None` where it cannot be taken apart. The precision is the
    /// column's.
    pub(super) fn value(self, precision: i32, text: &str) -> Option<Value> {
        let numbers = match self {
            Temporal::Duration => duration::numbers(text)?,
            _ => match self.is_finite(text)? {
                true => self.numbers(text)?,
                false => return self.structure(&[], Some(text), precision),
            },
        };
        self.structure(&numbers, None, precision)
    }

    /// Whether a text of this type has an end.
    fn is_finite(self, text: &str) -> Option<bool> {
        let bytes = text.as_bytes();
        let of_moment = |at: MaybeInfinite<Timestamp>| matches!(at, MaybeInfinite::Finite(_));
        match self {
            Temporal::Date => Some(matches!(Date::read(bytes)?, MaybeInfinite::Finite(_))),
            Temporal::Moment => Timestamp::read(bytes).map(of_moment),
            Temporal::ZonedMoment => Timestamp::read_zoned(bytes).map(of_moment),
            Temporal::Time | Temporal::ZonedTime | Temporal::Duration => Some(true),
        }
    }

    fn numbers(self, text: &str) -> Option<Vec<(&'static str, i64)>> {
        let (text, bc) = text.strip_suffix(" BC").map_or((text, false), |text| (text, true));
        let mut numbers = match self {
            Temporal::Date => return day(text, bc),
            Temporal::Time => return clock(text),
            Temporal::ZonedTime => Vec::new(),
            _ => day(text.split_once(' ')?.0, bc)?,
        };
        let time = text.split_once(' ').map_or(text, |(_, time)| time);
        if self == Temporal::Moment {
            numbers.extend(clock(time)?);
            return Some(numbers);
        }
        let (time, zone) = time.split_at(time.rfind(['+', '-'])?);
        numbers.extend(clock(time)?);
        numbers.push(("offsetSeconds", super::zoned_time::offset_seconds(zone)?));
        Some(numbers)
    }

    fn structure(
        self,
        numbers: &[(&'static str, i64)],
        endless: Option<&str>,
        precision: i32,
    ) -> Option<Value> {
        let parts = self.parts();
        let schema = Arc::clone(&SCHEMAS[self as usize]);
        let mut values = vec![Value::Null; parts.len()];
        for (part, value) in parts.iter().zip(&mut values) {
            if *part == SPECIAL {
                let word = ENDS.iter().find(|(text, _)| Some(*text) == endless);
                *value = word.map_or(Value::Null, |(_, word)| Value::String((*word).to_owned()));
            } else if *part == PRECISION {
                *value = Value::Int32(precision);
            } else if *part == ZONE && endless.is_none() {
                *value = Value::String("Z".to_owned());
            } else if let Int8(name) | Int32(name) | Int64(name) = part
                && let Some((_, n)) = numbers.iter().find(|(of, _)| of == name)
            {
                *value = part.number(*n)?;
            }
        }
        Some(Value::Struct(Struct { schema, values }))
    }

    /// The text PostgreSQL prints for the value; `None` where it is not whole.
    pub(crate) fn text(value: &Value) -> Option<String> {
        let Value::Struct(fields) = value else { return None };
        if let Some(Value::String(word)) = fields.get("specialValue") {
            return ENDS.iter().find(|(_, of)| of == word).map(|(text, _)| (*text).to_owned());
        }
        if fields.get("years").is_some() {
            return duration::text(fields);
        }
        let (day, era) = match fields.get("year") {
            Some(_) => day_text(fields)?,
            None => (String::new(), ""),
        };
        let Some(_) = fields.get("hour") else { return Some(format!("{day}{era}")) };
        let clock = clock_text(number(fields, "hour")?, fields)?;
        let zone = match fields.get("offsetSeconds") {
            Some(_) => zone_text(number(fields, "offsetSeconds")?),
            None => String::new(),
        };
        let between = if day.is_empty() { "" } else { " " };
        let text = format!("{day}{between}{clock}{zone}{era}");
        Some(text)
    }
}

fn day(text: &str, bc: bool) -> Option<Vec<(&'static str, i64)>> {
    let mut parts = text.split('-').map(str::parse::<i64>);
    let year = parts.next()?.ok()?;
    let year = if bc { 1 - year } else { year };
    Some(vec![("year", year), ("month", parts.next()?.ok()?), ("day", parts.next()?.ok()?)])
}

fn clock(text: &str) -> Option<Vec<(&'static str, i64)>> {
    let micros = read_time(text.as_bytes())?;
    let seconds = micros / 1_000_000;
    Some(vec![
        ("hour", seconds / 3_600),
        ("minute", seconds / 60 % 60),
        ("second", seconds % 60),
        ("nanos", micros % 1_000_000 * 1_000),
    ])
}

fn number(fields: &Struct, name: &str) -> Option<i64> {
    match fields.get(name)? {
        Value::Int8(n) => Some((*n).into()),
        Value::Int16(n) => Some((*n).into()),
        Value::Int32(n) => Some((*n).into()),
        Value::Int64(n) => Some(*n),
        _ => None,
    }
}

/// The day, and what stands behind everything where it is before our era.
fn day_text(fields: &Struct) -> Option<(String, &'static str)> {
    let year = number(fields, "year")?;
    let (shown, era) = if year <= 0 { (1 - year, " BC") } else { (year, "") };
    Some((format!("{shown:04}-{:02}-{:02}", number(fields, "month")?, number(fields, "day")?), era))
}

fn clock_text(hour: i64, fields: &Struct) -> Option<String> {
    let (minute, second) = (number(fields, "minute")?, number(fields, "second")?);
    let nanos = number(fields, "nanos")?;
    Some(format!("{hour:02}:{minute:02}:{second:02}{}", fraction(nanos)))
}

/// The digits behind a second, with their point.
fn fraction(nanos: i64) -> String {
    if nanos == 0 {
        return String::new();
    }
    let digits = format!("{:06}", nanos / 1_000);
    format!(".{}", digits.trim_end_matches('0'))
}

/// `+00`, `-08`, `+05:30`, `+01:02:03`
fn zone_text(east: i64) -> String {
    let (sign, seconds) = (if east < 0 { '-' } else { '+' }, east.abs());
    let mut out = format!("{sign}{:02}", seconds / 3_600);
    if seconds % 3_600 != 0 {
        out += &format!(":{:02}", seconds / 60 % 60);
    }
    if seconds % 60 != 0 {
        out += &format!(":{:02}", seconds % 60);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_apart_is_put_together() {
        for (temporal, text) in [
            (Temporal::Date, "2024-02-29"),
            (Temporal::Date, "0044-03-15 BC"),
            (Temporal::Date, "0001-01-01 BC"),
            (Temporal::Date, "5874897-12-31"),
            (Temporal::Date, "infinity"),
            (Temporal::Date, "-infinity"),
            (Temporal::Time, "04:05:06.78"),
            (Temporal::Time, "24:00:00"),
            (Temporal::Moment, "2024-02-29 04:05:06.000001"),
            (Temporal::Moment, "294276-12-31 23:59:59.999999"),
            (Temporal::Moment, "0044-03-15 12:00:00 BC"),
            (Temporal::Moment, "-infinity"),
            (Temporal::ZonedTime, "04:05:06.78-08"),
            (Temporal::ZonedTime, "04:05:06+05:30"),
            (Temporal::ZonedTime, "04:05:06-15:59:59"),
            (Temporal::ZonedTime, "24:00:00+00"),
            (Temporal::ZonedMoment, "2024-02-29 04:05:06.789+00"),
            (Temporal::ZonedMoment, "0044-03-15 12:00:00+00 BC"),
            (Temporal::ZonedMoment, "infinity"),
            (Temporal::Duration, "1 year 2 mons -3 days +04:05:06.789"),
            (Temporal::Duration, "1 year 2 mons 3 days 04:05:06.789"),
            (Temporal::Duration, "-1 years +1 day"),
            (Temporal::Duration, "-1 mons +2 days -00:00:00.5"),
            (Temporal::Duration, "-00:00:00.000001"),
            (Temporal::Duration, "-2147483647:00:54.775808"),
            (Temporal::Duration, "178000000 years 11 mons"),
            (Temporal::Duration, "00:00:00"),
        ] {
            let value = temporal.value(6, text);
            let back = value.as_ref().and_then(Temporal::text);
            assert_eq!(back.as_deref(), Some(text), "{value:?}");
        }
    }

    #[test]
    fn what_is_of_another_type_is_not_taken_apart() {
        for (temporal, text) in [
            (Temporal::Date, "tomorrow"),
            (Temporal::Time, "4 o'clock"),
            (Temporal::ZonedTime, "04:05:06"),
            (Temporal::Moment, "2024-02-29"),
            (Temporal::Duration, "infinity"),
            // Hours are a number of 32 bits.
            (Temporal::Duration, "-2562047788:00:54.775808"),
        ] {
            assert!(temporal.value(6, text).is_none(), "{text}");
        }
    }
}
