//! A part of a record, whichever way it was written: JSON that has no schema, or a value of Kafka Connect.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use connect_data::{Schema, Type, Value};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::debezium_json::unquoted;

/// A part of a record.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    /// JSON as it stands in the record.
    Json(&'a str),
    /// What Java's `toString` gave for a value.
    Text(&'a str),
    /// A value and what it is.
    Typed(&'a Arc<Schema>, &'a Value),
}

/// Shows nothing of the value. Invariant 10.
impl fmt::Debug for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Item::Json(_) => "Json",
            Item::Text(_) => "Text",
            Item::Typed(..) => "Typed",
        })
    }
}

/// The fields of a row, in the order of the record.
pub(super) type Fields<'a> = Vec<(Cow<'a, str>, Item<'a>)>;

impl<'a> Item<'a> {
    pub(super) fn is_null(self) -> bool {
        match self {
            Item::Json(json) => json == "null",
            Item::Text(_) => false,
            Item::Typed(_, value) => value.is_null(),
        }
    }

    /// Its fields; `None` where it has none.
    pub(super) fn fields(self) -> Option<Fields<'a>> {
        match self {
            Item::Json(json) if json.starts_with('{') => {
                let Object(fields) = serde_json::from_str(json).ok()?;
                let item = |(name, value): (_, &'a RawValue)| (name, Item::Json(value.get()));
                Some(fields.into_iter().map(item).collect())
            }
            Item::Typed(schema, Value::Struct(found)) => {
                let named = schema.fields().iter().zip(&found.values);
                let item = |(field, value): (&'a connect_data::Field, &'a Value)| {
                    (Cow::Borrowed(field.name.as_str()), Item::Typed(&field.schema, value))
                };
                Some(named.map(item).collect())
            }
            _ => None,
        }
    }

    /// Its text, if it is one.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Item::Json(json) if json.starts_with('"') => unquoted(json).ok(),
            Item::Text(text) => Some(Cow::Borrowed(text)),
            Item::Typed(_, Value::String(text)) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    /// Its number, if it is a whole one.
    pub(super) fn number(self) -> Option<i64> {
        match self {
            Item::Json(text) | Item::Text(text) => text.parse().ok(),
            Item::Typed(_, Value::Int64(number)) => Some(*number),
            Item::Typed(_, Value::Int32(number)) => Some((*number).into()),
            Item::Typed(..) => None,
        }
    }

    /// The schema of the row, if it has one.
    pub(super) fn row_schema(self) -> Option<&'a Arc<Schema>> {
        match self {
            Item::Typed(schema, _) if matches!(schema.kind, Type::Struct(_)) => Some(schema),
            _ => None,
        }
    }
}

/// A field.
pub(super) fn field<'a>(fields: &Fields<'a>, name: &str) -> Option<Item<'a>> {
    fields.iter().find(|(known, _)| known == name).map(|(_, item)| *item)
}

/// The same; `None` where it is null, too.
pub(super) fn some<'a>(fields: &Fields<'a>, name: &str) -> Option<Item<'a>> {
    field(fields, name).filter(|item| !item.is_null())
}

/// An object's fields in their order, none of them parsed.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A field's name, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Borrowing).map(Self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Listing;
        impl<'de> Visitor<'de> for Listing {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Listing).map(Self)
    }
}
