//! The Connect schema an Avro schema becomes.

use std::collections::HashMap;
use std::sync::Arc;

use super::schema::{AvroField, AvroSchema, Body, Kind, Named, Props, Shape, prop};
use super::{
    ANYTHING, DEFAULT_NAME, ENUM, ENUM_DEFAULT, ENUM_DOC, FIELD_DEFAULT, FIELD_DOC, FIXED_SIZE,
    MAP_ENTRY, NAMESPACE, PRECISION, PRECISION_DEFAULT, RECORD_DOC, UNION, default,
};
use crate::error::{self, Result};
use crate::json::{Node, int};
use crate::validate::validate;
use crate::{DECIMAL, Field, Schema, Type};

impl AvroSchema {
    /// The schema of the values; none where they come without one.
    pub fn to_connect(&self) -> Result<Option<Arc<Schema>>> {
        if self.is_anything() {
            return Ok(None);
        }
        let mut reader = Reader { avro: self, open: Vec::new(), known: HashMap::new() };
        reader.schema(&self.root, false, None).map(Some)
    }

    /// Whether it is the schema of values that have none.
    pub(super) fn is_anything(&self) -> bool {
        matches!(self.root.kind, Kind::Named(place) if self.named[place].full_name() == ANYTHING)
    }

    /// The fields of a map's entries, if that is what this record is.
    pub(super) fn map_entry(&self, shape: &Shape) -> Option<&[AvroField]> {
        let Kind::Named(place) = shape.kind else { return None };
        let named = &self.named[place];
        let Body::Record(fields) = &named.body else { return None };
        let ours = named.name == MAP_ENTRY && named.namespace.as_deref() == Some(NAMESPACE);
        let told = prop(&named.props, "connect.internal.type").and_then(Node::text);
        (ours || told == Some(MAP_ENTRY)).then_some(fields)
    }
}

/// The one type of a union that only says whether it may be null; or, of a union of one type, that type.
pub(super) fn only(branches: &[Shape]) -> Option<(&Shape, bool)> {
    match branches {
        [one] => Some((one, false)),
        [null, one] if is_null(null) && !is_null(one) => Some((one, true)),
        [one, null] if is_null(null) && !is_null(one) => Some((one, true)),
        _ => None,
    }
}

pub(super) fn is_null(shape: &Shape) -> bool {
    shape.kind == Kind::Null
}

struct Reader<'s> {
    avro: &'s AvroSchema,
    /// The records that are being read, to find one inside itself.
    open: Vec<usize>,
    known: HashMap<(usize, bool), Arc<Schema>>,
}

impl<'s> Reader<'s> {
    fn schema(
        &mut self,
        shape: &'s Shape,
        optional: bool,
        default: Option<&Node<'_>>,
    ) -> Result<Arc<Schema>> {
        let place = match shape.kind {
            Kind::Named(place) if default.is_none() => Some((place, optional)),
            Kind::Named(_) => None,
            Kind::Union(ref branches) => match only(branches) {
                Some((one, null)) => return self.schema(one, null, None),
                None => None,
            },
            _ => None,
        };
        if let Some(schema) = place.and_then(|place| self.known.get(&place)) {
            return Ok(Arc::clone(schema));
        }
        let bare = self.bare(shape)?;
        let schema = Arc::new(self.finished(shape, bare, optional, default)?);
        if let Some(place) = place {
            self.known.insert(place, Arc::clone(&schema));
        }
        Ok(schema)
    }

    /// The schema as its type alone has it.
    fn bare(&mut self, shape: &'s Shape) -> Result<Schema> {
        let props = self.avro.props(shape);
        let logical = prop(props, "logicalType").and_then(Node::text);
        let is = |name: &str| logical.is_some_and(|logical| logical.eq_ignore_ascii_case(name));
        Ok(match &shape.kind {
            Kind::Boolean => Schema::new(Type::Boolean),
            Kind::Bytes if is("decimal") => decimal(props)?,
            Kind::Bytes => Schema::new(Type::Bytes),
            Kind::Double => Schema::new(Type::Float64),
            Kind::Float => Schema::new(Type::Float32),
            Kind::Int if is("date") => Schema::date(),
            Kind::Int if is("time-millis") => Schema::time(),
            Kind::Int => match prop(props, "connect.type").and_then(Node::text) {
                Some("int8") if logical.is_none() => Schema::new(Type::Int8),
                Some("int16") if logical.is_none() => Schema::new(Type::Int16),
                Some(_) if logical.is_none() => {
                    return error::data("Connect type annotation for Avro int field is null");
                }
                _ => Schema::new(Type::Int32),
            },
            Kind::Long if is("timestamp-millis") => Schema::timestamp(),
            Kind::Long => Schema::new(Type::Int64),
            Kind::String => Schema::new(Type::String),
            Kind::Array(inner) => self.array(inner)?,
            Kind::Map(inner) => {
                Schema::map(Schema::new(Type::String), self.schema(inner, false, None)?)
            }
            Kind::Union(branches) => self.union(branches)?,
            Kind::Null => {
                return error::data("Standalone null schemas are not supported by this converter");
            }
            Kind::Named(place) => self.named(*place, is("decimal"))?,
        })
    }

