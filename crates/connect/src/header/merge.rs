//! One schema for all elements of an array or a map, where there is one.

use std::sync::Arc;

use crate::{Schema, Type};

/// The schema that fits all elements seen so far.
#[derive(Debug, Default)]
pub(super) struct Common {
    schema: Option<Arc<Schema>>,
    incompatible: bool,
}

impl Common {
    /// Looks at one more element; one without a schema says nothing.
    pub(super) fn add(&mut self, schema: Option<&Arc<Schema>>) {
        let Some(new) = schema else { return };
        if self.incompatible {
            return;
        }
        self.schema = match self.schema.take() {
            None => Some(Arc::clone(new)),
            Some(old) => merge(old, Arc::clone(new)),
        };
        self.incompatible = self.schema.is_none();
    }

    pub(super) fn schema(self) -> Option<Arc<Schema>> {
        self.schema
    }
}

/// Of two numbers the wider; of two of the same type the latter, whatever it is called.
fn merge(old: Arc<Schema>, new: Arc<Schema>) -> Option<Arc<Schema>> {
    if std::mem::discriminant(&old.kind) == std::mem::discriminant(&new.kind) {
        return Some(new);
    }
    let (old_width, new_width) = (width(&old.kind)?, width(&new.kind)?);
    Some(if old_width > new_width { old } else { new })
}

fn width(kind: &Type) -> Option<u8> {
    match kind {
        Type::Int8 => Some(0),
        Type::Int16 => Some(1),
        Type::Int32 => Some(2),
        Type::Int64 => Some(3),
        Type::Float32 => Some(4),
        Type::Float64 => Some(5),
        _ => None,
    }
}
