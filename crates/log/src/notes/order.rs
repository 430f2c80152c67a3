//! The block that says which event of its transaction a record is.

use connect_data::{Field, Schema, Type};

/// Its schema.
pub(super) fn schema() -> Schema {
    let fields = vec![
        Field::new("id", Schema::new(Type::String)),
        Field::new("total_order", Schema::new(Type::Int64)),
        Field::new("data_collection_order", Schema::new(Type::Int64)),
    ];
    Schema::structure(fields).named("event.block").versioned(1).optional()
}
