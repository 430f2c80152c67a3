//! A logical decoding message as a record.

use std::sync::Arc;

use cdc::{BinaryMode, Message};
use connect_data::{Data, Field, Schema, Struct, Type, Value};

use super::source::SourceBlock;
use super::{NoteRecord, Shared, order};
use crate::envelope::{RecordSchemas, TRANSACTION};
use crate::forms::encoded;

/// The schemas of message records.
#[derive(Debug)]
pub(super) struct Messages {
    source: SourceBlock,
    order: Arc<Schema>,
    key: Arc<Schema>,
    /// Where the content is bytes.
    bytes: Shape,
    /// Where it is a text.
    text: Shape,
}

/// The schemas that follow from what a content is.
#[derive(Debug)]
struct Shape {
    block: Arc<Schema>,
    value: Arc<Schema>,
}

impl Shape {
    fn new(content: Type, source: &Arc<Schema>, order: &Arc<Schema>) -> Self {
        let block = named("Message", vec![prefix(), Field::new("content", optional(content))]);
        let fields = vec![
            Field::new("op", Schema::new(Type::String)),
            Field::new("ts_ms", optional(Type::Int64)),
            Field::new("source", Arc::clone(source)),
            Field::new("transaction", Arc::clone(order)),
            Field::new("message", Arc::clone(&block)),
        ];
        Self { block, value: named("MessageValue", fields) }
    }
}

fn optional(kind: Type) -> Schema {
    Schema::new(kind).optional()
}

fn prefix() -> Field {
    Field::new("prefix", optional(Type::String))
}

fn named(name: &str, fields: Vec<Field>) -> Arc<Schema> {
    let name = format!("io.debezium.connector.postgresql.{name}");
    Arc::new(Schema::structure(fields).named(name).versioned(1))
}

/// As `LogicalDecodingMessageMonitor.convertContent`.
fn content(message: &Message) -> Value {
    match message.binary {
        BinaryMode::Bytes => Value::Bytes(message.content.to_vec()),
        mode => Value::String(encoded(mode, &message.content)),
    }
}

impl Messages {
    pub(super) fn new(topic_prefix: &str) -> Self {
        let (source, order) = (SourceBlock::new(topic_prefix), Arc::clone(&TRANSACTION));
        let bytes = Shape::new(Type::Bytes, &source.schema, &order);
        let text = Shape::new(Type::String, &source.schema, &order);
        Self { source, order, key: named("MessageKey", vec![prefix()]), bytes, text }
    }

    fn shape(&self, message: &Message) -> &Shape {
        if message.binary == BinaryMode::Bytes { &self.bytes } else { &self.text }
    }

    pub(super) fn schemas(&self, message: &Message) -> RecordSchemas {
        let value = Arc::clone(&self.shape(message).value);
        RecordSchemas { key: Arc::clone(&self.key), value }
    }

    pub(super) fn record(&self, message: &Message, shared: Shared<'_>) -> NoteRecord {
        let structure = |schema: &Arc<Schema>, values| {
            Value::Struct(Struct { schema: Arc::clone(schema), values })
        };
        let shape = self.shape(message);
        let prefix = || Value::String(message.prefix.to_string());
        let values = vec![
            Value::String("m".to_owned()),
            Value::Int64(shared.now_micros.div_euclid(1_000)),
            self.source.value(&message.transaction, message.lsn, shared),
            order::value(&self.order, message),
            structure(&shape.block, vec![prefix(), content(message)]),
        ];
        let key = structure(&self.key, vec![prefix()]);
        NoteRecord {
            key: Data::new(Arc::clone(&self.key), key),
            value: Data::new(Arc::clone(&shape.value), structure(&shape.value, values)),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use cdc::{Lsn, Position};

    use super::*;

    /// The content of a message in a record, and the type that its schema says.
    fn written(binary: BinaryMode) -> (Value, Type, bool) {
        let message = Message {
            prefix: "p".into(),
            content: Bytes::from_static(&[0, 1, 0xfe, 0xff]),
            binary,
            position: Position::default(),
            lsn: Lsn::ZERO,
            order: None,
            transaction: Arc::default(),
        };
        let messages = Messages::new("shop");
        let shared = Shared { database: "shop", now_micros: 0 };
        let data = messages.record(&message, shared).value;
        assert_eq!(data.schema, Some(messages.schemas(&message).value));
        let Value::Struct(record) = data.value else { panic!("no struct") };
        let Some(Value::Struct(block)) = record.get("message") else { panic!("no message") };
        let place = block.schema.position("content").unwrap();
        let Type::Struct(fields) = &block.schema.kind else { panic!("no struct") };
        let schema = &fields[place].schema;
        (block.values[place].clone(), schema.kind.clone(), schema.optional)
    }

    #[test]
    fn content_is_as_the_mode_says() {
        let text = |text: &str| (Value::String(text.to_owned()), Type::String, true);
        let bytes = (Value::Bytes(vec![0, 1, 0xfe, 0xff]), Type::Bytes, true);
        assert_eq!(written(BinaryMode::Bytes), bytes);
        assert_eq!(written(BinaryMode::Base64), text("AAH+/w=="));
        assert_eq!(written(BinaryMode::Base64UrlSafe), text("AAH-_w=="));
        assert_eq!(written(BinaryMode::Hex), text("0001feff"));
    }
}