    fn array(&mut self, inner: &'s Shape) -> Result<Schema> {
        let Some(fields) = self.avro.map_entry(inner) else {
            return Ok(Schema::array(self.schema(inner, false, None)?));
        };
        match fields {
            [key, value] if key.name == "key" && value.name == "value" => Ok(Schema::map(
                self.schema(&key.shape, false, None)?,
                self.schema(&value.shape, false, None)?,
            )),
            _ => error::data(
                "Found map encoded as array of key-value pairs, but array elements do not match the expected format.",
            ),
        }
    }

    fn named(&mut self, place: usize, decimal_logical: bool) -> Result<Schema> {
        let named = &self.avro.named[place];
        match &named.body {
            Body::Fixed(size) => {
                let bare =
                    if decimal_logical { decimal(&named.props)? } else { Schema::new(Type::Bytes) };
                Ok(bare.parameter(FIXED_SIZE, size.to_string()))
            }
            Body::Enum { symbols, default } => Ok(enumeration(named, symbols, default.as_deref())),
            Body::Record(fields) => {
                if self.open.contains(&place) {
                    return error::data(format!(
                        "The record {} is a part of itself, which is not supported",
                        named.full_name()
                    ));
                }
                self.open.push(place);
                let record = self.record(named, fields);
                self.open.pop();
                record
            }
        }
    }

    fn record(&mut self, named: &'s Named, avro_fields: &'s [AvroField]) -> Result<Schema> {
        let mut record = Schema::new(Type::Boolean);
        if let Some(doc) = &named.doc {
            record.set_parameter(RECORD_DOC.to_owned(), doc.clone());
        }
        let mut fields = Vec::with_capacity(avro_fields.len());
        for field in avro_fields {
            if let Some(doc) = &field.doc {
                record.set_parameter(format!("{FIELD_DOC}{}", field.name), doc.clone());
            }
            let mut schema = self.schema(&field.shape, false, field.default.as_ref())?;
            if let Some(Node::Object(entries)) = prop(&field.props, "connect.parameters") {
                let schema = Arc::make_mut(&mut schema);
                for (name, value) in entries {
                    schema.set_parameter(name.clone().into_owned(), plain_text(value));
                }
            }
            fields.push(Field::new(field.name.clone(), schema));
        }
        record.kind = Type::Struct(fields);
        Ok(record)
    }

    fn union(&mut self, branches: &'s [Shape]) -> Result<Schema> {
        let mut optional = false;
        let mut fields: Vec<Field> = Vec::with_capacity(branches.len());
        for branch in branches {
            let name = match &branch.kind {
                Kind::Null => {
                    optional = true;
                    continue;
                }
                Kind::Named(place) => self.avro.named[*place].name.clone(),
                kind => kind.label().to_owned(),
            };
            if fields.iter().any(|field| field.name == name) {
                return error::data("Multiple union schemas map to the Connect union field name");
            }
            fields.push(Field::new(name, self.schema(branch, true, None)?));
        }
        let union = Schema::structure(fields).named(UNION);
        Ok(Schema { optional, ..union })
    }

    /// The schema with the facts that stand beside its type.
    fn finished(
        &self,
        shape: &Shape,
        mut schema: Schema,
        optional: bool,
        field_default: Option<&Node<'_>>,
    ) -> Result<Schema> {
        let props = self.avro.props(shape);
        if let Some(doc) = prop(props, "connect.doc").and_then(Node::text) {
            schema.doc = Some(doc.to_owned());
        }
        set_version(&mut schema, props)?;
        set_parameters(&mut schema, props)?;
        let connect_default = prop(props, "connect.default");
        if field_default.is_some() && connect_default.is_none() {
            schema.set_parameter(FIELD_DEFAULT.to_owned(), "true".to_owned());
        }
        let named = match shape.kind {
            Kind::Named(place) => Some(self.avro.named[place].full_name()),
            _ => None,
        };
        // A default of a struct has its schema, and that has the name already.
        let mut finished = schema;
        set_name(&mut finished, props, named)?;
        finished.optional |= optional;
        if let Some(node) = field_default.or(connect_default) {
            let bare = Arc::new(finished);
            // A default that does not fit is as if there were none.
            let default = default::from_node(self.avro, shape, &bare, node)
                .and_then(|value| validate(&bare, &value, "value").map(|()| value));
            finished = Arc::unwrap_or_clone(bare);
            if let Ok(value) = default {
                finished = finished.defaulting(value);
            }
        }
        Ok(finished)
    }
}

