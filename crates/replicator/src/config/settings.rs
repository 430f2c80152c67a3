//! A pipeline file with its defaults filled in and its secrets looked up: what the halves are made of.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cdc::{Fault, Finding};
use pgrelay_log::{Format, Kafka, LogSettings, OptionValue};
use postgres_client::{Secret, Server};
use postgres_source::{
    Heartbeat, MessageKey, Prefixes, Selection, Shape, SnapshotMode, SourceTypes,
};
use transforms::{Chain, NewColumns, SecretRef, Step};

use super::file::{PipelineFile, PostgresSink, PostgresSource, Url};

/// A batch ends at this many events …
const BATCH_EVENTS_MAX: usize = 10_000;
/// … or bytes,
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// and this many bytes may wait between the socket and the batch.
const QUEUE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Which ends a pipeline has.
#[derive(Clone, Debug)]
pub enum Ends {
    /// Straight from one database into the other.
    Direct(Box<postgres_source::Settings>, Box<postgres_sink::Settings>),
    /// Through Kafka, either half or both.
    Log {
        /// The half that captures.
        source: Option<Box<postgres_source::Settings>>,
        /// The log.
        log: Box<LogSettings>,
        /// The half that applies.
        sink: Option<Box<postgres_sink::Settings>>,
    },
}

/// A pipeline, ready to run.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Its name.
    pub name: Arc<str>,
    /// The file it was read from.
    pub file: Arc<str>,
    /// The capture chain.
    pub transforms: Vec<Step>,
    /// The apply chain.
    pub sink_transforms: Vec<Step>,
    /// What becomes of new columns.
    pub new_columns: Option<NewColumns>,
    /// Its ends.
    pub ends: Ends,
}

impl Pipeline {
    /// The settings of the source, if it has one.
    pub fn source(&self) -> Option<&postgres_source::Settings> {
        match &self.ends {
            Ends::Direct(source, _) => Some(source),
            Ends::Log { source, .. } => source.as_deref(),
        }
    }

    /// The settings of the sink, if it has one.
    pub fn sink(&self) -> Option<&postgres_sink::Settings> {
        match &self.ends {
            Ends::Direct(_, sink) => Some(sink),
            Ends::Log { sink, .. } => sink.as_deref(),
        }
    }

    /// The settings of the log, if it has one.
    pub fn log(&self) -> Option<&LogSettings> {
        match &self.ends {
            Ends::Direct(..) => None,
            Ends::Log { log, .. } => Some(log),
        }
    }

    pub(super) fn resolve(
        file: &str,
        parsed: PipelineFile,
        text: &str,
    ) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let at = |key: &str| place(file, text, key);
        let name: Arc<str> = parsed.name.0.as_str().into();
        let logged = parsed.kafka.is_some();
        let source = parsed.source.map(|section| {
            source_settings(&name, section.postgres, logged, &at("source"), &mut findings)
        });
        if let Some(kafka) = &parsed.kafka {
            findings.extend(topics(kafka, source.is_some(), |key| {
                place_within(file, text, "kafka", key)
            }));
        }
        let reads_others = parsed.kafka.as_ref().is_some_and(|kafka| !kafka.topics.is_empty());
        let (sink_transforms, sink) = match parsed.sink {
            Some(section) => (
                section.transforms,
                Some(sink_settings(
                    &name,
                    section.postgres,
                    !reads_others,
                    &at("sink"),
                    &mut findings,
                )),
            ),
            None => (Vec::new(), None),
        };
        let log = parsed.kafka.map(|kafka| {
            let options = option_values(&kafka.options, &at("kafka"), "options", &mut findings);
            let registry = registry(&kafka, file, text, &mut findings);
            let takeover = parsed.takeover.clone();
            let heartbeats = source.as_ref().is_some_and(|source| source.heartbeat.is_some());
            let pipeline = name.to_string();
            LogSettings { pipeline, kafka, options, registry, takeover, heartbeats }
        });
        if parsed.takeover.is_some() && (source.is_none() || log.is_none()) {
            findings.push(
                Finding::usage("takeover", at("takeover"), "`takeover` needs `source` and `kafka`: a connector's work is in its slot and its topics")
                    .remedy("add the two, or take `takeover` out"),
            );
        }
        let ends = match (source, log, sink) {
            (Some(source), None, Some(sink)) => {
                Some(Ends::Direct(Box::new(source), Box::new(sink)))
            }
            (source, Some(log), sink) if source.is_some() || sink.is_some() => Some(Ends::Log {
                source: source.map(Box::new),
                log: Box::new(log),
                sink: sink.map(Box::new),
            }),
            (source, log, _) => {
                let missing = if source.is_none() && log.is_none() {
                    "source"
                } else if log.is_some() {
                    "source or sink"
                } else {
                    "kafka or sink"
                };
                findings.push(Finding::usage("missing_key", file, format!("the pipeline has no {missing}")).remedy("a pipeline has a source and a sink, or kafka and one of the two, or all three"));
                None
            }
        };
        if let Some(finding) = ends.as_ref().and_then(|ends| copied_always(file, text, ends)) {
            findings.push(finding);
        }
        for (key, steps) in
            [("transforms", &parsed.transforms), ("sink.transforms", &sink_transforms)]
        {
            // A chain that cannot be made for want of a key is the file's fault, and known before anything starts.
            if let Err(error) = Chain::new(key, steps.clone(), None) {
                findings.push(error.0.within(file));
            }
        }
        match ends {
            Some(ends) if findings.is_empty() => Ok(Self {
                name,
                file: file.into(),
                transforms: parsed.transforms,
                sink_transforms,
                new_columns: parsed.new_columns,
                ends,
            }),
            _ => Err(findings),
        }
    }
}

