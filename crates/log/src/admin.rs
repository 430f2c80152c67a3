//! Topics: how many partitions they have, making the ones that are missing, and how they are kept.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cdc::Finding;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use crate::client::{self, ASK_LIMIT, Said};
use crate::config::LogSettings;
use crate::error::{Asking, LogError, configs_command};
use crate::topics;

/// How long too few brokers for a topic's replicas may be a matter of time: one that starts, or did not answer the
/// controller for a while, is not counted until it has registered again.
const BROKERS_LIMIT: Duration = Duration::from_secs(20);

/// A topic as it is to be, if it has to be made.
#[derive(Clone, Debug)]
pub(crate) struct TopicSpec {
    pub(crate) name: String,
    pub(crate) partitions: i32,
    pub(crate) config: Vec<(String, String)>,
}

impl TopicSpec {
    /// A topic of ours: one partition, and the settings it needs.
    pub(crate) fn own(name: String, config: &[(&str, &str)]) -> Self {
        let config = config.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { name, partitions: 1, config }
    }

    /// A topic for data, as the pipeline file says.
    pub(crate) fn data(name: String, settings: &LogSettings) -> Self {
        let config = &settings.kafka.topic_config;
        Self {
            name,
            partitions: settings.kafka.partitions,
            config: config.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        }
    }

    /// The topic of heartbeats, whose order is that of one partition.
    pub(crate) fn heartbeats(settings: &LogSettings) -> Self {
        let name = topics::heartbeat_topic(&settings.kafka);
        Self { partitions: 1, ..Self::data(name, settings) }
    }

    /// The topic of dead letters. They keep the times of their records: with a retention the older ones would go as soon
    /// as they came.
    pub(crate) fn dead_letters(name: &str, settings: &LogSettings) -> Self {
        let mut spec = Self { partitions: 1, ..Self::data(name.to_owned(), settings) };
        spec.config.retain(|(name, _)| name != "cleanup.policy");
        if !spec.config.iter().any(|(name, _)| name == "retention.ms") {
            spec.config.push(("retention.ms".to_owned(), "-1".to_owned()));
        }
        spec
    }
}

/// How many partitions each of these topics has; those that are not there are left out.
pub(crate) fn partitions(
    consumer: &BaseConsumer<Said>,
    settings: &LogSettings,
    topics: &[String],
) -> Result<BTreeMap<String, i32>, LogError> {
    let mut found = BTreeMap::new();
    let mut ask = |topic: Option<&str>| -> Result<(), LogError> {
        let asking = Asking::new(settings, "ask for topics", topic.unwrap_or_default());
        let metadata = consumer
            .fetch_metadata(topic, ASK_LIMIT)
            .map_err(|error| client::explain(consumer, asking, &error))?;
        for topic in metadata.topics() {
            let asking = Asking::new(settings, "ask for the topic", topic.name());
            match topic.error().map(Code::from) {
                // A topic whose partitions have no leader yet does not count as there.
                None if !topic.partitions().is_empty()
                    && topic.partitions().iter().all(|partition| partition.leader() >= 0) =>
                {
                    let count = i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX);
                    found.insert(topic.name().to_owned(), count);
                }
                Some(
                    code @ (Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed),
                ) => {
                    return Err(asking.code(code, &code.to_string()));
                }
                _ => {}
            }
        }
        Ok(())
    };
    // One question for all is cheaper than many, unless only a few are asked for.
    if topics.len() > 8 {
        ask(None)?;
    } else {
        topics.iter().try_for_each(|topic| ask(Some(topic)))?;
    }
    found.retain(|name, _| topics.contains(name));
    Ok(found)
}

/// Makes the topics that are missing, and says how many partitions each has. Blocks.
pub(crate) fn ensure(
    settings: &LogSettings,
    specs: &[TopicSpec],
) -> Result<BTreeMap<String, i32>, LogError> {
    let consumer = client::consumer(settings)?;
    let names: Vec<String> = specs.iter().map(|spec| spec.name.clone()).collect();
    let mut found = partitions(&consumer, settings, &names)?;
    if found.len() == names.len() {
        return Ok(found);
    }
    let missing: Vec<&TopicSpec> =
        specs.iter().filter(|spec| !found.contains_key(&spec.name)).collect();
    make(settings, &missing)?;
    let begun = Instant::now();
    while found.len() < names.len() {
        if begun.elapsed() > ASK_LIMIT {
            return Err(Asking::new(settings, "wait for new topics", &names.join(", "))
                .broker("their partitions have no leader yet"));
        }
        std::thread::sleep(Duration::from_millis(20));
        found = partitions(&consumer, settings, &names)?;
    }
    Ok(found)
}

fn admin(settings: &LogSettings) -> Result<AdminClient<Said>, LogError> {
    client::config(settings, &[])?
        .create_with_context(Said::default())
        .map_err(|error| Asking::new(settings, "connect", "").error(&error))
}

/// Waits for an answer that the admin client's own thread brings.
fn wait<T>(future: impl Future<Output = Result<T, KafkaError>>) -> Result<T, KafkaError> {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| KafkaError::AdminOpCreation(error.to_string()))?
        .block_on(future)
}

