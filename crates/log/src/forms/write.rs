//! One cell in its form: from PostgreSQL's text to the record's bytes, in the parts of any format.
//!
//! [`Fit`] says whether reading the form gives back the same text. What has no form goes as its text where no schema
//! travels along, if the format has a way to say so.

use std::marker::PhantomData;

use cdc::BinaryMode;
use cdc::PgType;
use cdc::text::{self, Date, MaybeInfinite, Timestamp};
use connect_data::Schema;

use super::values::digits as special_digits;
use super::{Form, Odd, Put, Unit, encoded, has_commas, iso, print_float};

/// Debezium's numbers for dates without end. No date that PostgreSQL has comes near them.
pub(crate) const DATE_INFINITY: i32 = 2_146_033_979;
pub(crate) const DATE_NEGATIVE_INFINITY: i32 = -2_147_472_691;

const DAY_MILLIS: i64 = 86_400_000;

/// How well a value fits its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// The form says it all.
    Exact,
    /// It was written, and is not all there.
    Lossy,
    /// Nothing was written: the form has no such value.
    Unfit,
}

/// Appends the text of a value that has no form. The flag: the form is a string of another alphabet.
pub(crate) type Unformed = fn(bool, &[u8], &mut Vec<u8>) -> Result<(), usize>;

/// Writes values, with memory that is kept between them.
#[derive(Debug)]
pub(crate) struct Writer<P> {
    bytes: Vec<u8>,
    /// How a value without a form goes as its text; otherwise it is left to the caller.
    unformed: Option<Unformed>,
    format: PhantomData<P>,
}

type Written = Result<Fit, usize>;

impl<P: Put> Writer<P> {
    /// A writer; with `unformed`, one that has no [`Fit::Unfit`].
    pub(crate) fn new(unformed: Option<Unformed>) -> Self {
        Self { bytes: Vec::new(), unformed, format: PhantomData }
    }

    /// Appends a value; `Err` is its first byte that is not UTF-8.
    pub(crate) fn value(
        &mut self,
        form: &Form,
        schema: &Schema,
        pg: &PgType,
        text: &[u8],
        out: &mut Vec<u8>,
    ) -> Written {
        let start = out.len();
        let fit = self.typed(form, schema, pg, text, out)?;
        if fit != Fit::Unfit {
            return Ok(fit);
        }
        out.truncate(start);
        let Some(unformed) = self.unformed else { return Ok(Fit::Unfit) };
        unformed(has_alphabet(form) && text != b"NaN", text, out)?;
        Ok(Fit::Exact)
    }

    fn typed(
        &mut self,
        form: &Form,
        schema: &Schema,
        pg: &PgType,
        text: &[u8],
        out: &mut Vec<u8>,
    ) -> Written {
        match form {
            Form::Text(_) => P::string(text, out).map(|()| Fit::Exact),
            Form::Int(width) if text::is_integer(text) => Ok(P::digits(*width, text, out)),
            Form::Bool => match text::read_bool(text) {
                Some(value) => {
                    P::boolean(value, out);
                    Ok(Fit::Exact)
                }
                None => Ok(Fit::Unfit),
            },
            Form::Float { single } => Ok(P::float(*single, text, out)),
            Form::Decimal { scale, .. } => Ok(self.decimal(i32::from(*scale), text, out)),
            Form::VariableDecimal => Ok(self.variable(text, out)),
            Form::Digits { .. } => number_as_text::<P>(text, out),
            Form::Double => Ok(number_as_double::<P>(text, out)),
            Form::Bytes => Ok(self.bytea(text, out)),
            Form::Encoded(mode) => self.encoded(*mode, text, out),
            Form::Days { connect } => Ok(days::<P>(*connect, text, out)),
            Form::Time(unit) => Ok(time::<P>(*unit, text, out)),
            Form::Moment(unit) => Ok(moment::<P>(*unit, text, out)),
            Form::IsoDate => iso_text::<P>(iso::date(text), text, out),
            Form::IsoTime => iso_text::<P>(iso::time(text), text, out),
            Form::IsoMoment => iso_text::<P>(iso::moment(text), text, out),
            Form::Zoned { digits } => zoned::<P>(*digits, text, out),
            Form::Array(element) => self.array(element, schema, pg, text, out),
            Form::Odd(odd) => odd_value::<P>(odd, schema, text, out),
            Form::Int(_) => Ok(Fit::Unfit),
        }
    }

    fn decimal(&mut self, scale: i32, text: &[u8], out: &mut Vec<u8>) -> Fit {
        self.bytes.clear();
        if !text::numeric::read_scaled(text, scale, &mut self.bytes) {
            return Fit::Unfit;
        }
        P::decimal(scale, &self.bytes, out);
        Fit::Exact
    }

