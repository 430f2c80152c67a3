//! Avro as Confluent's converter writes it, in the words that JSON is compared in.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use apache_avro::types::Value;
use apache_avro::{Schema, from_avro_datum};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use stack::Registry;

use crate::json::Json;

/// What a record's key or value begins with, before the schema's number.
const MAGIC: u8 = 0;

/// The schemas of a registry, each asked for once.
pub(crate) struct Schemas<'a> {
    registry: Option<&'a Registry>,
    known: RefCell<HashMap<i32, Rc<(Schema, Json)>>>,
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(registry: Option<&'a Registry>) -> Self {
        Self { registry, known: RefCell::default() }
    }

    /// Whether these bytes are Avro: no JSON and no text of PostgreSQL begins with this byte.
    pub(crate) fn wrote(bytes: &[u8]) -> bool {
        bytes.first() == Some(&MAGIC)
    }

    /// The value, and its schema with fields by name.
    pub(crate) fn read(&self, bytes: &[u8], prefix: &str) -> Result<(Json, Json)> {
        let (_, rest) = bytes.split_first().context("an empty value")?;
        let (id, mut datum) = rest.split_first_chunk::<4>().context("no schema's number")?;
        let known = self.schema(i32::from_be_bytes(*id))?;
        let (schema, text) = &*known;
        let value = from_avro_datum(schema, &mut datum, None).context("read Avro")?;
        if !datum.is_empty() {
            bail!("{} bytes behind the Avro value", datum.len());
        }
        Ok((json(value)?, by_name(text.clone(), prefix)))
    }

    fn schema(&self, id: i32) -> Result<Rc<(Schema, Json)>> {
        if let Some(known) = self.known.borrow().get(&id) {
            return Ok(known.clone());
        }
        let registry = self.registry.context("Avro, and the case has no registry")?;
        let url = format!("{}/schemas/ids/{id}", registry.url());
        let answer = ureq::get(&url).call().and_then(|answer| answer.into_body().read_to_string());
        let answer: serde_json::Value = serde_json::from_str(&answer.context(url)?)?;
        let text = answer["schema"].as_str().context("an answer without a schema")?.to_owned();
        let mut bare: serde_json::Value = serde_json::from_str(&text)?;
        without_logical_types(&mut bare);
        let schema = Schema::parse(&bare).with_context(|| format!("read the schema {text}"))?;
        let text = Json::parse(&text).context("a schema that is no JSON")?;
        let read = Rc::new((schema, text));
        self.known.borrow_mut().insert(id, read.clone());
        Ok(read)
    }
}

/// A decimal is its bytes, as it is in JSON.
fn without_logical_types(schema: &mut serde_json::Value) {
    match schema {
        serde_json::Value::Object(facts) => {
            facts.remove("logicalType");
            facts.values_mut().for_each(without_logical_types);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_logical_types),
        _ => {}
    }
}

fn json(value: Value) -> Result<Json> {
    Ok(match value {
        Value::Null => Json::Word("null".to_owned()),
        Value::Boolean(value) => Json::Word(value.to_string()),
        Value::Int(value) => Json::Word(value.to_string()),
        Value::Long(value) => Json::Word(value.to_string()),
        Value::Float(value) => Json::Word(format!("{value:?}")),
        Value::Double(value) => Json::Word(format!("{value:?}")),
        Value::Bytes(bytes) | Value::Fixed(_, bytes) => Json::Text(BASE64_STANDARD.encode(bytes)),
        Value::String(text) | Value::Enum(_, text) => Json::Text(text),
        Value::Union(_, value) => json(*value)?,
        Value::Array(items) => Json::List(items.into_iter().map(json).collect::<Result<_>>()?),
        Value::Map(fields) => object(fields)?,
        Value::Record(fields) => object(fields)?,
        other => bail!("Connect writes no {other:?}"),
    })
}

