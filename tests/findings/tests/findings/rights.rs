//! A broker that does not let the pipeline: the topic, the transactional id, and the commands that mend it.

use findings::{Guarded, Place};
use stack::Kafka;

/// The lines of `kafka-acls.sh` that `check` prints for an administrator.
fn printed(place: &Place, file: &str) -> Vec<String> {
    let ran = place.run("check", file, &[]);
    let lines = ran.stdout.lines().filter(|line| line.starts_with("kafka-acls.sh"));
    lines.map(str::to_owned).collect()
}

fn deny(broker: &Guarded, what: &[&str]) {
    let deny = ["--add", "--force", "--deny-principal", "User:pgrelay"];
    broker.acl(&[&deny[..], what].concat());
}

fn allow_again(broker: &Guarded, what: &[&str]) {
    let remove = ["--remove", "--force", "--deny-principal", "User:pgrelay"];
    broker.acl(&[&remove[..], what].concat());
}

#[test]
fn what_the_brokers_do_not_allow_is_named_with_the_commands_that_allow_it() {
    let place = Place::new("guarded");
    let broker = Guarded::start();
    let file = broker.file(&place);
    place.sql("src", "INSERT INTO t VALUES (1, 'canary one', 1)");

    // No rights at all: the topic is named, and nothing was made.
    let texts = ["kafka_not_authorized", "guarded", "run: kafka-acls.sh", "User:pgrelay"];
    place.run("check", &file, &[]).expect(3, &texts).expect(3, &["__pgrelay-offsets.guarded"]);
    place.serve(&file).expect(3, &texts).expect(3, &["__pgrelay-offsets.guarded"]);

    // All that is printed but the right to the transactional id.
    let lines = printed(&place, &file);
    let (ids, others): (Vec<&String>, Vec<&String>) =
        lines.iter().partition(|line| line.contains("--transactional-id"));
    broker.acls(others.iter().map(|line| line.as_str()));
    place.run("check", &file, &[]).expect(0, &["warning", "kafka_not_authorized"]);
    let texts = ["kafka_not_authorized", "transactional id pgrelay-guarded", "--transactional-id"];
    place.serve(&file).expect(3, &texts);

    // What is printed is enough.
    broker.acls(ids.iter().map(|line| line.as_str()));
    let ran = place.run("check", &file, &[]);
    assert!(!ran.expect(0, &[]).stderr.contains("kafka_not_authorized"), "{}", ran.stderr);
    place.arrives(&file);

    // One topic that may be seen and not written.
    let topic = "guarded.public.t";
    deny(&broker, &["--operation", "Write", "--topic", topic]);
    place.sql("src", "INSERT INTO t VALUES (2, 'canary two', 1)");
    let ran = place.serve(&file);
    ran.expect(3, &["kafka_not_authorized", topic, "run: kafka-acls.sh"]);
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    allow_again(&broker, &["--operation", "Write", "--topic", topic]);

    // One that may be written and not read: the target waits where it stands.
    deny(&broker, &["--operation", "Read", "--topic", topic]);
    let ran = place.serve(&file);
    ran.expect(ran.status, &["kafka_not_authorized", topic, "run: kafka-acls.sh"]);
    assert!(ran.status != 0, "{}", ran.stderr);
    allow_again(&broker, &["--operation", "Read", "--topic", topic]);
    place.arrives(&file);
    assert_eq!(
        place.sql("dst", "SELECT string_agg(a, ',' ORDER BY id) FROM t").trim(),
        "canary one,canary two"
    );

    // A password that is wrong.
    let wrong = file.replace("SASL_PASSWORD", "MASK_KEY");
    let ran = place.run("check", &wrong, &[]);
    ran.expect(3, &["kafka_authentication", "sasl"]);
    assert!(!ran.stderr.contains("long random"), "{}", ran.stderr);
    place.serve(&wrong).expect(3, &["kafka_authentication"]);
}

/// What `check` prints is enough for dead letters; without the right to write one its record stays where it is.
#[test]
fn a_dead_letter_that_may_not_be_written_halts_with_the_commands_that_allow_it() {
    let place = Place::new("guardeddead");
    let broker = Guarded::start();
    let file = broker.file(&place);
    let ends = file[file.find("sink:").unwrap()..]
        .replace("topic_prefix: guardeddead", "topics: [in.public.t]\n  format: json");
    let errors = "errors:\n  tolerate: data\n  dead_letter_topic: set.aside\n";
    let file = format!("name: guardeddead\n{ends}{errors}");
    place.sql("dst", "CREATE TABLE t (id int PRIMARY KEY)");
    place.sql("dst", "ALTER TABLE t OWNER TO owner");
    broker.kafka.create_topic("in.public.t", 1, &[]).unwrap();
    let keyed = ["--property", "parse.key=true", "--property", "key.separator=|"];
    let records = "{\"id\":1}|canary\n{\"id\":2}|{}\n";
    broker.kafka.console_producer("in.public.t", records, &keyed).unwrap();
    broker.acls(printed(&place, &file).iter().map(String::as_str));
    assert!(
        place.run("check", &file, &[]).expect(0, &[]).stdout.contains("topic set.aside is made")
    );
    deny(&broker, &["--operation", "Write", "--topic", "set.aside"]);
    for _ in 0..2 {
        let ran = place.serve(&file);
        ran.expect(3, &["kafka_not_authorized", "topic set.aside", "run: kafka-acls.sh"]);
        assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
        assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "0");
    }
    allow_again(&broker, &["--operation", "Write", "--topic", "set.aside"]);
    place.serve(&file).expect(0, &["offset=0", "was set aside"]);
    assert_eq!(place.sql("dst", "SELECT id FROM t").trim(), "2");
}

#[test]
fn brokers_that_cannot_keep_transactions_are_named_with_their_setting() {
    let place = Place::new("notxn");
    // Three replicas of the transactions' own topic, and one broker: it cannot be made.
    let broker = Kafka::builder()
        .setting("transaction.state.log.replication.factor", "3")
        .setting("transaction.state.log.min.isr", "2")
        // On a busy machine its heartbeats may come late.
        .setting("broker.session.timeout.ms", "120000")
        .start()
        .unwrap();
    let file =
        place.file(&format!("kafka:\n  brokers: {}\n  topic_prefix: notxn\n", broker.bootstrap()));
    let texts = ["kafka_without_transactions", "transaction.state.log.replication.factor"];
    place.run("check", &file, &[]).expect(3, &texts);
    place.serve(&file).expect(3, &texts);
    // Without transactions there is a way on.
    place.sql("src", "INSERT INTO t VALUES (1, 'a', 1)");
    place.arrives(&file.replace("topic_prefix", "delivery: at_least_once\n  topic_prefix"));
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "1");
}
