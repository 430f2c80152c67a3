//! Keys and rows as Connect's StringConverter writes them: what `toString` of a struct gives, `Struct{id=1,name=x}`.
//!
//! A column that is null is left out, and nothing is escaped, so that this is for keys, and for values that nobody reads
//! back. A key whose text would not tell its rows apart, as that of bytes does not, is refused.

mod put;

use std::sync::Arc;

use cdc::{Batch, Event, Note, Row, Schema};
use connect_data::{Logical, Type, Value};

use self::put::JavaText;
use crate::changes::{Deletes, Encode, Part, Role};
use crate::converter::ConvertError;
use crate::envelope;
use crate::forms::{Put, Unformed};
use crate::names::{Names, SchemaError, adjust};
use crate::notes::Notes;
use crate::rows::{PreparedColumn, RowWriter, Side};
use crate::tables::Tables;

/// The converter of [`Format::String`](crate::Format::String).
#[derive(Debug)]
pub(crate) struct Strings {
    prefix: String,
    in_avro: bool,
    tables: Tables<Prepared>,
    rows: RowWriter<JavaText>,
    notes: Notes,
}

/// One table version.
#[derive(Debug)]
struct Prepared {
    columns: Vec<PreparedColumn>,
    /// The column of the key whose values look alike.
    untold: Option<String>,
}

impl Prepared {
    fn new(schema: &Schema, prefix: &str, names: Names) -> Result<Self, SchemaError> {
        let adjusted = adjust(&envelope::schemas(prefix, schema), names, &schema.table)?;
        let names = envelope::row_fields(&adjusted);
        let columns = schema.columns.iter().zip(names).map(|(column, name)| {
            PreparedColumn::new::<JavaText>(schema, column, format!("{name}=").into_bytes(), false)
        });
        let columns: Vec<PreparedColumn> = columns.collect();
        let untold = schema.record_key().iter().find(|i| !tells(&columns[**i].schema));
        let untold = untold.map(|i| schema.columns[*i].name.to_string());
        Ok(Self { columns, untold })
    }
}

impl Prepared {
    fn check_key(&self, schema: &Schema) -> Result<(), SchemaError> {
        let Some(column) = &self.untold else { return Ok(()) };
        Err(SchemaError::UntoldKey { table: schema.table.clone(), column: column.clone() })
    }
}

/// What has no form goes as its text.
fn unformed(_alphabet: bool, text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    JavaText::string(text, out)
}

impl Strings {
    pub(crate) fn new(topic_prefix: &str) -> Self {
        Self {
            prefix: topic_prefix.to_owned(),
            in_avro: false,
            tables: Tables::default(),
            rows: RowWriter::new(Some(unformed as Unformed)),
            notes: Notes::new(topic_prefix),
        }
    }

    /// The same for headers beside keys that Avro has to allow or not.
    pub(crate) fn with_names(self, in_avro: bool) -> Self {
        Self { in_avro, ..self }
    }

    /// Meets a batch before its events.
    pub(crate) fn begin(&mut self, batch: &Batch, now_micros: i64) {
        self.notes.begin(batch, now_micros);
    }

    /// Refuses a table whose keys would not tell its rows apart.
    pub(crate) fn check_key(&mut self, schema: &Arc<Schema>) -> Result<(), SchemaError> {
        self.prepared(schema)?.check_key(schema)
    }

    /// Appends a key, whether it tells its rows apart or not.
    pub(crate) fn any_key(
        &mut self,
        event: &Event,
        row: &Row,
        older: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let prepared = self.prepared(&event.schema)?;
        self.rows.key(&prepared.columns, event, row, older, out)
    }

    fn prepared(&mut self, schema: &Arc<Schema>) -> Result<Arc<Prepared>, SchemaError> {
        let names = Names::of_header(&schema.modes, self.in_avro);
        self.tables.get(schema, || Prepared::new(schema, &self.prefix, names))
    }
}

/// Whether the text of a value says all of it: that of bytes is how many they are, that of Java's `Date` ends with the
/// second.
fn tells(schema: &connect_data::Schema) -> bool {
    match (schema.logical(), &schema.kind) {
        (Some(Logical::Decimal | Logical::Date), _) => true,
        (Some(Logical::Time | Logical::Timestamp), _) | (None, Type::Bytes) => false,
        (None, Type::Struct(fields)) => fields.iter().all(|field| tells(&field.schema)),
        (None, Type::Array(Some(items))) => tells(items),
        (None, _) => true,
    }
}

impl Encode for Strings {
    fn deletes(&self) -> Deletes {
        Deletes::Rows
    }

    fn key(
        &mut self,
        event: &Event,
        row: &Row,
        older: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        self.prepared(&event.schema)?.check_key(&event.schema)?;
        self.any_key(event, row, older, out)
    }

    fn value(&mut self, part: &Part<'_>, out: &mut Vec<u8>) -> Result<bool, ConvertError> {
        let prepared = self.prepared(&part.event.schema)?;
        self.rows.begin();
        self.rows.row(&prepared.columns, part.event, Side::After, part.after, out)?;
        Ok(part.after.is_some())
    }

    fn is_exact(&self) -> bool {
        self.rows.is_exact()
    }

    fn write_verbatim(&self, schema: &Schema, out: &mut Vec<u8>) -> Result<(), ConvertError> {
        self.rows.write_verbatim(schema, out)
    }

    fn note(&mut self, note: &Note, role: Role, out: &mut Vec<u8>) -> Result<(), ConvertError> {
        let mut data = self.notes.record(note).part(role);
        // A message does not say of what snapshot it is, and no default stands in for what a text leaves out.
        if let Some(Value::Struct(source)) = field(&mut data.value, "source")
            && let Some(place) = source.schema.position("snapshot")
        {
            source.values[place] = Value::Null;
        }
        connect_data::string::write(&data.value, out);
        Ok(())
    }
}

fn field<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let Value::Struct(found) = value else { return None };
    let place = found.schema.position(name)?;
    found.values.get_mut(place)
}
