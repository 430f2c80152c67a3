//! The rows of one table in one shape of its records: which column a field goes to, and how it is read.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use cdc::{Column, DecimalMode, Identity, PgType, RowBuilder, Schema, TableName};

use super::item::{Fields, Item, field};
use super::placeholder::Placeholder;
use super::text::{self, Said};
use super::types::column_type;
use crate::config::WrittenWith;
use crate::forms::{Form, schema_of};
use crate::rows::{Frames, Is, Side, Verbatim};

/// A column, and what its values are without a schema beside them.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) pg: PgType,
    pub(super) form: Form,
    pub(super) schema: Arc<connect_data::Schema>,
    /// What a `numeric` is, where the file says it.
    pub(super) decimals: Option<DecimalMode>,
    /// What stands for a value that was not sent, and in JSON without a schema in this column's form.
    pub(super) placeholder: (Arc<Placeholder>, Option<String>),
}

/// A shape of a table's records.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) schema: Arc<Schema>,
    slots: Arc<[Slot]>,
    row_schema: Option<Arc<connect_data::Schema>>,
    key_names: Arc<[Arc<str>]>,
}

/// Why a shape or a row cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The target has no such table, and the record does not say what its columns are.
    NoTable,
    /// The same of one column.
    NoColumn(String),
    /// Neither the record nor the target has a key.
    NoKey,
    /// The key has no column.
    NoKeyColumn(String),
    /// A key without names, for a key of so many columns.
    Unnamed(usize),
    /// A key that could be one of several.
    Ambiguous,
    /// The text of a struct of other columns than the table's key has.
    OtherColumns,
    /// What should be a row has no fields.
    NoFields,
    /// A value does not fit.
    Value { column: String, type_name: Arc<str>, reason: &'static str },
}

impl Wrong {
    /// Whether it is wrong in this one record. What the target lacks, or has another key than, meets all that come to the
    /// table, as does what the producer leaves out: once it is mended there, they fit.
    pub(super) const fn is_of_the_record(&self) -> bool {
        match self {
            Wrong::NoTable
            | Wrong::NoColumn(_)
            | Wrong::NoKey
            | Wrong::NoKeyColumn(_)
            | Wrong::Unnamed(_)
            | Wrong::OtherColumns => false,
            Wrong::Ambiguous | Wrong::NoFields | Wrong::Value { .. } => true,
        }
    }
}

/// The field that says of a record without an envelope whether its row is deleted.
pub(super) const DELETED: &str = "__deleted";

/// A key: its columns by name, or one value without one.
#[derive(Clone, Debug)]
pub(super) enum Key<'a> {
    None,
    Named(Fields<'a>),
    Unnamed(Item<'a>),
}

impl Key<'_> {
    /// The columns' names, if the record has a key; the table's own where it does not name them.
    fn names(&self, target: Option<&Schema>) -> Result<Vec<Arc<str>>, Wrong> {
        let own = |target: &Schema| -> Vec<Arc<str>> {
            target.key.iter().map(|&i| target.columns[i].name.clone()).collect()
        };
        match (self, target.map(own)) {
            (Key::Named(fields), _) => Ok(fields.iter().map(|(name, _)| (**name).into()).collect()),
            (Key::Unnamed(_), Some(own)) if own.len() == 1 => Ok(own),
            (Key::Unnamed(_), own) => Err(Wrong::Unnamed(own.map_or(0, |own| own.len()))),
            (Key::None, Some(own)) if !own.is_empty() => Ok(own),
            (Key::None, _) => Err(Wrong::NoKey),
        }
    }

    /// The value of a column of it.
    fn get(&self, name: &str) -> Option<Item<'_>> {
        match self {
            Key::None => None,
            Key::Named(fields) => field(fields, name),
            Key::Unnamed(item) => Some(*item),
        }
    }
}

/// The columns of a record: those of its row, then those of its key that the row lacks.
fn items<'a>(
    row: &'a Fields<'a>,
    key: &'a Key<'_>,
    key_names: &'a [Arc<str>],
) -> Vec<(Cow<'a, str>, Option<Item<'a>>)> {
    let mut all: Vec<(Cow<'a, str>, Option<Item<'a>>)> =
        row.iter().map(|(name, item)| (Cow::Borrowed(&**name), Some(*item))).collect();
    for name in key_names {
        if !row.iter().any(|(known, _)| **known == **name) {
            all.push((Cow::Borrowed(&**name), key.get(name)));
        }
    }
    all
}

