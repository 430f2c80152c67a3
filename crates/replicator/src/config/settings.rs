//! A pipeline file with its defaults filled in and its secrets looked up: what the halves are made of.

use std::sync::Arc;

use cdc::Finding;
use pgrelay_log::LogSettings;
use postgres_source::SnapshotMode;
use transforms::{Chain, NewColumns, Step};

use super::ends::{sink_settings, source_settings};
use super::errors;
use super::file::PipelineFile;
use super::kafka::{client_options, registry, topics};
use super::place::{place, place_within};

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

impl Ends {
    /// The ends that are there; which part is missing, where they make no pipeline.
    fn of(
        source: Option<postgres_source::Settings>,
        log: Option<LogSettings>,
        sink: Option<postgres_sink::Settings>,
    ) -> Result<Ends, &'static str> {
        match (source, log, sink) {
            (Some(source), None, Some(sink)) => Ok(Ends::Direct(Box::new(source), Box::new(sink))),
            (None, Some(_), None) => Err("source or sink"),
            (source, Some(log), sink) => Ok(Ends::Log {
                source: source.map(Box::new),
                log: Box::new(log),
                sink: sink.map(Box::new),
            }),
            (None, None, _) => Err("source"),
            (Some(_), None, None) => Err("kafka or sink"),
        }
    }
}

fn nothing_to_do(file: &str, missing: &str) -> Finding {
    Finding::usage("missing_key", file, format!("the pipeline has no {missing}"))
        .remedy("a pipeline has a source and a sink, or kafka and one of the two, or all three")
}

/// What was copied once is there; what is to be copied at each start, or alone, goes on with nothing.
fn takes_over_a_copy(place: &str, ends: &Ends) -> Option<Finding> {
    let (Ends::Direct(source, _) | Ends::Log { source: Some(source), .. }) = ends else {
        return None;
    };
    let word = match source.snapshot {
        SnapshotMode::Always => "always",
        SnapshotMode::InitialOnly => "initial_only",
        _ => return None,
    };
    let reason = format!("`takeover` goes on with a stream, and `snapshot: {word}` copies");
    Some(Finding::usage("takeover", place, reason).remedy("leave `snapshot` out, or `takeover`"))
}

fn takes_over_nothing(place: &str) -> Finding {
    let reason =
        "`takeover` needs `source` and `kafka`: a connector's work is in its slot and its topics";
    Finding::usage("takeover", place, reason).remedy("add the two, or take `takeover` out")
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
        let renames = || place_within(file, text, "source", "follow_renames");
        findings.extend(follow_renames_beside(&parsed).map(|key| follows_names(renames(), key)));
        findings.extend(errors::wrong(&parsed, |key| place_within(file, text, "errors", key)));
        let dead_letter_topic = parsed.dead_letter_topic();
        let source = parsed.source.map(|section| {
            source_settings(&name, section.postgres, logged, &at("source"), &mut findings)
        });
        if let Some(kafka) = &parsed.kafka {
            let ends = (source.is_some(), parsed.sink.is_some());
            findings.extend(topics(kafka, ends, |key| place_within(file, text, "kafka", key)));
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
            let options = client_options(&kafka, &at("kafka"), &mut findings);
            let registry = registry(&kafka, file, text, &mut findings);
            LogSettings {
                options,
                registry,
                takeover: parsed.takeover.clone(),
                heartbeats: source.as_ref().is_some_and(|source| source.heartbeat.is_some()),
                dead_letter_topic,
                ..LogSettings::new(&name, kafka)
            }
        });
        if parsed.takeover.is_some() && (source.is_none() || log.is_none()) {
            findings.push(takes_over_nothing(&at("takeover")));
        }
        let ends = Ends::of(source, log, sink)
            .map_err(|missing| findings.push(nothing_to_do(file, missing)))
            .ok();
        if parsed.takeover.is_some() {
            findings
                .extend(ends.as_ref().and_then(|ends| takes_over_a_copy(&at("takeover"), ends)));
        }
        if let Some(finding) = ends.as_ref().and_then(|ends| copied_always(file, text, ends)) {
            findings.push(finding);
        }
        if !parsed.transforms.is_empty() && ends.as_ref().is_some_and(captures_nothing) {
            findings.push(transforms_nothing(at("transforms")));
        }
        findings.extend(unmade(file, "transforms", &parsed.transforms));
        findings.extend(unmade(file, "sink.transforms", &sink_transforms));
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

fn captures_nothing(ends: &Ends) -> bool {
    matches!(ends, Ends::Log { source: None, .. })
}

/// A mask that never runs would be taken for one that does.
fn transforms_nothing(place: String) -> Finding {
    let reason = "`transforms` runs before anything is produced, and the pipeline has no `source`";
    Finding::usage("transforms_without_source", place, reason)
        .remedy("move its steps to `sink.transforms`, which runs before anything is applied")
}

/// A chain that cannot be made for want of a key is the file's fault, and known before anything starts.
fn unmade(file: &str, key: &str, steps: &[Step]) -> Option<Finding> {
    Chain::new(key, steps.to_vec(), None).err().map(|error| error.0.within(file))
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

fn follows_names(place: String, key: &str) -> Finding {
    let reason =
        format!("a table that goes on under another name would not be meant by `{key}` any more");
    Finding::usage("file_wrong", place, reason)
        .remedy(format!("take out follow_renames, and a renamed table halts; or take out {key}"))
}

/// The part of the file that goes by tables' names, where renamed tables are to be followed.
fn follow_renames_beside(parsed: &PipelineFile) -> Option<&'static str> {
    let source = &parsed.source.as_ref()?.postgres;
    let parts = [
        (parsed.kafka.is_none() || parsed.sink.is_some(), "sink"),
        (!parsed.transforms.is_empty(), "transforms"),
        (source.message_key_columns.is_some(), "message_key_columns"),
        (!source.column_propagate_source_type.is_empty(), "column_propagate_source_type"),
        (!source.snapshot_select_overrides.is_empty(), "snapshot_select_overrides"),
        (source.snapshot_include_collection_list.is_some(), "snapshot_include_collection_list"),
        // The columns that were there before are known by the table's name.
        (matches!(parsed.new_columns, Some(NewColumns::Halt | NewColumns::Drop)), "new_columns"),
    ];
    let by_name = parts.into_iter().find(|(is_there, _)| *is_there);
    by_name.filter(|_| source.follow_renames).map(|(_, key)| key)
}
