//! The `kafka:` part of a pipeline file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cdc::{BinaryMode, DecimalMode, HstoreMode, IntervalMode, Modes, TimeMode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compression::Compression;
use crate::converter::AnyConverter;
use crate::format::{DecimalFormat, Format, Formats, HeaderFormat};

/// Where the log is and how its topics are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// The brokers to begin with: `host:port`, one or a list.
    pub brokers: Brokers,
    /// Topics are `<topic_prefix>.<schema>.<table>`. Left out where `topics` says what is read.
    #[serde(default)]
    pub topic_prefix: String,
    /// The topics of other producers that a pipeline without `source` applies: names, and `{ regex: … }` for the
    /// whole of a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<TopicPattern>,
    /// The format of the keys, where it is not `format`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_format: Option<Format>,
    /// The format of the values, where it is not `format`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_format: Option<Format>,
    /// The format of the other key that a change of key has in a header: `__debezium.newkey` and `__debezium.oldkey`.
    #[serde(default)]
    pub header_format: HeaderFormat,
    /// What the decimal numbers of Connect look like in what is written in JSON; `decimal_handling_mode: precise` makes
    /// them of columns with a scale. Both forms are read.
    #[serde(default)]
    pub decimal_format: DecimalFormat,
    /// What the records in `topics` do not say themselves: the modes of the connector that wrote them.
    #[serde(default, skip_serializing_if = "WrittenWith::is_default")]
    pub written_with: WrittenWith,
    /// Where transactions begin and end goes to `<topic_prefix>.<topic_transaction>`.
    #[serde(default = "transaction")]
    pub topic_transaction: String,
    /// Heartbeats go to `<topic_heartbeat_prefix>.<topic_prefix>`, which has one partition.
    #[serde(default = "heartbeat")]
    pub topic_heartbeat_prefix: String,
    /// The whole name of the topic of heartbeats, whatever `topic_heartbeat_prefix` says: pipelines may share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_heartbeat_name: Option<String>,
    /// How records are written.
    #[serde(default)]
    pub format: Format,
    /// How batches of records are compressed.
    #[serde(default)]
    pub compression: Compression,
    /// Partitions of a topic that is made.
    #[serde(default = "one")]
    pub partitions: i32,
    /// Replicas of a topic that is made; the broker's default where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_factor: Option<i32>,
    /// Settings of a data topic that is made, as `kafka-configs` names them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub topic_config: BTreeMap<String, String>,
    /// What a reader may count on.
    #[serde(default)]
    pub delivery: Delivery,
    /// Whether a delete is followed by a record without a value, for topics that are compacted. Means nothing to rows
    /// without envelopes, whose deletes are null.
    #[serde(default = "yes")]
    pub tombstones: bool,
    /// Where the schemas of records are registered; `format: avro` needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_registry: Option<SchemaRegistry>,
    /// Settings of librdkafka, by its own names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, OptionValue>,
}

/// Topics that are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum TopicPattern {
    /// The topic of this name.
    Name(String),
    /// Every topic whose whole name this matches. Names that begin with `__` are Kafka's and Debezium's own, and are
    /// not matched.
    Regex {
        /// The regular expression.
        regex: String,
    },
}

/// What a Debezium connector was told: of the values of records that have no schema beside them, and what stands for one
/// that was not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WrittenWith {
    /// What a `numeric` is. Without it a text is taken for digits or for base64, and one that could be either halts.
    pub decimal_handling_mode: Option<DecimalMode>,
    /// What a `bytea` is.
    pub binary_handling_mode: BinaryMode,
    /// What a date, a time or a timestamp without zone is.
    pub time_precision_mode: TimeMode,
    /// What an `interval` is.
    pub interval_handling_mode: IntervalMode,
    /// What an `hstore` is.
    pub hstore_handling_mode: HstoreMode,
    /// What stands for a TOAST value that was not sent, behind `hex:` its bytes: such a value is left as it is. Default:
    /// `__debezium_unavailable_value`.
    pub unavailable_value_placeholder: Option<String>,
}

