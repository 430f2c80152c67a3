//! The source block of what comes from no table, as Debezium's PostgreSQL connector writes it.

use std::sync::Arc;

use cdc::{Lsn, Transaction};
use connect_data::{Field, Schema, Struct, Type, Value};

use super::Shared;

/// Words that `source.snapshot` may have.
const ALLOWED: &str =
    "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental";

/// The block's schema, and who writes it.
#[derive(Debug)]
pub(super) struct SourceBlock {
    pub(super) schema: Arc<Schema>,
    name: String,
}

impl SourceBlock {
    pub(super) fn new(topic_prefix: &str) -> Self {
        let required = |kind| Schema::new(kind);
        let optional = |kind| Schema::new(kind).optional();
        let snapshot = Schema::new(Type::String)
            .named("io.debezium.data.Enum")
            .versioned(1)
            .parameter("allowed", ALLOWED)
            .defaulting(Value::String("false".to_owned()))
            .optional();
        let fields = vec![
            Field::new("version", required(Type::String)),
            Field::new("connector", required(Type::String)),
            Field::new("name", required(Type::String)),
            Field::new("ts_ms", required(Type::Int64)),
            Field::new("snapshot", snapshot),
            Field::new("db", required(Type::String)),
            Field::new("sequence", optional(Type::String)),
            Field::new("ts_us", optional(Type::Int64)),
            Field::new("ts_ns", optional(Type::Int64)),
            Field::new("schema", required(Type::String)),
            Field::new("table", required(Type::String)),
            Field::new("txId", optional(Type::Int64)),
            Field::new("lsn", optional(Type::Int64)),
            Field::new("xmin", optional(Type::Int64)),
            Field::new("origin", optional(Type::String)),
            Field::new("origin_lsn", optional(Type::Int64)),
        ];
        let schema =
            Schema::structure(fields).named("io.debezium.connector.postgresql.Source").versioned(1);
        Self { schema: Arc::new(schema), name: topic_prefix.to_owned() }
    }

    /// The block of something at `lsn`, of no table.
    pub(super) fn value(&self, transaction: &Transaction, lsn: Lsn, shared: Shared<'_>) -> Value {
        let text = |text: &str| Value::String(text.to_owned());
        // Where nothing is known of the time, it is now.
        let micros = match transaction.commit_micros {
            0 => shared.now_micros,
            micros => micros,
        };
        let number = |lsn: Lsn| i64::try_from(lsn.get()).map_or(Value::Null, Value::Int64);
        let previous = transaction
            .previous_commit_lsn
            .map_or("null".to_owned(), |lsn| format!("\"{}\"", lsn.get()));
        let origin = transaction.origin.as_ref();
        let xid = match transaction.xid {
            0 => Value::Null,
            xid => Value::Int64(xid.into()),
        };
        let values = vec![
            text(env!("CARGO_PKG_VERSION")),
            text("postgresql"),
            text(&self.name),
            Value::Int64(micros.div_euclid(1_000)),
            text("false"),
            text(shared.database),
            Value::String(format!("[{previous},\"{}\"]", lsn.get())),
            Value::Int64(micros),
            Value::Int64(micros.saturating_mul(1_000)),
            text(""),
            text(""),
            xid,
            number(lsn),
            Value::Null,
            origin.map_or(Value::Null, |origin| text(&origin.name)),
            origin.map_or(Value::Null, |origin| number(origin.lsn)),
        ];
        Value::Struct(Struct { schema: Arc::clone(&self.schema), values })
    }
}
