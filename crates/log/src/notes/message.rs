//! A logical decoding message as a record.

use std::sync::Arc;

use cdc::Message;
use connect_data::{Data, Field, Schema, Struct, Type, Value};

use super::source::SourceBlock;
use super::{NoteRecord, Shared, order};
use crate::envelope::{RecordSchemas, TRANSACTION};

/// The schemas of message records.
#[derive(Debug)]
pub(super) struct Messages {
    source: SourceBlock,
    order: Arc<Schema>,
    key: Arc<Schema>,
    block: Arc<Schema>,
    value: Arc<Schema>,
}

impl Messages {
    pub(super) fn new(topic_prefix: &str) -> Self {
        let optional = |kind| Schema::new(kind).optional();
        let named = |name: &str, fields| {
            let name = format!("io.debezium.connector.postgresql.{name}");
            Arc::new(Schema::structure(fields).named(name).versioned(1))
        };
        let (source, order) = (SourceBlock::new(topic_prefix), Arc::clone(&TRANSACTION));
        let prefix = || Field::new("prefix", optional(Type::String));
        let block = named("Message", vec![prefix(), Field::new("content", optional(Type::Bytes))]);
        let fields = vec![
            Field::new("op", Schema::new(Type::String)),
            Field::new("ts_ms", optional(Type::Int64)),
            Field::new("source", Arc::clone(&source.schema)),
            Field::new("transaction", Arc::clone(&order)),
            Field::new("message", Arc::clone(&block)),
        ];
        let value = named("MessageValue", fields);
        Self { source, order, key: named("MessageKey", vec![prefix()]), block, value }
    }

    pub(super) fn schemas(&self) -> RecordSchemas {
        RecordSchemas { key: Arc::clone(&self.key), value: Arc::clone(&self.value) }
    }

    pub(super) fn record(&self, message: &Message, shared: Shared<'_>) -> NoteRecord {
        let structure = |schema: &Arc<Schema>, values| {
            Value::Struct(Struct { schema: Arc::clone(schema), values })
        };
        let prefix = || Value::String(message.prefix.to_string());
        let content = Value::Bytes(message.content.to_vec());
        let values = vec![
            Value::String("m".to_owned()),
            Value::Int64(shared.now_micros.div_euclid(1_000)),
            self.source.value(&message.transaction, message.lsn, shared),
            order::value(&self.order, message),
            structure(&self.block, vec![prefix(), content]),
        ];
        let key = structure(&self.key, vec![prefix()]);
        NoteRecord {
            key: Data::new(Arc::clone(&self.key), key),
            value: Data::new(Arc::clone(&self.value), structure(&self.value, values)),
        }
    }
}
