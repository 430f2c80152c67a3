//! A key that Connect's StringConverter made of a struct: `Struct{id=1,name=x}`. Nothing in it is escaped, so that only
//! the names of the key's columns tell its values apart.

use std::borrow::Cow;
use std::sync::Arc;

use super::item::{Fields, Item};

/// What a text has been found to be.
#[derive(Debug)]
pub(super) enum Parsed<'a> {
    /// No struct.
    None,
    /// A struct, but not of these columns.
    Other,
    Fields(Fields<'a>),
    /// More than one struct has this text.
    Ambiguous,
}

/// The fields of a struct's text. `names` are those of the key's columns, if they are known.
pub(super) fn parse<'a>(text: &'a str, names: Option<&[Arc<str>]>) -> Parsed<'a> {
    let inner = text.strip_prefix("Struct{").and_then(|rest| rest.strip_suffix('}'));
    let Some(inner) = inner else { return Parsed::None };
    let mut found = Vec::new();
    match (names, inner.split_once('=')) {
        (Some(names), _) => {
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            splits(inner, &names, &mut Vec::new(), &mut found);
        }
        // Of one column, the name is what comes first.
        (None, Some((name, value))) if !inner.contains(',') => found.push(vec![(name, value)]),
        (None, _) => {}
    }
    match (found.pop(), found.is_empty()) {
        (None, _) => Parsed::Other,
        (Some(_), false) => Parsed::Ambiguous,
        (Some(fields), _) if fields.last().is_some_and(|(_, value)| may_hold_more(value)) => {
            Parsed::Ambiguous
        }
        (Some(fields), true) => Parsed::Fields(
            fields
                .into_iter()
                .map(|(name, value)| (Cow::Borrowed(name), Item::Text(value)))
                .collect(),
        ),
    }
}

/// Whether the last value may be one and a further field of a name that the key here does not have.
fn may_hold_more(value: &str) -> bool {
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    value.split(',').skip(1).any(|part| part.split_once('=').is_some_and(|(name, _)| is_name(name)))
}

/// Finds the ways to read `rest` as values of these columns, two at most.
fn splits<'a>(
    rest: &'a str,
    names: &[&str],
    before: &mut Vec<(&'a str, &'a str)>,
    found: &mut Vec<Vec<(&'a str, &'a str)>>,
) {
    for (i, name) in names.iter().enumerate() {
        let value = rest.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
        let Some(value) = value else { continue };
        // The name as it stands in the text.
        let name = &rest[..name.len()];
        if names.len() == 1 {
            found.push(before.iter().copied().chain([(name, value)]).collect());
            continue;
        }
        let others: Vec<&str> = [&names[..i], &names[i + 1..]].concat();
        for (comma, _) in value.match_indices(',') {
            if found.len() > 1 {
                return;
            }
            before.push((name, &value[..comma]));
            splits(&value[comma + 1..], &others, before, found);
            before.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, names: Option<&[&'static str]>) -> String {
        let names: Option<Vec<Arc<str>>> =
            names.map(|names| names.iter().map(|name| (*name).into()).collect());
        match parse(text, names.as_deref()) {
            Parsed::None => "none".to_owned(),
            Parsed::Other => "other".to_owned(),
            Parsed::Ambiguous => "ambiguous".to_owned(),
            Parsed::Fields(fields) => fields
                .into_iter()
                .map(|(name, item)| format!("{name}: {}", item.text().unwrap()))
                .collect::<Vec<_>>()
                .join("; "),
        }
    }

    #[test]
    fn the_names_of_the_columns_tell_the_values_apart() {
        for (text, names, expected) in [
            ("Struct{id=1}", Some(&["id"][..]), "id: 1"),
            ("Struct{id=a,b}}", Some(&["id"]), "id: a,b}"),
            ("Struct{id=a,b=c}}", Some(&["id"]), "ambiguous"),
            ("Struct{a=1,b=2,c=3}", Some(&["a", "b"]), "ambiguous"),
            ("Struct{b=x,y,a=}", Some(&["a", "b"]), "b: x,y; a: "),
            ("Struct{a=1,b=2,b=3}", Some(&["a", "b"]), "ambiguous"),
            ("Struct{a=1}", Some(&["a", "b"]), "other"),
            ("Struct{id=1}", Some(&["key"]), "other"),
            ("Struct{id=1}", None, "id: 1"),
            ("Struct{id=1,b=2}", None, "other"),
            ("plain", Some(&["id"]), "none"),
        ] {
            assert_eq!(read(text, names), expected, "{text}");
        }
    }
}
