//! Records as they go to Kafka: keys, values and headers, one after the other in one buffer.
//!
//! A converter appends to it, the producer's thread reads from it, and it comes back empty with its memory
//! kept, so that encoding allocates nothing once a pipeline runs.

use std::ops::Range;

use crate::stamp::Stamp;

/// A run of bytes in the buffer.
pub(crate) type Span = Range<usize>;

/// Which other key a record of a move names in its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherKey {
    /// `__debezium.newkey`, on the delete and the tombstone.
    New,
    /// `__debezium.oldkey`, on the create.
    Old,
}

impl OtherKey {
    /// The header's name.
    pub const fn header(self) -> &'static str {
        match self {
            OtherKey::New => "__debezium.newkey",
            OtherKey::Old => "__debezium.oldkey",
        }
    }
}

/// The header with what columns are that the record does not say exactly: a JSON object of their texts, null, and false
/// for those that the source did not send.
pub const VERBATIM_HEADER: &str = "pgrelay.verbatim";

/// One record, as places in the buffer.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) topic: usize,
    pub(crate) key: Option<Span>,
    pub(crate) value: Option<Span>,
    pub(crate) stamp: Span,
    pub(crate) verbatim: Option<Span>,
    pub(crate) other_key: Option<(OtherKey, Span)>,
}

/// A run of records. `topic` of each is a number that whoever drives the converter chose.
#[derive(Debug, Default)]
pub struct Records {
    pub(crate) bytes: Vec<u8>,
    pub(crate) list: Vec<Record>,
    pub(crate) topic: usize,
}

/// A record as its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// The number of its topic.
    pub topic: usize,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; a tombstone has none.
    pub value: Option<&'a [u8]>,
    /// The value of the header `pgrelay.position`.
    pub stamp: &'a [u8],
    /// The value of the header `pgrelay.verbatim`.
    pub verbatim: Option<&'a [u8]>,
    /// The row's other key, if this is part of a move.
    pub other_key: Option<(OtherKey, &'a [u8])>,
}

impl Records {
    /// The records made from here on go to the topic of this number.
    pub fn enter_topic(&mut self, topic: usize) {
        self.topic = topic;
    }

    /// How many bytes the records have.
    pub fn weight(&self) -> usize {
        self.bytes.len()
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Forgets all records and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.list.clear();
    }

    /// The records, in order.
    pub fn iter(&self) -> impl Iterator<Item = RecordRef<'_>> {
        self.list.iter().map(|record| {
            let bytes = |span: &Span| self.bytes.get(span.clone()).unwrap_or_default();
            RecordRef {
                topic: record.topic,
                key: record.key.as_ref().map(bytes),
                value: record.value.as_ref().map(bytes),
                stamp: bytes(&record.stamp),
                verbatim: record.verbatim.as_ref().map(bytes),
                other_key: record.other_key.as_ref().map(|(which, span)| (*which, bytes(span))),
            }
        })
    }

    /// Appends what `write` writes, and says where it is.
    pub(crate) fn span<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Span, E> {
        let start = self.bytes.len();
        write(&mut self.bytes)?;
        Ok(start..self.bytes.len())
    }

    /// Appends a record whose parts are in the buffer already.
    pub(crate) fn push(
        &mut self,
        stamp: Stamp,
        key: Option<Span>,
        value: Option<Span>,
        verbatim: Option<Span>,
        other_key: Option<(OtherKey, Span)>,
    ) {
        let start = self.bytes.len();
        stamp.write(&mut self.bytes);
        let stamp = start..self.bytes.len();
        self.list.push(Record { topic: self.topic, key, value, stamp, verbatim, other_key });
    }
}
