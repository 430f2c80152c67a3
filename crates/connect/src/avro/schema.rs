//! An Avro schema, with whatever else was said beside it.

use std::collections::HashSet;

use crate::json::Node;

/// Facts beside a schema, in the order they were given.
pub(super) type Props = Vec<(String, Node<'static>)>;

/// An Avro schema. What has a name stands in a list of its own, so that a record can be a part of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct AvroSchema {
    pub(super) root: Shape,
    pub(super) named: Vec<Named>,
}

/// A type, and the facts beside it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    pub(super) props: Props,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Array(Box<Shape>),
    Map(Box<Shape>),
    Union(Vec<Shape>),
    /// A place in the list of what has a name; the facts are there.
    Named(usize),
}

/// A type with a name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) doc: Option<String>,
    pub(super) body: Body,
    pub(super) props: Props,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    Record(Vec<AvroField>),
    Enum { symbols: Vec<String>, default: Option<String> },
    Fixed(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct AvroField {
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) doc: Option<String>,
    pub(super) default: Option<Node<'static>>,
    pub(super) props: Props,
}

impl From<Kind> for Shape {
    fn from(kind: Kind) -> Self {
        Self { kind, props: Vec::new() }
    }
}

impl Named {
    /// The name with its namespace.
    pub(super) fn full_name(&self) -> String {
        match &self.namespace {
            Some(space) => format!("{space}.{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl AvroSchema {
    /// Whether values have the same bytes with both, and the same meaning: types and names in the same order, whatever
    /// is said beside them.
    #[must_use]
    pub fn writes_as(&self, other: &Self) -> bool {
        Comparison { one: self, other, met: HashSet::new() }.same(&self.root, &other.root)
    }

    /// The facts beside a type.
    pub(super) fn props<'s>(&'s self, shape: &'s Shape) -> &'s Props {
        match shape.kind {
            Kind::Named(place) => &self.named[place].props,
            _ => &shape.props,
        }
    }
}

struct Comparison<'s> {
    one: &'s AvroSchema,
    other: &'s AvroSchema,
    /// Named types that are compared already, or are being: a record can be a part of itself.
    met: HashSet<(usize, usize)>,
}

impl Comparison<'_> {
    fn same(&mut self, one: &Shape, other: &Shape) -> bool {
        match (&one.kind, &other.kind) {
            (Kind::Array(one), Kind::Array(other)) | (Kind::Map(one), Kind::Map(other)) => {
                self.same(one, other)
            }
            (Kind::Union(ones), Kind::Union(others)) => {
                ones.len() == others.len()
                    && ones.iter().zip(others).all(|(one, other)| self.same(one, other))
            }
            (Kind::Named(one), Kind::Named(other)) => self.same_named(*one, *other),
            (one, other) => one == other,
        }
    }

    fn same_named(&mut self, one: usize, other: usize) -> bool {
        if !self.met.insert((one, other)) {
            return true;
        }
        match (&self.one.named[one].body, &self.other.named[other].body) {
            (Body::Record(ones), Body::Record(others)) => {
                ones.len() == others.len()
                    && ones.iter().zip(others).all(|(one, other)| {
                        one.name == other.name && self.same(&one.shape, &other.shape)
                    })
            }
            (Body::Enum { symbols: ones, .. }, Body::Enum { symbols: others, .. }) => {
                ones == others
            }
            (Body::Fixed(one), Body::Fixed(other)) => one == other,
            _ => false,
        }
    }
}

/// One of these facts.
pub(super) fn prop<'p>(props: &'p Props, name: &str) -> Option<&'p Node<'static>> {
    props.iter().find(|(known, _)| known == name).map(|(_, node)| node)
}

/// Adds a fact.
pub(super) fn set(props: &mut Props, name: &str, node: Node<'static>) {
    match props.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = node,
        None => props.push((name.to_owned(), node)),
    }
}

impl Kind {
    /// What Avro calls it.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Union(_) => "union",
            Self::Named(_) => "record",
        }
    }
}