fn object(fields: impl IntoIterator<Item = (String, Value)>) -> Result<Json> {
    let fields = fields.into_iter().map(|(name, value)| Ok((name, json(value)?)));
    Ok(Json::Object(fields.collect::<Result<_>>()?))
}

/// A schema whose fields stand under their names, with the facts of each under `@`: as [`crate::records`] has those of
/// JSON. An envelope describes its row in `before`, and names it in `after`.
fn by_name(schema: Json, prefix: &str) -> Json {
    let mut out = match schema {
        Json::Object(facts) => facts_by_name(facts, prefix),
        Json::List(union) => return of_union(union, prefix),
        Json::Text(name) => return Json::Text(unnamed(&name, prefix)),
        other => return other,
    };
    if let (Some(row), Some(after)) = (out.get("before").cloned(), out.remove("after")) {
        out.remove("before");
        out.insert("row".to_owned(), row);
        out.insert("@after".to_owned(), after);
    }
    Json::Object(out)
}

fn facts_by_name(facts: BTreeMap<String, Json>, prefix: &str) -> BTreeMap<String, Json> {
    let mut out = BTreeMap::new();
    let is_bytes = facts.get("type").is_some_and(are_bytes);
    for (name, fact) in facts {
        match (&*name, fact) {
            ("fields", Json::List(fields)) => {
                let name = |field: &Json| field.get("name").cloned();
                out.insert(
                    "@order".to_owned(),
                    Json::List(fields.iter().filter_map(name).collect()),
                );
                for field in fields {
                    let name =
                        field.get("name").and_then(Json::text).unwrap_or_default().to_owned();
                    out.insert(name, of_field(field, prefix));
                }
            }
            // A type with facts of its own, in the place of a word.
            ("type", inner @ (Json::Object(_) | Json::List(_))) => {
                let inner = by_name(inner, prefix);
                let Json::Object(inner) = inner else { continue };
                out.extend(inner);
            }
            ("items" | "values", inner) => {
                out.insert(format!("@{name}"), by_name(inner, prefix));
            }
            // Each character stands for a byte.
            ("default", Json::Text(text)) if is_bytes => {
                let bytes: Vec<u8> = text.chars().map(|c| c as u8).collect();
                out.insert("@default".to_owned(), Json::Text(BASE64_STANDARD.encode(bytes)));
            }
            (_, Json::Text(text)) => {
                out.insert(format!("@{name}"), Json::Text(unnamed(&text, prefix)));
            }
            (_, fact) => {
                out.insert(format!("@{name}"), fact);
            }
        }
    }
    out
}

/// Whether values of a type are bytes.
fn are_bytes(kind: &Json) -> bool {
    match kind {
        Json::Text(word) => word == "bytes",
        Json::List(union) => union.first().is_some_and(are_bytes),
        kind => kind.get("type").is_some_and(are_bytes),
    }
}

fn of_field(field: Json, prefix: &str) -> Json {
    let Json::Object(mut facts) = field else { return field };
    facts.remove("name");
    Json::Object(facts_by_name(facts, prefix))
}

/// What may be null, and which of the two stands first: the default is of that one.
fn of_union(union: Vec<Json>, prefix: &str) -> Json {
    let null = union.iter().position(|branch| branch.text() == Some("null"));
    let mut others: Vec<_> = union.into_iter().filter(|b| b.text() != Some("null")).collect();
    let inner = if others.len() == 1 { others.pop() } else { None };
    let mut out = match inner.map(|inner| by_name(inner, prefix)) {
        Some(Json::Object(facts)) => facts,
        Some(word) => BTreeMap::from([("@type".to_owned(), word)]),
        None => BTreeMap::from([("@union".to_owned(), Json::List(others))]),
    };
    if let Some(null) = null {
        out.insert("@null".to_owned(), Json::Word(null.to_string()));
    }
    Json::Object(out)
}

fn unnamed(text: &str, prefix: &str) -> String {
    text.strip_prefix(prefix).map_or(text.to_owned(), |rest| format!("<prefix>{rest}"))
}