/// Refuses a copy at every start where it would do harm.
fn copied_always(file: &str, text: &str, ends: &Ends) -> Option<Finding> {
    let (source, has_sink) = match ends {
        Ends::Direct(source, _) => (source, true),
        Ends::Log { source, sink, .. } => (source.as_ref()?, sink.is_some()),
    };
    if source.snapshot != SnapshotMode::Always || !(has_sink || source.selection.is_partial()) {
        return None;
    }
    let reason = if has_sink {
        "`snapshot: always` copies at every start, and the target holds the rows already"
    } else {
        "`snapshot: always` copies at every start, and what changed meanwhile in tables that `snapshot_include_collection_list` leaves out would be lost"
    };
    let place = place_within(file, text, "source", "snapshot");
    Some(Finding::usage("snapshot_always", place, reason).remedy("write `snapshot: initial`, or `snapshot: when_needed`, which copies anew only where changes are lost"))
}

/// `file:line:column` of a key at the left margin, for what is found wrong after the file is read.
fn place(file: &str, text: &str, key: &str) -> String {
    let line = text
        .lines()
        .position(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    line.map_or_else(|| format!("{file}: {key}"), |line| format!("{file}:{}:1: {key}", line + 1))
}

/// The same of a key one step in.
fn place_within(file: &str, text: &str, outer: &str, key: &str) -> String {
    let lines = text.lines().enumerate();
    let mut within = lines.skip_while(|(_, line)| {
        !line.strip_prefix(outer).is_some_and(|rest| rest.starts_with(':'))
    });
    let found = within.find_map(|(number, line)| {
        let inner = line.trim_start();
        let rest = inner.strip_prefix(key)?;
        let column = line.len() - inner.len();
        (column > 0 && rest.starts_with(':')).then_some((number + 1, column + 1))
    });
    match found {
        Some((line, column)) => format!("{file}:{line}:{column}: {outer}.{key}"),
        None => place(file, text, outer),
    }
}

fn secret(reference: &SecretRef, place: &str, findings: &mut Vec<Finding>) -> Option<String> {
    let resolved = reference.resolve().map_err(|finding| *finding).and_then(|bytes| {
        String::from_utf8(bytes)
            .map_err(|_| Finding::usage("secret_not_text", "", "the secret is not UTF-8"))
    });
    match resolved {
        Ok(text) => Some(text),
        Err(finding) => {
            findings.push(finding.within(place));
            None
        }
    }
}

fn server(
    url: Url,
    password: Option<&SecretRef>,
    place: &str,
    findings: &mut Vec<Finding>,
) -> Server {
    let password = password.and_then(|reference| secret(reference, place, findings));
    url.0.with_password(password.map(Secret::new))
}

fn source_settings(
    name: &Arc<str>,
    section: PostgresSource,
    logged: bool,
    place: &str,
    findings: &mut Vec<Finding>,
) -> postgres_source::Settings {
    let shape = found(shape(&section, place), findings);
    let default: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .collect();
    let slot = section.slot.map_or_else(|| format!("pgrelay_{default}"), |slot| slot.0);
    if section.tables.is_empty() {
        findings.push(
            Finding::usage("no_tables", place, "`tables` names none")
                .remedy("list the tables to capture: [public.orders, \"inventory.*\"]"),
        );
    }
    let messages = Prefixes::new(
        section.message_prefix_include_list.as_deref(),
        section.message_prefix_exclude_list.as_deref(),
        place,
    );
    let overrides = section.snapshot_select_overrides;
    let selection = Selection::new(
        section.snapshot_include_collection_list.as_deref(),
        overrides.into_iter().map(|(table, select)| (table.0, select)),
        place,
    );
    let heartbeat = heartbeat(
        section.heartbeat_interval_ms,
        section.heartbeat_action_query,
        logged,
        place,
        findings,
    );
    postgres_source::Settings {
        pipeline: name.clone(),
        shape,
        server: server(section.url, section.password.as_ref(), place, findings),
        tables: section.tables.into_iter().map(|pattern| pattern.0).collect(),
        publication: section.publication.unwrap_or_else(|| slot.clone()).into(),
        slot: slot.into(),
        snapshot: section.snapshot,
        selection: found(selection, findings),
        messages: found(messages, findings),
        heartbeat,
        transaction_metadata: section.provide_transaction_metadata,
        batch_events_max: BATCH_EVENTS_MAX,
        batch_bytes_max: BATCH_BYTES_MAX,
        queue_bytes_max: QUEUE_BYTES_MAX,
    }
}

/// How records look.
fn shape(section: &PostgresSource, place: &str) -> Result<Shape, Finding> {
    Ok(Shape {
        modes: section.modes(),
        placeholder: section.unavailable_value_placeholder.as_deref().map(Into::into),
        message_key: MessageKey::parse(
            section.message_key_columns.as_deref().unwrap_or_default(),
            place,
        )?,
        source_types: SourceTypes::new(
            &section.column_propagate_source_type,
            &section.datatype_propagate_source_type,
            place,
        )?,
    })
}

/// When heartbeats are due, if they are asked for.
fn heartbeat(
    millis: u64,
    action: Option<String>,
    noted: bool,
    place: &str,
    findings: &mut Vec<Finding>,
) -> Option<Heartbeat> {
    if millis == 0 {
        findings.extend(action.map(|_| {
            Finding::usage(
                "heartbeat_action_query",
                place,
                "`heartbeat_action_query` is never run: `heartbeat_interval_ms` is 0",
            )
            .remedy("say how often: heartbeat_interval_ms: 60000")
        }));
        return None;
    }
    let interval = Duration::from_millis(millis);
    Some(Heartbeat { interval, action: action.map(Into::into), noted })
}

/// What was made of a key, or its default beside what is wrong with it.
fn found<T: Default>(made: Result<T, Finding>, findings: &mut Vec<Finding>) -> T {
    made.unwrap_or_else(|finding| {
        findings.push(finding);
        T::default()
    })
}

fn sink_settings(
    name: &Arc<str>,
    section: PostgresSink,
    owns_source: bool,
    place: &str,
    findings: &mut Vec<Finding>,
) -> postgres_sink::Settings {
    postgres_sink::Settings {
        pipeline: name.clone(),
        server: server(section.url, section.password.as_ref(), place, findings),
        tables: section.tables.into_iter().map(|(from, to)| (from.0, to.0)).collect(),
        mode: section.mode,
        delete: section.delete,
        create: section.create,
        constraints: section.constraints,
        owns_source,
    }
}

/// What is wrong with the topics that are written or read, and with their formats.
fn topics(kafka: &Kafka, has_source: bool, place: impl Fn(&str) -> String) -> Vec<Finding> {
    let wrong = |key: &str, reason: &str, remedy: &str| {
        Finding::usage("file_wrong", place(key), reason).remedy(remedy)
    };
    let (_, value) = kafka.formats();
    let mut findings = Vec::new();
    if kafka.topics.is_empty() {
        if kafka.topic_prefix.is_empty() {
            findings.push(
                Finding::usage("missing_key", place("brokers"), "missing field `topic_prefix`")
                    .remedy("add topic_prefix, or, to apply what other producers wrote, topics"),
            );
        }
        for (key, format) in [
            ("format", Some(kafka.format)),
            ("key_format", kafka.key_format),
            ("value_format", kafka.value_format),
        ] {
            if format.is_some_and(|format| !format.is_written() || key != "format") {
                findings.push(wrong(
                    key,
                    "this format is only read, from `topics`",
                    "write format: debezium_json, debezium_json_schemas or avro",
                ));
            }
        }
        return findings;
    }
    if !kafka.topic_prefix.is_empty() {
        findings.push(wrong("topic_prefix", "a pipeline reads what a capture half wrote under a prefix, or topics of other producers", "leave out topic_prefix or topics"));
    }
    if has_source {
        findings.push(wrong(
            "topics",
            "topics of other producers belong to a pipeline without a source",
            "take out `source`, or write topic_prefix instead",
        ));
    }
    if matches!(value, Format::String | Format::Bytes) {
        findings.push(wrong(
            if kafka.value_format.is_some() { "value_format" } else { "format" },
            "a value of this format has no columns",
            "name a format of rows for the values; string and bytes are for key_format",
        ));
    }
    let patterns = pgrelay_log::check_topic_patterns(&kafka.topics);
    findings.extend(patterns.map(|finding| Finding { place: place("topics"), ..finding }));
    findings
}

fn option_values(
    options: &BTreeMap<String, OptionValue>,
    place: &str,
    section: &str,
    findings: &mut Vec<Finding>,
) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for (name, value) in options {
        let value = match value {
            OptionValue::Switch(switch) => Some(switch.to_string()),
            OptionValue::Number(number) => Some(number.to_string()),
            OptionValue::Text(_) if is_secret(name) => {
                findings.push(
                    Finding::usage(
                        "secret_in_file",
                        format!("{place}.{section}"),
                        format!("`{name}` is written into the file"),
                    )
                    .remedy(format!(
                        "write `{name}: {{ env: NAME }}` or `{name}: {{ file: PATH }}`"
                    )),
                );
                None
            }
            OptionValue::Text(text) => Some(text.clone()),
            OptionValue::Env { env } => secret(&SecretRef::Env(env.clone()), place, findings),
            OptionValue::File { file } => secret(&SecretRef::File(file.clone()), place, findings),
        };
        values.extend(value.map(|value| (name.clone(), value)));
    }
    values
}

