//! One partition, read in order up to an offset that is known beforehand.
//!
//! Each partition has a queue of its own in the client, so what was prefetched beyond the offset waits there,
//! bounded, and no partition holds up another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cdc::Finding;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::client::{ASK_LIMIT, Said};
use crate::config::LogSettings;
use crate::error::{Asking, LogError, configs_command};
use crate::scan;

/// After so long without a record, the broker is asked whether there are any.
const STALL: Duration = Duration::from_secs(1);
/// After so long a record that must be there counts as lost.
const LOST: Duration = Duration::from_secs(60);

/// A partition and how far it was read.
pub(crate) struct Lane {
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
    consumer: Arc<BaseConsumer<Said>>,
    queue: PartitionQueue<Said>,
    next: i64,
    /// A record that was read too far.
    held: Option<OwnedMessage>,
}

/// What reading up to an offset meets.
pub(crate) enum Met<'a> {
    /// A record.
    Record(&'a dyn MessageRef),
    /// Nothing yet.
    Nothing,
    /// Nothing, and the partition ended here when the broker was asked last.
    End,
}

/// A record, wherever the client keeps it.
pub(crate) trait MessageRef {
    fn offset(&self) -> i64;
    fn payload(&self) -> Option<&[u8]>;
    fn key(&self) -> Option<&[u8]>;
    /// The value of a header.
    fn header(&self, name: &str) -> Option<&[u8]>;
    /// All of them, in their order.
    fn headers(&self) -> OwnedHeaders;
    /// Its time, in milliseconds since 1970.
    fn timestamp(&self) -> Option<i64>;
}

impl<M: Message> MessageRef for M {
    fn offset(&self) -> i64 {
        Message::offset(self)
    }

    fn payload(&self) -> Option<&[u8]> {
        Message::payload(self)
    }

    fn key(&self) -> Option<&[u8]> {
        Message::key(self)
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        let headers = Message::headers(self)?;
        headers.iter().find(|header| header.key == name)?.value
    }

    fn headers(&self) -> OwnedHeaders {
        let headers = Message::headers(self).into_iter().flat_map(Headers::iter);
        headers.fold(OwnedHeaders::new(), OwnedHeaders::insert)
    }

    fn timestamp(&self) -> Option<i64> {
        Message::timestamp(self).to_millis()
    }
}

impl Lane {
    /// Begins to read a partition at an offset.
    pub(crate) fn open(
        settings: &LogSettings,
        consumer: &Arc<BaseConsumer<Said>>,
        topic: &str,
        partition: i32,
        next: i64,
    ) -> Result<Self, LogError> {
        let asking = Asking::new(settings, "assign", topic);
        // The queue is split off first, so that no record comes by another way.
        let queue = consumer
            .split_partition_queue(topic, partition)
            .ok_or_else(|| asking.broker("the client has no queue for the partition"))?;
        let mut assignment = TopicPartitionList::new();
        assignment
            .add_partition_offset(topic, partition, Offset::Offset(next))
            .and_then(|()| consumer.incremental_assign(&assignment))
            .map_err(|error| asking.error(&error))?;
        // Who leads a partition that was met just now the client asks once a second, unless it is made to. What
        // fails here fails where the records are waited for, too, and with more to say.
        if let Err(error) = consumer.fetch_metadata(Some(topic), ASK_LIMIT) {
            tracing::debug!(%error, topic, "the partition's leader is found later");
        }
        let consumer = Arc::clone(consumer);
        Ok(Self { topic: topic.into(), partition, consumer, queue, next, held: None })
    }

    /// Wakes this thread when there is something to read.
    pub(crate) fn wake(&mut self, thread: std::thread::Thread) {
        self.queue.set_nonempty_callback(move || thread.unpark());
    }

    /// The offset that is read next.
    pub(crate) fn next_offset(&self) -> i64 {
        self.next
    }

