//! What a format is made of: how it writes the parts of values and rows. Which value is written as what is the same in
//! all of them, and stands in [`Writer`](super::Writer) and [`RowWriter`](crate::rows::RowWriter).

use connect_data::{Schema, Value};

use super::{Fit, Width};

/// The parts of one format.
pub(crate) trait Put {
    /// What stands for a row that is not there.
    const NO_ROW: &'static [u8];
    /// What a row begins with,
    const ROW: &'static [u8];
    /// a key,
    const KEY: &'static [u8];
    /// what is between its columns,
    const NEXT: &'static [u8];
    /// and what it ends with.
    const ROW_END: &'static [u8];
    /// What stands for null where a column that is null is left out, name and all. No value ends so.
    const ABSENT: &'static [u8] = &[];

    /// What is written before a value whose schema may be null and has a default or not, and what for null.
    fn optional(default: bool) -> (&'static [u8], &'static [u8]);

    /// Appends a boolean.
    fn boolean(value: bool, out: &mut Vec<u8>);

    /// Appends a whole number.
    fn integer(number: i64, out: &mut Vec<u8>);

    /// Appends a whole number of this size that is a text, all of its digits.
    fn digits(width: Width, text: &[u8], out: &mut Vec<u8>) -> Fit;

    /// Appends a float that is a text.
    fn float(single: bool, text: &[u8], out: &mut Vec<u8>) -> Fit;

    /// Appends a text; `Err` is its first byte that is not UTF-8.
    fn string(text: &[u8], out: &mut Vec<u8>) -> Result<(), usize>;

    /// Appends the text that `write` writes: fewer than 64 bytes, none of which has a meaning to any format.
    fn plain_string(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>));

    /// Appends bytes.
    fn bytes(bytes: &[u8], out: &mut Vec<u8>);

    /// Appends a number whose scale the schema has.
    fn decimal(_scale: i32, unscaled: &[u8], out: &mut Vec<u8>) {
        Self::bytes(unscaled, out);
    }

    /// Appends a day, a time or a moment in Connect's own form: its number, which means so many milliseconds.
    fn date(number: i64, _millis: i64, out: &mut Vec<u8>) {
        Self::integer(number, out);
    }

    /// Appends a number with a scale of its own.
    fn scaled(scale: i32, unscaled: &[u8], out: &mut Vec<u8>);

    /// Appends an array's beginning,
    fn array(items: usize, out: &mut Vec<u8>);

    /// what is before its item of this number,
    fn item(number: usize, optional: bool, null: bool, out: &mut Vec<u8>);

    /// and its end.
    fn array_end(items: usize, out: &mut Vec<u8>);

    /// Appends a value that is not null; false where it is none of this schema.
    fn value(schema: &Schema, value: &Value, out: &mut Vec<u8>) -> bool;
}
