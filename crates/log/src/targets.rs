//! The topics that records go to, by number: made when the first record for one comes.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cdc::{Batch, Note};

use crate::admin::{self, TopicSpec};
use crate::config::LogSettings;
use crate::error::LogError;
use crate::sink::{blocking, schemas};
use crate::topics;

/// A topic records go to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: Arc<str>,
    pub(crate) partitions: i32,
    /// Whether it has changes of rows: only these are given back by the log.
    pub(crate) rows: bool,
}

/// The topics met so far.
#[derive(Debug)]
pub(crate) struct Targets {
    pub(crate) list: Arc<[Target]>,
    by_name: HashMap<String, usize>,
    by_schema: HashMap<u64, usize>,
}

impl Default for Targets {
    fn default() -> Self {
        Self { list: Arc::from([]), by_name: HashMap::new(), by_schema: HashMap::new() }
    }
}

impl Targets {
    /// The number of the topic for rows of this table version.
    pub(crate) fn of_schema(&self, fingerprint: u64) -> Result<usize, LogError> {
        self.by_schema.get(&fingerprint).copied().ok_or(LogError::Void)
    }

    /// The number of the topic for this note.
    pub(crate) fn of_note(&self, settings: &LogSettings, note: &Note) -> Result<usize, LogError> {
        let name = topics::note_topic(&settings.kafka, note);
        self.by_name.get(&name).copied().ok_or(LogError::Void)
    }

    /// Makes the topics met for the first time, and gives them numbers.
    pub(crate) async fn meet(
        &mut self,
        settings: &LogSettings,
        batch: &Batch,
    ) -> Result<(), LogError> {
        let prefix = &settings.kafka.topic_prefix;
        let mut new: Vec<(u64, String)> = Vec::new();
        for schema in schemas(batch) {
            let fingerprint = schema.fingerprint();
            if !self.by_schema.contains_key(&fingerprint)
                && !new.iter().any(|(known, _)| *known == fingerprint)
            {
                new.push((fingerprint, topics::data_topic(prefix, schema)));
            }
        }
        let of_notes: BTreeSet<String> =
            batch.notes.iter().map(|note| topics::note_topic(&settings.kafka, note)).collect();
        if new.is_empty() && of_notes.iter().all(|name| self.by_name.contains_key(name)) {
            return Ok(());
        }
        let names: BTreeSet<&String> = new.iter().map(|(_, name)| name).chain(&of_notes).collect();
        self.make(settings, &names).await?;
        let mut list = self.list.to_vec();
        for (fingerprint, name) in new {
            let Some(&topic) = self.by_name.get(&name) else { continue };
            self.by_schema.insert(fingerprint, topic);
            if let Some(target) = list.get_mut(topic) {
                target.rows = true;
            }
        }
        self.list = list.into();
        Ok(())
    }

    async fn make(
        &mut self,
        settings: &LogSettings,
        names: &BTreeSet<&String>,
    ) -> Result<(), LogError> {
        let heartbeats = TopicSpec::heartbeats(settings);
        let specs: Vec<TopicSpec> = names
            .iter()
            .filter(|name| !self.by_name.contains_key(**name))
            .map(|name| match &heartbeats {
                heartbeats if heartbeats.name == **name => heartbeats.clone(),
                _ => TopicSpec::data((*name).clone(), settings),
            })
            .collect();
        if specs.is_empty() {
            return Ok(());
        }
        let owned = settings.clone();
        let partitions = blocking(move || admin::ensure(&owned, &specs)).await?;
        let mut list = self.list.to_vec();
        for (name, partitions) in partitions {
            self.by_name.insert(name.clone(), list.len());
            list.push(Target { name: name.into(), partitions, rows: false });
        }
        self.list = list.into();
        Ok(())
    }
}