    /// Gives the next record, waiting for it no longer than `wait`.
    pub(crate) fn next(
        &mut self,
        settings: &LogSettings,
        wait: Duration,
        take: impl FnOnce(Met<'_>) -> Result<(), LogError>,
    ) -> Result<(), LogError> {
        match self.queue.poll(wait) {
            Some(Ok(message)) => {
                self.next = Message::offset(&message) + 1;
                take(Met::Record(&message))
            }
            Some(Err(KafkaError::PartitionEOF(_))) => take(Met::End),
            Some(Err(error)) if is_end(&error) => take(Met::Nothing),
            Some(Err(error)) => Err(self.error(settings, &error)),
            None => take(Met::Nothing),
        }
    }

    /// Reads every record before `end`.
    pub(crate) fn read_to(
        &mut self,
        settings: &LogSettings,
        end: i64,
        mut take: impl FnMut(&dyn MessageRef) -> Result<(), LogError>,
    ) -> Result<(), LogError> {
        if let Some(held) = self.held.take_if(|held| Message::offset(held) < end) {
            self.next = Message::offset(&held) + 1;
            take(&held)?;
        }
        let mut heard = Instant::now();
        let begun = heard;
        let mut sought = false;
        while self.next < end && self.held.is_none() {
            match self.queue.poll(Duration::from_millis(200)) {
                Some(Ok(message)) => {
                    heard = Instant::now();
                    if Message::offset(&message) >= end {
                        self.held = Some(BorrowedMessage::detach(&message));
                        break;
                    }
                    self.next = Message::offset(&message) + 1;
                    take(&message)?;
                }
                // Nothing is left before the end: compaction took the last records.
                Some(Err(KafkaError::PartitionEOF(_))) if sought => break,
                Some(Err(error)) if is_end(&error) => {}
                Some(Err(error)) => return Err(self.error(settings, &error)),
                None => {}
            }
            if heard.elapsed() > STALL && !sought {
                sought = self.seek_if_complete(settings, end)?;
                heard = Instant::now();
                if !sought && begun.elapsed() > LOST {
                    return Err(self.lost(end));
                }
            }
        }
        self.next = self.next.max(end);
        Ok(())
    }

    /// Where the broker has everything before `end`, fetches anew: an end that is met after that is real.
    fn seek_if_complete(&self, settings: &LogSettings, end: i64) -> Result<bool, LogError> {
        let (_, high) = scan::watermarks(&self.consumer, settings, &self.topic, self.partition)?;
        if high < end {
            return Ok(false);
        }
        self.consumer
            .seek(&self.topic, self.partition, Offset::Offset(self.next), ASK_LIMIT)
            .map_err(|error| Asking::new(settings, "seek", &self.topic).error(&error))?;
        Ok(true)
    }

    fn place(&self) -> String {
        format!("Kafka topic {}, partition {}, offset {}", self.topic, self.partition, self.next)
    }

    fn lost(&self, end: i64) -> LogError {
        Finding::failed(
            "kafka_topic_recreated",
            self.place(),
            format!("the log says the partition reaches offset {end}, and it does not"),
        )
        .remedy("The topic was deleted or made anew. Copy the tables again: run `pgrelay drop` for the pipeline and start it with emptied target tables.")
        .into()
    }

    fn error(&self, settings: &LogSettings, error: &KafkaError) -> LogError {
        match error.rdkafka_error_code() {
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
                match scan::watermarks(&self.consumer, settings, &self.topic, self.partition) {
                    Ok((low, _)) if low <= self.next => self.lost(self.next),
                    Ok((low, _)) => {
                        past_retention(settings, &self.topic, self.partition, (self.next, low))
                    }
                    Err(error) => error,
                }
            }
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition) => {
                self.lost(self.next)
            }
            _ => Asking::new(settings, "read", &self.topic).error(error),
        }
    }
}

/// Records that were not read yet are gone.
pub(crate) fn past_retention(
    settings: &LogSettings,
    topic: &str,
    partition: i32,
    (wanted, low): (i64, i64),
) -> LogError {
    Finding::failed(
        "kafka_log_start",
        format!("Kafka topic {topic}, partition {partition}, offset {wanted}"),
        format!("the partition begins at offset {low}: records from {wanted} on were removed before the target had them"),
    )
    .remedy(format!("Copy the tables again: run `pgrelay drop` for pipeline {} and start it with emptied target tables. Let the topics keep records for as long as the target may be away: retention.ms and retention.bytes, here and under kafka: topic_config.", settings.pipeline))
    .run(configs_command(settings, topic, "retention.ms=1209600000"))
    .into()
}

/// Events of the queue that carry no record and no failure.
fn is_end(error: &KafkaError) -> bool {
    matches!(error, KafkaError::PartitionEOF(_)) || scan::is_passing(error)
}
