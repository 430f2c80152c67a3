//! What is no change of a row, on a real broker: it has topics of its own, and whoever applies the log passes over it.

mod common;

use std::sync::Arc;

use bytes::Bytes;
use cdc::{
    BinaryMode, Change, Message, Note, Position, Progress, Schema, Sink, Source, Transaction,
};
use common::{Writer, events_of, read_to, row, settings, sink, source, table};

fn message(content: &'static [u8], position: Position) -> Note {
    Note::Message(Message {
        prefix: "p".into(),
        content: Bytes::from_static(content),
        binary: BinaryMode::default(),
        position,
        lsn: position.commit_lsn,
        order: None,
        transaction: Arc::new(Transaction::default()),
    })
}

/// A batch of nothing but notes, one of rows and notes, and one whose rows `route` sends where the notes go.
#[tokio::test]
async fn a_reader_of_rows_passes_over_notes() {
    let (settings, _broker) = settings("notes", 2);
    let mut schema = Schema::clone(&table("routed"));
    schema.topic = Some(format!("{}.message", settings.kafka.topic_prefix).into());
    let tables = [table("plain"), Arc::new(schema.sealed())];
    let mut writer = Writer::new();
    let mut sink = sink(&settings);
    sink.committed().await.unwrap();
    let mut sent = Vec::new();
    for n in 0..4 {
        let begin = writer.end();
        let rows = (0..2).filter(|_| n > 0).map(|id| {
            let after = row(id, "a");
            (&tables[usize::from(n > 1)], Change::Insert { after })
        });
        let mut batch = writer.transaction(rows.collect());
        let notes = (0..3).map(|seq| message(b"said", Position { commit_lsn: begin, seq }));
        batch.notes = notes.collect();
        assert!(!batch.is_progress() && batch.weight() > 0);
        sink.write(&batch).await.unwrap();
        sent.extend(batch.events);
    }
    let mut source = source(&settings);
    source.start(None).await.unwrap();
    let batches = read_to(&mut source, Progress::After { end_lsn: writer.end() }).await;
    assert_eq!(events_of(&batches), sent);
    assert!(batches.iter().all(|batch| batch.notes.is_empty()));
}