impl Shape {
    /// The shape of records whose rows have these fields. `target` is what the table is there.
    pub(super) fn new(
        table: &TableName,
        target: Option<&Schema>,
        row: &Fields<'_>,
        row_schema: Option<&Arc<connect_data::Schema>>,
        key: &Key<'_>,
        written: &WrittenWith,
    ) -> Result<Self, Wrong> {
        let key_names = key.names(target)?;
        let modes = written.modes();
        let unsent = Arc::new(Placeholder::new(written.unavailable_value_placeholder.as_deref()));
        let (mut columns, mut slots) = (Vec::new(), Vec::new());
        for (name, item) in items(row, key, &key_names) {
            let known = target.and_then(|target| target.columns.get(target.column(&name)?));
            let is_key = key_names.iter().any(|key| **key == *name);
            let column = match (known, item) {
                (Some(known), _) => known.clone(),
                (None, None) => return Err(Wrong::NoKeyColumn(name.into_owned())),
                (None, Some(item)) => made(&name, item, target.is_none(), is_key)?,
            };
            let form = Form::of(&column.pg, &modes);
            let schema = Arc::new(schema_of(&form));
            let placeholder = (Arc::clone(&unsent), unsent.of(&form));
            let decimals = written.decimal_handling_mode;
            slots.push(Slot { pg: column.pg.clone(), form, schema, decimals, placeholder });
            columns.push(column);
        }
        let place = |name: &Arc<str>| columns.iter().position(|column| column.name == *name);
        let key = key_names.iter().filter_map(place).collect();
        let schema = Schema::new(table.clone(), columns, key, Identity::Default);
        Ok(Self {
            schema: Arc::new(schema.with_modes(modes)),
            slots: slots.into(),
            row_schema: row_schema.cloned(),
            key_names: key_names.into(),
        })
    }

    /// Whether the key has the columns of its key.
    pub(super) fn is_keyed_by(&self, key: &Key<'_>) -> bool {
        match key {
            Key::Named(fields) => {
                fields.iter().map(|(name, _)| &**name).eq(self.key_names.iter().map(|name| &**name))
            }
            Key::Unnamed(_) => self.key_names.len() == 1,
            Key::None => true,
        }
    }

    /// Whether a record's rows have it.
    pub(super) fn fits(
        &self,
        row: &Fields<'_>,
        row_schema: Option<&Arc<connect_data::Schema>>,
        key: &Key<'_>,
    ) -> bool {
        let same_schema = match (&self.row_schema, row_schema) {
            (None, None) => true,
            (Some(own), Some(other)) => Arc::ptr_eq(own, other) || own == other,
            _ => false,
        };
        let columns = || self.schema.columns.iter().map(|column| &*column.name);
        let missing = |name: &&Arc<str>| !row.iter().any(|(known, _)| **known == ***name);
        let wanted = row.iter().map(|(name, _)| &**name);
        same_schema
            && self.is_keyed_by(key)
            && wanted.chain(self.key_names.iter().filter(missing).map(|name| &**name)).eq(columns())
    }

    /// The row of these fields, those of the key taken from it where the row lacks them, or where `keyed` says that
    /// nothing else counts. `verbatim` is of such a row where its record came from a capture half.
    pub(super) fn row(
        &self,
        row: &Fields<'_>,
        key: &Key<'_>,
        keyed: bool,
        verbatim: Option<&Verbatim<'_>>,
        frames: &mut Frames,
    ) -> Result<cdc::Row, Wrong> {
        frames.begin();
        let mut builder = RowBuilder::with_capacity(self.slots.len());
        for (i, (column, slot)) in self.schema.columns.iter().zip(&*self.slots).enumerate() {
            let of_key = || key.get(&column.name);
            let is_key = self.schema.key.contains(&i);
            let item = if keyed {
                is_key.then(|| of_key().or_else(|| field(row, &column.name))).flatten()
            } else {
                field(row, &column.name).or_else(|| is_key.then(of_key).flatten())
            };
            let start = frames.row.len();
            let told = verbatim.and_then(|told| told.get(Side::After, &column.name));
            let said = match (told, item) {
                (Some(told), _) => exact(told, &mut frames.row),
                (None, None) if is_key => return Err(Wrong::NoKeyColumn(column.name.to_string())),
                (None, None) => Said::Null,
                (None, Some(item)) => text::write(item, slot, &mut frames.row)
                    .map_err(|reason| wrong_value(column, reason))?,
            };
            match said {
                Said::Null | Said::Nothing if is_key => {
                    return Err(wrong_value(
                        column,
                        "a column of the key is null, or was not sent",
                    ));
                }
                Said::Null => builder.null(),
                Said::Nothing => builder.unchanged(),
                Said::Text => {
                    let span = |n: usize| u32::try_from(n);
                    let (Ok(start), Ok(len)) = (span(start), span(frames.row.len() - start)) else {
                        return Err(wrong_value(column, "the row is larger than 4 GiB"));
                    };
                    builder.text(start, len);
                }
            }
        }
        let frame: Bytes = frames.finish();
        Ok(builder.build(frame))
    }
}

/// What the header says of a column whose value the record does not hold exactly.
fn exact(told: &Is<'_>, out: &mut Vec<u8>) -> Said {
    match told {
        Is::NotSent(_) => Said::Nothing,
        Is::Null(()) => Said::Null,
        Is::Text(text) => {
            out.extend_from_slice(text.as_bytes());
            Said::Text
        }
    }
}

fn wrong_value(column: &Column, reason: &'static str) -> Wrong {
    Wrong::Value { column: column.name.to_string(), type_name: column.pg.name.clone(), reason }
}

/// A column that the target lacks, as the field's schema has it.
fn made(name: &str, item: Item<'_>, no_table: bool, is_key: bool) -> Result<Column, Wrong> {
    let lacking = || if no_table { Wrong::NoTable } else { Wrong::NoColumn(name.to_owned()) };
    let Item::Typed(schema, _) = item else { return Err(lacking()) };
    let pg = column_type(schema).ok_or_else(lacking)?;
    Ok(Column {
        name: name.into(),
        pg,
        optional: !is_key && schema.optional,
        masked: false,
        missing: None,
        default: None,
        source_type: None,
    })
}