/// The schema registry with its secrets, which a format needs or not.
fn registry(
    kafka: &Kafka,
    file: &str,
    text: &str,
    findings: &mut Vec<Finding>,
) -> Option<schema_registry::Settings> {
    let Some(registry) = &kafka.schema_registry else {
        if kafka.needs_registry() {
            findings.push(
                Finding::usage(
                    "missing_key",
                    place_within(file, text, "kafka", "format"),
                    "format avro needs a schema registry",
                )
                .remedy("add schema_registry: { url: http://host:port } under kafka:"),
            );
        }
        return None;
    };
    let place = place_within(file, text, "kafka", "schema_registry");
    let secrets = [("user", &registry.user), ("password", &registry.password)];
    let secrets = secrets.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
    let secrets = secrets.map(|(name, value)| (name.to_owned(), value)).collect();
    let mut values = option_values(&secrets, &place, "schema_registry", findings);
    let settings = schema_registry::Settings {
        url: registry.url.clone(),
        user: values.remove("user"),
        password: values.remove("password"),
        ca_file: registry.ca_file.clone(),
    };
    if let Err(error) = settings.base() {
        let finding = error.finding();
        findings.push(Finding { place: format!("{place}.url"), ..finding });
    }
    Some(settings)
}

/// Whether librdkafka's setting holds a secret.
fn is_secret(name: &str) -> bool {
    ["password", "secret", "pem"].iter().any(|word| name.contains(word))
        && !name.ends_with(".location")
}