    fn variable(&mut self, text: &[u8], out: &mut Vec<u8>) -> Fit {
        self.bytes.clear();
        let Some(scale) = text::numeric::read(text, &mut self.bytes) else { return Fit::Unfit };
        P::scaled(scale, &self.bytes, out);
        Fit::Exact
    }

    fn bytea(&mut self, text: &[u8], out: &mut Vec<u8>) -> Fit {
        self.bytes.clear();
        if !text::bytea::read(text, &mut self.bytes) {
            return Fit::Unfit;
        }
        P::bytes(&self.bytes, out);
        Fit::Exact
    }

    fn encoded(&mut self, mode: BinaryMode, text: &[u8], out: &mut Vec<u8>) -> Written {
        self.bytes.clear();
        if !text::bytea::read(text, &mut self.bytes) {
            return Ok(Fit::Unfit);
        }
        P::string(encoded(mode, &self.bytes).as_bytes(), out).map(|()| Fit::Exact)
    }

    fn array(
        &mut self,
        element: &Form,
        schema: &Schema,
        pg: &PgType,
        text: &[u8],
        out: &mut Vec<u8>,
    ) -> Written {
        let connect_data::Type::Array(Some(items)) = &schema.kind else { return Ok(Fit::Unfit) };
        let Some(elements) = text::array::flat(text, b',').filter(|_| has_commas(pg)) else {
            return Ok(Fit::Unfit);
        };
        if let Err(error) = std::str::from_utf8(text) {
            return Err(error.valid_up_to());
        }
        let mut whole = Fit::Exact;
        P::array(elements.len(), out);
        for (i, item) in elements.iter().enumerate() {
            P::item(i, items.optional, item.is_none(), out);
            match item {
                // The labels of enumerations may not be null in Debezium's schema.
                None if !items.optional && self.unformed.is_none() => return Ok(Fit::Unfit),
                None => {}
                Some(text) => match self.value(element, items, pg, text, out)? {
                    Fit::Exact => {}
                    Fit::Lossy => whole = Fit::Lossy,
                    Fit::Unfit => return Ok(Fit::Unfit),
                },
            }
        }
        P::array_end(elements.len(), out);
        Ok(whole)
    }
}

/// Whether the form is a string in JSON whose letters mean something else than themselves.
pub(crate) fn has_alphabet(form: &Form) -> bool {
    matches!(
        form,
        Form::Decimal { .. }
            | Form::Bytes
            | Form::Encoded(_)
            | Form::Odd(Odd::Bits(_) | Odd::Money { .. } | Odd::Unknown(_))
    )
}

fn days<P: Put>(connect: bool, text: &[u8], out: &mut Vec<u8>) -> Fit {
    match Date::read(text) {
        Some(MaybeInfinite::Finite(Date(days))) if connect => {
            P::date(i64::from(days), i64::from(days) * DAY_MILLIS, out);
        }
        Some(MaybeInfinite::Finite(Date(days))) => P::integer(i64::from(days), out),
        Some(MaybeInfinite::Infinity) if !connect => P::integer(i64::from(DATE_INFINITY), out),
        Some(MaybeInfinite::NegativeInfinity) if !connect => {
            P::integer(i64::from(DATE_NEGATIVE_INFINITY), out);
        }
        _ => return Fit::Unfit,
    }
    Fit::Exact
}

fn number<P: Put>(unit: Unit, n: Option<(i64, bool)>, out: &mut Vec<u8>) -> Fit {
    let Some((n, exact)) = n else { return Fit::Unfit };
    match unit {
        Unit::Connect => P::date(n, n, out),
        _ => P::integer(n, out),
    }
    if exact { Fit::Exact } else { Fit::Lossy }
}

fn time<P: Put>(unit: Unit, text: &[u8], out: &mut Vec<u8>) -> Fit {
    number::<P>(unit, text::read_time(text).and_then(|micros| unit.of_micros(micros)), out)
}

/// Debezium's numbers for timestamps without end, the earlier one first.
pub(crate) fn infinities(unit: Unit) -> (i64, i64) {
    match unit {
        Unit::Millis | Unit::Connect => (-9_223_372_036_832_400_000, 9_223_372_036_825_200_000),
        Unit::Micros | Unit::Nanos => (i64::MIN, i64::MAX),
    }
}

fn moment<P: Put>(unit: Unit, text: &[u8], out: &mut Vec<u8>) -> Fit {
    let (first, last) = infinities(unit);
    let n = match Timestamp::read(text) {
        Some(MaybeInfinite::Infinity) => Some((last, true)),
        Some(MaybeInfinite::NegativeInfinity) => Some((first, true)),
        Some(MaybeInfinite::Finite(at)) => at
            .unix_micros()
            .and_then(|micros| unit.of_micros(micros))
            .filter(|(n, _)| *n != first && *n != last),
        None => None,
    };
    number::<P>(unit, n, out)
}

