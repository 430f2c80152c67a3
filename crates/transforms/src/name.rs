//! How a pipeline file names columns and sets of tables.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use cdc::TableName;
use serde::Deserialize;

/// A name in a step that cannot be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameRefused(pub(crate) String);

impl fmt::Display for NameRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NameRefused {}

/// A column of a table, exactly: `schema.table.column`, quoted as in SQL. A `*` is refused, because what is
/// masked or dropped is said one by one; a column whose name has one is quoted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct ColumnName {
    /// The table.
    pub table: TableName,
    /// The column's name, not quoted.
    pub column: Arc<str>,
}

impl TryFrom<String> for ColumnName {
    type Error = NameRefused;

    fn try_from(text: String) -> Result<Self, NameRefused> {
        if has_star(&text) {
            return Err(NameRefused(format!(
                "read column `{text}`: name columns one by one, without `*`"
            )));
        }
        let (table, column) =
            TableName::with_column(&text).map_err(|error| NameRefused(error.to_string()))?;
        Ok(Self { table, column })
    }
}

impl ColumnName {
    /// Refuses a list that is empty, or names a column twice.
    pub(crate) fn once_each(columns: &[Self]) -> Result<(), NameRefused> {
        if columns.is_empty() {
            return Err(NameRefused("`columns` names no column".to_owned()));
        }
        let mut seen = std::collections::BTreeSet::new();
        match columns.iter().find(|column| !seen.insert(*column)) {
            Some(twice) => Err(NameRefused(format!("`columns` names {twice} twice"))),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The last part is quoted by the same rule as a table's name.
        let part = TableName::new("s", &self.column).to_string();
        write!(f, "{}{}", self.table, &part[1..])
    }
}

/// Whether `text` has a `*` outside of quotes.
fn has_star(text: &str) -> bool {
    text.split('"').step_by(2).any(|outside| outside.contains('*'))
}

/// Tables by name: `public.orders`, or with `*` for any run of characters in a part: `inventory.*`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct TablePattern {
    name: TableName,
    globbed: bool,
}

impl TryFrom<String> for TablePattern {
    type Error = NameRefused;

    fn try_from(text: String) -> Result<Self, NameRefused> {
        let globbed = has_star(&text);
        if globbed && text.contains('"') {
            return Err(NameRefused(format!(
                "read tables `{text}`: quotes and `*` do not go together in one name"
            )));
        }
        let name = TableName::from_str(&text).map_err(|error| NameRefused(error.to_string()))?;
        Ok(Self { name, globbed })
    }
}

impl TablePattern {
    /// Whether it means `table`.
    pub fn matches(&self, table: &TableName) -> bool {
        match self.exact() {
            Some(exact) => exact == table,
            None => globs(&self.name.schema, &table.schema) && globs(&self.name.name, &table.name),
        }
    }

    /// The one table it names, if it names one.
    pub fn exact(&self) -> Option<&TableName> {
        (!self.globbed).then_some(&self.name)
    }
}

/// Reads a list of tables that is not empty.
pub(crate) fn some_tables<'de, D>(deserializer: D) -> Result<Vec<TablePattern>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    let tables = Vec::<TablePattern>::deserialize(deserializer)?;
    if tables.is_empty() {
        return Err(serde::de::Error::custom("`tables` names no table"));
    }
    Ok(tables)
}

/// Whether `text` is what `pattern` says, each `*` standing for any run of characters.
fn globs(pattern: &str, text: &str) -> bool {
    let Some((first, middle)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let (middle, last) = middle.rsplit_once('*').unwrap_or(("", middle));
    for piece in middle.split('*') {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

/// What of `names` looks most like `wanted`, if any does.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = |name: &&str| strsim::normalized_damerau_levenshtein(wanted, name);
    let best = names.max_by(|one, other| near(one).total_cmp(&near(other)))?;
    (near(&best) >= 0.5).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_reads_back_what_it_prints() {
        for text in ["public.customers.email", "\"Odd.Name\".t.\"a*b\"", "s.t.\"a\"\"b\""] {
            assert_eq!(ColumnName::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        for wrong in ["customers.email", "public.*.email", "public.customers.*", "a.b.c.d"] {
            assert!(ColumnName::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_pattern_means_what_it_says() {
        let matches = |pattern: &str, table: &str| {
            TablePattern::try_from(pattern.to_owned()).unwrap().matches(&table.parse().unwrap())
        };
        assert!(matches("p.orders", "p.orders") && !matches("p.orders", "p.orders2"));
        assert!(matches("inventory.*", "inventory.a") && !matches("inventory.*", "inventory2.a"));
        assert!(matches("*.a*c", "s.abc") && !matches("*.a*c", "s.abcd"));
        assert!(matches("p.a*b*c", "p.axbyc") && !matches("p.a*b*c", "p.ac"));
        assert!(matches("s.\"*\"", "s.\"*\"") && !matches("s.\"*\"", "s.t"));
        assert!(TablePattern::try_from("orders".to_owned()).is_err());
        assert!(!matches("p.ab*ba", "p.aba"));
    }

    #[test]
    fn the_nearest_name_is_near() {
        let names = ["email", "full_name"];
        assert_eq!(nearest("e_mail", names.into_iter()), Some("email"));
        assert_eq!(nearest("birth_date", names.into_iter()), None);
    }
}
