//! What `pgrelay check` asks the brokers: whether a pipeline would work there, before it is started.
//!
//! Nothing is written and nothing is claimed: a pipeline that runs is not disturbed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cdc::{Fault, Finding, Schema};
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::producer::{BaseProducer, Producer};

use crate::admin::{self, TopicSpec};
use crate::client;
use crate::config::{Delivery, LogSettings};
use crate::converter::ConvertError;
use crate::error::{Asking, LogError, configs_command};
use crate::registrar::Registrar;
use crate::sink::{blocking, own_topics};
use crate::topics;

/// What librdkafka allows a record to have where nothing else is said.
const MESSAGE_MAX_BYTES: u64 = 1_000_000;

/// Everything that stands in the way of a pipeline whose tables, as they leave the chain, are these.
pub async fn check(settings: &LogSettings, tables: &[&Schema]) -> Vec<Finding> {
    let prefix = &settings.kafka.topic_prefix;
    let data: BTreeSet<String> =
        tables.iter().map(|schema| topics::data_topic(prefix, schema)).collect();
    let settings = settings.clone();
    let tables: Vec<Schema> = tables.iter().map(|schema| (*schema).clone()).collect();
    let result = blocking(move || {
        let mut findings = Registrar::new(&settings).check(&tables);
        let mut converter = settings.kafka.converter();
        for table in tables {
            let refused = converter.check_key(&Arc::new(table)).err().map(ConvertError::from);
            findings.extend(refused.map(|error| LogError::from(error).finding()));
        }
        inspect(&settings, &data, &mut findings)?;
        Ok(findings)
    })
    .await;
    result.unwrap_or_else(|error| vec![error.finding()])
}

fn inspect(
    settings: &LogSettings,
    data: &BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> Result<(), LogError> {
    let consumer = client::consumer(settings)?;
    let own = own_topics(settings);
    let mut specs: Vec<TopicSpec> = own.to_vec();
    specs.extend(data.iter().map(|name| TopicSpec::data(name.clone(), settings)));
    specs.extend(settings.heartbeats.then(|| TopicSpec::heartbeats(settings)));
    let names: Vec<String> = specs.iter().map(|spec| spec.name.clone()).collect();
    let there = admin::partitions(&consumer, settings, &names)?;
    let missing: Vec<&TopicSpec> =
        specs.iter().filter(|spec| !there.contains_key(&spec.name)).collect();
    if let Err(error) = admin::would_create(settings, &missing) {
        findings.push(error.finding());
    }
    if settings.kafka.delivery == Delivery::ExactlyOnce
        && let Some(finding) = transactions(settings)?
    {
        findings.push(finding);
    }
    let there: Vec<String> = there.into_keys().collect();
    if there.is_empty() {
        return Ok(());
    }
    let kept = admin::setting(settings, &there, "cleanup.policy")?;
    for (topic, policy) in &kept {
        if own[..2].iter().any(|spec| spec.name == *topic) {
            findings.extend(admin::not_compacted(settings, topic, policy));
        } else if policy.contains("compact") {
            findings.push(compacted(settings, topic));
        }
    }
    let sizes = admin::setting(settings, &there, "max.message.bytes")?;
    findings.extend(too_small(settings, &sizes));
    Ok(())
}

/// Asks for a transactional id that no pipeline has: asking for the pipeline's own would fence it.
fn transactions(settings: &LogSettings) -> Result<Option<Finding>, LogError> {
    let asking = Asking::new(settings, "ask for transactions", "");
    let mut config = client::config(settings, &[])?;
    config.set("transactional.id", settings.check_id());
    let producer: BaseProducer = config.create().map_err(|error| asking.error(&error))?;
    match producer.init_transactions(client::ASK_LIMIT) {
        Ok(()) => Ok(None),
        // Rights may have been given for the pipeline's own id alone, and that one is not asked for here.
        Err(rdkafka::error::KafkaError::Transaction(error))
            if error.code() == Code::TransactionalIdAuthorizationFailed =>
        {
            let finding = asking.code(error.code(), &error.to_string()).finding();
            Ok(Some(Finding { warning: true, ..finding }))
        }
        Err(error) => {
            let explained = asking.no_coordinator(producer.client(), asking.error(&error));
            Ok(Some(explained.finding()))
        }
    }
}

fn compacted(settings: &LogSettings, topic: &str) -> Finding {
    Finding::outside(
        "kafka_topic_compacted",
        format!("Kafka topic {topic}"),
        "its cleanup.policy has compact: changes that are superseded before the target reads them are lost to it, and records without a key are refused",
    )
    .remedy("Keep every change until it is applied.")
    .run(configs_command(settings, topic, "cleanup.policy=delete"))
}

pub(crate) fn too_small<'a>(
    settings: &'a LogSettings,
    sizes: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = Finding> + 'a {
    let wanted = settings.options.get("message.max.bytes");
    let wanted = wanted.and_then(|text| text.parse().ok()).unwrap_or(MESSAGE_MAX_BYTES);
    sizes.iter().filter_map(move |(topic, size)| {
        let size: u64 = size.parse().ok()?;
        (size < wanted).then(|| {
            Finding::outside(
                "kafka_record_too_large",
                format!("Kafka topic {topic}"),
                format!("its max.message.bytes is {size}, and the pipeline may write records of {wanted} bytes"),
            )
            .remedy("Allow them, or set a smaller message.max.bytes under kafka: options.")
            .run(configs_command(settings, topic, &format!("max.message.bytes={wanted}")))
        })
    })
}
