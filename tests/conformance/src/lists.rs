//! Debezium's lists of schemas, tables and columns, resolved to those that the case's SQL made.
//!
//! Each entry is a regular expression for a whole name, in which capital letters count no more than others.

use anyhow::{Context, Result};
use regex::{Regex, RegexBuilder};

use crate::case::Case;
use crate::catalog::{Catalog, Table, quoted};
use crate::properties::{MARK_SCHEMA, MARK_TABLE};

/// The properties with lists of tables.
pub(crate) const TABLE_LISTS: [&str; 4] =
    ["schema.include.list", "schema.exclude.list", "table.include.list", "table.exclude.list"];
/// The properties with lists of columns.
pub(crate) const COLUMN_LISTS: [&str; 2] = ["column.include.list", "column.exclude.list"];

/// A list as Debezium is told it: what is included has the table that ends a run.
pub(crate) fn told(key: &str, value: &str) -> String {
    match key {
        "schema.include.list" => format!("{value},{MARK_SCHEMA}"),
        "table.include.list" => format!("{value},{MARK_TABLE}"),
        "column.include.list" => format!("{value},{MARK_TABLE}.id"),
        _ => value.to_owned(),
    }
}

/// The entries of a property, where the case has it.
fn entries(case: &Case, key: &str) -> Result<Option<Vec<Regex>>> {
    let Some(value) = case.property(key) else { return Ok(None) };
    split(value)
        .map(|entry| expression(&entry).with_context(|| format!("{key}={value}")))
        .collect::<Result<_>>()
        .map(Some)
}

/// At commas that no backslash stands before.
fn split(value: &str) -> impl Iterator<Item = String> {
    let text = value.replace("\\,", "\u{0}");
    let entries: Vec<_> = text.split(',').map(|entry| entry.trim().replace('\u{0}', ",")).collect();
    entries.into_iter().filter(|entry| !entry.is_empty())
}

fn expression(entry: &str) -> Result<Regex> {
    Ok(RegexBuilder::new(&format!("^(?:{entry})$")).case_insensitive(true).build()?)
}

fn passes(include: Option<&Vec<Regex>>, exclude: Option<&Vec<Regex>>, name: &str) -> bool {
    let any = |list: &Vec<Regex>| list.iter().any(|entry| entry.is_match(name));
    include.is_none_or(any) && !exclude.is_some_and(any)
}

/// The tables a pipeline file lists: all, or those that the case's lists choose.
pub(crate) fn tables(case: &Case, catalog: &Catalog) -> Result<Vec<String>> {
    let [schemas, no_schemas, tables, no_tables] = TABLE_LISTS.map(|key| entries(case, key));
    let (schemas, no_schemas, tables, no_tables) = (schemas?, no_schemas?, tables?, no_tables?);
    let publication = catalog.publication(case).map(|(name, _)| name);
    let via_root = catalog.via_root(case);
    if publication.is_none()
        && [&schemas, &no_schemas, &tables, &no_tables].iter().all(|list| list.is_none())
    {
        return Ok(vec!["*.*".to_owned()]);
    }
    let fits = |table: &&Table| {
        passes(schemas.as_ref(), no_schemas.as_ref(), &table.schema)
            && passes(tables.as_ref(), no_tables.as_ref(), &table.dotted())
            && publication.is_none_or(|name| table.publications.iter().any(|has| has == name))
            && table.schema != MARK_SCHEMA
            && (via_root || !table.partitioned)
    };
    let chosen = catalog.tables.iter().filter(fits).map(Table::quoted);
    Ok(chosen.chain([MARK_TABLE.to_owned()]).collect())
}

/// The columns that the case's lists leave out.
pub(crate) fn dropped(case: &Case, catalog: &Catalog) -> Result<Vec<String>> {
    let [include, exclude] = COLUMN_LISTS.map(|key| entries(case, key));
    let (include, exclude) = (include?, exclude?);
    let mut out = Vec::new();
    for table in catalog.tables.iter().filter(|table| table.schema != MARK_SCHEMA) {
        let of = |column: &&String| {
            !passes(include.as_ref(), exclude.as_ref(), &format!("{}.{column}", table.dotted()))
        };
        let columns = table.columns.keys().filter(of);
        out.extend(columns.map(|column| format!("{}.{}", table.quoted(), quoted(column))));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_choose_whole_names_whatever_their_case() {
        let table = |schema: &str, name: &str| Table {
            schema: schema.to_owned(),
            name: name.to_owned(),
            columns: [("id".to_owned(), "int4".to_owned()), ("v".to_owned(), "text".to_owned())]
                .into(),
            ..Table::default()
        };
        let tables_of = ["orders", "Ord.2", "a"].map(|name| table("public", name));
        let catalog = Catalog { tables: tables_of.into(), ..Catalog::default() };
        let case = |lines: &str| Case::parse("x", &format!("{lines}\n-- stream\n")).unwrap();
        let chosen = |lines: &str| tables(&case(lines), &catalog).unwrap();
        assert_eq!(chosen(""), ["*.*"]);
        let listed = "-- debezium: table.include.list=PUBLIC\\.ord.*,public\\.(b|c)";
        assert_eq!(chosen(listed), ["\"public\".\"orders\"", "\"public\".\"Ord.2\"", MARK_TABLE]);
        assert_eq!(
            chosen("-- debezium: table.exclude.list=public.ord.*"),
            ["\"public\".\"a\"", MARK_TABLE]
        );
        assert_eq!(
            chosen("-- debezium: schema.exclude.list=pub"),
            chosen("-- debezium: schema.include.list=public")
        );
        let out = dropped(&case("-- debezium: column.exclude.list=.*a.V"), &catalog).unwrap();
        assert_eq!(out, ["\"public\".\"a\".\"v\""]);
        assert!(tables(&case("-- debezium: table.include.list=("), &catalog).is_err());
    }
}
