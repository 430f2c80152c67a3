//! One note as a record: Connect's own converter prints it.

use cdc::{Batch, Event, Note, Order};
use connect_data::json::{JsonConverter, JsonSettings};

use crate::changes::Role;
use crate::converter::ConvertError;
use crate::notes::Notes;

/// Prints notes.
#[derive(Debug)]
pub(super) struct NoteWriter {
    notes: Notes,
    json: JsonConverter,
}

impl NoteWriter {
    pub(super) fn new(topic_prefix: &str, settings: JsonSettings) -> Self {
        let json = JsonConverter::new(settings);
        let notes = Notes::new(topic_prefix);
        Self { notes, json }
    }

    pub(super) fn begin(&mut self, batch: &Batch, now_micros: i64) {
        self.notes.begin(batch, now_micros);
    }

    /// Appends the key or the value of a note.
    pub(super) fn write(
        &mut self,
        note: &Note,
        role: Role,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let data = self.notes.record(note).part(role);
        self.json
            .write(data.schema.as_ref(), &data.value, out)
            .map(|_| ())
            .map_err(|_| ConvertError::Note { position: note.position() })
    }
}

/// Appends the block that says which event of its transaction a record is, or null where that is not counted.
pub(super) fn transaction(event: &Event, order: Option<Order>, out: &mut Vec<u8>) {
    let Some(order) = order else { return out.extend_from_slice(b"null") };
    let mut number = itoa::Buffer::new();
    for (name, value) in [
        (&b"{\"id\":\""[..], u64::from(event.transaction.xid)),
        (b":", event.lsn.get()),
        (b"\",\"total_order\":", order.total),
        (b",\"data_collection_order\":", order.in_table),
    ] {
        out.extend_from_slice(name);
        out.extend_from_slice(number.format(value).as_bytes());
    }
    out.push(b'}');
}
