//! A pipeline file between a pair of databases, and the runs over it.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::run::{Ended, LIMIT, Serving};
use crate::{Pair, Psql};

/// Which way changes go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Straight to the target.
    Direct,
    /// Through Kafka at this address.
    Kafka(String),
    /// The same in Avro.
    Avro {
        /// Kafka's address.
        brokers: String,
        /// The schema registry's URL.
        registry: String,
    },
}

impl Mode {
    /// The brokers, if there are any.
    #[must_use]
    pub fn brokers(&self) -> Option<&str> {
        match self {
            Mode::Direct => None,
            Mode::Kafka(brokers) | Mode::Avro { brokers, .. } => Some(brokers),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Direct => "direct",
            Mode::Kafka(_) => "kafka",
            Mode::Avro { .. } => "avro",
        })
    }
}

/// A pipeline file.
#[derive(Debug)]
pub struct Pipeline {
    folder: TempDir,
    /// The pipeline's name, and its slot's, its publication's and its topics'.
    pub name: String,
    config: Value,
    /// What its runs said, one after the other.
    pub said: String,
}

impl Pipeline {
    /// A file that copies every table of `public`.
    ///
    /// # Errors
    /// Where no temporary folder can be made.
    pub fn new(pair: &Pair, mode: &Mode) -> Result<Pipeline> {
        Pipeline::named(pair, mode, &pair.name)
    }

    /// The same under another name, for a second pipeline between the same databases.
    ///
    /// # Errors
    /// As [`Pipeline::new`].
    pub fn named(pair: &Pair, mode: &Mode, name: &str) -> Result<Pipeline> {
        let mut config = json!({
            "name": name,
            "source": { "postgres": { "url": pair.source_url(), "tables": ["public.*"], "slot": name, "publication": name } },
            "sink": { "postgres": { "url": pair.target_url() } },
        });
        if let Some(brokers) = mode.brokers() {
            config["kafka"] = json!({ "brokers": brokers, "topic_prefix": name });
        }
        if let Mode::Avro { registry, .. } = mode {
            config["kafka"]["format"] = "avro".into();
            config["kafka"]["schema_registry"] = json!({ "url": registry });
        }
        let folder = tempfile::tempdir().context("make a temporary folder")?;
        Ok(Pipeline { folder, name: name.to_owned(), config, said: String::new() })
    }

    /// A file that applies topics of other producers. `kafka` is more of the part of this name, as JSON.
    ///
    /// # Errors
    /// Where no temporary folder can be made.
    pub fn of_topics(pair: &Pair, brokers: &str, kafka: &Value) -> Result<Pipeline> {
        let mut config = json!({
            "name": pair.name,
            "kafka": { "brokers": brokers },
            "sink": { "postgres": { "url": pair.target_url() } },
        });
        merge(&mut config["kafka"], kafka.clone());
        let folder = tempfile::tempdir().context("make a temporary folder")?;
        Ok(Pipeline { folder, name: pair.name.clone(), config, said: String::new() })
    }

    /// Runs another command of the binary over the file.
    ///
    /// # Errors
    /// Where it does not end.
    pub fn command(&self, args: &[&str]) -> Result<Ended> {
        Serving::start(args, &self.write()?)?.wait()
    }

    /// Adds to the file, or replaces in it, what this YAML says.
    ///
    /// # Errors
    /// Where it is no YAML.
    pub fn change(&mut self, yaml: &str) -> Result<()> {
        let more: Value = serde_saphyr::from_str(yaml)
            .with_context(|| format!("read the pipeline part\n{yaml}"))?;
        // A case says how its topics are made; it does not decide that there are any.
        let more = match more {
            Value::Object(mut more) if self.config.get("kafka").is_none() => {
                more.remove("kafka");
                Value::Object(more)
            }
            more => more,
        };
        merge(&mut self.config, more);
        Ok(())
    }

    fn write(&self) -> Result<PathBuf> {
        let file = self.folder.path().join("pipeline.yaml");
        // JSON is YAML.
        std::fs::write(&file, serde_json::to_string_pretty(&self.config)?)
            .context("write the pipeline file")?;
        Ok(file)
    }

    /// Starts `pgrelay serve` over the file.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn serve(&self, args: &[&str]) -> Result<Serving> {
        Serving::start(&[&["serve", "--listen", "127.0.0.1:0"], args].concat(), &self.write()?)
    }

    /// Runs until everything committed by now is in the target, or it halts.
    ///
    /// # Errors
    /// Where it does not end.
    pub fn until_now(&mut self) -> Result<Ended> {
        self.until("now")
    }

    /// The same, up to an LSN.
    ///
    /// # Errors
    /// Where it does not end.
    pub fn until(&mut self, goal: &str) -> Result<Ended> {
        let ended = self.serve(&["--until", goal])?.wait()?;
        self.said.push_str(&ended.said);
        Ok(ended)
    }

    /// What `pgrelay offsets` prints of it.
    ///
    /// # Errors
    /// It ended otherwise than well.
    pub fn offsets(&self) -> Result<String> {
        let ended = Serving::start(&["offsets"], &self.write()?)?.wait()?.well()?;
        Ok(ended.said)
    }

    /// Applies what the log holds by now, without the half that captures.
    ///
    /// # Errors
    /// Where it does not end.
    pub fn apply_the_log(&mut self) -> Result<Ended> {
        let whole = self.config.clone();
        if let Some(file) = self.config.as_object_mut() {
            for key in ["source", "transforms", "new_columns"] {
                file.remove(key);
            }
        }
        let ended = self.until_now();
        self.config = whole;
        ended
    }

    /// Waits until the run streams from its slot.
    ///
    /// # Errors
    /// It has ended, or does not come to it.
    pub fn streaming(&self, serving: &mut Serving, source: &mut Psql) -> Result<()> {
        let sql = format!(
            "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{}' AND active;",
            self.name
        );
        let line = format!("streaming slot={} ", self.name);
        let waited = stack::wait::until("the stream", LIMIT, "", || {
            // The slot alone may be active for the run before, whose walsender has not ended.
            let streams = source.value(&sql).is_ok_and(|count| count == "1")
                && serving.said().is_ok_and(|said| said.contains(&line));
            let alive = serving.is_alive().unwrap_or(false);
            Ok((streams || !alive).then_some(alive))
        });
        match waited {
            Ok(true) => Ok(()),
            _ => anyhow::bail!("pgrelay does not stream:\n{}", serving.said()?),
        }
    }

    /// Runs `pgrelay drop`.
    ///
    /// # Errors
    /// It failed.
    pub fn remove(&self) -> Result<()> {
        Serving::start(&["drop", "--yes"], &self.write()?)?.wait()?.well().map(drop)
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert_with(|| Value::Object(Map::new())), value);
            }
        }
        (into, from) => *into = from,
    }
}
