//! Records of other producers, into changes of the target's tables.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cdc::{Catalog, Change, Event, Op, Position, Schema, TableName, Transaction};
use connect_data::Value;
use tokio::runtime::Handle;

use super::change::{self, Told};
use super::item::{Fields, Item};
use super::side::{Decoded, Side, Unread};
use super::slot::{DELETED, Key, Shape, Wrong};
use super::struct_text::{self, Parsed};
use super::unreadable::{Part, Refusal};
use super::wrong::{self, Place};
use crate::config::LogSettings;
use crate::error::LogError;
use crate::format::Format;
use crate::lane::MessageRef;
use crate::records::{OtherKey, VERBATIM_HEADER};
use crate::registrar::Registrar;
use crate::rows::{Frames, Verbatim};

/// How many shapes of one table's records are kept.
const SHAPES_MAX: usize = 64;
/// How often the target is asked anew what a table is, where records do not fit it.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// A change, and whether it is half of a change of key.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) event: Event,
    pub(super) half: Option<OtherKey>,
    /// The row stands alone in its record.
    pub(super) is_flat: bool,
}

/// A record.
#[derive(Debug)]
pub(crate) enum Read {
    /// A change of a row.
    Change(Box<Found>),
    /// A record without a value, that says nothing its delete has not said.
    Tombstone,
    /// No change of a row.
    Beside,
}

/// What is known of a table.
#[derive(Debug, Default)]
struct Known {
    target: Option<Arc<Schema>>,
    /// The newest first.
    shapes: Vec<Shape>,
    /// When the target was asked anew.
    renewed: Option<Instant>,
}

/// Reads records.
pub(crate) struct Decoder {
    settings: LogSettings,
    key: Side,
    value: Side,
    catalog: Arc<dyn Catalog>,
    runtime: Handle,
    tables: HashMap<TableName, Known>,
    /// Whether the rows of a topic stand alone, where its format does not say.
    flat: HashMap<Arc<str>, bool>,
    frames: Frames,
    transaction: Arc<Transaction>,
}

impl Decoder {
    pub(crate) fn new(settings: LogSettings, catalog: Arc<dyn Catalog>, runtime: Handle) -> Self {
        let (key, value) = settings.kafka.formats();
        let side = |format| Side::new(format, Registrar::new(&settings));
        Self {
            key: side(key),
            value: side(value),
            settings,
            catalog,
            runtime,
            tables: HashMap::new(),
            flat: HashMap::new(),
            frames: Frames::default(),
            transaction: Arc::default(),
        }
    }

    /// What a record says. Blocks where a table or a schema is new.
    pub(crate) fn decode(
        &mut self,
        topic: &Arc<str>,
        partition: i32,
        message: &dyn MessageRef,
    ) -> Result<Read, Refusal> {
        let place = Place { topic, partition, offset: message.offset() };
        let (key_format, value_format) = (self.key.format(), self.value.format());
        let of_value = |unread| place.unread(Part::Value, value_format, unread);
        let of_key = |unread| place.unread(Part::Key, key_format, unread);
        let value = self.value.read(message.payload()).map_err(of_value)?;
        let told = match value.item() {
            Some(item) => {
                let told = change::read(value_format, item);
                let reason = |reason: &str| of_value(Unread::At(0, reason.to_owned()));
                let Some(mut told) = told.map_err(reason)? else { return Ok(Read::Beside) };
                let verbatim = Verbatim::read(message.header(VERBATIM_HEADER));
                told.verbatim = verbatim.map_err(|error| {
                    place.unread(Part::Headers, value_format, Unread::At(0, error.to_string()))
                })?;
                Some(told)
            }
            None if self.is_tombstone(topic, value_format) => return Ok(Read::Tombstone),
            None => None,
        };
        let key = self.key.read(message.key()).map_err(of_key)?;
        let key = named(&key);
        if told.is_none() && matches!(key, Key::None) {
            let reason = "a record with neither key nor value";
            return Err(of_value(Unread::At(0, reason.to_owned())));
        }
        let halves = [OtherKey::New, OtherKey::Old];
        let half = halves.into_iter().find(|half| message.header(half.header()).is_some());
        let rows_are_flat = told.as_ref().map(|told| told.is_flat);
        let event = self.event(&place, told, &key)?;
        // A record that is not read says nothing of the others of its topic.
        if let (Format::Avro, Some(is_flat)) = (value_format, rows_are_flat) {
            self.flat.insert(Arc::clone(topic), is_flat);
        }
        let is_flat = rows_are_flat.unwrap_or(true);
        match event {
            Some(event) => Ok(Read::Change(Box::new(Found { event, half, is_flat }))),
            None => Ok(Read::Beside),
        }
    }