fn decimal(props: &Props) -> Result<Schema> {
    let scale = match prop(props, "scale") {
        Some(number @ (Node::Long(_) | Node::Fraction(_))) => int(number),
        _ => 0,
    };
    let schema = Schema::decimal(scale);
    match prop(props, "precision") {
        None => Ok(schema),
        Some(number @ (Node::Long(_) | Node::Fraction(_))) => Ok(match int(number) {
            PRECISION_DEFAULT => schema,
            precision => schema.parameter(PRECISION, precision.to_string()),
        }),
        Some(_) => error::data(
            "precision property must be a JSON Integer. https://avro.apache.org/docs/1.9.1/spec.html#Decimal",
        ),
    }
}

fn enumeration(named: &Named, symbols: &[String], default: Option<&str>) -> Schema {
    let mut schema = Schema::new(Type::String);
    if let Some(doc) = &named.doc {
        schema.set_parameter(format!("{ENUM_DOC}{}", named.name), doc.clone());
    }
    if let Some(default) = default {
        schema.set_parameter(format!("{ENUM_DEFAULT}{}", named.name), default.to_owned());
    }
    schema.set_parameter(ENUM.to_owned(), named.full_name());
    for symbol in symbols {
        schema.set_parameter(format!("{ENUM}.{symbol}"), symbol.clone());
    }
    schema
}

fn set_version(schema: &mut Schema, props: &Props) -> Result<()> {
    let version = match prop(props, "connect.version") {
        None => return Ok(()),
        Some(number @ (Node::Long(_) | Node::Fraction(_))) => int(number),
        Some(other) => {
            let other = plain_text(other);
            return error::data(format!("Invalid Connect version found: {other}"));
        }
    };
    match schema.version {
        _ if version < 0 => {}
        Some(known) if known != version => {
            return error::data(format!(
                "Mismatched versions: version already added to SchemaBuilder ({known}) differs from version in source schema ({version})"
            ));
        }
        _ => schema.version = Some(version),
    }
    Ok(())
}

fn set_parameters(schema: &mut Schema, props: &Props) -> Result<()> {
    match prop(props, "connect.parameters") {
        None => {}
        Some(Node::Object(entries)) => {
            for (name, value) in entries {
                let Some(value) = value.text() else {
                    return error::data(format!(
                        "Expected schema parameter values to be strings but found: {}",
                        plain_text(value)
                    ));
                };
                schema.set_parameter(name.clone().into_owned(), value.to_owned());
            }
        }
        Some(other) => {
            return error::data(format!(
                "Expected JSON object for schema parameters but found: {}",
                plain_text(other)
            ));
        }
    }
    for (name, value) in props.iter().filter(|(name, _)| name.starts_with("avro")) {
        schema.set_parameter(name.clone(), plain_text(value));
    }
    Ok(())
}

fn set_name(schema: &mut Schema, props: &Props, named: Option<String>) -> Result<()> {
    let name = match prop(props, "connect.name") {
        Some(Node::Text(name)) => Some(name.clone().into_owned()),
        Some(other) => {
            return error::data(format!("Invalid schema name: {}", plain_text(other)));
        }
        // The name of a fixed decimal is not that of what it means.
        None => named.filter(|_| schema.name.as_deref() != Some(DECIMAL)),
    };
    let Some(name) = name else { return Ok(()) };
    if name.strip_prefix(NAMESPACE).is_some_and(|rest| {
        rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(DEFAULT_NAME))
    }) {
        return Ok(());
    }
    match &schema.name {
        Some(known) if *known != name => error::data(format!(
            "Mismatched names: name already added to SchemaBuilder ({known}) differs from name in source schema ({name})"
        )),
        _ => {
            schema.name = Some(name);
            Ok(())
        }
    }
}

/// A fact as text: text as it is, everything else as JSON.
fn plain_text(node: &Node<'_>) -> String {
    match node {
        Node::Text(text) => text.clone().into_owned(),
        other => {
            let mut out = Vec::new();
            other.put(&mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
    }
}
