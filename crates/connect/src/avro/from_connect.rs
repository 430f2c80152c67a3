//! The Avro schema a Connect schema becomes, with all that Avro has no word for in facts beside it.

use std::borrow::Cow;
use std::collections::HashSet;

use super::default;
use super::parse::check_name;
use super::schema::{AvroField, AvroSchema, Body, Kind, Named, Props, Shape, set};
use super::{
    DEFAULT_NAME, FIELD_DEFAULT, FIELD_DOC, MAP_ENTRY, NAMESPACE, PRECISION, PRECISION_DEFAULT,
    RECORD_DOC, fixed_size, is_union, text_keys,
};
use crate::error::{self, Result};
use crate::json::Node;
use crate::{Logical, SCALE, Schema, Type};

/// What a value without a schema travels in.
const ANYTHING: &str = r#"{"type":"record","name":"Anything","namespace":"io.confluent.connect.avro","fields":[{"name":"boolean","type":["null","boolean"],"default":null},{"name":"bytes","type":["null","bytes"],"default":null},{"name":"double","type":["null","double"],"default":null},{"name":"float","type":["null","float"],"default":null},{"name":"int","type":["null","int"],"default":null},{"name":"long","type":["null","long"],"default":null},{"name":"string","type":["null","string"],"default":null},{"name":"array","type":["null",{"type":"array","items":"Anything"}],"default":null},{"name":"map","type":["null",{"type":"array","items":{"type":"record","name":"MapEntry","fields":[{"name":"key","type":"Anything"},{"name":"value","type":"Anything"}]}}],"default":null}]}"#;

impl AvroSchema {
    /// The schema that values of a Connect schema are written with.
    pub fn from_connect(schema: Option<&Schema>) -> Result<Self> {
        let Some(schema) = schema else { return ANYTHING.parse() };
        let mut builder = Builder::default();
        let root = builder.shape(schema, false)?;
        Ok(Self { root, named: builder.named })
    }
}

#[derive(Default)]
struct Builder {
    named: Vec<Named>,
    /// Structs that were seen, so that a second one is the first, by name.
    structs: Vec<(Schema, Shape)>,
    seen: HashSet<String>,
    unnamed: u32,
}

impl Builder {
    fn shape(&mut self, schema: &Schema, ignore_optional: bool) -> Result<Shape> {
        if let Type::Struct(_) = schema.kind {
            return self.structure(schema);
        }
        let mut facts = Props::new();
        let kind = match &schema.kind {
            Type::Int8 | Type::Int16 | Type::Int32 => Kind::Int,
            Type::Int64 => Kind::Long,
            Type::Float32 => Kind::Float,
            Type::Float64 => Kind::Double,
            Type::Boolean => Kind::Boolean,
            Type::String => Kind::String,
            Type::Bytes => {
                if schema.logical() == Some(Logical::Decimal) {
                    let (precision, scale) = decimal(schema)?;
                    set(&mut facts, SCALE, Node::Long(scale.into()));
                    set(&mut facts, "precision", Node::Long(precision.into()));
                }
                Kind::Bytes
            }
            Type::Array(items) => Kind::Array(Box::new(self.inner(items.as_deref())?)),
            Type::Map(keys, values) if text_keys(keys.as_deref()) => {
                Kind::Map(Box::new(self.inner(values.as_deref())?))
            }
            Type::Map(keys, values) => self.entries(schema, keys.as_deref(), values.as_deref())?,
            Type::Struct(_) => return self.structure(schema),
        };
        add_facts(&mut facts, schema)?;
        let shape = match fixed_size(schema)? {
            Some(size) => {
                let (namespace, name) = self.name(schema.name.as_deref())?;
                let body = Body::Fixed(size);
                self.add(Named { name, namespace, doc: None, body, props: facts }).into()
            }
            None => Shape { kind, props: facts },
        };
        Ok(if ignore_optional { shape } else { optional(schema, shape) })
    }

    fn inner(&mut self, schema: Option<&Schema>) -> Result<Shape> {
        match schema {
            Some(schema) => self.shape(schema, false),
            None => error::data("An element without a schema has no Avro schema"),
        }
    }

    fn add(&mut self, named: Named) -> Kind {
        // What is the same in every part is the same.
        let place = self.named.iter().position(|known| *known == named);
        Kind::Named(place.unwrap_or_else(|| {
            self.named.push(named);
            self.named.len() - 1
        }))
    }

    fn entries(
        &mut self,
        schema: &Schema,
        keys: Option<&Schema>,
        values: Option<&Schema>,
    ) -> Result<Kind> {
        let mut props = Props::new();
        let (namespace, name) = match schema.name.as_deref() {
            None => (Some(NAMESPACE.to_owned()), MAP_ENTRY.to_owned()),
            Some(name) => {
                set(&mut props, "connect.internal.type", text(MAP_ENTRY));
                self.name(Some(name))?
            }
        };
        let (Some(keys), Some(values)) = (keys, values) else {
            return error::data("An element without a schema has no Avro schema");
        };
        let fields = vec![self.field("key", keys, None)?, self.field("value", values, None)?];
        let body = Body::Record(fields);
        let entry = self.add(Named { name, namespace, doc: None, body, props });
        Ok(Kind::Array(Box::new(entry.into())))
    }