    /// Whether a record without a value only follows a delete.
    fn is_tombstone(&self, topic: &str, format: Format) -> bool {
        match format {
            Format::DebeziumJson | Format::DebeziumJsonSchemas => true,
            // One whose rows were not met yet deletes what its delete has deleted.
            Format::Avro => self.flat.get(topic) == Some(&false),
            Format::Json | Format::JsonSchemas | Format::String | Format::Bytes => false,
        }
    }

    fn event(
        &mut self,
        place: &Place<'_>,
        told: Option<Told<'_>>,
        key: &Key<'_>,
    ) -> Result<Option<Event>, Refusal> {
        let named = told.as_ref().and_then(|told| told.table.clone());
        let table = named.unwrap_or_else(|| change::table_of(place.topic));
        self.know(&table)?;
        let mut made = self.made(&table, told.as_ref(), key);
        // What does not fit the table as it was may fit it as it is.
        if made.as_ref().is_err_and(Wrong::is_of_the_record) && self.renew(&table)? {
            made = self.made(&table, told.as_ref(), key);
        }
        let made = made.map_err(|wrong| wrong::refusal(place, &table, &wrong))?;
        let Some((schema, change)) = made else { return Ok(None) };
        if let Some(told) = &told {
            self.enter(told);
        }
        Ok(Some(Event {
            schema,
            change,
            position: Position::of_record(place.partition, place.offset),
            lsn: told.as_ref().map(|told| told.lsn).unwrap_or_default(),
            transaction: Arc::clone(&self.transaction),
            order: None,
        }))
    }

    /// The change, its key taken apart where it is a text.
    fn made(
        &mut self,
        table: &TableName,
        told: Option<&Told<'_>>,
        key: &Key<'_>,
    ) -> Result<Option<(Arc<Schema>, Change)>, Wrong> {
        match self.split(table, key)? {
            None => self.change(table, told, key),
            Some(key) => self.change(table, told, &key),
        }
    }

