//! The log on a real broker: what goes in comes out, once, in order, whatever happens in between.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use cdc::{
    Batch, Captured, CapturedTable, Change, Checkpoint, Fault, Lsn, Progress, Remedy, Sink,
    SnapshotRow, Source, TableName,
};
use common::{
    Writer, checkpoint, end_at, events, events_of, key, read_to, row, settings, sink, source, table,
};
use pgrelay_log::{Delivery, LogEnd, LogError, LogSettings, murmur2, topics};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::config::ClientConfig;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

fn insert(id: i64, name: &str) -> Change {
    Change::Insert { after: row(id, name) }
}

#[tokio::test]
async fn batches_come_out_as_they_went_in() {
    let (settings, _broker) = settings("round", 3);
    let (one, two) = (table("one"), table("two"));
    let mut writer = Writer::new();
    let mut sink = sink(&settings);
    assert_eq!(sink.committed().await.unwrap(), None);
    let mut sent = Vec::new();
    for n in 0..20 {
        let mut changes = Vec::new();
        for i in 0..50 {
            changes.push((if i % 3 == 0 { &one } else { &two }, insert(n * 50 + i, "a")));
        }
        let mut unchanged = row(n, "__debezium_unavailable_value");
        unchanged.set_unchanged(3);
        changes.push((&one, Change::Update { before: None, after: unchanged.clone() }));
        changes.push((
            &one,
            Change::Update {
                before: Some(key(n)),
                after: {
                    unchanged.set_text(0, "-1");
                    unchanged
                },
            },
        ));
        changes.push((&two, Change::Delete { before: key(n + 1) }));
        changes.push((&two, Change::Truncate { cascade: true, restart_identity: false }));
        let mut batch = writer.transaction(changes);
        if n == 0 {
            batch.relations = vec![Arc::clone(&one), Arc::clone(&two)];
        }
        sink.write(&batch).await.unwrap();
        sent.extend(batch.events);
    }
    let end = Progress::After { end_lsn: writer.end() };
    let mut source = source(&settings);
    source.start(None).await.unwrap();
    let batches = read_to(&mut source, end).await;
    assert_eq!(events_of(&batches), sent);
    assert_eq!(batches[0].relations, [one, two]);
    let last = batches.last().unwrap();
    assert_eq!(last.checkpoint.source, checkpoint(end).source);
    let log_end = LogEnd::read(&settings).await.unwrap().unwrap();
    assert_eq!(log_end.checkpoint.progress, end);
    assert_eq!(Some(log_end.cut), last.checkpoint.log.as_ref().unwrap().cut);
    assert_eq!(log_end.commit_micros, 1_700_000_000_000_001);
    // Inside a transaction there is nothing that a target could commit.
    let inside = Progress::Inside { commit_lsn: writer.end(), done: 0 };
    sink.write(&Batch::progress(checkpoint(inside))).await.unwrap();
    end_at(&settings, inside).await;
    assert_eq!(LogEnd::whole(&settings).await.unwrap().unwrap().cut, log_end.cut);
}

