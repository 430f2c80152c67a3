//! An Avro schema from its text.

use std::collections::HashMap;
use std::str::FromStr;

use super::schema::{AvroField, AvroSchema, Body, Kind, Named, Props, Shape};
use crate::error::{self, ConnectError, Result};
use crate::json::{Node, parse_json};

/// Keys that are a part of a type and no facts beside it.
const RESERVED: [&str; 10] =
    ["type", "name", "namespace", "doc", "fields", "items", "size", "symbols", "values", "aliases"];
/// The same of a field.
const RESERVED_OF_FIELD: [&str; 6] = ["type", "name", "doc", "default", "order", "aliases"];

impl FromStr for AvroSchema {
    type Err = ConnectError;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse_with(&[], text)
    }
}

impl AvroSchema {
    /// The schema of a text that names types of others. `others` stand in such an order that each names only those
    /// before it.
    ///
    /// # Errors
    /// Where one is no schema, or a type that it names is nowhere.
    pub fn parse_with(others: &[String], text: &str) -> Result<Self> {
        let mut parser = Parser { named: Vec::new(), places: HashMap::new() };
        for other in others {
            parser.text(other)?;
        }
        let root = parser.text(text)?;
        Ok(Self { root, named: parser.named })
    }
}

struct Parser {
    named: Vec<Named>,
    places: HashMap<String, usize>,
}

impl Parser {
    fn text(&mut self, text: &str) -> Result<Shape> {
        let Ok(node) = parse_json(text.as_bytes(), &[]) else {
            return error::avro("Cannot parse <null> schema");
        };
        self.shape(&node, None)
    }

    fn shape(&mut self, node: &Node<'_>, space: Option<&str>) -> Result<Shape> {
        match node {
            Node::Text(name) => self.reference(name, space).map(Shape::from),
            Node::Array(nodes) => {
                let branches = nodes.iter().map(|node| self.shape(node, space));
                Ok(Kind::Union(branches.collect::<Result<_>>()?).into())
            }
            Node::Object(_) => self.object(node, space),
            _ => error::avro("Schema not yet supported"),
        }
    }

    fn object(&mut self, node: &Node<'_>, space: Option<&str>) -> Result<Shape> {
        let name = match node.get("type", 0) {
            Some(Node::Text(name)) => name.as_ref(),
            Some(nested) => return self.shape(nested, space),
            None => return error::avro("No type in schema"),
        };
        let kind = match name {
            "record" | "error" | "enum" | "fixed" => {
                return self.named(name, node, space).map(Shape::from);
            }
            "array" => Kind::Array(self.inner(node, "items", space)?),
            "map" => Kind::Map(self.inner(node, "values", space)?),
            other => self.reference(other, space)?,
        };
        Ok(Shape { kind, props: props(node, &RESERVED) })
    }

    fn inner(&mut self, node: &Node<'_>, key: &str, space: Option<&str>) -> Result<Box<Shape>> {
        match node.get(key, 1) {
            Some(inner) => self.shape(inner, space).map(Box::new),
            None => error::avro(format!("No {key} in schema")),
        }
    }

    fn reference(&self, name: &str, space: Option<&str>) -> Result<Kind> {
        Ok(match name {
            "null" => Kind::Null,
            "boolean" => Kind::Boolean,
            "int" => Kind::Int,
            "long" => Kind::Long,
            "float" => Kind::Float,
            "double" => Kind::Double,
            "bytes" => Kind::Bytes,
            "string" => Kind::String,
            _ => {
                let near =
                    space.filter(|_| !name.contains('.')).map(|space| format!("{space}.{name}"));
                let near = near.and_then(|near| self.places.get(&near));
                match near.or_else(|| self.places.get(name)) {
                    Some(place) => Kind::Named(*place),
                    None => return error::avro(format!("\"{name}\" is not a defined name.")),
                }
            }
        })
    }

