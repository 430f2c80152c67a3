//! A schema from JSON.

use std::sync::Arc;

use super::{JsonSettings, Node, read};
use crate::error::{self, ConnectError, Result};
use crate::validate::validate;
use crate::{Field, Schema, Type};

/// The schema a node describes; none where it is null.
pub(super) fn schema(settings: JsonSettings, node: &Node<'_>) -> Result<Option<Arc<Schema>>> {
    if *node == Node::Null {
        return Ok(None);
    }
    let Some(name) = node.get("type", 0).and_then(Node::text) else {
        return error::data("Schema must contain 'type' field");
    };
    let mut schema = Schema::new(kind(settings, name, node)?);
    schema.optional = matches!(node.get("optional", 1), Some(Node::Boolean(true)));
    schema.name = node.get("name", 2).and_then(Node::text).map(str::to_owned);
    schema.version = match node.get("version", 3) {
        Some(number @ (Node::Long(_) | Node::Big(_))) => Some(read::int(number)),
        _ => None,
    };
    schema.doc = node.get("doc", 4).and_then(Node::text).map(str::to_owned);
    if let Some(Node::Object(entries)) = node.get("parameters", 4) {
        for (name, value) in entries {
            let Some(value) = value.text() else {
                return error::data("Schema parameters must have string values.");
            };
            schema.parameters.push((name.clone().into_owned(), value.to_owned()));
        }
    }
    with_default(settings, schema, node).map(Some)
}

fn with_default(settings: JsonSettings, schema: Schema, node: &Node<'_>) -> Result<Arc<Schema>> {
    let bare = Arc::new(schema);
    let Some(default) = node.get("default", 5) else { return Ok(bare) };
    let default = read::value(settings, Some(&bare), default)?;
    validate(&bare, &default, "value")
        .map_err(|_| ConnectError::Schema("Invalid default value".to_owned()))?;
    let schema = Arc::unwrap_or_clone(bare);
    Ok(Arc::new(schema.defaulting(default)))
}

fn kind(settings: JsonSettings, name: &str, node: &Node<'_>) -> Result<Type> {
    Ok(match name {
        "boolean" => Type::Boolean,
        "int8" => Type::Int8,
        "int16" => Type::Int16,
        "int32" => Type::Int32,
        "int64" => Type::Int64,
        "float" => Type::Float32,
        "double" => Type::Float64,
        "bytes" => Type::Bytes,
        "string" => Type::String,
        "array" => match node.get("items", 1) {
            None | Some(Node::Null) => {
                return error::data("Array schema did not specify the element type");
            }
            Some(items) => Type::Array(schema(settings, items)?),
        },
        "map" => {
            let Some(keys) = node.get("keys", 1) else {
                return error::data("Map schema did not specify the key type");
            };
            let Some(values) = node.get("values", 2) else {
                return error::data("Map schema did not specify the value type");
            };
            map(schema(settings, keys)?, schema(settings, values)?)?
        }
        "struct" => Type::Struct(fields(settings, node)?),
        _ => return error::data(format!("Unknown schema type: {name}")),
    })
}

fn map(keys: Option<Arc<Schema>>, values: Option<Arc<Schema>>) -> Result<Type> {
    match (keys, values) {
        (None, _) => error::schema("keySchema cannot be null."),
        (_, None) => error::schema("valueSchema cannot be null."),
        (keys, values) => Ok(Type::Map(keys, values)),
    }
}

fn fields(settings: JsonSettings, node: &Node<'_>) -> Result<Vec<Field>> {
    let Some(Node::Array(nodes)) = node.get("fields", 1) else {
        return error::data("Struct schema's \"fields\" argument is not an array.");
    };
    let mut fields: Vec<Field> = Vec::with_capacity(nodes.len());
    let mut names = std::collections::HashSet::with_capacity(nodes.len());
    for node in nodes {
        let Some(name) = node.get("field", 2).and_then(Node::text) else {
            return error::data("Struct schema's field name not specified properly");
        };
        let Some(schema) = schema(settings, node)? else { continue };
        if name.is_empty() {
            return error::schema("fieldName cannot be null.");
        }
        if !names.insert(name) {
            return error::schema(format!(
                "Cannot create field because of field name duplication {name}"
            ));
        }
        fields.push(Field::new(name, schema));
    }
    Ok(fields)
}