/// For any consumer: our own reader would put them in order again.
#[tokio::test]
async fn a_key_stays_in_its_partition_and_in_order() {
    let (settings, broker) = settings("keys", 3);
    let one = table("one");
    let mut sink = sink(&settings);
    sink.committed().await.unwrap();
    let mut writer = Writer::new();
    for n in 0..5 {
        let changes = (0..8).map(|id| (&one, insert(id, &format!("v{n}")))).collect();
        sink.write(&writer.transaction(changes)).await.unwrap();
    }
    let truncate = Change::Truncate { cascade: false, restart_identity: false };
    sink.write(&writer.transaction(vec![(&one, truncate)])).await.unwrap();
    let topic = topics::data_topic(&settings.kafka.topic_prefix, &one);
    let lines = broker.console_consumer(&topic, &["--max-messages", "41"]).unwrap();
    let of = |text: &str| lines.lines().filter(|line| line.contains(text)).collect::<Vec<_>>();
    let mut used = BTreeSet::new();
    for id in 0..8 {
        let key = format!(r#"{{"id":{id}}}"#);
        let records = of(&format!("\t{key}\t"));
        let partition = murmur2::partition(Some(key.as_bytes()), 3);
        assert_eq!(records.len(), 5, "{key}: {lines}");
        for (n, record) in records.iter().enumerate() {
            let wanted = format!("Partition:{partition}\t");
            assert!(
                record.starts_with(&wanted) && record.contains(&format!("\"v{n}\"")),
                "{record}"
            );
        }
        used.insert(partition);
    }
    assert_eq!(used.len(), 3, "{used:?}");
    let truncated = of(r#""op":"t""#);
    assert!(truncated.len() == 1 && truncated[0].starts_with("Partition:0\t"), "{truncated:?}");
}

#[tokio::test]
async fn both_ends_go_on_where_they_stopped() {
    let (settings, _broker) = settings("restart", 2);
    let one = table("one");
    let mut writer = Writer::new();
    let first = writer.transaction(vec![(&one, insert(1, "a")), (&one, insert(2, "b"))]);
    let mut second = writer.transaction(vec![(&one, insert(3, "c"))]);
    let third = writer.transaction(vec![(&one, Change::Delete { before: key(1) })]);
    second.checkpoint.captured = Arc::new(Captured::from([(
        5,
        CapturedTable { table: TableName::new("public", "one"), columns: vec!["id".into()] },
    )]));

    let mut before = sink(&settings);
    before.committed().await.unwrap();
    before.write(&first).await.unwrap();
    before.write(&second).await.unwrap();
    let mut reader = source(&settings);
    reader.start(None).await.unwrap();
    let batches = read_to(&mut reader, second.checkpoint.progress).await;
    let stopped = batches.last().unwrap().checkpoint.clone();
    drop((before, reader));

    let mut after = sink(&settings);
    let stood = after.committed().await.unwrap().unwrap();
    assert_eq!(stood, second.checkpoint);
    after.write(&third).await.unwrap();
    let mut reader = source(&settings);
    reader.start(Some(stopped)).await.unwrap();
    let batches = read_to(&mut reader, third.checkpoint.progress).await;
    assert_eq!(events_of(&batches), third.events);
    assert_eq!(batches[0].relations, [one]);
}

#[tokio::test]
async fn the_older_of_two_sinks_is_fenced() {
    let (settings, _broker) = settings("zombie", 1);
    let one = table("one");
    let mut writer = Writer::new();
    let first = writer.transaction(vec![(&one, insert(1, "a"))]);
    let lost = writer.transaction(vec![(&one, insert(2, "zombie"))]);
    let mut old = sink(&settings);
    old.committed().await.unwrap();
    old.write(&first).await.unwrap();
    let mut new = sink(&settings);
    assert_eq!(new.committed().await.unwrap().unwrap().progress, first.checkpoint.progress);
    let error = old.write(&lost).await.unwrap_err();
    assert!(matches!(error, LogError::Fenced { .. }), "{error}");
    assert_eq!(error.remedy(), Remedy::Retry);
    assert!(matches!(old.write(&lost).await.unwrap_err(), LogError::Void));

    let mut kept = lost.clone();
    kept.events = events(Lsn::new(1_100), 0, vec![(&one, insert(2, "kept"))]);
    new.write(&kept).await.unwrap();
    let mut source = source(&settings);
    source.start(None).await.unwrap();
    let read = events_of(&read_to(&mut source, kept.checkpoint.progress).await);
    assert_eq!(read, [first.events, kept.events].concat());
}

#[tokio::test]
async fn what_was_not_committed_is_never_seen() {
    let (settings, _broker) = settings("crash", 1);
    let one = table("one");
    let mut writer = Writer::new();
    let whole = writer.transaction(vec![(&one, insert(1, "a"))]);
    let mut old = sink(&settings);
    old.committed().await.unwrap();
    old.write(&whole).await.unwrap();
    // Long enough that chunks of it are sent before the end, where an event cannot be written.
    let long = "x".repeat(1_000);
    let mut changes: Vec<_> = (0..2_000).map(|i| (&one, insert(i, &long))).collect();
    let mut broken = row(9, "a");
    broken.set_unchanged(0);
    changes.push((&one, Change::Update { before: None, after: broken }));
    let torn = writer.transaction(changes);
    let error = old.write(&torn).await.unwrap_err();
    assert_eq!(error.remedy(), Remedy::Divert, "{error}");

    let mut new = sink(&settings);
    let stood = new.committed().await.unwrap().unwrap();
    assert_eq!(stood.progress, whole.checkpoint.progress);
    let again = Batch { events: torn.events[..3].to_vec(), ..torn };
    new.write(&again).await.unwrap();
    let mut source = source(&settings);
    source.start(None).await.unwrap();
    let read = events_of(&read_to(&mut source, again.checkpoint.progress).await);
    assert_eq!(read, [whole.events, again.events].concat());
}

#[tokio::test]
async fn snapshots_begin_and_long_transactions_come_in_parts() {
    let (settings, _broker) = settings("parts", 2);
    let one = table("one");
    let mut sink = sink(&settings);
    sink.committed().await.unwrap();
    let attempt = Progress::Snapshot { attempt: 1 };
    let begin = Batch {
        begin: true,
        relations: vec![Arc::clone(&one)],
        ..Batch::progress(checkpoint(attempt))
    };
    let commit = Lsn::new(500);
    let mut read_rows = events(commit, 0, vec![(&one, Change::Read { after: row(1, "r") })]);
    let mut transaction = (*read_rows[0].transaction).clone();
    transaction.snapshot = Some(SnapshotRow::Last);
    read_rows[0].transaction = Arc::new(transaction);
    let after = Progress::After { end_lsn: commit };
    let snapshot = Batch { events: read_rows, ..Batch::progress(checkpoint(after)) };
    let inside = Progress::Inside { commit_lsn: Lsn::new(600), done: 2 };
    let all = events(Lsn::new(600), 0, (0..4).map(|i| (&one, insert(i, "p"))).collect());
    let part = Batch { events: all[..2].to_vec(), ..Batch::progress(checkpoint(inside)) };
    let end = Progress::After { end_lsn: Lsn::new(700) };
    let rest = Batch { events: all[2..].to_vec(), ..Batch::progress(checkpoint(end)) };
    let progress = Progress::After { end_lsn: Lsn::new(900) };
    for batch in [&begin, &snapshot, &part, &rest, &Batch::progress(checkpoint(progress))] {
        sink.write(batch).await.unwrap();
    }
    let mut source = source(&settings);
    source.start(None).await.unwrap();
    let batches = read_to(&mut source, progress).await;
    let seen: Vec<_> =
        batches.iter().map(|b| (b.begin, b.checkpoint.progress, b.events.len())).collect();
    assert_eq!(
        seen,
        [(true, attempt, 0), (false, after, 1), (false, inside, 2), (false, progress, 2)]
    );
    assert_eq!(batches[1].events[0].transaction.snapshot, Some(SnapshotRow::Last));
    assert_eq!(batches[0].relations, [one]);
}

#[tokio::test]
async fn another_log_under_the_same_name_is_noticed() {
    let (settings, _broker) = settings("other", 1);
    let one = table("one");
    let mut writer = Writer::new();
    let mut sink = sink(&settings);
    sink.committed().await.unwrap();
    let batch = writer.transaction(vec![(&one, insert(1, "a"))]);
    sink.write(&batch).await.unwrap();
    let mut reader = source(&settings);
    reader.start(None).await.unwrap();
    let stood = read_to(&mut reader, batch.checkpoint.progress).await.pop().unwrap().checkpoint;
    let elsewhere =
        Checkpoint { progress: Progress::After { end_lsn: Lsn::new(1) }, ..stood.clone() };
    let mut beyond = stood.clone();
    let mut place = (**stood.log.as_ref().unwrap()).clone();
    place.cut = Some(4_711);
    beyond.log = Some(Arc::new(place));
    for wrong in [elsewhere, beyond] {
        let error = source(&settings).start(Some(wrong)).await.unwrap_err();
        assert_eq!(error.finding().code, "kafka_topic_recreated", "{error}");
        assert_eq!(error.remedy(), Remedy::Halt);
    }
}

/// Removes every cut, as retention would.
async fn remove_cuts(settings: &LogSettings, broker: &stack::Kafka) {
    let topic = topics::cuts_topic(&settings.kafka.topic_prefix);
    let mut config = ClientConfig::new();
    let admin: AdminClient<_> =
        config.set("bootstrap.servers", broker.bootstrap()).create().expect("a client");
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&topic, 0, Offset::End).expect("an offset");
    let removed = admin.delete_records(&list, &AdminOptions::new()).await;
    removed.expect("the records are removed");
}

#[tokio::test]
async fn an_idle_log_whose_cuts_are_gone_goes_on_where_nothing_was_missed() {
    for delivery in [Delivery::ExactlyOnce, Delivery::AtLeastOnce] {
        let (mut settings, broker) = settings("idle", 1);
        settings.kafka.delivery = delivery;
        let one = table("one");
        let mut writer = Writer::new();
        let mut insert_one = |id| writer.transaction(vec![(&one, insert(id, "a"))]);
        let batches = [insert_one(1), insert_one(2), insert_one(3)];
        let mut sink = sink(&settings);
        sink.committed().await.unwrap();
        let mut reader = source(&settings);
        reader.start(None).await.unwrap();
        let mut stood = Vec::new();
        for batch in &batches[..2] {
            sink.write(batch).await.unwrap();
            let read = read_to(&mut reader, batch.checkpoint.progress).await;
            stood.push(read.last().unwrap().checkpoint.clone());
        }
        remove_cuts(&settings, &broker).await;
        let error = source(&settings).start(Some(stood[0].clone())).await.unwrap_err();
        assert_eq!(error.finding().code, "kafka_log_start", "{error}");
        let mut other = stood[1].clone();
        other.source = None;
        let error = source(&settings).start(Some(other)).await.unwrap_err();
        assert_eq!(error.finding().code, "kafka_log_start", "{error}");
        let mut reader = source(&settings);
        reader.start(Some(stood[1].clone())).await.unwrap();
        sink.write(&batches[2]).await.unwrap();
        let read = read_to(&mut reader, batches[2].checkpoint.progress).await;
        assert_eq!(events_of(&read), batches[2].events, "{delivery:?}");
        // From the cut that is there now, too: it says what was before it.
        let mut reader = source(&settings);
        reader.start(Some(stood[1].clone())).await.unwrap();
        let read = read_to(&mut reader, batches[2].checkpoint.progress).await;
        assert_eq!(events_of(&read), batches[2].events, "{delivery:?}");
        let error = source(&settings).start(Some(stood[0].clone())).await.unwrap_err();
        assert_eq!(error.finding().code, "kafka_log_start", "{error}");
    }
}

#[tokio::test]
async fn a_table_that_comes_later_is_read_as_well() {
    let (settings, _broker) = settings("later", 1);
    let mut writer = Writer::new();
    let mut sink = sink(&settings);
    sink.committed().await.unwrap();
    let mut source = source(&settings);
    source.start(None).await.unwrap();
    for name in ["one", "two", "three"] {
        let table = table(name);
        let batch = writer.transaction(vec![(&table, insert(1, name)), (&table, insert(2, name))]);
        sink.write(&batch).await.unwrap();
        let batches = read_to(&mut source, batch.checkpoint.progress).await;
        assert_eq!(events_of(&batches), batch.events);
    }
}

#[tokio::test]
async fn an_unreachable_broker_is_named() {
    let (mut settings, _broker) = settings("nowhere", 1);
    settings.kafka.brokers = pgrelay_log::Brokers::One("127.0.0.1:1".into());
    settings.options.insert("socket.connection.setup.timeout.ms".into(), "1000".into());
    let error = LogEnd::read(&settings).await.unwrap_err();
    assert_eq!(error.remedy(), Remedy::Retry);
    assert!(error.finding().place.contains("127.0.0.1:1"), "{}", error.finding());
}
