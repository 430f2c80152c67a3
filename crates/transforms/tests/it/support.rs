//! Small tables, rows and chains for tests.

use std::sync::Arc;

use bytes::Bytes;
use cdc::{
    Cell, Change, Column, Event, Flow, Identity, Kind, Lsn, PgType, Position, Row, RowBuilder,
    Schema, TableName, Transform,
};
use transforms::{Chain, NewColumns, Step};

/// A column as a test writes it: `"email text!"` is not null.
fn column(text: &str) -> Column {
    let (name, pg) = text.split_once(' ').unwrap();
    let optional = !pg.ends_with('!');
    let pg = pg.trim_end_matches('!');
    let kind = match pg.split('(').next().unwrap() {
        "bigint" => Kind::Int8,
        "boolean" => Kind::Bool,
        "date" => Kind::Date,
        "jsonb" => Kind::Jsonb,
        "numeric" => Kind::Numeric,
        "uuid" => Kind::Uuid,
        "text[]" => Kind::Array(Box::new(Kind::Text)),
        "text" | "character varying" | "character" | "name" => Kind::Text,
        _ => Kind::Other,
    };
    let length = pg.split_once('(').map(|(_, length)| length.trim_end_matches(')'));
    let typmod = length.map_or(-1, |length| length.parse::<i32>().unwrap() + 4);
    let pg = PgType { typmod, ..PgType::new(0, pg, kind) };
    Column {
        name: name.into(),
        pg,
        optional,
        masked: false,
        missing: None,
        default: None,
        source_type: None,
    }
}

/// A table whose key is its first column.
pub(crate) fn table(name: &str, columns: &[&str]) -> Arc<Schema> {
    let columns = columns.iter().map(|text| column(text)).collect();
    Arc::new(Schema::new(name.parse().unwrap(), columns, vec![0], Identity::Full))
}

pub(crate) fn customers() -> Arc<Schema> {
    table(
        "public.customers",
        &["id bigint!", "full_name text!", "email text!", "phone text", "note text"],
    )
}

/// A row over a frame, as it comes from the slot. `~` is an unchanged value, `∅` is null.
pub(crate) fn row(cells: &[&str]) -> Row {
    let mut builder = RowBuilder::with_capacity(cells.len());
    let mut frame = String::new();
    for cell in cells {
        match *cell {
            "∅" => builder.null(),
            "~" => builder.unchanged(),
            text => {
                builder.text(frame.len() as u32, text.len() as u32);
                frame.push_str(text);
            }
        }
    }
    builder.build(Bytes::from(frame))
}

/// The cells of a row, as [`row`] takes them.
pub(crate) fn cells(row: &Row) -> Vec<String> {
    let text = |cell: Cell<'_>| match cell {
        Cell::Null => "∅".to_owned(),
        Cell::Unchanged => "~".to_owned(),
        Cell::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
        Cell::Typed(value) => format!("{value:?}"),
    };
    row.cells().map(text).collect()
}

pub(crate) fn event(schema: &Arc<Schema>, change: Change) -> Event {
    Event {
        schema: schema.clone(),
        change,
        position: Position { commit_lsn: Lsn::new(0x16_B374), seq: 0 },
        lsn: Lsn::new(0),
        transaction: Arc::default(),
        order: None,
    }
}

pub(crate) fn insert(cells: &[&str]) -> Change {
    Change::Insert { after: row(cells) }
}

pub(crate) fn steps(yaml: &str) -> Vec<Step> {
    serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{error}\nin {yaml}"))
}

pub(crate) fn chain(yaml: &str) -> Chain {
    chain_with(yaml, None)
}

pub(crate) fn chain_with(yaml: &str, new_columns: Option<NewColumns>) -> Chain {
    Chain::new("transforms", steps(yaml), new_columns).unwrap()
}

/// The row an insert of `cells` becomes.
pub(crate) fn after(yaml: &str, schema: &Arc<Schema>, given: &[&str]) -> Vec<String> {
    let mut chain = chain(yaml);
    let bound = chain.bind(schema).unwrap();
    let mut event = event(schema, insert(given));
    assert_eq!(chain.apply(&mut event).unwrap(), Flow::Keep);
    assert_eq!(event.schema, bound);
    let row = event.change.after().unwrap();
    assert_eq!(row.len(), bound.columns.len());
    cells(row)
}

/// The code of the finding that refuses to bind `schema`.
pub(crate) fn refused(yaml: &str, schema: &Arc<Schema>) -> &'static str {
    chain(yaml).bind(schema).unwrap_err().0.code
}

pub(crate) fn name(text: &str) -> TableName {
    text.parse().unwrap()
}
