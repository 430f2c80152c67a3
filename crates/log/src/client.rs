//! How every client of the brokers is set up, and what it tells while it works.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use cdc::Finding;

use crate::config::LogSettings;
use crate::error::{Asking, LogError};

/// How long one question to the brokers may take.
pub(crate) const ASK_LIMIT: Duration = Duration::from_secs(10);

/// The options that are ours: exactly once depends on them.
const OWNED: [&str; 14] = [
    "bootstrap.servers",
    "metadata.broker.list",
    "delivery.report.only.error",
    "transactional.id",
    "enable.idempotence",
    "isolation.level",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "auto.offset.reset",
    "enable.partition.eof",
    "group.id",
    "compression.type",
    "compression.codec",
    "acks",
];

/// Refuses an option that what is promised depends on.
#[must_use]
pub fn owned_option(name: &str, place: String) -> Option<Finding> {
    OWNED.contains(&name).then(|| {
        Finding::usage("kafka_option_owned", place, format!("pgrelay sets `{name}` itself")).remedy(
            "Leave it out; brokers, compression and delivery have keys of their own under kafka:.",
        )
    })
}

/// What a client says of itself: kept for the next error, as a time-out alone does not tell why.
#[derive(Debug, Default)]
pub(crate) struct Said {
    last: Mutex<Option<(RDKafkaErrorCode, String, Instant)>>,
    /// The topic the principal may not write in a transaction: only the client's log names it.
    refused: Mutex<Option<String>>,
}

impl Said {
    pub(crate) fn note(&self, error: &KafkaError, reason: &str) {
        use RDKafkaErrorCode as Code;
        if let (Some(code), Ok(mut last)) = (error.rdkafka_error_code(), self.last.lock()) {
            // A broker that turned us away counts as down right after: why it did tells more.
            let is_down = matches!(code, Code::AllBrokersDown | Code::BrokerTransportFailure);
            let turned_away = last.as_ref().is_some_and(|(code, _, at)| {
                matches!(code, Code::Authentication | Code::SaslAuthenticationFailed | Code::SSL)
                    && at.elapsed() < ASK_LIMIT
            });
            if !(is_down && turned_away) {
                *last = Some((code, reason.to_owned(), Instant::now()));
            }
        }
    }

    /// Takes in a line of the client's log.
    pub(crate) fn note_line(&self, facility: &str, message: &str) {
        if facility == "ADDPARTS" && message.contains("authorization failed") {
            let topic = message.split('"').nth(1).map(str::to_owned);
            if let Ok(mut refused) = self.refused.lock() {
                *refused = topic;
            }
        }
    }

    /// The topic that was refused last.
    pub(crate) fn refused(&self) -> String {
        self.refused.lock().ok().and_then(|refused| refused.clone()).unwrap_or_default()
    }

    /// The error `asking` met, with what the client said before where that tells more.
    pub(crate) fn explain(&self, asking: Asking<'_>, error: &KafkaError) -> LogError {
        let known = self.last.lock().ok().and_then(|mut last| last.take());
        match (asking.error(error), known) {
            (LogError::Broker { .. }, Some((code, reason, _))) => {
                asking.code(code, &format!("{error}; {reason}"))
            }
            (error, _) => error,
        }
    }
}

impl ClientContext for Said {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.note(&error, reason);
    }
}

impl ConsumerContext for Said {}

/// librdkafka's own log, quieter by one level: what matters comes as an error as well.
pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    if (level as i32) < RDKafkaLogLevel::Warning as i32 {
        tracing::warn!(target: "librdkafka", facility, "{message}");
    } else {
        tracing::debug!(target: "librdkafka", facility, "{message}");
    }
}

/// What all clients share. The file's options come after `defaults`, except those that are ours.
pub(crate) fn config(
    settings: &LogSettings,
    defaults: &[(&str, &str)],
) -> Result<ClientConfig, LogError> {
    let mut config = ClientConfig::new();
    // Whoever sets `debug` wants to see what it says.
    let debug = settings.kafka.options.contains_key("debug");
    config.set_log_level(if debug { RDKafkaLogLevel::Debug } else { RDKafkaLogLevel::Info });
    for (name, value) in defaults {
        config.set(*name, *value);
    }
    config
        .set("bootstrap.servers", settings.bootstrap())
        .set("client.id", settings.transactional_id())
        .set("socket.nagle.disable", "true")
        .set("socket.keepalive.enable", "true")
        .set("reconnect.backoff.max.ms", "2000");
    for (name, value) in &settings.options {
        if let Some(finding) = owned_option(name, format!("kafka: options: {name}")) {
            return Err(finding.into());
        }
        config.set(name, value);
    }
    Ok(config)
}

/// A consumer's settings: only what was committed, nothing kept about it in the broker.
pub(crate) fn consumer_config(settings: &LogSettings) -> Result<ClientConfig, LogError> {
    let defaults = [
        // When a partition's queue is full, look again soon: the default is a second.
        ("fetch.queue.backoff.ms", "10"),
        // One request for all partitions of a broker: while it waits at the end of an idle one, nothing of a busy
        // one comes. What is queued of that has to last meanwhile.
        ("fetch.wait.max.ms", "50"),
        ("queued.max.messages.kbytes", "16384"),
    ];
    let mut config = config(settings, &defaults)?;
    config
        .set("group.id", settings.transactional_id())
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "error")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true");
    Ok(config)
}

/// A consumer that is used to ask: metadata, watermarks, a short topic.
pub(crate) fn consumer(settings: &LogSettings) -> Result<BaseConsumer<Said>, LogError> {
    consumer_config(settings)?
        .create_with_context(Said::default())
        .map_err(|error| Asking::new(settings, "connect", "").error(&error))
}

/// Runs the events that wait, so that the client's own errors are known before one is judged.
pub(crate) fn explain(
    consumer: &BaseConsumer<Said>,
    asking: Asking<'_>,
    error: &KafkaError,
) -> LogError {
    for _ in 0..32 {
        if let Some(Err(said)) = consumer.poll(Duration::ZERO) {
            consumer.context().note(&said, &said.to_string());
        }
    }
    consumer.context().explain(asking, error)
}
