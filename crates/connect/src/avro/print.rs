//! An Avro schema as text, with its keys in the order Avro's own library gives them.

use std::collections::HashMap;

use super::schema::{AvroField, AvroSchema, Body, Kind, Named, Props, Shape};
use crate::json::put_string;
use crate::string::separated;

impl AvroSchema {
    /// The text a registry is to be asked for.
    pub fn to_json(&self) -> String {
        let mut printer = Printer { schema: self, written: HashMap::new(), out: Vec::new() };
        printer.shape(&self.root, None);
        String::from_utf8_lossy(&printer.out).into_owned()
    }
}

struct Printer<'s> {
    schema: &'s AvroSchema,
    written: HashMap<String, usize>,
    out: Vec<u8>,
}

impl<'s> Printer<'s> {
    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn text(&mut self, text: &str) {
        put_string(text, &mut self.out);
    }

    /// Prints a type inside a namespace.
    fn shape(&mut self, shape: &'s Shape, space: Option<&str>) {
        match &shape.kind {
            Kind::Named(place) => self.named(*place, space),
            Kind::Union(branches) => {
                self.raw("[");
                for (at, branch) in branches.iter().enumerate() {
                    if at > 0 {
                        self.raw(",");
                    }
                    self.shape(branch, space);
                }
                self.raw("]");
            }
            Kind::Array(inner) => self.container(shape, "items", inner, space),
            Kind::Map(inner) => self.container(shape, "values", inner, space),
            plain if shape.props.is_empty() => self.text(plain.label()),
            plain => {
                self.raw("{\"type\":");
                self.text(plain.label());
                self.props(&shape.props);
                self.raw("}");
            }
        }
    }

    fn container(&mut self, shape: &'s Shape, key: &str, inner: &'s Shape, space: Option<&str>) {
        self.raw("{\"type\":");
        self.text(shape.kind.label());
        self.raw(",\"");
        self.raw(key);
        self.raw("\":");
        self.shape(inner, space);
        self.props(&shape.props);
        self.raw("}");
    }

    fn named(&mut self, place: usize, space: Option<&str>) {
        let named = &self.schema.named[place];
        let own = named.namespace.as_deref();
        if self.written.get(&named.full_name()) == Some(&place) {
            let near = own == space;
            return self.text(&if near { named.name.clone() } else { named.full_name() });
        }
        self.written.insert(named.full_name(), place);
        self.raw("{\"type\":");
        self.raw(match named.body {
            Body::Record(_) => "\"record\"",
            Body::Enum { .. } => "\"enum\"",
            Body::Fixed(_) => "\"fixed\"",
        });
        self.raw(",\"name\":");
        self.text(&named.name);
        if own != space {
            self.raw(",\"namespace\":");
            self.text(own.unwrap_or_default());
        }
        self.doc(named.doc.as_deref());
        self.body(named, own);
        self.props(&named.props);
        self.raw("}");
    }

    fn body(&mut self, named: &'s Named, space: Option<&str>) {
        match &named.body {
            Body::Record(fields) => {
                self.raw(",\"fields\":[");
                for (at, field) in fields.iter().enumerate() {
                    if at > 0 {
                        self.raw(",");
                    }
                    self.field(field, space);
                }
                self.raw("]");
            }
            Body::Enum { symbols, default } => {
                self.raw(",\"symbols\":[");
                separated(symbols, b",", &mut self.out, |symbol, out| put_string(symbol, out));
                self.raw("]");
                if let Some(default) = default {
                    self.raw(",\"default\":");
                    self.text(default);
                }
            }
            Body::Fixed(size) => {
                self.raw(",\"size\":");
                self.raw(&size.to_string());
            }
        }
    }

    fn field(&mut self, field: &'s AvroField, space: Option<&str>) {
        self.raw("{\"name\":");
        self.text(&field.name);
        self.raw(",\"type\":");
        self.shape(&field.shape, space);
        self.doc(field.doc.as_deref());
        if let Some(default) = &field.default {
            self.raw(",\"default\":");
            default.put(&mut self.out);
        }
        self.props(&field.props);
        self.raw("}");
    }

    fn doc(&mut self, doc: Option<&str>) {
        if let Some(doc) = doc {
            self.raw(",\"doc\":");
            self.text(doc);
        }
    }

    fn props(&mut self, props: &Props) {
        for (name, node) in props {
            self.raw(",");
            self.text(name);
            self.raw(":");
            node.put(&mut self.out);
        }
    }
}
