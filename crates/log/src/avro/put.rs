//! The parts of values and rows in Avro's binary encoding.

use cdc::text;
use connect_data::avro::{put_long, put_value};
use connect_data::{Schema, Value};

use crate::forms::{Fit, Put, Width, print_float, print_single};

/// Avro's binary encoding. A row is in a union with null, which comes first.
#[derive(Debug)]
pub(super) struct Binary;

/// Appends bytes and their number.
pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    // No value in memory has more.
    put_long(i64::try_from(bytes.len()).unwrap_or(i64::MAX), out);
    out.extend_from_slice(bytes);
}

impl Put for Binary {
    const NO_ROW: &'static [u8] = &[0];
    const ROW: &'static [u8] = &[2];
    const KEY: &'static [u8] = &[];
    const NEXT: &'static [u8] = &[];
    const ROW_END: &'static [u8] = &[];

    /// The type comes first in its union where it has a default, because a default is of the first.
    fn optional(default: bool) -> (&'static [u8], &'static [u8]) {
        if default { (&[0], &[2]) } else { (&[2], &[0]) }
    }

    fn boolean(value: bool, out: &mut Vec<u8>) {
        out.push(u8::from(value));
    }

    fn integer(number: i64, out: &mut Vec<u8>) {
        put_long(number, out);
    }

    fn digits(width: Width, text: &[u8], out: &mut Vec<u8>) -> Fit {
        let number = text::read_integer(text).filter(|number| match width {
            Width::W16 => i16::try_from(*number).is_ok(),
            Width::W32 => i32::try_from(*number).is_ok(),
            Width::W64 => true,
        });
        let Some(number) = number else { return Fit::Unfit };
        put_long(number, out);
        Fit::Exact
    }

    fn float(single: bool, text: &[u8], out: &mut Vec<u8>) -> Fit {
        let Ok(text) = std::str::from_utf8(text) else { return Fit::Unfit };
        // What is read back is what PostgreSQL prints for the number, and it may have been given as another text.
        let printed = if single {
            let Ok(number) = text.parse::<f32>() else { return Fit::Unfit };
            out.extend_from_slice(&number.to_le_bytes());
            print_single(number)
        } else {
            let Ok(number) = text.parse::<f64>() else { return Fit::Unfit };
            out.extend_from_slice(&number.to_le_bytes());
            print_float(number)
        };
        if printed == text { Fit::Exact } else { Fit::Lossy }
    }

    fn string(text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
        if let Err(error) = std::str::from_utf8(text) {
            return Err(error.valid_up_to());
        }
        put_bytes(text, out);
        Ok(())
    }

    fn plain_string(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let start = out.len();
        out.push(0);
        write(out);
        let length = out.len() - start - 1;
        match u8::try_from(length) {
            // The number of so few bytes is one byte.
            Ok(few @ ..64) => out[start] = few << 1,
            _ => {
                let text = out.split_off(start + 1);
                out.truncate(start);
                put_bytes(&text, out);
            }
        }
    }

    fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
        put_bytes(bytes, out);
    }

    fn scaled(scale: i32, unscaled: &[u8], out: &mut Vec<u8>) {
        put_long(i64::from(scale), out);
        put_bytes(unscaled, out);
    }

    fn array(items: usize, out: &mut Vec<u8>) {
        if items > 0 {
            put_long(i64::try_from(items).unwrap_or(i64::MAX), out);
        }
    }

    fn item(_number: usize, optional: bool, null: bool, out: &mut Vec<u8>) {
        if optional {
            out.push(if null { 0 } else { 2 });
        }
    }

    fn array_end(_items: usize, out: &mut Vec<u8>) {
        out.push(0);
    }

    fn value(schema: &Schema, value: &Value, out: &mut Vec<u8>) -> bool {
        put_value(schema, value, out).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_their_length_before_them() {
        for length in [0, 1, 63, 64, 255, 256, 9_000] {
            let (text, mut plain, mut whole) = (vec![b'x'; length], vec![7], vec![7]);
            Binary::plain_string(&mut plain, |out| out.extend_from_slice(&text));
            put_bytes(&text, &mut whole);
            assert_eq!(plain, whole, "{length}");
        }
    }

    #[test]
    fn floats_have_the_servers_spelling_or_are_told_apart() {
        let written = |single, text: &str| Binary::float(single, text.as_bytes(), &mut Vec::new());
        for (single, text) in [
            (true, "1e+06"),
            (true, "0.1"),
            (true, "-0"),
            (false, "1e+15"),
            (false, "NaN"),
            (false, "-Infinity"),
        ] {
            assert_eq!(written(single, text), Fit::Exact, "{text}");
        }
        assert_eq!(written(true, "1000000"), Fit::Lossy);
        assert_eq!(written(false, "1.50"), Fit::Lossy);
        assert_eq!(written(false, "x"), Fit::Unfit);
    }
}
