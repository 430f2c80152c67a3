//! The two databases of a pipeline file with their defaults filled in and their secrets looked up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cdc::{Finding, TableName};
use postgres_client::{Secret, Server};
use postgres_source::{Heartbeat, MessageKey, Prefixes, Selection, Shape, SourceTypes};
use transforms::SecretRef;

use super::file::{PostgresSink, PostgresSource, Url};

/// A batch ends at this many events …
const BATCH_EVENTS_MAX: usize = 10_000;
/// … or bytes,
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// and this many bytes may wait between the socket and the batch.
const QUEUE_BYTES_MAX: usize = 8 * 1024 * 1024;

pub(super) fn secret(
    reference: &SecretRef,
    place: &str,
    findings: &mut Vec<Finding>,
) -> Option<String> {
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

pub(super) fn source_settings(
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
    let publication = section.publication.unwrap_or_else(|| slot.clone());
    if publication.len() > NAME_BYTES_MAX {
        findings.push(too_long(place, "publication", &publication));
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
        publication: publication.into(),
        slot: slot.into(),
        via_root: section.publish_via_partition_root,
        requires_identity: section.require_replica_identity,
        follows_renames: section.follow_renames,
        snapshot: section.snapshot,
        selection: found(selection, findings),
        messages: found(messages, findings),
        heartbeat,
        xmin_interval: (logged && section.xmin_fetch_interval_ms > 0)
            .then(|| Duration::from_millis(section.xmin_fetch_interval_ms)),
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
        placeholder: section
            .unavailable_value_placeholder
            .as_deref()
            .map(|text| placeholder(text, place))
            .transpose()?,
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

/// A placeholder as it is written, or as the bytes behind `hex:`.
fn placeholder(text: &str, place: &str) -> Result<Arc<str>, Finding> {
    pgrelay_log::placeholder_word(text).map(Into::into).ok_or_else(|| no_word(place))
}

/// The finding for a placeholder that is none.
pub(super) fn no_word(place: impl Into<String>) -> Finding {
    let reason = "`unavailable_value_placeholder` is empty, or has no UTF-8 as hexadecimal digits behind `hex:`";
    Finding::usage("placeholder", place, reason).remedy("write two digits for each byte of a text")
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

/// The longest name PostgreSQL keeps whole.
const NAME_BYTES_MAX: usize = 63;

fn too_long(place: &str, key: &str, name: &str) -> Finding {
    let bytes = name.len();
    let reason =
        format!("`{key}` has {bytes} bytes, and PostgreSQL cuts names after {NAME_BYTES_MAX}");
    Finding::usage("name_too_long", place, reason).remedy("give it a shorter name")
}

/// What the rows of several tables would become in one: of rows with one key the last, and none after a truncate of any.
fn one_target_of_two(place: &str, tables: &BTreeMap<TableName, TableName>) -> Option<Finding> {
    let mut taken = BTreeMap::new();
    tables.iter().find_map(|(from, to)| {
        let other = taken.insert(to, from)?;
        let reason = format!("`tables` gives the rows of {other} and of {from} to one table, {to}");
        Some(Finding::usage("target_table_taken", place, reason).remedy(
            "give each its own: rows with one key would overwrite each other, and a truncate of one would empty both",
        ))
    })
}

pub(super) fn sink_settings(
    name: &Arc<str>,
    section: PostgresSink,
    owns_source: bool,
    place: &str,
    findings: &mut Vec<Finding>,
) -> postgres_sink::Settings {
    let tables = section.tables.into_iter().map(|(from, to)| (from.0, to.0)).collect();
    findings.extend(one_target_of_two(place, &tables));
    postgres_sink::Settings {
        pipeline: name.clone(),
        server: server(section.url, section.password.as_ref(), place, findings),
        tables,
        mode: section.mode,
        delete: section.delete,
        create: section.create,
        constraints: section.constraints,
        owns_source,
    }
}
