//! Delivery reports: which offsets the records of a batch got, and what went wrong with one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::Message;
use rdkafka::producer::{DeliveryResult, ProducerContext};

use crate::client::{self, Said};

/// The opaque of the records that are not counted in a cut.
pub(crate) const OURS: usize = usize::MAX;

/// Delivery reports, gathered.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    /// When the first one came.
    pub(crate) first: Option<Instant>,
    /// First offset and the one behind the last, by topic and partition.
    pub(crate) places: BTreeMap<(usize, i32), (i64, i64)>,
    /// Bytes of the records that came to an end, either way.
    pub(crate) bytes: usize,
    pub(crate) error: Option<(KafkaError, String, i32)>,
}

#[derive(Debug, Default)]
pub(crate) struct Context {
    pub(crate) said: Said,
    delivered: Mutex<Delivered>,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.said.note_line(facility, message);
        client::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.said.note(&error, reason);
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, topic: usize) {
        let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
        delivered.first.get_or_insert_with(Instant::now);
        let (Ok(message) | Err((_, message))) = result;
        delivered.bytes += size(message.key(), message.payload());
        match result {
            Ok(message) if topic != OURS => {
                let offset = message.offset();
                let place = delivered
                    .places
                    .entry((topic, message.partition()))
                    .or_insert((offset, offset + 1));
                *place = (place.0.min(offset), place.1.max(offset + 1));
            }
            Ok(_) => {}
            Err((error, message)) => {
                let place = (message.topic().to_owned(), message.partition());
                // One that fell with others does not hide the one they fell with.
                let known = delivered.error.as_ref().is_some_and(|(known, ..)| !is_purge(known));
                if !known {
                    delivered.error = Some((error.clone(), place.0, place.1));
                }
            }
        }
    }
}

impl Context {
    /// What was delivered of the batch at hand.
    pub(crate) fn delivered(&self) -> MutexGuard<'_, Delivered> {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a record counts for.
pub(crate) fn size(key: Option<&[u8]>, value: Option<&[u8]>) -> usize {
    key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len)
}

/// Whether a record only fell with others.
pub(crate) fn is_purge(error: &KafkaError) -> bool {
    matches!(error.rdkafka_error_code(), Some(Code::PurgeQueue | Code::PurgeInflight))
}
