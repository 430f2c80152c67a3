//! Names of tables and columns, spelled and quoted as in SQL.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A table and the schema it is in. Written and read as SQL writes it: `public.orders`, `"Odd.Name".t`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// The schema's name, not quoted.
    pub schema: Arc<str>,
    /// The table's name, not quoted.
    pub name: Arc<str>,
}

impl TableName {
    /// The table `name` in `schema`, both without quotes.
    pub fn new(schema: &str, name: &str) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// `"schema"."name"`, always quoted, for use in a statement.
    pub fn sql(&self) -> String {
        format!("{}.{}", quote_ident(&self.schema), quote_ident(&self.name))
    }
}

/// `name` in double quotes, each double quote in it doubled, as PostgreSQL's `quote_ident` does.
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether a name needs no quotes in a pipeline file (upper case is kept, as nothing is folded there).
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['.', '"', '*', ' '])
}

fn write_part(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if is_plain(name) { f.write_str(name) } else { f.write_str(&quote_ident(name)) }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_part(f, &self.schema)?;
        f.write_str(".")?;
        write_part(f, &self.name)
    }
}

/// A text that is not a dotted name of the parts asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read name `{text}`: expected {expected}; quote a part that has a dot in it, as in SQL")]
pub struct NameError {
    text: String,
    expected: &'static str,
}

/// Splits a dotted name into its parts, taking off quotes. `None` where quotes do not close.
pub(crate) fn split_name(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let part;
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut name = String::new();
            let mut chars = quoted.char_indices();
            let end = loop {
                match chars.next()? {
                    (at, '"') if !quoted[at + 1..].starts_with('"') => break at,
                    (_, '"') => {
                        chars.next();
                        name.push('"');
                    }
                    (_, other) => name.push(other),
                }
            };
            (part, rest) = (name, &quoted[end + 1..]);
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            (part, rest) = (rest[..end].to_owned(), &rest[end..]);
        }
        if part.is_empty() || part.contains('\0') {
            return None;
        }
        parts.push(part);
        if rest.is_empty() {
            return Some(parts);
        }
        rest = rest.strip_prefix('.')?;
    }
}

impl TableName {
    /// Reads `schema.table.column`.
    ///
    /// # Errors
    /// Where the text has not these three parts.
    pub fn with_column(text: &str) -> Result<(Self, Arc<str>), NameError> {
        match split_name(text).as_deref() {
            Some([schema, name, column]) => Ok((Self::new(schema, name), column.as_str().into())),
            _ => Err(NameError { text: text.to_owned(), expected: "schema.table.column" }),
        }
    }
}

impl FromStr for TableName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match split_name(text).as_deref() {
            Some([schema, name]) => Ok(Self::new(schema, name)),
            _ => Err(NameError { text: text.to_owned(), expected: "schema.table" }),
        }
    }
}

impl Serialize for TableName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TableName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_what_it_prints() {
        for (schema, name) in
            [("public", "orders"), ("Odd.Name", "t"), ("s", "a\"b"), ("s", "*"), ("ß", "日本")]
        {
            let table = TableName::new(schema, name);
            assert_eq!(table.to_string().parse::<TableName>().unwrap(), table);
        }
    }

    #[test]
    fn a_name_of_other_parts_is_refused() {
        for wrong in ["", "orders", "a.b.c", "a.", ".b", "\"a.b", "a.\"\"", "a.\"b\"c"] {
            assert!(wrong.parse::<TableName>().is_err(), "{wrong}");
        }
        let (table, column) = TableName::with_column("public.\"a.b\".c").unwrap();
        assert_eq!((table.to_string().as_str(), &*column), ("public.\"a.b\"", "c"));
    }
}