    /// The columns of a key that is the text of a struct.
    fn split<'a>(&self, table: &TableName, key: &Key<'a>) -> Result<Option<Key<'a>>, Wrong> {
        let Key::Unnamed(Item::Typed(_, Value::String(text))) = key else { return Ok(None) };
        let target = self.tables.get(table).and_then(|known| known.target.as_ref());
        let names: Option<Vec<Arc<str>>> = target.map(|target| {
            target.key.iter().map(|&i| Arc::clone(&target.columns[i].name)).collect()
        });
        match struct_text::parse(text, names.as_deref()) {
            Parsed::None => Ok(None),
            Parsed::Other => Err(Wrong::OtherColumns),
            Parsed::Fields(fields) => Ok(Some(Key::Named(fields))),
            Parsed::Ambiguous => Err(Wrong::Ambiguous),
        }
    }

    /// The record's transaction, shared with the record before where it is the same.
    fn enter(&mut self, told: &Told<'_>) {
        let (xid, commit_micros) = (told.xid, told.micros);
        if (self.transaction.xid, self.transaction.commit_micros) != (xid, commit_micros) {
            self.transaction =
                Arc::new(Transaction { xid, commit_micros, ..Transaction::default() });
        }
    }

    /// Asks the target what the table is, once.
    fn know(&mut self, table: &TableName) -> Result<(), LogError> {
        if self.tables.contains_key(table) {
            return Ok(());
        }
        let target = self.ask(table)?;
        self.tables.insert(table.clone(), Known { target, ..Known::default() });
        Ok(())
    }

    fn ask(&self, table: &TableName) -> Result<Option<Arc<Schema>>, LogError> {
        let target = self.runtime.block_on(self.catalog.table(table));
        let target = target.map_err(|(remedy, finding)| LogError::Target { remedy, finding })?;
        Ok(target.map(Arc::new))
    }

    /// Asks the target anew, and says whether the table is another than it was: its shapes are forgotten then.
    fn renew(&mut self, table: &TableName) -> Result<bool, LogError> {
        let last = self.tables.get(table).and_then(|known| known.renewed);
        if last.is_some_and(|last| last.elapsed() < RENEW_EVERY) {
            return Ok(false);
        }
        let target = self.ask(table)?;
        let Some(known) = self.tables.get_mut(table) else { return Ok(false) };
        known.renewed = Some(Instant::now());
        if known.target == target {
            return Ok(false);
        }
        (known.target, known.shapes) = (target, Vec::new());
        Ok(true)
    }

    fn change(
        &mut self,
        table: &TableName,
        told: Option<&Told<'_>>,
        key: &Key<'_>,
    ) -> Result<Option<(Arc<Schema>, Change)>, Wrong> {
        let Some(told) = told else { return self.delete(table, None, key).map(Some) };
        let after = match (told.op, told.after) {
            (Op::Truncate, _) => return Ok(self.truncate(table)),
            (Op::Delete, _) => return self.delete(table, told.before, key).map(Some),
            (_, Some(after)) => after,
            (_, None) => return Ok(None),
        };
        let fields = self.fields(table, after)?;
        let shape = self.shape(table, &fields, after.row_schema(), key)?;
        let after = shape.row(&fields, key, false, Some(&told.verbatim), &mut self.frames)?;
        self.keep(table, &shape);
        // Without a key in the record, only the old row tells whether the target's key changed.
        let before = match (key, told.before) {
            (Key::None, Some(before)) if told.op == Op::Update => {
                let before = self.fields(table, before)?;
                shape.row(&before, key, false, None, &mut self.frames).ok()
            }
            _ => None,
        };
        let change = match told.op {
            Op::Create => Change::Insert { after },
            Op::Read => Change::Read { after },
            _ => Change::Update { before, after },
        };
        Ok(Some((shape.schema, change)))
    }

    /// The fields of a row; without the mark of deletes, unless the table has such a column.
    fn fields<'a>(&self, table: &TableName, row: Item<'a>) -> Result<Fields<'a>, Wrong> {
        let mut fields = row.fields().ok_or(Wrong::NoFields)?;
        let target = self.tables.get(table).and_then(|known| known.target.as_ref());
        if target.is_none_or(|target| target.column(DELETED).is_none()) {
            fields.retain(|(name, _)| name != DELETED);
        }
        Ok(fields)
    }

    fn delete(
        &mut self,
        table: &TableName,
        before: Option<Item<'_>>,
        key: &Key<'_>,
    ) -> Result<(Arc<Schema>, Change), Wrong> {
        let (fields, row_schema) = match before {
            Some(before) => (self.fields(table, before)?, before.row_schema()),
            None => (Fields::new(), None),
        };
        let known = self.tables.get(table);
        let shape = match known {
            // The row is not in the record: any shape that has the key will do.
            Some(known) if fields.is_empty() => {
                known.shapes.iter().find(|shape| shape.is_keyed_by(key)).cloned()
            }
            _ => None,
        };
        let shape = match shape {
            Some(shape) => shape,
            None => self.shape(table, &fields, row_schema, key)?,
        };
        let before = shape.row(&fields, key, true, None, &mut self.frames)?;
        self.keep(table, &shape);
        Ok((shape.schema, Change::Delete { before }))
    }

    /// Nothing, where the table has never been.
    fn truncate(&self, table: &TableName) -> Option<(Arc<Schema>, Change)> {
        let known = self.tables.get(table)?;
        let newest = known.shapes.first().map(|shape| Arc::clone(&shape.schema));
        let schema = newest.or_else(|| known.target.clone())?;
        Some((schema, Change::Truncate { cascade: false, restart_identity: false }))
    }

    /// The shape of a record's rows: one that is known, or a new one.
    fn shape(
        &self,
        table: &TableName,
        fields: &Fields<'_>,
        row_schema: Option<&Arc<connect_data::Schema>>,
        key: &Key<'_>,
    ) -> Result<Shape, Wrong> {
        let Some(known) = self.tables.get(table) else { return Err(Wrong::NoTable) };
        match known.shapes.iter().find(|shape| shape.fits(fields, row_schema, key)) {
            Some(shape) => Ok(shape.clone()),
            None => {
                let written = &self.settings.kafka.written_with;
                Shape::new(table, known.target.as_deref(), fields, row_schema, key, written)
            }
        }
    }

    /// Keeps the shape of a row that was made: that of a record that cannot be read would say which columns the table
    /// has.
    fn keep(&mut self, table: &TableName, shape: &Shape) {
        let Some(Known { shapes, .. }) = self.tables.get_mut(table) else { return };
        if let Some(at) = shapes.iter().position(|known| Arc::ptr_eq(&known.schema, &shape.schema))
        {
            shapes[..=at].rotate_right(1);
            return;
        }
        shapes.insert(0, shape.clone());
        shapes.truncate(SHAPES_MAX);
    }
}

/// The key with the names of its columns, where it has them.
fn named<'a>(key: &'a Decoded<'_>) -> Key<'a> {
    match key.item() {
        None => Key::None,
        Some(item) => match item.fields() {
            Some(fields) if fields.is_empty() => Key::None,
            Some(fields) => Key::Named(fields),
            None => Key::Unnamed(item),
        },
    }
}
