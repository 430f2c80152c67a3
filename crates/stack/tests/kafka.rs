//! A broker that really runs: records survive its being killed.

use stack::Kafka;

#[test]
fn records_survive_a_kill() {
    let kafka = Kafka::builder().start().unwrap();
    kafka.create_topic("t", 2, &["--config", "cleanup.policy=compact"]).unwrap();
    kafka
        .console_producer(
            "t",
            "a:1\nb:2\n",
            &["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"],
        )
        .unwrap();
    let bounded = ["--max-messages", "2"];
    let before = kafka.console_consumer("t", &bounded).unwrap();
    assert_eq!(before.lines().count(), 2, "{before}");
    assert!(before.contains("Partition:") && before.contains("Offset:0"), "{before}");
    assert!(before.contains("NO_HEADERS\ta\t1"), "{before}");

    let (pid, address) = (kafka.pid().unwrap(), kafka.bootstrap());
    kafka.kill().unwrap();
    assert!(kafka.pid().is_none());
    kafka.start_again().unwrap();
    assert_ne!(kafka.pid().unwrap(), pid);
    assert_eq!(kafka.bootstrap(), address);
    let mut after: Vec<_> =
        kafka.console_consumer("t", &bounded).unwrap().lines().map(str::to_owned).collect();
    let mut before: Vec<_> = before.lines().map(str::to_owned).collect();
    after.sort();
    before.sort();
    assert_eq!(after, before);
}

#[test]
fn a_topic_does_not_appear_by_itself() {
    let kafka = Kafka::shared().unwrap();
    let error = kafka
        .console_producer("stack.nowhere", "x\n", &["--command-property", "max.block.ms=2000"])
        .unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}