    fn named(&mut self, kind: &str, node: &Node<'_>, space: Option<&str>) -> Result<Kind> {
        let Some(name) = node.get("name", 1).and_then(Node::text) else {
            return error::avro("No name in schema");
        };
        let given = node.get("namespace", 2).and_then(Node::text);
        let (namespace, name) = match name.rsplit_once('.') {
            Some((space, name)) => (Some(space), name),
            None => (given.or(space), name),
        };
        let namespace = namespace.filter(|space| !space.is_empty()).map(str::to_owned);
        check_name(name)?;
        let place = self.named.len();
        let named = Named {
            name: name.to_owned(),
            namespace: namespace.clone(),
            doc: node.get("doc", 3).and_then(Node::text).map(str::to_owned),
            body: Body::Record(Vec::new()),
            props: self.facts(kind, node),
        };
        let full_name = named.full_name();
        if self.places.insert(full_name.clone(), place).is_some() {
            return error::avro(format!("Can't redefine: {full_name}"));
        }
        self.named.push(named);
        // A record may name itself, so it has its place before its fields have theirs.
        self.named[place].body = match kind {
            "enum" => enumeration(node)?,
            "fixed" => match node.get("size", 2) {
                Some(Node::Long(size)) => {
                    Body::Fixed(usize::try_from(*size).or_else(|_| error::avro("Invalid size"))?)
                }
                _ => return error::avro("Invalid or no size"),
            },
            _ => Body::Record(self.fields(node, namespace.as_deref())?),
        };
        Ok(Kind::Named(place))
    }

    fn facts(&self, kind: &str, node: &Node<'_>) -> Props {
        let mut props = props(node, &RESERVED);
        props.retain(|(name, _)| kind != "enum" || name != "default");
        props
    }

    fn fields(&mut self, node: &Node<'_>, space: Option<&str>) -> Result<Vec<AvroField>> {
        let Some(Node::Array(nodes)) = node.get("fields", 2) else {
            return error::avro("Record has no fields");
        };
        let mut fields: Vec<AvroField> = Vec::with_capacity(nodes.len());
        let mut names = std::collections::HashSet::with_capacity(nodes.len());
        for node in nodes {
            let Some(name) = node.get("name", 0).and_then(Node::text) else {
                return error::avro("No field name");
            };
            let Some(shape) = node.get("type", 1) else {
                return error::avro(format!("No field type: {name}"));
            };
            check_name(name)?;
            if !names.insert(name) {
                return error::avro(format!("Duplicate field {name} in record"));
            }
            fields.push(AvroField {
                name: name.to_owned(),
                shape: self.shape(shape, space)?,
                doc: node.get("doc", 2).and_then(Node::text).map(str::to_owned),
                default: node.get("default", 2).cloned().map(Node::into_owned),
                props: props(node, &RESERVED_OF_FIELD),
            });
        }
        Ok(fields)
    }
}

fn enumeration(node: &Node<'_>) -> Result<Body> {
    let Some(Node::Array(nodes)) = node.get("symbols", 2) else {
        return error::avro("Enum has no symbols");
    };
    let symbols = nodes.iter().map(|node| node.text().map(str::to_owned)).collect();
    let Some(symbols) = symbols else { return error::avro("Enum has no symbols") };
    let default = node.get("default", 3).and_then(Node::text).map(str::to_owned);
    Ok(Body::Enum { symbols, default })
}

fn props(node: &Node<'_>, reserved: &[&str]) -> Props {
    let Node::Object(entries) = node else { return Props::new() };
    let facts = entries.iter().filter(|(key, _)| !reserved.contains(&key.as_ref()));
    facts.map(|(key, node)| (key.clone().into_owned(), node.clone().into_owned())).collect()
}

/// Refuses a name Avro does not allow.
pub(super) fn check_name(name: &str) -> Result<()> {
    let mut letters = name.chars();
    match letters.next() {
        None => error::avro("Empty name"),
        Some(first) if !first.is_alphabetic() && first != '_' => {
            error::avro(format!("Illegal initial character: {name}"))
        }
        _ if !letters.all(|letter| letter.is_alphanumeric() || letter == '_') => {
            error::avro(format!("Illegal character in: {name}"))
        }
        _ => Ok(()),
    }
}
