//! What holds of every mask, whatever the rows are: nulls and unsent values stay, clear values are gone.

use crate::support::{chain, event, row, table};
use cdc::{Cell, Change, Row, Transform};
use proptest::prelude::*;

/// Ways to mask a text. A partial one keeps less than the shortest value of this file.
fn with() -> impl Strategy<Value = String> {
    let hmac = "with: hmac, key: { env: CARGO_PKG_NAME }";
    prop_oneof![
        Just("with: null".to_owned()),
        Just("with: fixed, value: x".to_owned()),
        (0..6_usize, 0..6_usize)
            .prop_map(|(a, b)| format!("with: partial, keep_first: {a}, keep_last: {b}")),
        Just(hmac.to_owned()),
        Just(format!("{hmac}, template: '{{hash:12}}@example.invalid', domain: d")),
    ]
}

/// A value that is long enough to be told from chance, null, or unsent.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![4 => "\\PC{12,40}", 1 => Just("∅".to_owned()), 1 => Just("~".to_owned())]
}

fn rows() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(cell(), 2)
}

fn change(kind: u8, before: Row, after: Row) -> Change {
    match kind {
        0 => Change::Insert { after },
        1 => Change::Read { after },
        2 => Change::Update { before: Some(before), after },
        3 => Change::Update { before: None, after },
        _ => Change::Delete { before },
    }
}

/// Whether the clear value is still in its mask.
fn leaks(clear: &str, masked: &[u8]) -> bool {
    String::from_utf8_lossy(masked).contains(clear)
}

proptest! {
    #[test]
    fn every_mask_keeps_its_promises(with in with(), old in rows(), new in rows(), kind in 0..5_u8) {
        let schema = table("s.t", &["id bigint!", "a text", "gone text", "b text"]);
        let mut chain = chain(&format!(
            "- mask: {{ columns: [s.t.a, s.t.b], {with} }}\n- drop: {{ columns: [s.t.gone] }}\n- rename: {{ table: s.t, columns: {{ a: c }} }}"
        ));
        let bound = chain.bind(&schema).unwrap();
        let make = |cells: &[String]| row(&["1", &cells[0], "gone for good", &cells[1]]);
        let mut event = event(&schema, change(kind, make(&old), make(&new)));
        let clear = event.change.clone();
        chain.apply(&mut event).unwrap();
        let pairs = [(clear.before(), event.change.before()), (clear.after(), event.change.after())];
        for (clear, masked) in pairs.into_iter().filter_map(|(one, other)| Some((one?, other?))) {
            prop_assert_eq!(masked.len(), bound.columns.len());
            for (was, is) in [(1, 1), (3, 2)] {
                match (clear.cell(was), masked.cell(is)) {
                    (Cell::Null, is) => prop_assert_eq!(is, Cell::Null),
                    (Cell::Unchanged, is) => prop_assert_eq!(is, Cell::Unchanged),
                    (Cell::Text(was), Cell::Text(is)) => {
                        prop_assert!(std::str::from_utf8(is).is_ok());
                        prop_assert!(!leaks(std::str::from_utf8(was).unwrap(), is));
                    }
                    (_, is) => prop_assert!(is == Cell::Null && with == "with: null"),
                }
            }
        }
    }

    #[test]
    fn equal_values_have_equal_masks(value in "\\PC{0,40}", with in with()) {
        let yaml = format!("- mask: {{ columns: [s.one.a, s.two.b], {with} }}");
        let (one, two) = (table("s.one", &["id bigint!", "a text"]), table("s.two", &["b text", "id bigint!"]));
        let mut two = (*two).clone();
        two.key = vec![1];
        let two = std::sync::Arc::new(two.sealed());
        let here = crate::support::after(&yaml, &one, &["1", &value]);
        let there = crate::support::after(&yaml, &two, &[&value, "1"]);
        prop_assert_eq!(&here[1], &there[0]);
    }

    #[test]
    fn a_part_keeps_no_more_than_was_said(value in "\\PC{0,40}", first in 0..50_usize, last in 0..50_usize) {
        let yaml = format!("- mask: {{ columns: [s.t.a], with: partial, keep_first: {first}, keep_last: {last}, char: '•' }}");
        prop_assume!(value != "∅" && value != "~");
        let masked = crate::support::after(&yaml, &table("s.t", &["id bigint!", "a text"]), &["1", &value]);
        let (was, is): (Vec<_>, Vec<_>) = (value.chars().collect(), masked[1].chars().collect());
        prop_assert_eq!(was.len(), is.len());
        let covered = is.iter().filter(|&&c| c == '•').count();
        let want = if was.len() > first + last { was.len() - first - last } else { was.len() };
        prop_assert!(covered >= want);
    }
}
