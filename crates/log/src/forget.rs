//! Removing what a capture half keeps in the log: its checkpoint and the set of captured tables. Records stay.

use cdc::{Checkpoint, Progress};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::client::{self, ASK_LIMIT};
use crate::config::{Delivery, LogSettings};
use crate::cut::{Cut, Places};
use crate::error::{Asking, LogError};
use crate::sink::blocking;
use crate::{admin, offsets, topics};

/// Forgets the checkpoint of the pipeline; what is not there is not missed.
///
/// # Errors
/// Where the brokers do not answer or do not allow it.
pub async fn forget(settings: &LogSettings) -> Result<(), LogError> {
    let settings = settings.clone();
    blocking(move || {
        let prefix = &settings.kafka.topic_prefix;
        let topic = topics::offsets_topic(prefix);
        let consumer = client::consumer(&settings)?;
        if !admin::partitions(&consumer, &settings, std::slice::from_ref(&topic))?
            .contains_key(&topic)
        {
            return Ok(());
        }
        let keys = [
            offsets::checkpoint_key(&settings.pipeline, prefix),
            offsets::captured_key(&settings.pipeline, prefix),
        ];
        bury(&settings, &topic, &keys)
    })
    .await
}

/// A cut that makes what is before it void: a target that has nothing yet begins here, and waits for the copy.
fn void(settings: &LogSettings) -> Cut {
    Cut {
        checkpoint: Checkpoint::new(Progress::Snapshot { attempt: 0 }),
        after: None,
        begin: true,
        partial: false,
        relations: Vec::new(),
        starts: Places::new(),
        ends: Places::new(),
        events: 0,
        commit_micros: 0,
        delivery: settings.kafka.delivery,
    }
}

/// Writes a record without a value for each key: compaction takes away what was there.
fn bury(settings: &LogSettings, topic: &str, keys: &[String]) -> Result<(), LogError> {
    let asking = || Asking::new(settings, "remove the checkpoint", topic);
    let transactional = settings.kafka.delivery == Delivery::ExactlyOnce;
    let connect = |id: Option<String>| {
        let mut config = client::config(settings, &[])?;
        let Some(id) = id else {
            return config.create().map_err(|error| asking().error(&error));
        };
        config.set("transactional.id", id);
        let producer: BaseProducer = config.create().map_err(|error| asking().error(&error))?;
        producer.init_transactions(ASK_LIMIT).map_err(|error| asking().error(&error))?;
        Ok(producer)
    };
    // The pipeline's own identities: a process that still runs it is fenced, with all its producers.
    let producer = if transactional {
        let [first, others @ ..] = settings.transactional_ids();
        others.into_iter().try_for_each(|other| connect(Some(other)).map(drop))?;
        connect(Some(first))?
    } else {
        connect(None)?
    };
    if transactional {
        producer.begin_transaction().map_err(|error| asking().error(&error))?;
    }
    for key in keys {
        let record = BaseRecord::<str, [u8]>::to(topic).partition(0).key(key.as_str());
        producer.send(record).map_err(|(error, _)| asking().error(&error))?;
    }
    let cuts = topics::cuts_topic(&settings.kafka.topic_prefix);
    let end = serde_json::to_vec(&void(settings)).map_err(|_| LogError::Void)?;
    let record = BaseRecord::<str, [u8]>::to(&cuts).partition(0).key("").payload(&end);
    producer.send(record).map_err(|(error, _)| asking().error(&error))?;
    producer.flush(ASK_LIMIT).map_err(|error| asking().error(&error))?;
    if transactional {
        producer.commit_transaction(ASK_LIMIT).map_err(|error| asking().error(&error))?;
    }
    Ok(())
}
