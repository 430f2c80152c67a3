//! The block that says which event of its transaction a message is.

use std::sync::Arc;

use cdc::Message;
use connect_data::{Schema, Struct, Value};

/// The block, or null where nothing is counted.
pub(super) fn value(schema: &Arc<Schema>, message: &Message) -> Value {
    let Some(order) = message.order else { return Value::Null };
    let values = vec![
        Value::String(id(message.transaction.xid, message.lsn)),
        number(order.total),
        number(order.in_table),
    ];
    Value::Struct(Struct { schema: Arc::clone(schema), values })
}

/// The id of a transaction, seen from something in it: its own, and where that stands in the log.
pub(super) fn id(xid: u32, lsn: cdc::Lsn) -> String {
    format!("{xid}:{}", lsn.get())
}

pub(super) fn number(count: u64) -> Value {
    Value::Int64(i64::try_from(count).unwrap_or(i64::MAX))
}
