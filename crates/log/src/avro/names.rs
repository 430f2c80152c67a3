//! Names that Avro allows, as Debezium makes them: what is not allowed becomes `_`, and a digit at the front gets one
//! before it. Mirrors `SchemaNameAdjuster`, whose characters are Java's: one beyond 16 bits counts as two.

use std::sync::Arc;

use cdc::TableName;
use connect_data::{Field, Schema};

use crate::envelope::RecordSchemas;

/// Why a table's records have no Avro schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Two columns have one name in Avro.
    #[error("{table}: the columns {one} and {other} are both {name} in Avro")]
    SameName {
        /// The table.
        table: TableName,
        /// A column.
        one: String,
        /// Another.
        other: String,
        /// What both become.
        name: String,
    },
    /// Avro has no schema for it.
    #[error("{table}: {reason}")]
    Impossible {
        /// The table.
        table: TableName,
        /// Why not.
        reason: String,
    },
    /// No registry was asked for the ids of its schemas.
    #[error("{table}: its schemas have no ids")]
    NoId {
        /// The table.
        table: TableName,
    },
}

/// The name of a schema: dots part it.
pub(super) fn full_name(name: &str) -> String {
    adjusted(name, true)
}

/// The name of a field.
fn field_name(name: &str) -> String {
    adjusted(name, false)
}

fn adjusted(name: &str, dots: bool) -> String {
    let mut out = String::with_capacity(name.len());
    for (place, c) in name.chars().enumerate() {
        match c {
            'a'..='z' | 'A'..='Z' | '_' => out.push(c),
            '0'..='9' if place == 0 => out.extend(['_', c]),
            '0'..='9' => out.push(c),
            '.' if dots && place > 0 => out.push(c),
            c => out.extend(std::iter::repeat_n('_', c.len_utf16())),
        }
    }
    out
}

/// The schemas with names that Avro allows.
pub(super) fn adjust(
    schemas: &RecordSchemas,
    table: &TableName,
) -> Result<RecordSchemas, SchemaError> {
    let key = with_columns(&schemas.key, table)?;
    let mut value = Schema::clone(&schemas.value);
    let mut row: Option<(Arc<Schema>, Arc<Schema>)> = None;
    let mut fields = Vec::with_capacity(value.fields().len());
    for field in value.fields() {
        let is_row = matches!(&*field.name, "before" | "after");
        let schema = match &row {
            _ if !is_row => Arc::clone(&field.schema),
            Some((old, new)) if Arc::ptr_eq(old, &field.schema) => Arc::clone(new),
            _ => with_columns(&field.schema, table)?,
        };
        if is_row {
            row = Some((Arc::clone(&field.schema), Arc::clone(&schema)));
        }
        fields.push(Field::new(field.name.clone(), schema));
    }
    value.kind = connect_data::Type::Struct(fields);
    value.name = value.name.as_deref().map(full_name);
    Ok(RecordSchemas { key, value: Arc::new(value) })
}

/// A struct whose fields are columns.
fn with_columns(schema: &Schema, table: &TableName) -> Result<Arc<Schema>, SchemaError> {
    let mut fields: Vec<Field> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let name = field_name(&field.name);
        if let Some(same) = fields.iter().position(|known| known.name == name) {
            return Err(SchemaError::SameName {
                table: table.clone(),
                one: schema.fields()[same].name.clone(),
                other: field.name.clone(),
                name,
            });
        }
        fields.push(Field::new(name, Arc::clone(&field.schema)));
    }
    let mut adjusted = schema.clone();
    adjusted.kind = connect_data::Type::Struct(fields);
    adjusted.name = adjusted.name.as_deref().map(full_name);
    Ok(Arc::new(adjusted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_debeziums() {
        for (name, full, field) in [
            ("plain_1", "plain_1", "plain_1"),
            ("1st", "_1st", "_1st"),
            ("a-b c", "a_b_c", "a_b_c"),
            ("my.table", "my.table", "my_table"),
            (".x", "_x", "_x"),
            ("naïve", "na_ve", "na_ve"),
            ("😀", "__", "__"),
        ] {
            assert_eq!(
                (full_name(name).as_str(), field_name(name).as_str()),
                (full, field),
                "{name}"
            );
        }
    }
}