/// Whether the topics could be made; makes none. Blocks.
pub(crate) fn would_create(settings: &LogSettings, missing: &[&TopicSpec]) -> Result<(), LogError> {
    if missing.is_empty() {
        return Ok(());
    }
    create(settings, missing, true)?.map_or(Ok(()), |refusal| Err(refusal.error(settings)))
}

/// Makes topics. Blocks.
fn make(settings: &LogSettings, missing: &[&TopicSpec]) -> Result<(), LogError> {
    let begun = Instant::now();
    let mut said = false;
    while let Some(refusal) = create(settings, missing, false)? {
        let lacks_brokers = refusal.code == Code::InvalidReplicationFactor;
        if !lacks_brokers || begun.elapsed() > BROKERS_LIMIT {
            return Err(refusal.error(settings));
        }
        if !std::mem::replace(&mut said, true) {
            tracing::warn!(topic = %refusal.topic, "fewer brokers are up than the topic is to have replicas; waiting for them");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// A topic that the brokers will not make.
struct Refusal {
    topic: String,
    code: Code,
}

impl Refusal {
    fn error(&self, settings: &LogSettings) -> LogError {
        Asking::new(settings, "make the topic", &self.topic).code(self.code, &self.code.to_string())
    }
}

/// Asks for topics. One that is there is no failure; gives the first that is refused, of those that time alone does not
/// mend if there are some.
fn create(
    settings: &LogSettings,
    missing: &[&TopicSpec],
    validate_only: bool,
) -> Result<Option<Refusal>, LogError> {
    let admin = admin(settings)?;
    let replication = settings.kafka.replication_factor.unwrap_or(-1);
    let topics: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|spec| {
            let topic =
                NewTopic::new(&spec.name, spec.partitions, TopicReplication::Fixed(replication));
            spec.config.iter().fold(topic, |topic, (name, value)| topic.set(name, value))
        })
        .collect();
    let options = AdminOptions::new()
        .request_timeout(Some(ASK_LIMIT))
        .operation_timeout(Some(ASK_LIMIT))
        .validate_only(validate_only);
    let names = missing.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>().join(", ");
    let asking = Asking::new(settings, "make topics", &names);
    let results = wait(admin.create_topics(&topics, &options))
        .map_err(|error| admin.inner().context().explain(asking, &error))?;
    let refused = results.into_iter().filter_map(Result::err);
    let refused = refused.map(|(topic, code)| Refusal { topic, code });
    let refused = refused.filter(|refusal| refusal.code != Code::TopicAlreadyExists);
    Ok(refused.min_by_key(|refusal| refusal.code == Code::InvalidReplicationFactor))
}

/// One setting of each of these topics; nothing where the broker does not let us see it. Blocks.
pub(crate) fn setting(
    settings: &LogSettings,
    topics: &[String],
    name: &str,
) -> Result<BTreeMap<String, String>, LogError> {
    let admin = admin(settings)?;
    let resources: Vec<_> = topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
    let options = AdminOptions::new().request_timeout(Some(ASK_LIMIT));
    let results = wait(admin.describe_configs(&resources, &options)).map_err(|error| {
        let asking = Asking::new(settings, "ask for topic settings", "");
        admin.inner().context().explain(asking, &error)
    })?;
    Ok(topics
        .iter()
        .zip(results)
        .filter_map(|(topic, result)| {
            let resource = result.ok()?;
            Some((topic.clone(), resource.get(name)?.value.clone()?))
        })
        .collect())
}

/// A finding where a topic of ours would lose what it must keep.
pub(crate) fn not_compacted(settings: &LogSettings, topic: &str, policy: &str) -> Option<Finding> {
    let compact = policy.split(',').any(|word| word.trim() == "compact");
    let deletes = policy.split(',').any(|word| word.trim() == "delete");
    if compact && !deletes {
        return None;
    }
    Some(
        Finding::outside(
            "kafka_topic_not_compacted",
            format!("Kafka topic {topic}"),
            format!(
                "its cleanup.policy is `{policy}`, so the broker will delete what it must keep"
            ),
        )
        .remedy("Let the broker keep the newest record of each key.")
        .run(configs_command(settings, topic, "cleanup.policy=compact")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_letters_are_kept_unless_the_file_says_how_long() {
        let spec = |config: &str| {
            let text = format!(r#"{{"brokers":"b:1","partitions":6,"topic_config":{{{config}}}}}"#);
            let settings = LogSettings::new("p", serde_json::from_str(&text).unwrap());
            let TopicSpec { partitions, config, .. } = TopicSpec::dead_letters("dead", &settings);
            let config = config.iter().map(|(name, value)| format!("{name}={value}"));
            (partitions, config.collect::<Vec<_>>().join(" "))
        };
        assert_eq!(spec(""), (1, "retention.ms=-1".to_owned()));
        let own = r#""cleanup.policy":"compact","retention.ms":"7""#;
        assert_eq!(spec(own), (1, "retention.ms=7".to_owned()));
    }
}
