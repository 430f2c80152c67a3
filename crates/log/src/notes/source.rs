//! The source block of what comes from no table, as Debezium's PostgreSQL connector writes it.

use std::sync::Arc;

use cdc::{Lsn, Transaction};
use connect_data::{Schema, Struct, Value};

use super::Shared;
use crate::envelope::SOURCE;

/// The block's schema, and who writes it.
#[derive(Debug)]
pub(super) struct SourceBlock {
    pub(super) schema: Arc<Schema>,
    name: String,
}

impl SourceBlock {
    pub(super) fn new(topic_prefix: &str) -> Self {
        Self { schema: Arc::clone(&SOURCE), name: topic_prefix.to_owned() }
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
            transaction.xmin.map_or(Value::Null, |xmin| Value::Int64(xmin.into())),
            origin.map_or(Value::Null, |origin| text(&origin.name)),
            origin.map_or(Value::Null, |origin| number(origin.lsn)),
        ];
        Value::Struct(Struct { schema: Arc::clone(&self.schema), values })
    }
}
