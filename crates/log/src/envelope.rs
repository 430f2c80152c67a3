//! The Connect schemas of a table's records, as Debezium builds them: key, row, source block and envelope; and what the
//! words in an envelope mean.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use cdc::{Column, Lsn, Modes, Op, Schema as Table, SnapshotRow, SourceType};
use connect_data::{Field, Schema, Type, Value};

use crate::forms::{Form, Reason, schema_default, schema_of};
use crate::topics;

/// The schemas of a table's records.
#[derive(Clone, Debug)]
pub(crate) struct RecordSchemas {
    /// Of the keys.
    pub(crate) key: Arc<Schema>,
    /// Of the envelopes.
    pub(crate) value: Arc<Schema>,
}

/// The schemas for the records of `table` under a prefix. They are named after what the table is called in the source.
pub(crate) fn schemas(prefix: &str, table: &Table) -> RecordSchemas {
    let name = topics::table_topic(prefix, &table.origin);
    let column = |i: &usize| column_schema(&table.columns[*i], &table.modes);
    let field = |i: usize, schema: Schema| Field::new(table.columns[i].name.to_string(), schema);
    let key = table.record_key().iter().map(|i| field(*i, column(i))).collect();
    let row = (0..table.columns.len())
        .map(|i| field(i, with_source_type(column(&i), table.columns[i].source_type.as_ref())));
    let row = Schema::structure(row.collect()).named(format!("{name}.Value"));
    let row = Arc::new(row.optional());
    let fields = vec![
        Field::new("before", Arc::clone(&row)),
        Field::new("after", row),
        Field::new("source", Arc::clone(&SOURCE)),
        Field::new("transaction", Arc::clone(&TRANSACTION)),
        Field::new("op", Schema::new(Type::String)),
        Field::new("ts_ms", long().optional()),
        Field::new("ts_us", long().optional()),
        Field::new("ts_ns", long().optional()),
    ];
    RecordSchemas {
        key: Arc::new(Schema::structure(key).named(format!("{name}.Key"))),
        value: Arc::new(Schema::structure(fields).named(format!("{name}.Envelope")).versioned(2)),
    }
}

fn column_schema(column: &Column, modes: &Modes) -> Schema {
    let form = Form::of(&column.pg, modes);
    let mut schema = schema_of(&form);
    schema.optional |= column.optional;
    match schema_default(&form, column) {
        Some(default) => schema.defaulting(default),
        None => schema,
    }
}

/// The schema with what Debezium's `PropagateSourceMetadataToSchemaParameter` adds.
fn with_source_type(schema: Schema, source: Option<&SourceType>) -> Schema {
    let Some(source) = source else { return schema };
    let key = |part: &str| format!("__debezium.source.column.{part}");
    let mut schema = schema.parameter(key("type"), &*source.name);
    for (part, number) in [("length", source.length), ("scale", source.scale)] {
        if let Some(number) = number {
            schema = schema.parameter(key(part), number.to_string());
        }
    }
    schema.parameter(key("name"), &*source.column)
}

/// The schema of a row that may be missing: that of `before` and of `after`.
pub(crate) fn row(schemas: &RecordSchemas) -> &Schema {
    // `schemas` made it the first field.
    schemas.value.fields().first().map_or(&schemas.value, |before| &before.schema)
}

/// What the columns are called in the records of these schemas.
pub(crate) fn row_fields(schemas: &RecordSchemas) -> Vec<String> {
    row(schemas).fields().iter().map(|field| field.name.clone()).collect()
}

fn long() -> Schema {
    Schema::new(Type::Int64)
}

fn text() -> Schema {
    Schema::new(Type::String)
}

/// The schema of `source`.
pub(crate) static SOURCE: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let snapshot = text()
        .named("io.debezium.data.Enum")
        .versioned(1)
        .parameter(
            "allowed",
            "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental",
        )
        .defaulting(Value::String("false".to_owned()))
        .optional();
    let fields = [
        ("version", text()),
        ("connector", text()),
        ("name", text()),
        ("ts_ms", long()),
        ("snapshot", snapshot),
        ("db", text()),
        ("sequence", text().optional()),
        ("ts_us", long().optional()),
        ("ts_ns", long().optional()),
        ("schema", text()),
        ("table", text()),
        ("txId", long().optional()),
        ("lsn", long().optional()),
        ("xmin", long().optional()),
        ("origin", text().optional()),
        ("origin_lsn", long().optional()),
    ];
    let fields = fields.into_iter().map(|(name, schema)| Field::new(name, schema)).collect();
    Arc::new(
        Schema::structure(fields).named("io.debezium.connector.postgresql.Source").versioned(1),
    )
});

/// The schema of `transaction`.
pub(crate) static TRANSACTION: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let fields = [("id", text()), ("total_order", long()), ("data_collection_order", long())];
    let fields = fields.into_iter().map(|(name, schema)| Field::new(name, schema)).collect();
    Arc::new(Schema::structure(fields).named("event.block").versioned(1).optional())
});

/// The operation of a letter.
pub(crate) fn op_of(letter: &str) -> Result<Op, Reason> {
    match letter {
        "c" => Ok(Op::Create),
        "u" => Ok(Op::Update),
        "d" => Ok(Op::Delete),
        "r" => Ok(Op::Read),
        "t" => Ok(Op::Truncate),
        _ => Err("the op is not known"),
    }
}

/// Which row of the snapshot a marker says: Debezium writes a word, older versions a boolean.
pub(crate) fn snapshot_row(marker: &str) -> Option<SnapshotRow> {
    if matches!(marker, "null" | "false" | "incremental") {
        return None;
    }
    let known = SnapshotRow::ALL.into_iter().find(|row| row.word() == marker);
    Some(known.unwrap_or(SnapshotRow::Within))
}

/// The end of the transaction before, from `sequence`.
pub(crate) fn previous_commit_lsn(sequence: &str) -> Option<Lsn> {
    let list: Vec<Option<Cow<'_, str>>> = serde_json::from_str(sequence).ok()?;
    list.first()?.as_deref()?.parse().ok().map(Lsn::new)
}
