//! The beginning or the end of a transaction as a record.

use std::sync::Arc;

use cdc::{Boundary, TableCount};
use connect_data::{Data, Field, Schema, Struct, Type, Value};

use super::NoteRecord;
use super::order::{id, number};
use crate::envelope::RecordSchemas;

/// The schemas of transaction records.
#[derive(Debug)]
pub(super) struct Boundaries {
    key: Arc<Schema>,
    value: Arc<Schema>,
    count: Arc<Schema>,
}

impl Boundaries {
    pub(super) fn new() -> Self {
        let required = |kind| Schema::new(kind);
        let named = |name: &str, fields| {
            let name = format!("io.debezium.connector.common.{name}");
            Arc::new(Schema::structure(fields).named(name).versioned(1))
        };
        let count = vec![
            Field::new("data_collection", required(Type::String)),
            Field::new("event_count", required(Type::Int64)),
        ];
        let count = Schema::structure(count).named("event.collection").versioned(1).optional();
        let count = Arc::new(count);
        let key = vec![Field::new("id", required(Type::String))];
        let value = vec![
            Field::new("status", required(Type::String)),
            Field::new("id", required(Type::String)),
            Field::new("event_count", required(Type::Int64).optional()),
            Field::new("data_collections", Schema::array(Arc::clone(&count)).optional()),
            Field::new("ts_ms", required(Type::Int64)),
        ];
        Self {
            key: named("TransactionMetadataKey", key),
            value: named("TransactionMetadataValue", value),
            count,
        }
    }

    pub(super) fn schemas(&self) -> RecordSchemas {
        RecordSchemas { key: Arc::clone(&self.key), value: Arc::clone(&self.value) }
    }

    pub(super) fn record(&self, boundary: &Boundary) -> NoteRecord {
        let id = || Value::String(id(boundary.transaction.xid, boundary.lsn));
        let structure = |schema: &Arc<Schema>, values| {
            let value = Value::Struct(Struct { schema: Arc::clone(schema), values });
            Data::new(Arc::clone(schema), value)
        };
        let (status, total, tables) = match &boundary.end {
            None => ("BEGIN", Value::Null, Value::Null),
            Some(counts) => {
                let tables = counts.tables.iter().map(|table| self.count(table)).collect();
                ("END", number(counts.total), Value::Array(tables))
            }
        };
        let millis = boundary.transaction.commit_micros.div_euclid(1_000);
        let status = Value::String(status.to_owned());
        let value = vec![status, id(), total, tables, Value::Int64(millis)];
        NoteRecord { key: structure(&self.key, vec![id()]), value: structure(&self.value, value) }
    }

    fn count(&self, table: &TableCount) -> Value {
        let values = vec![Value::String(table.table.to_string()), number(table.events)];
        Value::Struct(Struct { schema: Arc::clone(&self.count), values })
    }
}
