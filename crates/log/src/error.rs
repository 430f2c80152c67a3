//! What goes wrong at the log, what the program does about it, and what the person is told.

use cdc::{Fault, Finding, Remedy};
use rdkafka::ClientContext;
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use schema_registry::RegistryError;

use crate::client::ASK_LIMIT;
use crate::config::LogSettings;
use crate::converter::ConvertError;
use crate::names::SchemaError;

/// An error of the log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The broker did not do what was asked; it may yet.
    #[error("{doing}: {reason}")]
    Broker {
        /// Brokers, topic, partition.
        place: String,
        /// What was tried.
        doing: &'static str,
        /// What the client says.
        reason: String,
    },
    /// The brokers answer, and none of them leads transactions; one may yet.
    #[error("{doing}: the brokers answer, but none of them coordinates transactions")]
    NoCoordinator {
        /// Brokers.
        place: String,
        /// What was tried.
        doing: &'static str,
    },
    /// Another process claimed the pipeline.
    #[error("another process writes for pipeline {pipeline} now")]
    Fenced {
        /// The pipeline.
        pipeline: String,
    },
    /// The schema registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// An event that cannot be written.
    #[error("write record: {0}")]
    Encode(#[from] ConvertError),
    /// The target could not be asked what its tables are.
    #[error("{}: {}", .finding.place, .finding.reason)]
    Target {
        /// What the program does about it.
        remedy: Remedy,
        /// What the person is told.
        finding: Box<Finding>,
    },
    /// A person has to change something.
    #[error("{}: {}", .0.place, .0.reason)]
    Refused(Box<Finding>),
    /// The sink was used after an error, or its thread is gone.
    #[error("the log was left by an earlier error")]
    Void,
}

impl Fault for LogError {
    fn remedy(&self) -> Remedy {
        match self {
            LogError::Broker { .. }
            | LogError::NoCoordinator { .. }
            | LogError::Fenced { .. }
            | LogError::Void => Remedy::Retry,
            LogError::Registry(error) => error.remedy(),
            LogError::Encode(_) => Remedy::Divert,
            LogError::Target { remedy, .. } => *remedy,
            LogError::Refused(_) => Remedy::Halt,
        }
    }

    fn finding(&self) -> Finding {
        match self {
            LogError::Broker { place, .. } => {
                Finding::outside("kafka_unreachable", place.clone(), self.to_string())
                    .remedy("Start the brokers, or name reachable ones under kafka: brokers.")
            }
            LogError::NoCoordinator { place, .. } => {
                Finding::outside("kafka_without_transactions", place.clone(), self.to_string())
                    .remedy("See why the brokers cannot make or lead their topic __transaction_state: transaction.state.log.replication.factor and transaction.state.log.min.isr must not ask for more brokers than there are. Or write `delivery: at_least_once` under kafka: and live with records that come twice.")
                    .run(format!("kafka-topics.sh --bootstrap-server {} --describe --topic __transaction_state", place.trim_start_matches("Kafka at ")))
            }
            LogError::Fenced { pipeline } => {
                Finding::failed("kafka_fenced", format!("pipeline {pipeline}"), self.to_string())
                    .remedy("Nothing, if it was moved on purpose: this process starts again and waits for its turn.")
            }
            LogError::Registry(error) => error.finding(),
            LogError::Encode(error) => {
                Finding::failed("record_not_writable", "", error.to_string())
                    .remedy(encode_remedy(error))
            }
            LogError::Target { finding, .. } | LogError::Refused(finding) => (**finding).clone(),
            LogError::Void => Finding::failed("kafka_void", "", self.to_string())
                .remedy("Start again from what was committed."),
        }
    }
}

fn encode_remedy(error: &ConvertError) -> &'static str {
    match error {
        ConvertError::NotUtf8 { .. } => {
            "Only databases in UTF-8 are captured: check the database's encoding and the transforms of this column."
        }
        ConvertError::KeyNotSent { .. } => {
            "Let the source send whole old rows: ALTER TABLE … REPLICA IDENTITY FULL."
        }
        ConvertError::Note { .. } => "Report this message.",
        ConvertError::Schema(SchemaError::UntoldKey { .. }) => {
            "Name a key_format of json, json_schemas or avro, or write the column as text: by decimal_handling_mode, binary_handling_mode or time_precision_mode under source.postgres."
        }
        ConvertError::Schema(_) => "Rename a column, by a transform or in the source.",
        ConvertError::Malformed { .. } => "Look at the record at this place.",
    }
}

impl From<Finding> for LogError {
    fn from(finding: Finding) -> Self {
        LogError::Refused(Box::new(finding))
    }
}

