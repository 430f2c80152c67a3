//! A log that is not as needed, through the whole program: status, place, remedy, and nothing lost.

use std::sync::OnceLock;

use findings::Place;
use stack::Kafka;

/// One broker for these tests: the one of the run, or one of their own.
fn kafka() -> &'static Kafka {
    static KAFKA: OnceLock<Kafka> = OnceLock::new();
    KAFKA.get_or_init(|| Kafka::shared().unwrap())
}

/// The pipeline of `place` through the broker at `bootstrap`.
fn file_at(place: &Place, bootstrap: &str, more: &str) -> String {
    let prefix = format!("{}{}", place.name, std::process::id());
    place.file(&format!("kafka:\n  brokers: {bootstrap}\n  topic_prefix: {prefix}\n{more}"))
}

fn file(place: &Place, more: &str) -> String {
    file_at(place, &kafka().bootstrap(), more)
}

fn topic(place: &Place, name: &str) -> String {
    format!("{name}{}{}", place.name, std::process::id())
}

fn delete_topic(name: &str) {
    kafka().tool("org.apache.kafka.tools.TopicCommand", &["--delete", "--topic", name]).unwrap();
}

#[test]
fn a_broker_that_does_not_answer_is_named() {
    let place = Place::new("kdown");
    let file = file_at(&place, "127.0.0.1:1", "");
    place.run("check", &file, &[]).expect(3, &["kafka_unreachable", "127.0.0.1:1"]);
    place.serve(&file).expect(3, &["kafka_unreachable", "127.0.0.1:1"]);
}

#[test]
fn behind_a_log_too_no_row_comes_from_a_table_that_is_not_captured() {
    let place = Place::new("krenamed");
    let kafka = file(&place, "");
    let file = kafka.replacen("kafka:\n", "    tables: { public.tt: public.u }\nkafka:\n", 1);
    place.sql("src", "INSERT INTO t VALUES (1, 'a', 1)");
    let ran = place.serve(&file);
    ran.expect(2, &["transform_table_missing", "sink.postgres.tables, table public.tt"]);
    // The name is mended, and nothing is lost.
    place.arrives(&file.replace("public.tt", "public.t"));
    assert_eq!(place.sql("dst", "SELECT count(*) FROM u").trim(), "1");
}

/// The same in Avro, with a registry at this URL.
fn avro(place: &Place, url: &str) -> String {
    file(place, &format!("  format: avro\n  schema_registry: {{ url: {url} }}\n"))
}

#[test]
fn a_registry_that_does_not_answer_is_named() {
    let place = Place::new("rdown");
    let file = avro(&place, "http://127.0.0.1:1/base");
    place.run("check", &file, &[]).expect(
        3,
        &[
            "registry_unreachable",
            "schema registry http://127.0.0.1:1/base",
            "curl http://127.0.0.1:1/base/subjects",
        ],
    );
}

#[test]
fn columns_that_become_one_in_avro_are_refused_before_anything_is_written() {
    let place = Place::new("rnames");
    place.sql("src", "ALTER TABLE t ADD COLUMN \"a b\" int, ADD COLUMN \"a-b\" int");
    let registry = stack::Registry::shared().unwrap();
    let file = avro(&place, &registry.url());
    let names = ["avro_schema", "table public.t", "a b", "a-b", "a_b"];
    place.run("check", &file, &[]).expect(3, &names);
    place.serve(&file).expect(3, &names);
}

#[test]
fn a_record_too_large_halts_with_the_setting_and_goes_on_after_it() {
    let place = Place::new("klarge");
    let small = file(&place, "  topic_config: { max.message.bytes: \"20000\" }\n");
    place.arrives(&small);
    place.sql("src", "INSERT INTO t VALUES (1, 'canary' || (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 5000) i), 1)");
    let ran = place.serve(&small);
    ran.expect(3, &["kafka_record_too_large", "max.message.bytes", ".public.t, partition 0"]);
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    let name = topic(&place, "") + ".public.t";
    let set = [
        "--alter",
        "--entity-type",
        "topics",
        "--entity-name",
        &name,
        "--add-config",
        "max.message.bytes=5000000",
    ];
    kafka().tool("kafka.admin.ConfigCommand", &set).unwrap();
    place.arrives(&small);
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "1");
}

