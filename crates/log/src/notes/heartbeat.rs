//! A heartbeat as a record: whose it is, and when.

use std::sync::Arc;

use connect_data::{Data, Field, Schema, Struct, Type, Value};

use super::{NoteRecord, Shared};
use crate::envelope::RecordSchemas;

/// The schemas of heartbeat records, and who writes them.
#[derive(Debug)]
pub(super) struct Heartbeats {
    key: Arc<Schema>,
    value: Arc<Schema>,
    name: String,
}

impl Heartbeats {
    pub(super) fn new(topic_prefix: &str) -> Self {
        let named = |name: &str, field, kind| {
            let name = format!("io.debezium.connector.common.{name}");
            let fields = vec![Field::new(field, Schema::new(kind))];
            Arc::new(Schema::structure(fields).named(name).versioned(1))
        };
        Self {
            key: named("ServerNameKey", "serverName", Type::String),
            value: named("Heartbeat", "ts_ms", Type::Int64),
            name: topic_prefix.to_owned(),
        }
    }

    pub(super) fn schemas(&self) -> RecordSchemas {
        RecordSchemas { key: Arc::clone(&self.key), value: Arc::clone(&self.value) }
    }

    pub(super) fn record(&self, shared: Shared<'_>) -> NoteRecord {
        let structure = |schema: &Arc<Schema>, value| {
            let value = Struct { schema: Arc::clone(schema), values: vec![value] };
            Data::new(Arc::clone(schema), Value::Struct(value))
        };
        let millis = Value::Int64(shared.now_micros.div_euclid(1_000));
        NoteRecord {
            key: structure(&self.key, Value::String(self.name.clone())),
            value: structure(&self.value, millis),
        }
    }
}