impl WrittenWith {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The forms of values.
    pub(crate) fn modes(&self) -> Modes {
        Modes {
            decimal: self.decimal_handling_mode.unwrap_or_default(),
            binary: self.binary_handling_mode,
            time: self.time_precision_mode,
            interval: self.interval_handling_mode,
            hstore: self.hstore_handling_mode,
            ..Modes::default()
        }
    }
}

impl Kafka {
    /// The format of keys and that of values.
    pub fn formats(&self) -> (Format, Format) {
        (self.key_format.unwrap_or(self.format), self.value_format.unwrap_or(self.format))
    }

    /// The converter of the records that a capture half writes under the prefix.
    pub(crate) fn converter(&self) -> AnyConverter {
        let (key, value) = self.formats();
        let (header, decimals) = (self.header_format, self.decimal_format);
        let formats = Formats { key, value, header, decimals };
        AnyConverter::of(formats, &self.topic_prefix, self.tombstones)
    }

    /// Whether any part of a record is JSON.
    pub fn writes_json(&self) -> bool {
        let (key, value) = self.formats();
        key.is_json() || value.is_json() || self.header_format.is_json()
    }

    /// Whether a registry has the schemas of any records.
    pub fn needs_registry(&self) -> bool {
        let (key, value) = self.formats();
        [key, value].contains(&Format::Avro)
    }
}

/// A schema registry with Confluent's interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SchemaRegistry {
    /// `http://host:port` or `https://host:port`, with the path of the interface where it has one: Apicurio's is
    /// `/apis/ccompat/v7`.
    pub url: String,
    /// The user, if the registry knows users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<OptionValue>,
    /// The password: `{ env: NAME }` or `{ file: PATH }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<OptionValue>,
    /// A file of certificates in PEM that may have signed the registry's; otherwise those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// What subjects are called after.
    #[serde(default)]
    pub subject_name_strategy: SubjectNames,
    /// Whether a schema that is not registered is. Otherwise it halts.
    #[serde(default = "yes")]
    pub auto_register: bool,
}

/// A Debezium connector whose work the pipeline goes on with, from where it stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Takeover {
    /// The connector's name. It is stopped before the pipeline is started.
    pub connector: String,
    /// Its `topic.prefix`. Default: `kafka.topic_prefix`, which takes its topics on.
    pub server: Option<String>,
    /// Its worker's `offset.storage.topic`.
    #[serde(default = "connect_offsets")]
    pub offsets_topic: String,
}

fn connect_offsets() -> String {
    "connect-offsets".to_owned()
}

/// What subjects are called after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectNames {
    /// The topic: `<topic>-key` and `<topic>-value`.
    #[default]
    Topic,
    /// The schema's full name.
    Record,
    /// Both: `<topic>-<full name>`.
    TopicRecord,
}

/// One address, or a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Brokers {
    /// `host:port`, or several with commas between.
    One(String),
    /// A list of them.
    Many(Vec<String>),
}

impl Brokers {
    /// As `bootstrap.servers` has it.
    pub fn bootstrap(&self) -> String {
        match self {
            Brokers::One(one) => one.clone(),
            Brokers::Many(many) => many.join(","),
        }
    }
}

/// A setting of librdkafka, or where to find it: a secret is never in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OptionValue {
    /// `true` or `false`.
    Switch(bool),
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
    /// The environment variable that holds it.
    Env {
        /// Its name.
        env: String,
    },
    /// The file that holds it.
    File {
        /// Its path.
        file: PathBuf,
    },
}

/// What a reader may count on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Each batch is one Kafka transaction: readers with `isolation.level=read_committed` see it once.
    #[default]
    ExactlyOnce,
    /// No transactions: records may come twice after a failure. For brokers that have none.
    AtLeastOnce,
}

const fn one() -> i32 {
    1
}

fn transaction() -> String {
    "transaction".to_owned()
}

