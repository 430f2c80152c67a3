//! The names of schemas and fields, and what becomes of those that Avro does not allow. Mirrors `SchemaNameAdjuster`,
//! whose characters are Java's: one beyond 16 bits counts as two.

use std::fmt::Write;
use std::sync::Arc;

use cdc::{Adjustment, Modes, TableName};
use connect_data::{Field, Schema};

use crate::envelope::RecordSchemas;

/// Why a table's records cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Two columns have one name in records.
    #[error("{table}: the columns {one} and {other} are both {name} in records")]
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
    /// Values of a column of the key look alike in the format of the keys.
    #[error(
        "{table}, column {column}: format string writes values of the key that differ as one text"
    )]
    UntoldKey {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
    },
    /// No registry was asked for the ids of its schemas.
    #[error("{table}: its schemas have no ids")]
    NoId {
        /// The table.
        table: TableName,
    },
}

/// What names become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    /// Those of schemas, which dots part.
    schemas: Adjustment,
    /// Those of fields.
    fields: Adjustment,
}

impl Names {
    /// Those a table's modes ask for.
    pub(crate) fn of(modes: &Modes) -> Self {
        Self { schemas: modes.schema_names, fields: modes.field_names }
    }

    /// Those of headers: of keys that Avro has to allow or not.
    pub(crate) fn of_header(modes: &Modes, in_avro: bool) -> Self {
        let names = Self::of(modes);
        if in_avro { names.in_avro() } else { names }
    }

    /// The same where Avro has to allow them.
    #[must_use]
    pub(crate) fn in_avro(self) -> Self {
        let allowed = |adjustment| match adjustment {
            Adjustment::None => Adjustment::Avro,
            adjustment => adjustment,
        };
        Self { schemas: allowed(self.schemas), fields: allowed(self.fields) }
    }

    /// The name of a schema.
    pub(crate) fn schema(self, name: &str) -> String {
        adjusted(name, self.schemas, true)
    }

    /// The name of a field.
    pub(crate) fn field(self, name: &str) -> String {
        adjusted(name, self.fields, false)
    }
}

fn adjusted(name: &str, adjustment: Adjustment, dots: bool) -> String {
    if adjustment == Adjustment::None {
        return name.to_owned();
    }
    let is_plain = |place: usize, c: char| match c {
        'a'..='z' | 'A'..='Z' => true,
        '_' => adjustment == Adjustment::Avro,
        '0'..='9' => place > 0,
        '.' => dots && place > 0,
        _ => false,
    };
    let mut out = String::with_capacity(name.len());
    for (place, c) in name.chars().enumerate() {
        match c {
            c if is_plain(place, c) => out.push(c),
            c if adjustment == Adjustment::AvroUnicode => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Java's digits: 4 of them below 256, and no zero in front above.
                    let width = if *unit <= 0xff { 4 } else { 0 };
                    let _ = write!(out, "_u{unit:0width$x}");
                }
            }
            '0'..='9' => out.extend(['_', c]),
            c => out.extend(std::iter::repeat_n('_', c.len_utf16())),
        }
    }
    out
}

/// The schemas with such names.
pub(crate) fn adjust(
    schemas: &RecordSchemas,
    names: Names,
    table: &TableName,
) -> Result<RecordSchemas, SchemaError> {
    let key = with_columns(&schemas.key, names, table)?;
    let mut value = Schema::clone(&schemas.value);
    let mut row: Option<(Arc<Schema>, Arc<Schema>)> = None;
    let mut fields = Vec::with_capacity(value.fields().len());
    for field in value.fields() {
        let is_row = matches!(&*field.name, "before" | "after");
        let schema = match &row {
            _ if !is_row => Arc::clone(&field.schema),
            Some((old, new)) if Arc::ptr_eq(old, &field.schema) => Arc::clone(new),
            _ => with_columns(&field.schema, names, table)?,
        };
        if is_row {
            row = Some((Arc::clone(&field.schema), Arc::clone(&schema)));
        }
        fields.push(Field::new(field.name.clone(), schema));
    }
    value.kind = connect_data::Type::Struct(fields);
    value.name = value.name.as_deref().map(|name| names.schema(name));
    Ok(RecordSchemas { key, value: Arc::new(value) })
}

/// A struct whose fields are columns.
fn with_columns(
    schema: &Schema,
    names: Names,
    table: &TableName,
) -> Result<Arc<Schema>, SchemaError> {
    let mut fields: Vec<Field> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let name = names.field(&field.name);
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
    adjusted.name = adjusted.name.as_deref().map(|name| names.schema(name));
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
            let names = Names::of(&Modes::default()).in_avro();
            assert_eq!((&*names.schema(name), &*names.field(name)), (full, field), "{name}");
        }
        for (name, full, field) in [
            ("a_b-c", "a_u005fb_u002dc", "a_u005fb_u002dc"),
            ("1st.x", "_u0031st.x", "_u0031st_u002ex"),
            ("ł😀", "_u142_ud83d_ude00", "_u142_ud83d_ude00"),
        ] {
            let unicode = Adjustment::AvroUnicode;
            let names = Names { schemas: unicode, fields: unicode };
            assert_eq!((&*names.schema(name), &*names.field(name)), (full, field), "{name}");
        }
    }
}
