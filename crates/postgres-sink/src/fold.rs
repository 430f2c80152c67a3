//! A run of events → the last state of each key. Pure.
//!
//! A fold holds events of many tables, each in one version. It is closed by what cannot be put in any order but
//! the source's: another version of a table, a truncate, a change of key.

use std::borrow::Cow;
use std::collections::HashMap;

use cdc::{Cell, Change, Event, Position, Row};

use crate::settings::Mode;
use crate::target::Target;

/// The last state of one key.
#[derive(Debug, Clone)]
pub(crate) enum State<'a> {
    /// The row is new: no row of this key was there before the batch.
    Insert(Cow<'a, Row>),
    /// The whole row; one of this key may be there.
    Upsert(Cow<'a, Row>),
    /// Some columns of a row that is there.
    Partial(Cow<'a, Row>),
    /// No row; here is its key.
    Delete(&'a Row),
}

/// The last state of one key, and the last event that made it.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) state: State<'a>,
    pub(crate) position: Position,
}

/// A key's text: one cell in place, or several written one after the other.
#[derive(Debug, PartialEq, Eq, Hash)]
enum KeyText<'a> {
    One(&'a [u8]),
    Many(Vec<u8>),
}

/// The events of one table, folded.
#[derive(Debug, Default)]
pub(crate) struct Folded<'a> {
    places: HashMap<KeyText<'a>, usize>,
    /// Nothing is inserted: a row that was deleted stays away.
    updates_only: bool,
    pub(crate) entries: Vec<Entry<'a>>,
}

fn key_text<'a>(row: &'a Row, key: &[usize]) -> KeyText<'a> {
    if let [i] = key
        && let Cell::Text(text) = row.cell(*i)
    {
        return KeyText::One(text);
    }
    let mut all = Vec::new();
    for &i in key {
        match row.cell(i) {
            Cell::Null | Cell::Unchanged => all.push(0),
            Cell::Text(text) => {
                all.push(1);
                all.extend((text.len() as u64).to_be_bytes());
                all.extend_from_slice(text);
            }
            Cell::Typed(value) => {
                all.push(2);
                all.extend(format!("{value:?}").bytes());
            }
        }
    }
    KeyText::Many(all)
}

/// `newer` with the cells it does not have taken from `older`.
fn overlay<'a>(older: &Row, newer: &'a Row) -> Cow<'a, Row> {
    let mut merged = newer.clone();
    merged.fill_unchanged(older);
    Cow::Owned(merged)
}

impl<'a> Folded<'a> {
    pub(crate) fn of(mode: Mode) -> Self {
        Self { updates_only: mode == Mode::Update, ..Self::default() }
    }

    /// Takes in the next event of the table. It changes no key, and is no truncate.
    pub(crate) fn push(&mut self, target: &Target, event: &'a Event) {
        let Some(row) = event.change.after().or(event.change.before()) else { return };
        let key = key_text(row, &target.key);
        let place = self.places.entry(key).or_insert(usize::MAX);
        let before = (*place != usize::MAX).then(|| &self.entries[*place].state);
        if self.updates_only && matches!(before, Some(State::Delete(_))) {
            return;
        }
        let entry = Entry { state: next(before, &event.change, row), position: event.position };
        if *place == usize::MAX {
            *place = self.entries.len();
            self.entries.push(entry);
        } else {
            self.entries[*place] = entry;
        }
    }
}