fn heartbeat() -> String {
    "__debezium-heartbeat".to_owned()
}

const fn yes() -> bool {
    true
}

/// Everything an end of the log needs: the file's part, whose secrets the caller has looked up.
#[derive(Clone)]
pub struct LogSettings {
    /// The pipeline's name: identity of the checkpoint and of the transactional id.
    pub pipeline: String,
    /// The `kafka:` part.
    pub kafka: Kafka,
    /// [`Kafka::options`] with every reference replaced by what it refers to.
    pub options: BTreeMap<String, String>,
    /// [`Kafka::schema_registry`], the same.
    pub registry: Option<schema_registry::Settings>,
    /// The connector whose work the pipeline goes on with.
    pub takeover: Option<Takeover>,
    /// Whether the half that captures writes heartbeats.
    pub heartbeats: bool,
    /// Where records of `topics` go that cannot be read; without it they halt.
    pub dead_letter_topic: Option<String>,
}

impl std::fmt::Debug for LogSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The options hold secrets, so only their names are shown.
        f.debug_struct("LogSettings")
            .field("pipeline", &self.pipeline)
            .field("kafka", &self.kafka)
            .field("options", &self.options.keys().collect::<Vec<_>>())
            .finish()
    }
}

impl LogSettings {
    /// The settings of a file whose options refer to nothing.
    pub fn new(pipeline: &str, kafka: Kafka) -> Self {
        let plain = |value: &OptionValue| match value {
            OptionValue::Switch(b) => Some(b.to_string()),
            OptionValue::Number(n) => Some(n.to_string()),
            OptionValue::Text(text) => Some(text.clone()),
            OptionValue::Env { .. } | OptionValue::File { .. } => None,
        };
        let options = kafka
            .options
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), plain(value)?)))
            .collect();
        let registry = kafka.schema_registry.as_ref().map(|registry| schema_registry::Settings {
            url: registry.url.clone(),
            user: registry.user.as_ref().and_then(plain),
            password: registry.password.as_ref().and_then(plain),
            ca_file: registry.ca_file.clone(),
        });
        let pipeline = pipeline.to_owned();
        Self {
            pipeline,
            kafka,
            options,
            registry,
            takeover: None,
            heartbeats: false,
            dead_letter_topic: None,
        }
    }

    /// `bootstrap.servers`, for findings and commands.
    pub(crate) fn bootstrap(&self) -> String {
        self.kafka.brokers.bootstrap()
    }

    /// The identity of the pipeline's clients.
    pub fn transactional_id(&self) -> String {
        format!("pgrelay-{}", self.pipeline)
    }

    /// The identities whose newest holders may write: the producers that take turns. No pipeline's name has a colon.
    pub fn transactional_ids(&self) -> [String; 3] {
        let id = self.transactional_id();
        let (second, third) = (format!("{id}:2"), format!("{id}:3"));
        [id, second, third]
    }

    /// The one that only `pgrelay check` asks for: asking for the pipeline's own would fence it.
    pub(crate) fn check_id(&self) -> String {
        format!("{}:check", self.transactional_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_safe_ones() {
        let kafka: Kafka = serde_json::from_str(
            r#"{"brokers":["a:1","b:2"],"topic_prefix":"shop","options":{"socket.timeout.ms":1000,"sasl.password":{"env":"P"}}}"#,
        )
        .unwrap();
        assert_eq!(kafka.brokers.bootstrap(), "a:1,b:2");
        assert_eq!((kafka.delivery, kafka.tombstones), (Delivery::ExactlyOnce, true));
        let settings = LogSettings::new("shop", kafka);
        assert_eq!(settings.options["socket.timeout.ms"], "1000");
        assert_eq!(settings.options.len(), 1);
    }

    #[test]
    fn unknown_keys_are_refused() {
        let text = r#"{"brokers":"a:1","topic_prefix":"shop","broker":"b"}"#;
        assert!(serde_json::from_str::<Kafka>(text).is_err());
    }
}