/// Who asks, for errors of the client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) settings: &'a LogSettings,
    pub(crate) doing: &'static str,
    /// The topic it is about; empty where it is about none.
    pub(crate) topic: &'a str,
    partition: Option<i32>,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(settings: &'a LogSettings, doing: &'static str, topic: &'a str) -> Self {
        Self { settings, doing, topic, partition: None }
    }

    /// The same, about a partition of the topic.
    pub(crate) fn of(self, partition: i32) -> Self {
        Self { partition: Some(partition), ..self }
    }

    fn place(&self) -> String {
        let brokers = format!("Kafka at {}", self.settings.bootstrap());
        match (self.topic, self.partition) {
            ("", _) => brokers,
            (topic, None) => format!("{brokers}, topic {topic}"),
            (topic, Some(partition)) => format!("{brokers}, topic {topic}, partition {partition}"),
        }
    }

    /// Decides what a client's error means.
    pub(crate) fn error(&self, error: &KafkaError) -> LogError {
        if let KafkaError::ClientConfig(_, _, name, _) = error {
            // The client's own words quote the value, which may be a secret.
            let place = format!("kafka: options: {name}");
            return Finding::usage("kafka_option", place, "librdkafka refuses this option")
                .remedy("Spell the option and its value as librdkafka's CONFIGURATION.md does.")
                .into();
        }
        let code = match error {
            KafkaError::Transaction(error) => Some(error.code()),
            error => error.rdkafka_error_code(),
        };
        match code {
            Some(code) => self.code(code, &error.to_string()),
            None => self.broker(error.to_string()),
        }
    }

    /// Tells brokers without transactions from brokers that are not there: these do not answer anything.
    pub(crate) fn no_coordinator<C: ClientContext>(
        &self,
        client: &Client<C>,
        error: LogError,
    ) -> LogError {
        let answers = || client.fetch_metadata(None, ASK_LIMIT).is_ok();
        match error {
            LogError::Broker { place, doing, .. } if answers() => {
                LogError::NoCoordinator { place, doing }
            }
            error => error,
        }
    }

    pub(crate) fn broker(&self, reason: impl Into<String>) -> LogError {
        LogError::Broker { place: self.place(), doing: self.doing, reason: reason.into() }
    }

    pub(crate) fn code(&self, code: Code, reason: &str) -> LogError {
        let outside =
            |name| Finding::outside(name, self.place(), format!("{}: {reason}", self.doing));
        match code {
            Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch => {
                LogError::Fenced { pipeline: self.settings.pipeline.clone() }
            }
            Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => {
                self.not_authorized(self.place(), reason)
            }
            Code::TransactionalIdAuthorizationFailed => {
                let id = self.settings.transactional_id();
                self.not_authorized(format!("{}, transactional id {id}", self.place()), reason)
            }
            Code::Authentication | Code::SaslAuthenticationFailed | Code::SSL => {
                outside("kafka_authentication")
                    .remedy("Check security.protocol, the sasl.* and the ssl.* settings under kafka: options.")
                    .into()
            }
            Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => self.too_large(reason),
            Code::UnsupportedFeature | Code::UnsupportedVersion => {
                outside("kafka_without_transactions")
                    .remedy("Use Kafka 2.5 or later, or write `delivery: at_least_once` under kafka: and live with records that come twice.")
                    .into()
            }
            Code::PolicyViolation
            | Code::InvalidReplicationFactor
            | Code::InvalidPartitions
            | Code::InvalidConfig
            | Code::UnsupportedCompressionType => outside("kafka_topic_refused")
                .remedy("Change partitions, replication_factor, topic_config or compression under kafka: to what the broker allows, or make the topic by hand.")
                .run(format!(
                    "kafka-topics.sh --bootstrap-server {} --create --topic '{}' --partitions {}",
                    self.settings.bootstrap(),
                    self.topic,
                    self.settings.kafka.partitions
                ))
                .into(),
            Code::InvalidRecord => outside("kafka_record_refused")
                .remedy("The topic is compacted and the table has no key: remove compact from its cleanup.policy.")
                .run(configs_command(self.settings, self.topic, "cleanup.policy=delete"))
                .into(),
            Code::InvalidTimestamp => outside("kafka_record_refused")
                .remedy("Let the topic take records of any time: message.timestamp.before.max.ms and message.timestamp.after.max.ms.")
                .run(configs_command(self.settings, self.topic, "message.timestamp.after.max.ms=9223372036854775807"))
                .into(),
            _ => self.broker(reason),
        }
    }

    fn not_authorized(&self, place: String, reason: &str) -> LogError {
        Finding::outside("kafka_not_authorized", place, format!("{}: {reason}", self.doing))
            .remedy("Give the pipeline's user the rights it lacks; these are all it needs.")
            .run(crate::acl::commands(self.settings))
            .into()
    }

    fn too_large(&self, reason: &str) -> LogError {
        Finding::outside("kafka_record_too_large", self.place(), reason)
            .remedy("Allow larger records: message.max.bytes under kafka: options, and max.message.bytes of the topic.")
            .run(configs_command(self.settings, self.topic, "max.message.bytes=10485760"))
            .into()
    }
}

/// The command that changes one setting of a topic.
pub(crate) fn configs_command(settings: &LogSettings, topic: &str, setting: &str) -> String {
    format!(
        "kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name '{topic}' --add-config {setting}",
        settings.bootstrap()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_the_topic_without_its_partition() {
        let kafka = serde_json::from_str(r#"{"brokers":"b:1"}"#).unwrap();
        let settings = LogSettings::new("p", kafka);
        let asking = Asking::new(&settings, "write records", "dead").of(0);
        let said = asking.code(Code::MessageSizeTooLarge, "too large").finding();
        assert_eq!(said.place, "Kafka at b:1, topic dead, partition 0");
        assert!(said.statement.contains("--entity-name 'dead' "), "{}", said.statement);
    }
}