#[test]
fn a_topic_made_anew_is_noticed() {
    let place = Place::new("kanew");
    let file = file(&place, "");
    place.sql("src", "INSERT INTO t VALUES (1, 'a', 1)");
    place.arrives(&file);
    delete_topic(&(topic(&place, "__pgrelay-cuts.")));
    place.sql("src", "INSERT INTO t VALUES (2, 'b', 2)");
    let ran = place.serve(&file);
    assert!(ran.status != 0, "{}", ran.stderr);
    ran.expect(ran.status, &["__pgrelay-cuts."]);
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "1");
}

#[test]
fn a_record_of_somebody_else_halts_at_its_offset() {
    let place = Place::new("kforeign");
    let file = file(&place, "");
    place.sql("src", "INSERT INTO t VALUES (1, 'a', 1)");
    place.arrives(&file);
    let name = topic(&place, "") + ".public.t";
    kafka().console_producer(&name, "canary, which is no JSON\n", &[]).unwrap();
    place.sql("src", "INSERT INTO t VALUES (2, 'b', 2)");
    let ran = place.serve(&file);
    // What lies between two batches of ours belongs to none of them: it is passed by, or named.
    if ran.status != 0 {
        ran.expect(1, &[&name, "offset"]);
    } else {
        assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "2");
    }
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
}

#[test]
fn a_checkpoint_topic_that_is_not_compacted_is_refused() {
    let place = Place::new("kcompact");
    let name = topic(&place, "__pgrelay-offsets.");
    kafka().create_topic(&name, 1, &["--config", "cleanup.policy=delete"]).unwrap();
    let file = file(&place, "");
    place.serve(&file).expect(3, &[&name, "cleanup.policy"]);
    place.run("check", &file, &[]).expect(3, &[&name, "cleanup.policy"]);
}

#[test]
fn drop_removes_what_was_made_and_a_new_start_copies_again() {
    let place = Place::new("kdrop");
    let file = file(&place, "");
    place.sql("src", "INSERT INTO t VALUES (1, 'a', 1)");
    place.arrives(&file);
    place.run("drop", &file, &["--yes"]).expect(0, &[]);
    assert_eq!(place.sql("src", "SELECT count(*) FROM pg_replication_slots").trim(), "0");
    assert_eq!(place.sql("src", "SELECT count(*) FROM pg_publication").trim(), "0");
    assert_eq!(place.sql("dst", "SELECT count(*) FROM pgrelay.checkpoints").trim(), "0");
    place.sql("dst", "TRUNCATE t");
    place.sql("src", "INSERT INTO t VALUES (2, 'b', 2)");
    place.arrives(&file);
    assert_eq!(
        place.sql("dst", "SELECT string_agg(id::text, ',' ORDER BY id) FROM t").trim(),
        "1,2"
    );
}

/// The pipeline of the file as far as the log, and no further.
fn only_captures(whole: &str) -> String {
    let (source, rest) = whole.split_once("sink:\n").unwrap();
    let (_, kafka) = rest.split_once("kafka:\n").unwrap();
    format!("{source}kafka:\n{kafka}")
}

/// Removes the records of a partition before an offset, as retention would.
fn delete_records(topic: &str, before: i64) {
    let folder = tempfile::TempDir::new().unwrap();
    let list = folder.path().join("offsets.json");
    let text = format!(
        r#"{{"version":1,"partitions":[{{"topic":"{topic}","partition":0,"offset":{before}}}]}}"#
    );
    std::fs::write(&list, text).unwrap();
    let list = list.to_string_lossy();
    kafka()
        .tool("org.apache.kafka.tools.DeleteRecordsCommand", &["--offset-json-file", &list])
        .unwrap();
}

