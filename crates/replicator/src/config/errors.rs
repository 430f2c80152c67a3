//! The `errors:` part: which errors are set aside, and where that would lose or show what it must not.

use cdc::Finding;
use schemars::JsonSchema;
use serde::Deserialize;
use transforms::{Step, Topic};

use super::file::PipelineFile;

/// What happens on a data error.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Errors {
    /// Which errors are set aside instead of halting.
    #[serde(default)]
    pub tolerate: Tolerate,
    /// The topic of the records that are set aside; made where it is missing, with one partition and without an end of
    /// retention. Needs `kafka`.
    pub dead_letter_topic: Option<Topic>,
}

/// Which errors are set aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tolerate {
    /// None: the first one halts the pipeline.
    #[default]
    None,
    /// Records of `kafka.topics` that cannot be read: a key or a value that is not of its format, or that does not fit its
    /// column. Such a record goes to `dead_letter_topic` as it is, its time too unless that is 0, with Kafka Connect's
    /// headers `__connect.errors.*`, at least once, and is durable there before the next offset is committed in the
    /// target. Changes that follow a dead letter of the same key are applied without it, and a letter played back later
    /// overwrites newer rows. Whatever else goes wrong halts as before: a table or column that the target lacks, a
    /// schema that the registry lacks, a key column that the record lacks, and what the target refuses, be it a type or
    /// a constraint. Not for what a capture half wrote, whose log is applied whole, nor beside a step under
    /// `sink.transforms` that masks or drops columns, as dead letters hold them in clear.
    Data,
}

impl PipelineFile {
    /// Where records go that cannot be read.
    pub(super) fn dead_letter_topic(&self) -> Option<String> {
        let topic = self.errors.dead_letter_topic.as_ref();
        topic
            .filter(|_| self.errors.tolerate == Tolerate::Data)
            .map(|topic| topic.name().to_owned())
    }
}

/// What is wrong with the part, beside the others. `place` says where one of its keys stands.
pub(super) fn wrong(parsed: &PipelineFile, place: impl Fn(&str) -> String) -> Vec<Finding> {
    let of_topic =
        of_topic(parsed).map(|finding| Finding { place: place("dead_letter_topic"), ..finding });
    let of_data = (parsed.errors.tolerate == Tolerate::Data).then(|| of_data(parsed)).flatten();
    let of_data = of_data.map(|finding| Finding { place: place("tolerate"), ..finding });
    of_topic.into_iter().chain(of_data).collect()
}

/// What is wrong with the dead letter topic, be it used or not.
fn of_topic(parsed: &PipelineFile) -> Option<Finding> {
    let topic = parsed.errors.dead_letter_topic.as_ref()?.name();
    let wrong = |reason: &str| Finding::usage("dead_letter_topic", "", reason);
    let Some(kafka) = &parsed.kafka else {
        return Some(
            wrong("`dead_letter_topic` is a topic in Kafka, and the pipeline has no `kafka`")
                .remedy("take `dead_letter_topic` out"),
        );
    };
    if topic.starts_with("__") {
        return Some(
            wrong("topics whose names begin with `__` are Kafka's, Debezium's and pgrelay's own")
                .remedy("give the dead letters a topic of another name"),
        );
    }
    pgrelay_log::reads_topic(&kafka.topics, topic).then(|| {
        wrong("the pipeline reads this topic: its dead letters would come back to it")
            .remedy("give the dead letters a topic that none of kafka.topics matches")
    })
}

/// Why nothing can be set aside.
fn of_data(parsed: &PipelineFile) -> Option<Finding> {
    let wrong = |reason: &str| Finding::usage("tolerate", "", reason);
    let Some(kafka) = &parsed.kafka else {
        return Some(
            wrong("`tolerate: data` sets records of Kafka aside, and the pipeline has no `kafka`")
                .remedy("write `tolerate: none`"),
        );
    };
    let Some(sink) = &parsed.sink else {
        return Some(
            wrong("`tolerate: data` is for records that cannot be applied, and the pipeline has no `sink`")
                .remedy("write `tolerate: none`: what cannot be captured halts"),
        );
    };
    if kafka.topics.is_empty() {
        return Some(
            wrong("the sink applies what a capture half wrote, transaction by transaction: a record that cannot be read there is damage to the log, and without it the target would be another database than the source")
                .remedy("write `tolerate: none`; `tolerate: data` is for `kafka.topics`, which other producers write"),
        );
    }
    if parsed.errors.dead_letter_topic.is_none() {
        return Some(
            wrong("`tolerate: data` without `dead_letter_topic`: nothing is skipped in silence")
                .remedy("say where such records go: dead_letter_topic: NAME"),
        );
    }
    let hiding = sink.transforms.iter().chain(&parsed.transforms).find(|step| step.hides())?;
    Some(unmasked(hiding))
}

/// A record that cannot be read cannot be masked either.
fn unmasked(step: &Step) -> Finding {
    let verb = step.verb();
    let reason = format!(
        "dead letters would hold what the step `{verb}` takes away: a record that cannot be read is set aside as it is"
    );
    Finding::usage("dead_letters_unmasked", "", reason).remedy("mask where the records are written, so that the topic holds nothing in clear, and take the step out here; or write `tolerate: none`")
}

#[cfg(test)]
mod tests {
    use super::super::read_text;

    #[test]
    fn dead_letters_are_refused_beside_what_hides_columns_and_only_there() {
        for (step, hides) in [
            (r#"mask: { columns: [public.t.a], with: "null" }"#, true),
            ("drop: { columns: [public.t.a] }", true),
            ("rename: { table: public.t, to: crm.t }", false),
            ("filter: { drop: { ops: [truncate] } }", false),
        ] {
            let text = format!(
                "name: shop\nkafka: {{ brokers: b, topics: [in.public.t] }}\nsink:\n  transforms:\n    - {step}\n  postgres: {{ url: \"postgresql://u@h/d\" }}\nerrors: {{ tolerate: data, dead_letter_topic: dead }}\n"
            );
            match read_text("shop.yaml", &text) {
                Ok(pipeline) => {
                    let topic = pipeline.log().and_then(|log| log.dead_letter_topic.clone());
                    assert!(!hides && topic.as_deref() == Some("dead"), "{step}");
                }
                Err(findings) => {
                    let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
                    assert!(hides && codes == ["dead_letters_unmasked"], "{step}: {findings:?}");
                }
            }
        }
    }
}
