//! JSON to compare: fields by name, numbers by their text, so that 1 and 1.0 are two things.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    /// `null`, `true`, `false` or a number, as written.
    Word(String),
    /// A string, without its escapes.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Reads JSON; nothing else is a value.
    pub(crate) fn parse(text: &str) -> Option<Json> {
        let text = text.trim();
        Some(match text.as_bytes().first()? {
            b'{' => {
                let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
                let field =
                    |(name, value): (String, &RawValue)| Some((name, Json::parse(value.get())?));
                Json::Object(fields.into_iter().map(field).collect::<Option<_>>()?)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                Json::List(items.iter().map(|item| Json::parse(item.get())).collect::<Option<_>>()?)
            }
            b'"' => Json::Text(serde_json::from_str(text).ok()?),
            _ => {
                let word: &RawValue = serde_json::from_str(text).ok()?;
                Json::Word(word.get().to_owned())
            }
        })
    }

    /// A field of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(fields) => fields.get(name),
            _ => None,
        }
    }

    /// An element of an array.
    pub(crate) fn item(&self, number: &str) -> Option<&Json> {
        match self {
            Json::List(items) => items.get(number.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// A field of an object, to change.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        match self {
            Json::Object(fields) => fields.get_mut(name),
            _ => None,
        }
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Appends each place in which `theirs` is another: path, what is here, what is there.
    pub(crate) fn differ(&self, theirs: &Json, path: &str, out: &mut Vec<Different>) {
        match (self, theirs) {
            (Json::Object(a), Json::Object(b)) => {
                let only_theirs = b.keys().filter(|name| !a.contains_key(*name));
                for name in a.keys().chain(only_theirs) {
                    one(&format!("{path}.{name}"), a.get(name), b.get(name), out);
                }
            }
            (Json::List(a), Json::List(b)) => {
                for i in 0..a.len().max(b.len()) {
                    one(&format!("{path}[{i}]"), a.get(i), b.get(i), out);
                }
            }
            (a, b) if a == b => {}
            (a, b) => out.push((path.to_owned(), Some(a.to_string()), Some(b.to_string()))),
        }
    }
}

/// A path, what is at it here and what there.
pub(crate) type Different = (String, Option<String>, Option<String>);

/// The same for values that may be missing.
pub(crate) fn one(
    path: &str,
    ours: Option<&Json>,
    theirs: Option<&Json>,
    out: &mut Vec<Different>,
) {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => ours.differ(theirs, path, out),
        (None, None) => {}
        (ours, theirs) => {
            let text = |json: Option<&Json>| json.map(ToString::to_string);
            out.push((path.to_owned(), text(ours), text(theirs)));
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Word(word) => f.write_str(word),
            Json::Text(text) => write!(f, "{text:?}"),
            Json::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Json::Object(fields) => {
                f.write_str("{")?;
                for (i, (name, value)) in fields.iter().enumerate() {
                    write!(f, "{}{name:?}:{value}", if i == 0 { "" } else { "," })?;
                }
                f.write_str("}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ_by_their_text_and_fields_have_no_order() {
        let parse = |text| Json::parse(text).unwrap();
        let mut out = Vec::new();
        parse(r#"{"a":1,"b":[1,"x"],"d":null}"#).differ(
            &parse(r#"{"b":[1.0,"x",null],"a":1,"c":{}}"#),
            "v",
            &mut out,
        );
        let seen: Vec<_> = out.iter().map(|(path, ..)| path.as_str()).collect();
        assert_eq!(seen, ["v.b[0]", "v.b[2]", "v.d", "v.c"]);
        assert_eq!(out[0], ("v.b[0]".to_owned(), Some("1".to_owned()), Some("1.0".to_owned())));
        assert_eq!(Json::parse("nonsense"), None);
    }
}
