//! Columns of the target that take a value and keep less of it than was sent, without an error.

use cdc::{Column, Finding, Kind, PgType, TableName, quote_ident};

/// Digits of a second where a type does not say how many.
const SECOND_DIGITS: i32 = 6;

/// Whether a column of the type with this number and modifier rounds what one of the source's type `pg` holds.
pub(crate) fn cuts(pg: &PgType, type_oid: u32, typmod: i32) -> bool {
    if pg.base.is_some() {
        // A domain has its modifier elsewhere.
        return false;
    }
    let digits = |typmod: i32| if typmod < 0 { SECOND_DIGITS } else { typmod };
    match (&pg.kind, type_oid) {
        (Kind::Float8, 700) => true,
        (Kind::Numeric, 1700) => {
            let here = PgType { typmod, ..PgType::new(1700, "numeric", Kind::Numeric) };
            let scale = |pg: &PgType| pg.precision_and_scale().map(|(_, scale)| scale);
            match (scale(pg), scale(&here)) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(there), Some(here)) => here < there,
            }
        }
        (Kind::Time, 1083) | (Kind::Timestamp, 1114) | (Kind::Timestamptz, 1184) => {
            digits(typmod) < digits(pg.typmod)
        }
        _ => false,
    }
}

pub(crate) fn warning(place: String, table: &TableName, column: &Column, here: &str) -> Finding {
    let there = &column.pg.name;
    Finding::warning(
        "target_column_narrower",
        place,
        format!("its type is {here} and the source's is {there}: values are rounded"),
    )
    .remedy("let the target's column have the source's type")
    .run(format!(
        "ALTER TABLE {} ALTER COLUMN {} TYPE {there};",
        table.sql(),
        quote_ident(&column.name)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_scale_of_the_same_type_is_narrower() {
        let pg = |kind, typmod| PgType { typmod, ..PgType::new(0, "", kind) };
        let numeric = |scale: i32| (12 << 16 | scale) + 4;
        assert!(cuts(&pg(Kind::Numeric, numeric(4)), 1700, numeric(2)));
        assert!(cuts(&pg(Kind::Numeric, -1), 1700, numeric(2)));
        assert!(!cuts(&pg(Kind::Numeric, numeric(2)), 1700, numeric(4)));
        assert!(!cuts(&pg(Kind::Numeric, numeric(2)), 1700, -1));
        assert!(cuts(&pg(Kind::Timestamptz, -1), 1184, 0));
        assert!(cuts(&pg(Kind::Time, 3), 1083, 2));
        assert!(!cuts(&pg(Kind::Timestamp, 3), 1114, -1));
        assert!(cuts(&pg(Kind::Float8, -1), 700, -1));
        assert!(!cuts(&pg(Kind::Float4, -1), 700, -1));
    }
}
