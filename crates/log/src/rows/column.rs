//! What is the same of a column in all records of a table's version, written once.

use std::sync::Arc;

use cdc::{Column, Identity, Schema};

use super::placeholder;
use crate::debezium_json::json_string;
use crate::forms::{Form, Put, fallback, schema_default, schema_of};

/// One column: its name with the punctuation around it, its form, and what stands for what is not there.
#[derive(Debug)]
pub(crate) struct PreparedColumn {
    /// What is before every value of it.
    pub(crate) name: Vec<u8>,
    /// What is before a value that is there.
    pub(crate) some: &'static [u8],
    pub(crate) form: Form,
    pub(crate) schema: Arc<connect_data::Schema>,
    /// What stands for a value that did not change and was not sent.
    pub(crate) placeholder: Vec<u8>,
    /// Whether no other value looks like that.
    pub(crate) tells_placeholder: bool,
    /// What stands in a `before` for a value the identity did not send.
    pub(crate) not_sent: Vec<u8>,
    /// What stands for a value that the schema has no room for.
    pub(crate) unfit: Vec<u8>,
    /// What stands for null.
    pub(crate) null: Vec<u8>,
    /// Whether no other value looks like that.
    pub(crate) tells_null: bool,
}

impl PreparedColumn {
    /// The column in a format. `loose`: no schema travels along, so that a value may be of another type.
    pub(crate) fn new<P: Put>(
        schema: &Schema,
        column: &Column,
        name: Vec<u8>,
        loose: bool,
    ) -> Self {
        let form = Form::of(&column.pg, &schema.modes);
        let connect = Arc::new(schema_of(&form));
        let nullable = loose || connect.optional || column.optional;
        let (some, null) = if connect.optional || column.optional {
            P::optional(schema_default(&form, column).is_some())
        } else {
            (&b""[..], P::optional(false).1)
        };
        let missing = missing::<P>(&form, &connect, column, some).unwrap_or_else(|| null.to_vec());
        let unsent = schema.placeholder.as_deref();
        let known = known::<P>(&form, &connect, unsent, some, loose);
        let invented = schema.identity != Identity::Full && !column.optional;
        Self {
            name,
            some,
            placeholder: known.clone().unwrap_or_else(|| missing.clone()),
            tells_placeholder: known.is_some(),
            not_sent: if invented { missing.clone() } else { null.to_vec() },
            null: if nullable { null.to_vec() } else { missing.clone() },
            tells_null: nullable,
            unfit: missing,
            schema: connect,
            form,
        }
    }
}

/// What Debezium writes for a value that is not there: the column's default or a nought. `None`: null, which it may be.
fn missing<P: Put>(
    form: &Form,
    schema: &connect_data::Schema,
    column: &Column,
    some: &[u8],
) -> Option<Vec<u8>> {
    if column.optional {
        return None;
    }
    let value = schema_default(form, column).unwrap_or_else(|| fallback(form));
    let mut out = some.to_vec();
    P::value(schema, &value, &mut out).then_some(out)
}

/// What stands for an unsent value, where the form has a value for it.
fn known<P: Put>(
    form: &Form,
    schema: &Arc<connect_data::Schema>,
    unsent: Option<&str>,
    some: &[u8],
    loose: bool,
) -> Option<Vec<u8>> {
    let word = unsent.unwrap_or(placeholder::DEFAULT);
    let Some(json) = placeholder::of(form, word) else {
        return loose.then(|| json_string(word));
    };
    let value = connect_data::json::read_value(schema, &json.to_string()).ok()?;
    let mut out = some.to_vec();
    P::value(schema, &value, &mut out).then_some(out)
}
