//! Any bytes as what a walsender sends: the frame, and the message in it or on its own.

use bytes::Bytes;
use pgoutput::{Frame, Message, OldTuple};

/// Reads them, and every cell of their rows.
pub(crate) fn read(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    if let Ok(Frame::XLogData { data, .. }) = Frame::decode(&bytes) {
        message(&data);
    }
    message(&bytes);
}

fn message(data: &Bytes) {
    let rows = match Message::decode(data) {
        Ok(Message::Insert { new, .. }) => vec![new],
        Ok(Message::Update { old, new, .. }) => {
            old.map(OldTuple::into_row).into_iter().chain([new]).collect()
        }
        Ok(Message::Delete { old, .. }) => vec![old.into_row()],
        _ => Vec::new(),
    };
    for row in rows {
        row.cells().for_each(drop);
        assert!(row.weight() >= row.len(), "a row weighs what it has");
    }
}