/// What a change makes of the state before it. Invariant 5: a row with unsent cells never becomes a whole one.
fn next<'a>(before: Option<&State<'a>>, change: &Change, row: &'a Row) -> State<'a> {
    let whole = !row.has_unchanged();
    match (change, before) {
        (Change::Delete { .. }, _) => State::Delete(row),
        (Change::Insert { .. } | Change::Read { .. }, None) => State::Insert(Cow::Borrowed(row)),
        (_, Some(State::Insert(_))) if whole => State::Insert(Cow::Borrowed(row)),
        (_, _) if whole => State::Upsert(Cow::Borrowed(row)),
        (_, Some(State::Insert(older))) => State::Insert(overlay(older, row)),
        (_, Some(State::Upsert(older))) => State::Upsert(overlay(older, row)),
        (_, Some(State::Partial(older))) => {
            let merged = overlay(older, row);
            State::Partial(merged)
        }
        (_, None | Some(State::Delete(_))) => State::Partial(Cow::Borrowed(row)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::TargetColumn;
    use crate::wire::Wire;
    use cdc::{Identity, Kind, PgType, Schema, TableName};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn target() -> Target {
        let column = |name: &str| TargetColumn {
            name: name.into(),
            sql: name.to_owned(),
            wire: Wire::Text,
            type_sql: String::new(),
            generated: false,
            equal_is_same: true,
            equal: "=".to_owned(),
        };
        let name = TableName::new("s", "t");
        Target {
            oid: 1,
            sql: name.sql(),
            rows_sql: name.sql(),
            name,
            columns: ["id", "a", "b"].map(column).into(),
            key: vec![0],
            foldable: true,
            unique: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn schema() -> Arc<Schema> {
        let column = |name: &str| cdc::Column {
            name: name.into(),
            pg: PgType::new(25, "text", Kind::Text),
            optional: true,
            masked: false,
            missing: None,
            default: None,
            source_type: None,
        };
        Arc::new(Schema::new(
            TableName::new("s", "t"),
            ["id", "a", "b"].map(column).into(),
            vec![0],
            Identity::Default,
        ))
    }

    fn row(cells: [&str; 3]) -> Row {
        let mut row = Row::nulls(3);
        for (i, cell) in cells.iter().enumerate() {
            match *cell {
                "?" => row.set_unchanged(i),
                text => row.set_text(i, text.to_owned()),
            }
        }
        row
    }

    fn event(change: Change) -> Event {
        Event {
            schema: schema(),
            change,
            position: Position::default(),
            lsn: cdc::Lsn::ZERO,
            transaction: Arc::default(),
            order: None,
        }
    }

    /// A table as a map: what applying the events one by one leaves.
    type Table = BTreeMap<String, [String; 2]>;

    fn text(row: &Row, i: usize) -> Option<String> {
        match row.cell(i) {
            Cell::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
            _ => None,
        }
    }

    fn write(table: &mut Table, row: &Row) {
        let entry = table.entry(text(row, 0).unwrap()).or_default();
        for (i, cell) in entry.iter_mut().enumerate() {
            if let Some(value) = text(row, i + 1) {
                *cell = value;
            }
        }
    }

    fn one_by_one(table: &mut Table, events: &[Event]) {
        for event in events {
            match &event.change {
                Change::Delete { before } => {
                    table.remove(&text(before, 0).unwrap());
                }
                change => write(table, change.after().unwrap()),
            }
        }
    }

    fn folded(table: &mut Table, events: &[Event]) {
        let (target, mut fold) = (target(), Folded::default());
        events.iter().for_each(|event| fold.push(&target, event));
        for entry in &fold.entries {
            match &entry.state {
                State::Insert(row) => {
                    assert!(!row.has_unchanged(), "an insert of a row that is not whole");
                    assert!(
                        !table.contains_key(&text(row, 0).unwrap()),
                        "an insert of a key that is there"
                    );
                    write(table, row);
                }
                State::Upsert(row) => {
                    assert!(!row.has_unchanged(), "an upsert of a row that is not whole");
                    write(table, row);
                }
                State::Partial(row) => {
                    assert!(table.contains_key(&text(row, 0).unwrap()), "an update of no row");
                    write(table, row);
                }
                State::Delete(row) => {
                    table.remove(&text(row, 0).unwrap());
                }
            }
        }
    }

    /// A history that a database could have: no insert of a key that is there, no change of one that is not.
    fn history(steps: Vec<(u8, u8, u8)>) -> Vec<Event> {
        let mut there = [false; 4];
        steps
            .into_iter()
            .enumerate()
            .map(|(n, (key, what, toast))| {
                let key = usize::from(key % 4);
                let (id, value) = (key.to_string(), format!("v{n}"));
                if !there[key] {
                    there[key] = true;
                    return event(Change::Insert { after: row([&id, &value, &value]) });
                }
                if what % 3 == 0 {
                    there[key] = false;
                    return event(Change::Delete { before: row([&id, "?", "?"]) });
                }
                let b = if toast % 2 == 0 { "?" } else { value.as_str() };
                event(Change::Update { before: None, after: row([&id, &value, b]) })
            })
            .collect()
    }

    proptest! {
        #[test]
        fn a_fold_leaves_what_the_events_one_by_one_leave(steps in prop::collection::vec(any::<(u8, u8, u8)>(), 0..60), cut in any::<prop::sample::Index>()) {
            let events = history(steps);
            let cut = if events.is_empty() { 0 } else { cut.index(events.len()) };
            let (mut expected, mut actual) = (Table::new(), Table::new());
            one_by_one(&mut expected, &events);
            folded(&mut actual, &events[..cut]);
            folded(&mut actual, &events[cut..]);
            prop_assert_eq!(actual, expected);
        }
    }
}
