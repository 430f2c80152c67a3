//! What a declared difference may depend on, beside its place: facts of the two values, of their table, of the case.

use regex::Regex;
use serde::Deserialize;

use crate::case::Case;
use crate::catalog::{Catalog, Table};
use crate::compare::Difference;
use crate::json::Json;
use crate::number::same;
use crate::records::Record;

/// Debezium's word for a value that was not sent, where the case tells it no other.
const PLACEHOLDER: &str = "__debezium_unavailable_value";
/// The arrays that it has a placeholder for: those of `UnchangedToastedReplicationMessageColumn`.
const WITH_PLACEHOLDER: [&str; 10] = [
    "_text", "_varchar", "_bpchar", "_json", "_jsonb", "_bytea", "_int4", "_date", "_int8", "_uuid",
];

/// A fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trait {
    /// Debezium has nothing there.
    Ours,
    /// We have nothing there.
    Theirs,
    /// Debezium has the column's default there and we null.
    Default,
    /// Both are the same number.
    SameNumber,
    /// We have null there, and the value's text in `pgrelay.verbatim`.
    Verbatim,
    /// The table has ancestors or children.
    Inherited,
    /// Tables are copied in another order: some have ancestors, children or foreign keys, or Debezium's list has one.
    Ordered,
    /// The table's replica identity is an index beside its primary key.
    OtherIdentity,
    /// The table has another name after the stream, or is gone.
    Gone,
    /// A publication of the case's own leaves out columns or rows of the table.
    Partial,
    /// The case has operations skipped.
    Skips,
    /// We have the placeholder there, and the column is an array of a type that Debezium has none for.
    UnsentArray,
    /// The stream changes what only the catalog knows: defaults, labels, what may be null.
    CatalogChanges,
}

/// The case that a difference is of.
pub(crate) struct Of<'a> {
    pub(crate) case: &'a Case,
    pub(crate) catalog: &'a Catalog,
}

impl Of<'_> {
    /// Which facts hold for a difference between two records.
    pub(crate) fn of(
        &self,
        difference: &Difference,
        ours: Option<&Record>,
        theirs: Option<&Record>,
    ) -> Vec<Trait> {
        let path = &*difference.path;
        let table = |is: fn(&Table) -> bool| self.catalog.of_topic(&difference.topic).any(is);
        let null = difference.ours.as_deref() == Some("null");
        let skipped = self.case.property("skipped.operations");
        let facts = [
            (Trait::Ours, difference.theirs.is_none()),
            (Trait::Theirs, difference.ours.is_none()),
            (Trait::Default, null && default(theirs, path) == difference.theirs),
            (Trait::SameNumber, same(value(ours, path), value(theirs, path))),
            (Trait::Verbatim, null && verbatim(ours, path)),
            (Trait::Inherited, table(|table| table.inherits)),
            (Trait::Ordered, self.is_ordered()),
            (Trait::OtherIdentity, table(|table| table.other_identity)),
            (Trait::Gone, table(|table| table.gone)),
            (Trait::Partial, table(|table| table.partial)),
            (Trait::Skips, skipped.is_some_and(|skipped| skipped != "none")),
            (Trait::UnsentArray, self.is_unsent_array(difference)),
            (Trait::CatalogChanges, changes_catalog(&self.case.stream)),
        ];
        facts.into_iter().filter(|(_, holds)| *holds).map(|(fact, _)| fact).collect()
    }

    fn is_ordered(&self) -> bool {
        let mut tables = self.catalog.tables.iter();
        self.case.property("table.include.list").is_some()
            || tables.any(|table| table.inherits || table.references)
    }

    fn is_unsent_array(&self, difference: &Difference) -> bool {
        let told = self.case.property("unavailable.value.placeholder");
        let word = told.map_or(Some(PLACEHOLDER.to_owned()), pgrelay_log::placeholder_word);
        let types = self.types(difference);
        match (&difference.ours, word) {
            (Some(ours), Some(word)) => lacks_placeholder(&types) && stands_for(ours, &word),
            _ => false,
        }
    }

    /// The types of the column that a difference is in, as it was before and after the stream.
    pub(crate) fn types(&self, difference: &Difference) -> Vec<String> {
        let Some(place) = self.column_path(&difference.path) else { return Vec::new() };
        let is = |name: &str| {
            place
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let tables = self.catalog.of_topic(&difference.topic);
        let columns = tables.flat_map(|table| &table.columns).filter(|(name, _)| is(name));
        columns.map(|(_, kind)| kind.clone()).collect()
    }

    /// A path from its column on.
    fn column_path<'p>(&self, path: &'p str) -> Option<&'p str> {
        const ROWS: [&str; 4] = ["value.after.", "value.before.", "value_schema.row.", "key."];
        const ALONE: [&str; 3] = ["value.", "value_schema.", "key."];
        let rows: &[&str] = if self.case.is_alone() { &ALONE } else { &ROWS };
        rows.iter().find_map(|row| path.strip_prefix(row))
    }
}

