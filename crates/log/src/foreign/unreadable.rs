//! A record that is no change of a row for what is in it, while the one behind it may be one; and what Kafka Connect
//! writes of such a record into its headers.

use cdc::Finding;

use super::wrong::Place;
use crate::error::LogError;
use crate::format::Format;

/// A part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Key,
    Value,
    Headers,
}

impl Part {
    /// The word in findings.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Part::Key => "key",
            Part::Value => "value",
            Part::Headers => "headers",
        }
    }
}

/// Where a record is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// A part of it is not of this format.
    Read(Part, Format),
    /// It was read, and does not fit its table.
    Put,
}

impl Stage {
    /// Connect's name of it.
    const fn word(self) -> &'static str {
        match self {
            Stage::Read(Part::Key, _) => "KEY_CONVERTER",
            Stage::Read(Part::Value, _) => "VALUE_CONVERTER",
            Stage::Read(Part::Headers, _) => "HEADER_CONVERTER",
            Stage::Put => "TASK_PUT",
        }
    }

    /// The class that does this work in Connect.
    const fn class(self) -> &'static str {
        match self {
            Stage::Read(Part::Key | Part::Value, format) => converter(format),
            Stage::Read(Part::Headers, _) => converter(Format::String),
            Stage::Put => "org.apache.kafka.connect.sink.SinkTask",
        }
    }
}

/// Connect's converter of a format.
const fn converter(format: Format) -> &'static str {
    match format {
        Format::DebeziumJson | Format::DebeziumJsonSchemas | Format::Json | Format::JsonSchemas => {
            "org.apache.kafka.connect.json.JsonConverter"
        }
        Format::Avro => "io.confluent.connect.avro.AvroConverter",
        Format::String => "org.apache.kafka.connect.storage.StringConverter",
        Format::Bytes => "org.apache.kafka.connect.converters.ByteArrayConverter",
    }
}

/// A record that cannot be read. Shows no value of it.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(super) stage: Stage,
    pub(super) finding: Box<Finding>,
}

impl Unreadable {
    /// Its place and what was expected there, in a line.
    pub(super) fn reason(&self) -> String {
        let Finding { code, place, reason, .. } = &*self.finding;
        format!("{place}: {reason} [{code}]")
    }

    /// The headers that Connect adds to a dead letter. There is no stack to trace.
    pub(super) fn context(&self, pipeline: &str, place: &Place<'_>) -> [(&'static str, String); 9] {
        [
            ("__connect.errors.topic", place.topic.to_owned()),
            ("__connect.errors.partition", place.partition.to_string()),
            ("__connect.errors.offset", place.offset.to_string()),
            ("__connect.errors.connector.name", pipeline.to_owned()),
            ("__connect.errors.task.id", "0".to_owned()),
            ("__connect.errors.stage", self.stage.word().to_owned()),
            ("__connect.errors.class.name", self.stage.class().to_owned()),
            (
                "__connect.errors.exception.class.name",
                "org.apache.kafka.connect.errors.DataException".to_owned(),
            ),
            ("__connect.errors.exception.message", self.reason()),
        ]
    }
}

/// Why there is no change.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// For what is in this one record: the pipeline file says what becomes of it.
    Record(Unreadable),
    /// For anything else: it passes, or meets every record alike.
    Other(LogError),
}

impl From<LogError> for Refusal {
    fn from(error: LogError) -> Self {
        Refusal::Other(error)
    }
}

impl From<Refusal> for LogError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Record(unreadable) => LogError::Refused(unreadable.finding),
            Refusal::Other(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_of_a_dead_letter_are_connects() {
        let finding = Finding::failed("kafka_record_malformed", "at", "why").remedy("mend it");
        let place = Place { topic: "shop.t", partition: 3, offset: 7 };
        let said = |stage| {
            let unreadable = Unreadable { stage, finding: Box::new(finding.clone()) };
            unreadable.context("shop", &place).map(|(key, value)| {
                format!("{}={value}", key.strip_prefix("__connect.errors.").unwrap())
            })
        };
        assert_eq!(
            said(Stage::Read(Part::Key, Format::Json)).join(" "),
            "topic=shop.t partition=3 offset=7 connector.name=shop task.id=0 stage=KEY_CONVERTER \
            class.name=org.apache.kafka.connect.json.JsonConverter \
            exception.class.name=org.apache.kafka.connect.errors.DataException \
            exception.message=at: why [kafka_record_malformed]"
        );
        for (stage, word, class) in [
            (Stage::Read(Part::Value, Format::Avro), "VALUE_CONVERTER", "avro.AvroConverter"),
            (
                Stage::Read(Part::Headers, Format::Json),
                "HEADER_CONVERTER",
                "storage.StringConverter",
            ),
            (Stage::Put, "TASK_PUT", "sink.SinkTask"),
        ] {
            let said = said(stage);
            assert_eq!(said[5], format!("stage={word}"));
            assert!(said[6].ends_with(class), "{}", said[6]);
        }
    }
}
