//! Text as a date, a time or both. Only the length of the text decides which is tried; numbers beyond their range roll
//! over, and what follows is not looked at.

use crate::{Data, Schema, Value, calendar};

/// The date or time a text is, if it is one.
pub(super) fn parse(text: &str) -> Option<Data> {
    let text = text.replace("\\:", ":");
    let (pattern, schema): (&[Part], fn() -> Schema) = match text.chars().map(char::len_utf16).sum()
    {
        13 => (&PATTERN[6..], Schema::time),
        24 => (&PATTERN, Schema::timestamp),
        10 => (&PATTERN[..5], Schema::date),
        _ => return None,
    };
    let mut rest = text.as_str();
    let mut fields = Fields::default();
    for part in pattern {
        match part {
            Part::Literal(literal) => rest = rest.strip_prefix(*literal)?,
            Part::Number(field) => {
                let number;
                (number, rest) = take_number(rest)?;
                *field(&mut fields) = number.into();
            }
        }
    }
    Some(Data::new(schema(), Value::Date(fields.millis())))
}

enum Part {
    Number(fn(&mut Fields) -> &mut i64),
    Literal(char),
}

const PATTERN: [Part; 14] = [
    Part::Number(|fields| &mut fields.year),
    Part::Literal('-'),
    Part::Number(|fields| &mut fields.month),
    Part::Literal('-'),
    Part::Number(|fields| &mut fields.day),
    Part::Literal('T'),
    Part::Number(|fields| &mut fields.hour),
    Part::Literal(':'),
    Part::Number(|fields| &mut fields.minute),
    Part::Literal(':'),
    Part::Number(|fields| &mut fields.second),
    Part::Literal('.'),
    Part::Number(|fields| &mut fields.milli),
    Part::Literal('Z'),
];

struct Fields {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    milli: i64,
}

impl Default for Fields {
    fn default() -> Self {
        Self { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, milli: 0 }
    }
}

impl Fields {
    fn millis(&self) -> i64 {
        let days = calendar::days(self.year, self.month, self.day);
        let seconds = (self.hour * 60 + self.minute) * 60 + self.second;
        days * calendar::MILLIS_PER_DAY + seconds * 1000 + self.milli
    }
}

/// A number at the beginning of a text, after blanks, and what follows it.
fn take_number(text: &str) -> Option<(i32, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let digits = unsigned.len() - unsigned.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits == 0 {
        return None;
    }
    let end = text.len() - unsigned.len() + digits;
    Some((text[..end].parse().ok()?, &text[end..]))
}