/// Whether a column is an array, and was of none of the types that Debezium has a placeholder for.
fn lacks_placeholder(types: &[String]) -> bool {
    let lacks = |of: &String| of.starts_with('_') && !WITH_PLACEHOLDER.contains(&&**of);
    !types.is_empty() && types.iter().all(lacks)
}

/// Whether an array is the placeholder: the word as its only item, or the word's bytes as numbers.
fn stands_for(array: &str, word: &str) -> bool {
    let numbers: Vec<i8> = word.bytes().map(u8::cast_signed).collect();
    let forms = [serde_json::json!([word]), serde_json::json!(numbers)];
    forms
        .iter()
        .filter_map(|form| Json::parse(&form.to_string()))
        .any(|form| form.to_string() == array)
}

/// The default that the schema of a row's column has.
fn default(record: Option<&Record>, path: &str) -> Option<String> {
    let column = path.strip_prefix("value.after.").or(path.strip_prefix("value.before."));
    let schema = record?.schemas[1].as_ref()?;
    // A row that stands alone has its schema alone.
    let field = match (column, schema.get("row")) {
        (Some(column), Some(row)) => row.get(column),
        _ => schema.get(path.strip_prefix("value.")?),
    };
    field?.get("@default").map(ToString::to_string)
}

/// The value at a path; of a number in two parts, the whole.
fn value<'a>(record: Option<&'a Record>, path: &str) -> Option<&'a Json> {
    let path = path.strip_prefix("value.")?;
    let path = path.strip_suffix(".scale").or(path.strip_suffix(".value")).unwrap_or(path);
    let parts = path.split(['.', '[']).map(|part| part.trim_end_matches(']'));
    parts.fold(record?.value.as_ref(), |json, part| json?.get(part).or_else(|| json?.item(part)))
}

fn verbatim(record: Option<&Record>, path: &str) -> bool {
    let Some(column) = path.strip_prefix("value.") else { return false };
    let column = column.split('[').next().unwrap_or(column);
    let headers = record.into_iter().flat_map(|record| &record.headers);
    let mut texts = headers.filter(|(name, _)| name == pgrelay_log::VERBATIM_HEADER);
    texts.any(|(_, texts)| texts.get(column).is_some())
}

fn changes_catalog(sql: &str) -> bool {
    const WORDS: &str = r"(?i)\b(SET|DROP)\s+(DEFAULT|NOT\s+NULL)|\b(ADD|RENAME)\s+VALUE";
    Regex::new(WORDS).is_ok_and(|words| words.is_match(sql))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_without_a_placeholder_are_those_that_debezium_has_none_for() {
        let lacks = |types: &[&str]| {
            lacks_placeholder(&types.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert!(lacks(&["_inet"]) && lacks(&["_mood", "_mood"]) && lacks(&["_int2"]));
        assert!(!lacks(&["_text"]) && !lacks(&["_inet", "_uuid"]) && !lacks(&["inet"]));
        assert!(!lacks(&[]));
    }

    #[test]
    fn a_placeholder_is_the_word_or_its_bytes() {
        let shown = |text: &str| Json::parse(text).unwrap().to_string();
        assert!(stands_for(&shown("[\"--\"]"), "--") && stands_for(&shown("[45,45]"), "--"));
        assert!(stands_for(&shown("[-61,-87]"), "\u{e9}"));
        assert!(!stands_for(&shown("[\"--\",\"--\"]"), "--") && !stands_for("null", "--"));
    }
}
