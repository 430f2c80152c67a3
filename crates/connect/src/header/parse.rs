//! A header's text as a value: Java's `Values.parseString`.

use std::sync::Arc;

use super::convert::convert;
use super::merge::Common;
use super::temporal;
use super::tokens::{Tokens, trim};
use crate::{Data, Decimal, Schema, Type, Value};

/// How deep arrays and maps may nest.
const DEPTH_MAX: usize = 500;
/// The largest whole number Java can hold has fewer digits.
const DIGITS_MAX: i64 = 646_456_993;

/// More than the parser takes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

/// Why a text is not an array or a map.
enum Not {
    /// It is something else.
    This,
    /// Nobody can say.
    TooMuch,
}

type Parsed<T> = Result<T, Not>;

/// The value of a text that is not empty.
pub(super) fn parse(text: &str) -> Result<Data, TooMuch> {
    let mut parser = Parser { tokens: Tokens::new(text), depth: 0 };
    match parser.value(false) {
        Ok(data) => Ok(data),
        Err(Not::This) => Ok(string(text)),
        Err(Not::TooMuch) => Err(TooMuch),
    }
}

fn string(text: &str) -> Data {
    Data::new(Schema::new(Type::String), Value::String(text.to_owned()))
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    depth: usize,
}

impl Parser<'_> {
    fn value(&mut self, embedded: bool) -> Parsed<Data> {
        if !self.tokens.has_next() {
            return Ok(Data::null());
        }
        if embedded && self.tokens.take("\"") {
            return Ok(self.quoted());
        }
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Boolean(true)),
            ("false", Value::Boolean(false)),
        ] {
            if self.word(embedded, word) {
                return Ok(match value {
                    Value::Null => Data::null(),
                    value => Data::new(Schema::new(Type::Boolean), value),
                });
            }
        }
        let start = self.tokens.mark();
        match self.container() {
            Some(Ok(data)) => return Ok(data),
            Some(Err(Not::TooMuch)) => return Err(Not::TooMuch),
            Some(Err(Not::This)) => self.tokens.rewind(start),
            None => {}
        }
        let token = self.tokens.next();
        match trim(token) {
            "" => Ok(string(token)),
            trimmed => self.scalar(embedded, trimmed),
        }
    }

    /// A word counts at the top only if nothing follows it.
    fn word(&mut self, embedded: bool, word: &str) -> bool {
        let start = self.tokens.mark();
        if self.tokens.take(word) && (embedded || !self.tokens.has_next()) {
            return true;
        }
        self.tokens.rewind(start);
        false
    }

    fn container(&mut self) -> Option<Parsed<Data>> {
        let read = if self.tokens.take("[") {
            Self::array
        } else if self.tokens.take("{") {
            Self::map
        } else {
            return None;
        };
        if self.depth == DEPTH_MAX {
            return Some(Err(Not::TooMuch));
        }
        self.depth += 1;
        let data = read(self);
        self.depth -= 1;
        Some(data)
    }

    fn scalar(&mut self, embedded: bool, token: &str) -> Parsed<Data> {
        let digit = token.starts_with(|c: char| c.is_ascii_digit());
        if digit && let Some(data) = self.temporal(token) {
            return Ok(data);
        }
        if (digit || token.starts_with(['+', '-']))
            && let Some(decimal) = Decimal::parse(token)
        {
            return number(decimal);
        }
        if embedded { Err(Not::This) } else { Ok(string(self.tokens.original())) }
    }

    /// A time has colons in it, so it comes in five pieces.
    fn temporal(&mut self, token: &str) -> Option<Data> {
        let start = self.tokens.mark();
        if let Some(rest) = self.tokens.several(4)
            && let Some(data) = temporal::parse(&format!("{token}{rest}"))
        {
            return Some(data);
        }
        self.tokens.rewind(start);
        temporal::parse(token)
    }

    fn quoted(&mut self) -> Data {
        let mut text = String::new();
        while self.tokens.has_next() && !self.tokens.take("\"") {
            text.push_str(self.tokens.next());
        }
        temporal::parse(&text).unwrap_or_else(|| string(&text))
    }

    fn array(&mut self) -> Parsed<Data> {
        let mut values = Vec::new();
        let mut items = Common::default();
        while self.tokens.has_next() {
            if self.tokens.take("]") {
                let items = items.schema();
                if let Some(items) = &items {
                    convert_all(items, values.iter_mut())?;
                }
                return Ok(Data::new(Schema::new(Type::Array(items)), Value::Array(values)));
            }
            if self.tokens.take(",") {
                return Err(Not::This);
            }
            let element = self.value(true)?;
            items.add(element.schema.as_ref());
            values.push(element.value);
            let after = self.tokens.mark();
            if self.tokens.take("]") {
                self.tokens.rewind(after);
            } else if !self.tokens.take(",") {
                return Err(Not::This);
            }
        }
        Err(Not::This)
    }

    fn map(&mut self) -> Parsed<Data> {
        let mut pairs = Vec::new();
        let (mut keys, mut values) = (Common::default(), Common::default());
        while self.tokens.has_next() {
            if self.tokens.take("}") {
                return finish(pairs, keys.schema(), values.schema());
            }
            if self.tokens.take(",") {
                return Err(Not::This);
            }
            let key = self.value(true)?;
            if key.value.is_null() || !self.tokens.take(":") {
                return Err(Not::This);
            }
            let value = self.value(true)?;
            self.tokens.take(",");
            keys.add(key.schema.as_ref());
            values.add(value.schema.as_ref());
            pairs.push((key.value, value.value));
        }
        Err(Not::This)
    }
}

