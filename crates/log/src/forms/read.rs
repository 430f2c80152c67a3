//! The parts of values as the text PostgreSQL prints, where formats differ only in how they write the parts.

use cdc::text::{self, Date, MaybeInfinite, Timestamp};

use super::write::{DATE_INFINITY, DATE_NEGATIVE_INFINITY, infinities};
use super::{Form, Unit, decoded, iso};

/// Why a value could not be read. Never the value.
pub(crate) type Reason = &'static str;

/// Appends the text of a form that is a string; of another form, the string itself.
pub(crate) fn read_string(form: &Form, string: &str, out: &mut Vec<u8>) -> Result<(), Reason> {
    match form {
        Form::Encoded(mode) => {
            let bytes = decoded(*mode, string).ok_or("expected bytes as text")?;
            text::bytea::write(&bytes, out);
        }
        Form::Digits { .. } => {
            let text = match string {
                "NAN" => "NaN",
                "POSITIVE_INFINITY" => "Infinity",
                "NEGATIVE_INFINITY" => "-Infinity",
                text => text,
            };
            out.extend_from_slice(text.as_bytes());
        }
        Form::Zoned { .. } => match Timestamp::read_iso(string.as_bytes()) {
            Some(at) => at.write_zoned(out),
            None => out.extend_from_slice(string.as_bytes()),
        },
        Form::IsoDate | Form::IsoTime | Form::IsoMoment => {
            let text = iso::text(string);
            out.extend_from_slice(text.as_deref().unwrap_or(string).as_bytes());
        }
        _ => out.extend_from_slice(string.as_bytes()),
    }
    Ok(())
}

/// Appends a number's text.
pub(crate) fn read_numeric(unscaled: &[u8], scale: i32, out: &mut Vec<u8>) -> Result<(), Reason> {
    if text::numeric::write(unscaled, scale, out) {
        Ok(())
    } else {
        Err("the number is beyond numeric")
    }
}

/// Appends a day's text.
pub(crate) fn read_days(days: i32, out: &mut Vec<u8>) {
    let date = match days {
        DATE_INFINITY => MaybeInfinite::Infinity,
        DATE_NEGATIVE_INFINITY => MaybeInfinite::NegativeInfinity,
        days => MaybeInfinite::Finite(Date(days)),
    };
    date.write(out, Date::write);
}

/// Appends a time's text.
pub(crate) fn read_time(unit: Unit, n: i64, out: &mut Vec<u8>) -> Result<(), Reason> {
    if unit.to_micros(n).is_some_and(|micros| text::write_time(micros, out)) {
        return Ok(());
    }
    Err("a time is longer than a day")
}

/// Appends a moment's text.
pub(crate) fn read_moment(unit: Unit, n: i64, out: &mut Vec<u8>) -> Result<(), Reason> {
    let (first, last) = infinities(unit);
    let at = match n {
        _ if n == first => MaybeInfinite::NegativeInfinity,
        _ if n == last => MaybeInfinite::Infinity,
        _ => MaybeInfinite::Finite(Timestamp::from_unix_micros(
            unit.to_micros(n).ok_or("the timestamp is out of range")?,
        )),
    };
    at.write(out, Timestamp::write);
    Ok(())
}