fn zoned<P: Put>(digits: usize, text: &[u8], out: &mut Vec<u8>) -> Written {
    match Timestamp::read_zoned(text) {
        Some(MaybeInfinite::Finite(at)) => {
            P::plain_string(out, |out| at.write_iso(digits, out));
            Ok(Fit::Exact)
        }
        // Endless times are Debezium's words, too.
        _ => as_text::<P>(text, Timestamp::read_iso(text).is_none(), out),
    }
}

fn iso_text<P: Put>(iso: Option<String>, text: &[u8], out: &mut Vec<u8>) -> Written {
    match iso {
        Some(iso) => P::string(iso.as_bytes(), out).map(|()| Fit::Exact),
        None => {
            let read = std::str::from_utf8(text).ok().and_then(iso::text);
            as_text::<P>(text, read.is_none(), out)
        }
    }
}

/// A text that is not of the form stands for itself, unless it would be read as one that is.
fn as_text<P: Put>(text: &[u8], exact: bool, out: &mut Vec<u8>) -> Written {
    P::string(text, out).map(|()| if exact { Fit::Exact } else { Fit::Lossy })
}

fn number_as_text<P: Put>(text: &[u8], out: &mut Vec<u8>) -> Written {
    match std::str::from_utf8(text) {
        Ok(text) => {
            let exact = !matches!(text, "NAN" | "POSITIVE_INFINITY" | "NEGATIVE_INFINITY");
            as_text::<P>(special_digits(text).as_bytes(), exact, out)
        }
        Err(error) => Err(error.valid_up_to()),
    }
}

fn number_as_double<P: Put>(text: &[u8], out: &mut Vec<u8>) -> Fit {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
    let Some(number) = number else { return Fit::Unfit };
    let printed = print_float(number);
    if P::float(false, printed.as_bytes(), out) == Fit::Unfit {
        return Fit::Unfit;
    }
    if printed.as_bytes() == text { Fit::Exact } else { Fit::Lossy }
}

fn odd_value<P: Put>(odd: &Odd, schema: &Schema, text: &[u8], out: &mut Vec<u8>) -> Written {
    let Some(value) = odd.value(text) else {
        return match std::str::from_utf8(text) {
            Ok(raw)
                if schema.kind == connect_data::Type::String && !matches!(odd, Odd::Unknown(_)) =>
            {
                let read = odd.text(&connect_data::Value::String(raw.to_owned()));
                as_text::<P>(text, read.is_none(), out)
            }
            Ok(_) => Ok(Fit::Unfit),
            Err(error) => Err(error.valid_up_to()),
        };
    };
    if !P::value(schema, &value, out) {
        return Ok(Fit::Unfit);
    }
    let exact = odd.text(&value).is_some_and(|read| read.as_bytes() == text);
    Ok(if exact { Fit::Exact } else { Fit::Lossy })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::debezium_json::{Json, unformed};
    use crate::forms::schema_of;
    use cdc::{Kind, Modes};

    fn written(kind: Kind, typmod: i32, text: &str, loose: bool) -> (String, Fit) {
        let pg = PgType { typmod, ..PgType::new(0, "t", kind) };
        let form = Form::of(&pg, &Modes::default());
        let mut out = Vec::new();
        let unformed: Option<Unformed> = if loose { Some(unformed) } else { None };
        let mut writer = Writer::<Json>::new(unformed);
        let fit = writer.value(&form, &schema_of(&form), &pg, text.as_bytes(), &mut out).unwrap();
        (String::from_utf8(out).unwrap(), fit)
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
            let (json, fit) = written(kind.clone(), typmod, text, true);
            assert_eq!((json.as_str(), fit), (expected, Fit::Exact), "{kind:?} {text}");
        }
    }

    #[test]
    fn what_a_schema_has_no_room_for_is_left_to_the_caller() {
        let array = Kind::Array(Box::new(Kind::Int4));
        for (kind, typmod, text) in [
            (Kind::Numeric, (10 << 16 | 2) + 4, "NaN"),
            (Kind::Numeric, -1, "Infinity"),
            (Kind::Timestamp, -1, "294276-12-31 00:00:00"),
            (array, -1, "{{1},{2}}"),
        ] {
            assert_eq!(written(kind, typmod, text, false), (String::new(), Fit::Unfit), "{text}");
        }
        let lossy = ("14706781".to_owned(), Fit::Lossy);
        assert_eq!(written(Kind::Time, 3, "04:05:06.7812", false), lossy);
    }

    #[test]
    fn a_timestamp_that_debezium_would_take_for_infinity_goes_as_text() {
        let mut text = Vec::new();
        Timestamp::from_unix_micros(i64::MAX).write(&mut text);
        let text = String::from_utf8(text).unwrap();
        assert_eq!(written(Kind::Timestamp, -1, &text, true).0, format!("\"{text}\""));
    }
}