fn finish(
    pairs: Vec<(Value, Value)>,
    keys: Option<Arc<Schema>>,
    values: Option<Arc<Schema>>,
) -> Parsed<Data> {
    let Value::Map(mut pairs) = Value::map(pairs) else { return Err(Not::This) };
    // Values share a schema only where keys do.
    let values = values.filter(|_| keys.is_some());
    if let Some(keys) = &keys {
        convert_all(keys, pairs.iter_mut().map(|(key, _)| key))?;
    }
    if let Some(values) = &values {
        convert_all(values, pairs.iter_mut().map(|(_, value)| value))?;
    }
    Ok(Data::new(Schema::new(Type::Map(keys, values)), Value::map(pairs)))
}

fn convert_all<'v>(schema: &Schema, values: impl Iterator<Item = &'v mut Value>) -> Parsed<()> {
    for value in values {
        *value = convert(schema, value).ok_or(Not::This)?;
    }
    Ok(())
}

/// The narrowest type that holds a number.
fn number(decimal: Decimal) -> Parsed<Data> {
    if let Some(whole) = decimal.to_i64_exact() {
        let (kind, value) = if let Ok(number) = i8::try_from(whole) {
            (Type::Int8, Value::Int8(number))
        } else if let Ok(number) = i16::try_from(whole) {
            (Type::Int16, Value::Int16(number))
        } else if let Ok(number) = i32::try_from(whole) {
            (Type::Int32, Value::Int32(number))
        } else {
            (Type::Int64, Value::Int64(whole))
        };
        return Ok(Data::new(Schema::new(kind), value));
    }
    if -i64::from(decimal.scale()) > DIGITS_MAX {
        return Err(Not::TooMuch);
    }
    let (narrow, wide) = (decimal.to_f32(), decimal.to_f64());
    Ok(if decimal.scale() != 0 && narrow.is_finite() {
        Data::new(Schema::new(Type::Float32), Value::Float32(narrow))
    } else if decimal.scale() != 0 && wide.is_finite() {
        Data::new(Schema::new(Type::Float64), Value::Float64(wide))
    } else {
        Data::new(Schema::decimal(decimal.scale()), Value::Decimal(decimal))
    })
}
