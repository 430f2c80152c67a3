//! One note as a record: Connect's own converter prints it.

use cdc::{Batch, Event, Note, Order};
use connect_data::json::{JsonConverter, JsonSettings};

use crate::converter::ConvertError;
use crate::notes::Notes;
use crate::records::Records;
use crate::stamp::Stamp;

/// Prints notes.
#[derive(Debug)]
pub(super) struct NoteWriter {
    notes: Notes,
    json: JsonConverter,
}

impl NoteWriter {
    pub(super) fn new(topic_prefix: &str, schemas_enable: bool) -> Self {
        let settings = JsonSettings { schemas_enable, ..JsonSettings::default() };
        let json = JsonConverter::new(settings);
        let notes = Notes::new(topic_prefix);
        Self { notes, json }
    }

    pub(super) fn begin(&mut self, batch: &Batch, now_micros: i64) {
        self.notes.begin(batch, now_micros);
    }

    /// Appends the record of a note.
    pub(super) fn write(&mut self, note: &Note, records: &mut Records) -> Result<(), ConvertError> {
        let record = self.notes.record(note);
        let position = note.position();
        let unfit = |_| ConvertError::Note { position };
        let json = &mut self.json;
        let mut span = |data: &connect_data::Data| {
            records.span(|out| {
                json.write(data.schema.as_ref(), &data.value, out).map(|_| ()).map_err(unfit)
            })
        };
        let (key, value) = (span(&record.key)?, span(&record.value)?);
        records.push(Stamp::of_note(note), Some(key), Some(value), None, None);
        Ok(())
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
