//! What the brokers refuse, lose or do not offer, and what a person is told then.

mod common;

use cdc::{Change, Fault, Lsn, Progress, Remedy, Sink, Source};
use common::{Writer, checkpoint, events, events_of, read_to, row, settings, sink, source, table};
use pgrelay_log::{Delivery, check, topics};

fn insert(id: i64, name: &str) -> Change {
    Change::Insert { after: row(id, name) }
}

#[tokio::test]
async fn a_record_larger_than_the_topic_allows_halts_with_the_setting_to_change() {
    let (mut settings, _broker) = settings("large", 1);
    settings.kafka.topic_config.insert("max.message.bytes".into(), "2000".into());
    settings.kafka.compression = pgrelay_log::Compression::None;
    let one = table("one");
    let mut sink = sink(&settings);
    sink.committed().await.unwrap();
    let batch = Writer::new().transaction(vec![(&one, insert(1, &"x".repeat(3_000)))]);
    let error = sink.write(&batch).await.unwrap_err();
    let finding = error.finding();
    assert_eq!((finding.code, error.remedy()), ("kafka_record_too_large", Remedy::Halt), "{error}");
    assert!(finding.place.contains("public.one"), "{finding}");
    assert!(finding.statement.contains("max.message.bytes"), "{finding}");
    assert!(!finding.to_string().contains("xxx"));
}

#[tokio::test]
async fn a_checkpoint_topic_that_loses_records_is_refused() {
    let (settings, broker) = settings("policy", 1);
    let topic = topics::offsets_topic(&settings.kafka.topic_prefix);
    broker.create_topic(&topic, 1, &["--config", "cleanup.policy=delete"]).unwrap();
    let error = sink(&settings).committed().await.unwrap_err();
    let finding = error.finding();
    assert_eq!((finding.code, error.remedy()), ("kafka_topic_not_compacted", Remedy::Halt));
    assert!(finding.statement.contains("cleanup.policy=compact"), "{finding}");
    let findings = check(&settings, &[]).await;
    assert_eq!(findings.iter().map(|f| f.code).collect::<Vec<_>>(), ["kafka_topic_not_compacted"]);
}

#[tokio::test]
async fn a_check_finds_nothing_where_all_is_well_and_changes_nothing() {
    let (mut settings, broker) = settings("check", 1);
    let one = table("one");
    assert_eq!(check(&settings, &[&one]).await, []);
    let mut running = sink(&settings);
    running.committed().await.unwrap();
    assert_eq!(check(&settings, &[&one]).await, []);
    // A check of a running pipeline does not fence it.
    let batch = Writer::new().transaction(vec![(&one, insert(1, "a"))]);
    running.write(&batch).await.unwrap();
    let topic = topics::data_topic(&settings.kafka.topic_prefix, &table("two"));
    broker
        .create_topic(
            &topic,
            1,
            &["--config", "cleanup.policy=compact", "--config", "max.message.bytes=900"],
        )
        .unwrap();
    let codes: Vec<_> =
        check(&settings, &[&one, &table("two")]).await.iter().map(|f| f.code).collect();
    assert_eq!(codes, ["kafka_topic_compacted", "kafka_record_too_large"]);
    settings.kafka.replication_factor = Some(3);
    let codes: Vec<_> = check(&settings, &[&table("three")]).await.iter().map(|f| f.code).collect();
    assert_eq!(codes, ["kafka_topic_refused"]);
}

#[tokio::test]
async fn options_that_exactly_once_depends_on_are_ours() {
    let (mut settings, _broker) = settings("options", 1);
    settings.options.insert("isolation.level".into(), "read_uncommitted".into());
    let error = sink(&settings).committed().await.unwrap_err();
    assert_eq!(error.finding().code, "kafka_option_owned");
    settings.options.clear();
    settings.options.insert("sasl.pasword".into(), "hunter2".into());
    let finding = sink(&settings).committed().await.unwrap_err().finding();
    assert_eq!(finding.code, "kafka_option");
    assert!(finding.place.contains("sasl.pasword"));
    assert!(!finding.to_string().contains("hunter2"), "{finding}");
}

#[tokio::test]
async fn without_transactions_a_repeated_batch_is_still_read_once() {
    let (mut settings, _broker) = settings("atleast", 1);
    settings.kafka.delivery = Delivery::AtLeastOnce;
    let one = table("one");
    let mut writer = Writer::new();
    let first = writer.transaction(vec![(&one, insert(1, "a")), (&one, insert(2, "b"))]);
    let second = writer.transaction(vec![(&one, insert(3, "c"))]);
    let mut old = sink(&settings);
    old.committed().await.unwrap();
    old.write(&first).await.unwrap();
    // A process that lost its answer writes the same batch again.
    let mut new = sink(&settings);
    assert_eq!(new.committed().await.unwrap().unwrap().progress, first.checkpoint.progress);
    new.write(&first).await.unwrap();
    new.write(&second).await.unwrap();
    let mut source = source(&settings);
    source.start(None).await.unwrap();
    let read = events_of(&read_to(&mut source, second.checkpoint.progress).await);
    assert_eq!(read, [first.events, second.events].concat());
}

#[tokio::test]
async fn records_of_somebody_else_stop_the_reader() {
    let (settings, broker) = settings("foreign", 1);
    let one = table("one");
    let mut writer = Writer::new();
    let mut sink = sink(&settings);
    sink.committed().await.unwrap();
    sink.write(&writer.transaction(vec![(&one, insert(1, "secret"))])).await.unwrap();
    let topic = topics::data_topic(&settings.kafka.topic_prefix, &one);
    broker.console_producer(&topic, "{\"somebody\":\"else\"}\n", &[]).unwrap();
    sink.write(&writer.transaction(vec![(&one, insert(2, "b"))])).await.unwrap();
    let mut source = source(&settings);
    source.start(None).await.unwrap();
    let mut events = 0;
    let error = loop {
        match source.next().await {
            Err(error) => break error,
            Ok(batch) => events += batch.events.len(),
        }
        assert!(events < 2, "what stands before the second batch was passed over");
    };
    let finding = error.finding();
    assert_eq!((finding.code, error.remedy()), ("kafka_foreign_record", Remedy::Halt));
    assert!(finding.place.contains("partition 0, offset 2"), "{finding}");
}

#[tokio::test]
async fn any_consumer_of_debezium_reads_the_records() {
    let (settings, broker) = settings("console", 1);
    let one = table("one");
    let mut sink = sink(&settings);
    sink.committed().await.unwrap();
    let commit = Lsn::new(1_000);
    let changes = vec![
        (&one, insert(1, "a")),
        (&one, Change::Update { before: Some(common::key(1)), after: row(2, "b") }),
    ];
    let batch = cdc::Batch {
        events: events(commit, 0, changes),
        ..cdc::Batch::progress(checkpoint(Progress::After { end_lsn: Lsn::new(1_100) }))
    };
    sink.write(&batch).await.unwrap();
    let topic = topics::data_topic(&settings.kafka.topic_prefix, &one);
    let lines = broker.console_consumer(&topic, &["--max-messages", "4"]).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[0].contains(r#"{"id":1}"#) && lines[0].contains(r#""op":"c""#), "{}", lines[0]);
    assert!(lines[1].contains(r#"__debezium.newkey:{"id":2}"#) && lines[1].contains(r#""op":"d""#));
    assert!(lines[2].ends_with("null") && lines[2].contains(r#"{"id":1}"#), "{}", lines[2]);
    assert!(lines[3].contains(r#"__debezium.oldkey:{"id":1}"#) && lines[3].contains(r#""op":"c""#));
}
