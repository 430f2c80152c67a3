//! A producer of another make: records as they are given, into topics of a test's own.

use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

const LIMIT: Duration = Duration::from_secs(60);

/// Writes records.
pub struct Producer {
    producer: BaseProducer,
    admin: AdminClient<DefaultClientContext>,
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Producer")
    }
}

impl Producer {
    /// A producer at these brokers.
    ///
    /// # Errors
    /// Where the client cannot be made.
    pub fn new(brokers: &str) -> Result<Producer> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers).set("linger.ms", "0");
        Ok(Producer { producer: config.create()?, admin: config.create()? })
    }

    /// Makes a topic, and waits until the broker answers for it: of one that was deleted before, the records may still
    /// be there for a moment.
    ///
    /// # Errors
    /// What the broker said.
    pub fn create(&self, topic: &str, partitions: i32) -> Result<()> {
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let made = wait(self.admin.create_topics([&new], &AdminOptions::new()))??;
        made.into_iter().try_for_each(|made| {
            made.map(drop)
                .map_err(|(topic, code)| anyhow::anyhow!("make the topic {topic}: {code}"))
        })?;
        (0..partitions).try_for_each(|partition| self.empty(topic, partition))
    }

    fn empty(&self, topic: &str, partition: i32) -> Result<()> {
        let what = format!("partition {partition} of {topic} to be there and empty");
        Ok(stack::wait::until(&what, LIMIT, "", || {
            let ends = self.producer.client().fetch_watermarks(topic, partition, LIMIT);
            Ok(ends.is_ok_and(|ends| ends == (0, 0)).then_some(()))
        })?)
    }

    /// Gives a topic so many partitions in all.
    ///
    /// # Errors
    /// What the broker said.
    pub fn grow(&self, topic: &str, partitions: usize) -> Result<()> {
        let new = rdkafka::admin::NewPartitions::new(topic, partitions);
        wait(self.admin.create_partitions([&new], &AdminOptions::new()))??;
        // The client writes to a partition once it has been told of it.
        Ok(stack::wait::until("the new partitions", LIMIT, "", || {
            let told = self.producer.client().fetch_metadata(Some(topic), LIMIT);
            let known = told.is_ok_and(|told| told.topics()[0].partitions().len() == partitions);
            Ok(known.then_some(()))
        })?)
    }

    /// Deletes a topic.
    ///
    /// # Errors
    /// What the broker said.
    pub fn delete(&self, topic: &str) -> Result<()> {
        wait(self.admin.delete_topics(&[topic], &AdminOptions::new()))??;
        Ok(())
    }

    /// Removes the records of partition 0 before an offset.
    ///
    /// # Errors
    /// What the broker said.
    pub fn cut_off(&self, topic: &str, offset: i64) -> Result<()> {
        let mut list = rdkafka::TopicPartitionList::new();
        list.add_partition_offset(topic, 0, rdkafka::Offset::Offset(offset))?;
        wait(self.admin.delete_records(&list, &AdminOptions::new()))??;
        Ok(())
    }

    /// Writes one record and waits until the broker has it.
    ///
    /// # Errors
    /// What the broker said.
    pub fn send(
        &self,
        topic: &str,
        partition: i32,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<()> {
        self.send_with(topic, partition, key, value, &[])
    }

    /// The same with headers.
    ///
    /// # Errors
    /// As [`Producer::send`].
    pub fn send_with(
        &self,
        topic: &str,
        partition: i32,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, &[u8])],
    ) -> Result<()> {
        let mut record = BaseRecord::<[u8], [u8]>::to(topic).partition(partition);
        record.key = key;
        record.payload = value;
        let with = |all: OwnedHeaders, (key, value): &(&str, &[u8])| {
            all.insert(Header { key, value: Some(*value) })
        };
        record = record.headers(headers.iter().fold(OwnedHeaders::new(), with));
        self.producer.send(record).map_err(|(error, _)| error)?;
        self.producer.flush(LIMIT).context("write a record")
    }

    /// Text records with keys, into partition 0; an empty value is none.
    ///
    /// # Errors
    /// As [`Producer::send`].
    pub fn texts(&self, topic: &str, records: &[(&str, &str)]) -> Result<()> {
        for (key, value) in records {
            let bytes = |text: &'_ str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
            self.send(topic, 0, bytes(key).as_deref(), bytes(value).as_deref())?;
        }
        Ok(())
    }
}

fn wait<T>(future: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(future))
}
