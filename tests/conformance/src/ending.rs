//! The row whose record ends a run, whatever operations the case leaves out.

use anyhow::{Result, bail};

use crate::case::Case;
use crate::catalog::{Catalog, quoted};
use crate::properties::MARK_TABLE;

/// What a snapshot reads last.
pub(crate) const MARKED: &str = "INSERT INTO zz_end.mark VALUES (1);";

/// The transaction that ends the stream: its last change is the only one that both sides write.
pub(crate) fn of(case: &Case) -> Result<String> {
    let skipped = case.property("skipped.operations").unwrap_or_default();
    let skips = |letter: &str| skipped.split(',').any(|skipped| skipped.trim() == letter);
    let insert = format!("INSERT INTO {MARK_TABLE} VALUES (2)");
    Ok(match (skips("c"), skips("u"), skips("d")) {
        (false, ..) => format!("{insert};"),
        (true, false, _) => format!("BEGIN; {insert}; UPDATE {MARK_TABLE} SET id = id; COMMIT;"),
        (true, true, false) => format!("BEGIN; {insert}; DELETE FROM {MARK_TABLE}; COMMIT;"),
        _ => bail!("skipped.operations={skipped} leaves no operation to see the end by"),
    })
}

/// Has the case's own publication send the mark.
pub(crate) fn publish(case: &Case, catalog: &Catalog) -> String {
    match catalog.publication(case) {
        Some((name, publication)) if !publication.all && !marks(catalog, name) => {
            format!("ALTER PUBLICATION {} ADD TABLE {MARK_TABLE};", quoted(name))
        }
        _ => String::new(),
    }
}

fn marks(catalog: &Catalog, publication: &str) -> bool {
    let mut tables = catalog.tables.iter().filter(|table| table.dotted() == MARK_TABLE);
    tables.any(|table| table.publications.iter().any(|has| has == publication))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_is_not_skipped_ends_the_run() {
        let of = |list: &str| {
            let text = format!("-- debezium: skipped.operations={list}\n-- stream\n");
            of(&Case::parse("x", &text).unwrap())
        };
        assert!(
            of("u,t").unwrap().starts_with("INSERT") && of("none").unwrap().starts_with("INSERT")
        );
        assert!(of("c, t").unwrap().contains("UPDATE") && of("c,u").unwrap().contains("DELETE"));
        assert!(of("c,u,d").is_err());
    }
}
