//! The schemas of records at a registry: asked for before the first record of a table version is written, and of an id
//! before the first record that has it is read. Formats without a registry pass.

use std::collections::HashSet;
use std::sync::Arc;

use cdc::{Batch, Finding, Schema};
use schema_registry::{Registry, RegistryError};

use crate::avro::{Avro, RecordSchema, SchemaIds};
use crate::config::{LogSettings, SubjectNames};
use crate::converter::AnyConverter;
use crate::error::LogError;
use crate::names::SchemaError;
use crate::sink::blocking;
use crate::topics;

/// Asks the registry, once for each schema.
#[derive(Clone, Debug)]
pub(crate) struct Registrar {
    settings: LogSettings,
    registry: Option<Arc<Registry>>,
}

/// The schemas of a table version and the subjects they are under.
#[derive(Debug)]
struct Request {
    fingerprint: u64,
    key: Option<(String, RecordSchema)>,
    value: Option<(String, RecordSchema)>,
}

impl Registrar {
    /// A registrar that has not asked anything.
    pub(crate) fn new(settings: &LogSettings) -> Self {
        Self { settings: settings.clone(), registry: None }
    }

    fn registry(&mut self) -> Result<Arc<Registry>, LogError> {
        if let Some(known) = &self.registry {
            return Ok(Arc::clone(known));
        }
        let settings = self.settings.registry.as_ref().ok_or_else(no_registry)?;
        let registry = Arc::new(Registry::new(settings)?);
        self.registry = Some(Arc::clone(&registry));
        Ok(registry)
    }

    /// Brings the converter the ids of a batch's table versions. Where the registry refuses one, nothing of the batch is
    /// written yet.
    pub(crate) async fn register(
        &mut self,
        converter: &mut AnyConverter,
        batch: &Batch,
    ) -> Result<(), LogError> {
        let roles = converter.avro_roles();
        let Some(avro) = converter.avro() else { return Ok(()) };
        let mut requests = Vec::new();
        for schema in unknown(avro, batch) {
            requests.push(self.request(avro, roles, schema)?);
        }
        if requests.is_empty() {
            return Ok(());
        }
        let (registry, may_register) = (self.registry()?, self.may_register());
        let answers = blocking(move || {
            let ask = |request: &Request| ids(&registry, request, may_register);
            requests.iter().map(ask).collect::<Result<Vec<_>, LogError>>()
        })
        .await?;
        for (fingerprint, ids) in answers {
            avro.learn(fingerprint, ids);
        }
        Ok(())
    }

    /// The same for the notes of a batch.
    pub(crate) async fn register_notes(
        &mut self,
        converter: &mut AnyConverter,
        batch: &Batch,
    ) -> Result<(), LogError> {
        let roles = converter.avro_roles();
        let Some(avro) = converter.avro() else { return Ok(()) };
        let mut requests: Vec<(String, RecordSchema)> = Vec::new();
        for note in &batch.notes {
            let topic = topics::note_topic(&self.settings.kafka, note);
            let unknown = avro
                .unknown_of_note(note)
                .map_err(|error| schema_finding(format!("topic {topic}"), &error))?;
            for ((schema, role), is_avro) in unknown.into_iter().zip(["key", "value"]).zip(roles) {
                let Some(schema) = schema.filter(|_| is_avro) else { continue };
                if !requests.iter().any(|(_, known)| known.name == schema.name) {
                    requests.push((self.subject(&topic, role, &schema.name), schema));
                }
            }
        }
        if requests.is_empty() {
            return Ok(());
        }
        let (registry, may_register) = (self.registry()?, self.may_register());
        let answers = blocking(move || {
            let ask = |(subject, schema): (String, RecordSchema)| {
                Ok((registry.id(&subject, &schema.json, may_register)?, schema.name))
            };
            requests.into_iter().map(ask).collect::<Result<Vec<_>, LogError>>()
        })
        .await?;
        for (id, name) in answers {
            avro.learn_of_notes(name, id);
        }
        Ok(())
    }

    /// The schema of this id. Blocks.
    pub(crate) fn schema(&mut self, id: u32) -> Result<String, LogError> {
        Ok(self.registry()?.schema(id)?)
    }

    /// The schema of this id behind those whose types it names. Blocks.
    pub(crate) fn schema_and_references(&mut self, id: u32) -> Result<Vec<String>, LogError> {
        Ok(self.registry()?.schema_and_references(id)?)
    }

    /// Whether the registry answers. Blocks.
    pub(crate) fn try_it(&mut self) -> Result<(), LogError> {
        Ok(self.registry()?.try_it()?)
    }