#[test]
fn records_removed_before_they_were_applied_halt_with_their_offsets() {
    for (name, of) in [("kretain", ".public.t"), ("kretcuts", "__pgrelay-cuts.")] {
        let place = Place::new(name);
        let whole = file(&place, "");
        place.sql("src", "INSERT INTO t VALUES (1, 'canary', 1)");
        place.arrives(&whole);
        for id in 2..5 {
            place.sql("src", &format!("INSERT INTO t VALUES ({id}, 'canary', 1)"));
            place.arrives(&only_captures(&whole));
        }
        let topic = if of.starts_with('.') { topic(&place, "") + of } else { topic(&place, of) };
        // -1 is the end of the partition.
        delete_records(&topic, -1);
        let ran = place.serve(&whole);
        let at = format!("Kafka topic {topic}, partition 0, offset ");
        ran.expect(
            1,
            &["kafka_log_start", &at, "begins at offset", "pgrelay drop", "retention.ms"],
        );
        assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
        assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "1");
        // The way on that it names.
        place.run("drop", &whole, &["--yes"]).expect(0, &[]);
        place.sql("dst", "TRUNCATE t");
        place.arrives(&whole);
        assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "4");
    }
}

#[test]
fn cuts_removed_after_they_were_applied_are_not_missed() {
    for (name, delivery) in [("kidle", "exactly_once"), ("kidleleast", "at_least_once")] {
        let place = Place::new(name);
        let more = format!("  delivery: {delivery}\n");
        let whole = file(&place, &more);
        let (_, sink) = whole.split_once("sink:\n").unwrap();
        let applies = format!("name: {}\nsink:\n{sink}", place.name);
        let captures = only_captures(&whole);
        let insert =
            |id: i32| place.sql("src", &format!("INSERT INTO t VALUES ({id}, 'canary', 1)"));
        let remove = || delete_records(&topic(&place, "__pgrelay-cuts."), -1);
        let applied = || place.sql("dst", "SELECT count(*) FROM t").trim().to_owned();
        insert(1);
        place.arrives(&whole);
        // Nothing came since: the capture checkpoint says so.
        remove();
        place.arrives(&applies);
        // What came since says what was before it.
        insert(2);
        place.arrives(&captures);
        insert(3);
        place.arrives(&captures);
        place.arrives(&applies);
        assert_eq!(applied(), "3");
        remove();
        insert(4);
        place.arrives(&whole);
        assert_eq!(applied(), "4");
        // Of two batches the first one is gone.
        insert(5);
        place.arrives(&captures);
        remove();
        insert(6);
        place.arrives(&captures);
        let ran = place.serve(&applies);
        ran.expect(1, &["kafka_log_start", "__pgrelay-cuts.", "begins at offset", "pgrelay drop"]);
        assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
        assert_eq!(applied(), "4");
    }
}

#[test]
fn a_data_topic_made_anew_is_noticed() {
    let place = Place::new("kdata");
    let whole = file(&place, "");
    place.sql("src", "INSERT INTO t SELECT i, 'a', 1 FROM generate_series(1, 5) i");
    place.arrives(&whole);
    delete_topic(&(topic(&place, "") + ".public.t"));
    place.sql("src", "INSERT INTO t VALUES (6, 'b', 2)");
    let ran = place.serve(&whole);
    ran.expect(1, &["kafka_topic_recreated", ".public.t, partition 0", "pgrelay drop"]);
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "5");
}

#[test]
fn a_record_of_somebody_else_between_two_batches_halts_at_its_offset() {
    let place = Place::new("kbetween");
    let whole = file(&place, "");
    place.sql("src", "INSERT INTO t VALUES (1, 'a', 1)");
    place.arrives(&only_captures(&whole));
    let name = topic(&place, "") + ".public.t";
    kafka().console_producer(&name, "canary, which is no JSON\n", &[]).unwrap();
    place.sql("src", "INSERT INTO t VALUES (2, 'b', 2)");
    place.arrives(&only_captures(&whole));
    let ran = place.serve(&whole);
    ran.expect(1, &["kafka_foreign_record", &name, "partition 0, offset", "remedy:"]);
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
}

#[test]
fn a_record_that_is_no_cut_halts_at_its_offset() {
    let place = Place::new("kcut");
    let whole = file(&place, "");
    place.sql("src", "INSERT INTO t VALUES (1, 'a', 1)");
    place.arrives(&whole);
    let name = topic(&place, "__pgrelay-cuts.");
    kafka().console_producer(&name, "canary, which is no cut\n", &[]).unwrap();
    place.sql("src", "INSERT INTO t VALUES (2, 'b', 2)");
    let ran = place.serve(&whole);
    ran.expect(1, &["kafka_record_unreadable", &name, "offset", "not a cut"]);
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "1");
}