    fn structure(&mut self, schema: &Schema) -> Result<Shape> {
        if is_union(schema) {
            let mut branches: Vec<Shape> =
                if schema.optional { vec![Kind::Null.into()] } else { Vec::new() };
            for field in schema.fields() {
                branches.push(self.shape(&required(&field.schema), true)?);
            }
            return Ok(Kind::Union(branches).into());
        }
        if schema.optional {
            let record = self.structure(&required(schema))?;
            return Ok(Kind::Union(vec![Kind::Null.into(), record]).into());
        }
        if let Some((_, shape)) = self.structs.iter().find(|(known, _)| known == schema) {
            return Ok(shape.clone());
        }
        let (namespace, name) = self.name(schema.name.as_deref())?;
        let mut fields = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let doc = schema.get_parameter(&format!("{FIELD_DOC}{}", field.name));
            fields.push(self.field(&field.name, &field.schema, doc.map(str::to_owned))?);
        }
        let doc = schema.get_parameter(RECORD_DOC).map(str::to_owned);
        let mut props = Props::new();
        add_facts(&mut props, schema)?;
        let body = Body::Record(fields);
        let shape = Shape::from(self.add(Named { name, namespace, doc, body, props }));
        self.structs.push((schema.clone(), shape.clone()));
        Ok(shape)
    }

    fn field(&mut self, name: &str, schema: &Schema, doc: Option<String>) -> Result<AvroField> {
        check_name(name)?;
        let again = schema.name.as_ref().is_some_and(|name| !self.seen.insert(name.clone()));
        let shape = self.shape(schema, false)?;
        let default = match &schema.default {
            Some(value) => {
                let node = default::to_node(schema, value)?;
                default::is_valid(&self.named, &shape, &node).then_some(node)
            }
            None => schema.optional.then_some(Node::Null),
        };
        let mut props = Props::new();
        if again && has_name(&shape) {
            add_parameters(&mut props, schema);
        }
        Ok(AvroField { name: name.to_owned(), shape, doc, default, props })
    }

    /// The namespace and the name; what has none is numbered.
    fn name(&mut self, name: Option<&str>) -> Result<(Option<String>, String)> {
        let Some(name) = name else {
            self.unnamed += 1;
            let number = Some(self.unnamed).filter(|number| *number > 1);
            let number = number.map_or_else(String::new, |number| number.to_string());
            return Ok((Some(NAMESPACE.to_owned()), format!("{DEFAULT_NAME}{number}")));
        };
        let (space, name) = match name.rsplit_once('.') {
            Some((space, name)) => (Some(space.to_owned()), name),
            None => (None, name),
        };
        check_name(name)?;
        Ok((space, name.to_owned()))
    }
}

fn text(text: &str) -> Node<'static> {
    Node::Text(Cow::Owned(text.to_owned()))
}

fn required(schema: &Schema) -> Schema {
    Schema { optional: false, ..schema.clone() }
}

/// The type comes first where it has a default, because a default belongs to the first.
fn optional(schema: &Schema, shape: Shape) -> Shape {
    let null = Shape::from(Kind::Null);
    match (schema.optional, &schema.default) {
        (false, _) => shape,
        (true, Some(_)) => Kind::Union(vec![shape, null]).into(),
        (true, None) => Kind::Union(vec![null, shape]).into(),
    }
}

fn has_name(shape: &Shape) -> bool {
    match &shape.kind {
        Kind::Named(_) => true,
        Kind::Union(branches) => branches.iter().any(has_name),
        _ => false,
    }
}

/// How many digits a decimal has, and how many of them after its point.
fn decimal(schema: &Schema) -> Result<(i32, i32)> {
    let scale = schema.scale()?;
    let precision = match schema.get_parameter(PRECISION) {
        None => PRECISION_DEFAULT,
        Some(digits) => {
            digits.parse().or_else(|_| error::data(format!("For input string: \"{digits}\"")))?
        }
    };
    Ok((precision, scale))
}

/// Adds what Avro has no word for.
fn add_facts(facts: &mut Props, schema: &Schema) -> Result<()> {
    if let Some(doc) = &schema.doc {
        set(facts, "connect.doc", text(doc));
    }
    if let Some(version) = schema.version {
        set(facts, "connect.version", Node::Long(version.into()));
    }
    add_parameters(facts, schema);
    if let Some(default) = &schema.default
        && schema.get_parameter(FIELD_DEFAULT).is_none()
    {
        set(facts, "connect.default", default::to_node(schema, default)?);
    }
    if let Some(name) = &schema.name {
        set(facts, "connect.name", text(name));
    }
    match schema.kind {
        Type::Int8 => set(facts, "connect.type", text("int8")),
        Type::Int16 => set(facts, "connect.type", text("int16")),
        _ => {}
    }
    match schema.logical() {
        Some(Logical::Decimal) => {
            let (precision, scale) = decimal(schema)?;
            if precision < 1 && (0..=precision).contains(&scale) {
                return error::data(format!("Invalid decimal precision: {precision}"));
            }
            set(facts, "logicalType", text("decimal"));
        }
        Some(Logical::Date) => set(facts, "logicalType", text("date")),
        Some(Logical::Time) => set(facts, "logicalType", text("time-millis")),
        Some(Logical::Timestamp) => set(facts, "logicalType", text("timestamp-millis")),
        None => {}
    }
    for (name, value) in &schema.parameters {
        if name.starts_with("avro") {
            set(facts, name, text(value));
        }
    }
    Ok(())
}

fn add_parameters(facts: &mut Props, schema: &Schema) {
    let told = schema.parameters.iter().filter(|(name, _)| name != FIELD_DEFAULT);
    let told: Vec<_> = told.map(|(name, value)| (Cow::Owned(name.clone()), text(value))).collect();
    if !told.is_empty() {
        set(facts, "connect.parameters", Node::Object(told));
    }
}