    /// Brings the converter the schema of a record's id. Blocks.
    pub(crate) fn meet(
        &mut self,
        converter: &mut AnyConverter,
        value: &[u8],
    ) -> Result<(), LogError> {
        let [_, of_values] = converter.avro_roles();
        let Some(avro) = converter.avro().filter(|_| of_values) else { return Ok(()) };
        let Some(id) = avro.unmet(value) else { return Ok(()) };
        let schema = self.schema(id)?;
        avro.meet(id, &schema).map_err(|error| {
            Finding::outside("registry_schema_wrong", format!("schema id {id}"), error.to_string())
                .remedy("See whether the registry is the one the records were written with.")
                .into()
        })
    }

    /// Everything that stands in the way of tables that leave the chain so. Blocks, and registers nothing.
    pub(crate) fn check(&mut self, tables: &[Schema]) -> Vec<Finding> {
        let mut converter = self.settings.kafka.converter();
        let roles = converter.avro_roles();
        let Some(avro) = converter.avro() else { return Vec::new() };
        let mut findings = Vec::new();
        let tried = self.registry().and_then(|registry| {
            registry.try_it()?;
            Ok(registry)
        });
        let registry = tried.map_err(|error| findings.push(cdc::Fault::finding(&error))).ok();
        for table in tables {
            let request = self.request(avro, roles, &Arc::new(table.clone()));
            let asked = match (request, &registry) {
                (Ok(request), Some(registry)) if !self.may_register() => {
                    ids(registry, &request, false).map(drop)
                }
                (request, _) => request.map(drop),
            };
            findings.extend(asked.err().map(|error| cdc::Fault::finding(&error)));
        }
        findings
    }

    fn may_register(&self) -> bool {
        self.settings.kafka.schema_registry.as_ref().is_none_or(|registry| registry.auto_register)
    }

    /// What to ask for a table version whose keys are Avro or not, and its values.
    fn request(
        &self,
        avro: &mut Avro,
        [of_keys, of_values]: [bool; 2],
        schema: &Arc<Schema>,
    ) -> Result<Request, LogError> {
        let (key, value) = avro
            .schemas(schema)
            .map_err(|error| schema_finding(format!("table {}", schema.table), &error))?;
        let topic = topics::data_topic(&self.settings.kafka.topic_prefix, schema);
        let named = |schema: RecordSchema, role| (self.subject(&topic, role, &schema.name), schema);
        Ok(Request {
            fingerprint: schema.fingerprint(),
            key: key.filter(|_| of_keys).map(|key| named(key, "key")),
            value: of_values.then(|| named(value, "value")),
        })
    }

    fn subject(&self, topic: &str, role: &str, record: &str) -> String {
        let registry = self.settings.kafka.schema_registry.as_ref();
        match registry.map(|registry| registry.subject_name_strategy).unwrap_or_default() {
            SubjectNames::Topic => format!("{topic}-{role}"),
            SubjectNames::Record => record.to_owned(),
            SubjectNames::TopicRecord => format!("{topic}-{record}"),
        }
    }
}

/// The table versions of a batch whose ids are not known.
fn unknown<'b>(avro: &Avro, batch: &'b Batch) -> Vec<&'b Arc<Schema>> {
    let (mut unknown, mut seen) = (Vec::new(), HashSet::new());
    let mut before: Option<&Arc<Schema>> = None;
    for schema in batch.relations.iter().chain(batch.events.iter().map(|event| &event.schema)) {
        // Most events are of the table of the event before.
        if before.is_some_and(|before| Arc::ptr_eq(before, schema)) {
            continue;
        }
        before = Some(schema);
        let fingerprint = schema.fingerprint();
        if !avro.knows(fingerprint) && seen.insert(fingerprint) {
            unknown.push(schema);
        }
    }
    unknown
}

fn ids(
    registry: &Registry,
    request: &Request,
    may_register: bool,
) -> Result<(u64, SchemaIds), LogError> {
    let id = |(subject, schema): &(String, RecordSchema)| -> Result<u32, RegistryError> {
        registry.id(subject, &schema.json, may_register)
    };
    let key = request.key.as_ref().map(id).transpose()?;
    let value = request.value.as_ref().map(id).transpose()?;
    Ok((request.fingerprint, SchemaIds { key, value }))
}

fn schema_finding(place: String, error: &SchemaError) -> Finding {
    Finding::outside("avro_schema", place, error.to_string())
        .remedy("Rename a column, in the source or by the step `rename` of the chain.")
}

fn no_registry() -> LogError {
    Finding::usage("missing_key", "kafka", "format avro needs a schema registry")
        .remedy("add schema_registry: { url: http://host:port } under kafka:")
        .into()
}
