//! A pipeline file that is wrong: status 2, file:line:column, and the name that would be right. No server is asked.

use findings::{Ran, binary};

fn check(text: &str) -> Ran {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("shop.yaml");
    std::fs::write(&path, text).unwrap();
    let output = std::process::Command::new(binary())
        .arg("serve")
        .arg(&path)
        .env_remove("NOT_SET")
        .output()
        .unwrap();
    output.into()
}

const SOURCE: &str = "name: shop\nsource:\n  postgres:\n    url: postgresql://u@127.0.0.1:1/d\n    tables: [public.t]\n";
const SINK: &str = "sink:\n  postgres:\n    url: postgresql://u@127.0.0.1:1/e\n";

#[test]
fn a_misspelt_key_is_named_with_its_place_and_the_nearest_right_one() {
    let file = format!("{SOURCE}    snapshoot: never\n{SINK}");
    check(&file).expect(2, &["shop.yaml:6:5", "snapshoot", "did you mean `snapshot`?"]);
}

#[test]
fn an_unknown_key_lists_what_is_known() {
    check(&format!("{SOURCE}{SINK}zzz: 1\n")).expect(2, &["shop.yaml:9:1", "zzz", "known here"]);
}

#[test]
fn a_duplicate_key_is_refused_where_it_stands() {
    check(&format!("{SOURCE}    tables: [public.u]\n{SINK}"))
        .expect(2, &["shop.yaml:6", "duplicate", "keep one of the two"]);
}

#[test]
fn a_missing_key_is_named() {
    check(&format!("name: shop\nsource:\n  postgres:\n    tables: [public.t]\n{SINK}"))
        .expect(2, &["shop.yaml", "url", "add the key"]);
}

#[test]
fn a_key_of_a_feature_that_is_not_built_is_refused() {
    let class = "org.apache.kafka.connect.transforms.RegexRouter";
    check(&format!("{SOURCE}transforms:\n  - {class}: {{ regex: a, replacement: b }}\n{SINK}"))
        .expect(2, &["shop.yaml:7:5", "RegexRouter"]);
    check(&format!("{SOURCE}{SINK}errors:\n  tolerate: all\n"))
        .expect(2, &["shop.yaml:10:13", "all"]);
}

const TOPICS: &str =
    "kafka:\n  brokers: 127.0.0.1:1\n  topics: [shop.a, { regex: \"in\\\\..*\" }]\n";
const PREFIX: &str = "kafka:\n  brokers: 127.0.0.1:1\n  topic_prefix: shop\n";

#[test]
fn what_goes_by_names_is_refused_where_renamed_tables_are_followed() {
    let source = format!("{SOURCE}    follow_renames: true\n");
    for (more, key) in [
        ("new_columns: drop\n", "new_columns"),
        ("new_columns: halt\n", "new_columns"),
        ("transforms:\n  - drop: { columns: [public.t.a] }\n", "transforms"),
    ] {
        check(&format!("{source}{PREFIX}{more}"))
            .expect(2, &["shop.yaml:6:5", key, "take out follow_renames"]);
    }
    check(&format!("{source}{SINK}")).expect(2, &["shop.yaml:6:5", "sink"]);
}

/// `tolerate: data` where it has no meaning, or would lose or show what it must not; told where it is asked for.
#[test]
fn dead_letters_are_refused_where_they_are_none() {
    let data = |more: &str| format!("errors:\n  tolerate: data\n{more}");
    let topic = |name: &str| format!("  dead_letter_topic: {name}\n");
    let masked =
        |step: &str| SINK.replace("sink:\n", &format!("sink:\n  transforms:\n    - {step}\n"));
    let dead = topic("shop.dead");
    let named = "name: shop\n";
    for (file, wanted) in [
        (
            format!("{SOURCE}{SINK}{}", data(&dead)),
            ["shop.yaml:10:3: errors.tolerate", "no `kafka`", "[tolerate]"],
        ),
        (
            format!("{SOURCE}{SINK}errors:\n{dead}"),
            ["shop.yaml:10:3: errors.dead_letter_topic", "no `kafka`", "[dead_letter_topic]"],
        ),
        (
            format!("{SOURCE}{PREFIX}{}", data(&dead)),
            ["shop.yaml:10:3: errors.tolerate", "no `sink`", "[tolerate]"],
        ),
        (
            format!("{named}{PREFIX}{SINK}{}", data(&dead)),
            ["shop.yaml:9:3: errors.tolerate", "damage to the log", "[tolerate]"],
        ),
        (
            format!("{named}{TOPICS}{SINK}{}", data("")),
            [
                "shop.yaml:9:3: errors.tolerate",
                "nothing is skipped in silence",
                "dead_letter_topic: NAME",
            ],
        ),
        (
            format!("{named}{TOPICS}{SINK}{}", data(&topic("shop.a"))),
            ["shop.yaml:10:3: errors.dead_letter_topic", "reads this topic", "[dead_letter_topic]"],
        ),
        (
            format!("{named}{TOPICS}{SINK}{}", data(&topic("in.dead"))),
            ["shop.yaml:10:3: errors.dead_letter_topic", "reads this topic", "[dead_letter_topic]"],
        ),
        (
            format!("{named}{TOPICS}{SINK}{}", data(&topic("__dead"))),
            ["shop.yaml:10:3: errors.dead_letter_topic", "begin with `__`", "[dead_letter_topic]"],
        ),
        (
            format!("{named}{TOPICS}{SINK}{}", data(&topic("no/topic"))),
            ["shop.yaml:10:22", "as Kafka allows", "[file_wrong]"],
        ),
        (
            format!(
                "{named}{TOPICS}{}{}",
                masked("mask: { columns: [public.t.a], with: \"null\" }"),
                data(&dead)
            ),
            ["shop.yaml:11:3: errors.tolerate", "the step `mask`", "[dead_letters_unmasked]"],
        ),
        (
            format!("{named}{TOPICS}{}{}", masked("drop: { columns: [public.t.a] }"), data(&dead)),
            ["shop.yaml:11:3: errors.tolerate", "the step `drop`", "[dead_letters_unmasked]"],
        ),
    ] {
        check(&file).expect(2, &wanted);
    }
}

#[test]
fn another_shape_of_yaml_is_named_with_its_place() {
    let cases = [
        (SOURCE.replace("[public.t]", "public.t"), "shop.yaml:5:13: expected a list"),
        (format!("{SOURCE}{SINK}---\nname: other\n"), "a file holds one pipeline"),
        (SOURCE.replace("  postgres", "\tpostgres"), "shop.yaml:3:2: tabs"),
        (String::new(), "shop.yaml:1:1: the file ends"),
    ];
    for (file, text) in cases {
        check(&file).expect(2, &[text]);
    }
}

#[test]
fn one_slot_of_two_pipelines_is_refused() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = format!("{SOURCE}    slot: one\n{SINK}");
    std::fs::write(folder.path().join("a.yaml"), &file).unwrap();
    std::fs::write(folder.path().join("b.yaml"), file.replace("name: shop", "name: other"))
        .unwrap();
    let mut command = std::process::Command::new(binary());
    let ran: Ran = command.arg("serve").arg(folder.path()).output().unwrap().into();
    ran.expect(2, &["b.yaml", "slot one is the slot of pipeline shop", "duplicate_slot"]);
}

/// One may capture and another apply under one prefix; two that capture would mix their cuts.
#[test]
fn one_prefix_of_two_pipelines_that_capture_is_refused() {
    let folder = tempfile::TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let captures = format!("{SOURCE}{PREFIX}");
    write("a.yaml", &captures);
    write("b.yaml", &format!("{PREFIX}{SINK}name: applies\n"));
    write("c.yaml", &captures.replace("name: shop", "name: other"));
    let mut command = std::process::Command::new(binary());
    let ran: Ran = command.arg("serve").arg(folder.path()).output().unwrap().into();
    ran.expect(
        2,
        &["c.yaml", "topic_prefix shop is that of pipeline shop", "duplicate_topic_prefix"],
    );
    assert!(!ran.stderr.contains("b.yaml"), "{}", ran.stderr);
}

#[test]
fn names_that_cannot_be_are_refused_before_a_start() {
    let long = "p".repeat(64);
    let two = format!("{SINK}    tables: {{ public.a: x.t, public.b: x.t }}\n");
    let cases = [
        (format!("{SOURCE}    publication: {long}\n{SINK}"), "name_too_long"),
        (format!("{SOURCE}{two}"), "target_table_taken"),
        (
            format!(
                "{SOURCE}{PREFIX}transforms:\n  - route: {{ tables: [public.t], to: __pgrelay-cuts.shop }}\n"
            ),
            "names that begin with `__`",
        ),
        (
            format!("{SOURCE}{PREFIX}  options: {{ delivery.report.only.error: true }}\n"),
            "kafka_option_owned",
        ),
    ];
    for (file, text) in cases {
        check(&file).expect(2, &[text]);
    }
}

#[test]
fn a_secret_in_a_url_is_refused_and_not_repeated() {
    let ran = check(&format!("{}{SINK}", SOURCE.replace("u@", "u:hunter2@")));
    ran.expect(2, &["shop.yaml:4:10", "password inside the URL", "env: NAME"]);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    for secret in ["hunter2", "'hunter2'", "[hunter2]", "{ hunter2: hunter2 }", "7727"] {
        let password = check(&format!("{SOURCE}    password: {secret}\n{SINK}"));
        password
            .expect(2, &["shop.yaml:6:", "a secret is not written into the file", "{ env: NAME }"]);
        let mask = format!("- mask: {{ columns: [public.t.a], with: hmac, key: {secret} }}");
        let key = check(&format!("{SOURCE}transforms:\n  {mask}\n{SINK}"));
        key.expect(2, &["shop.yaml:7:", "a secret is not written into the file", "{ env: NAME }"]);
        for ran in [password, key] {
            assert!(
                !ran.stderr.contains("hunter2") && !ran.stderr.contains("7727"),
                "{}",
                ran.stderr
            );
        }
    }
}

#[test]
fn a_variable_that_is_not_set_is_named() {
    check(&format!("{SOURCE}    password: {{ env: NOT_SET }}\n{SINK}"))
        .expect(2, &["shop.yaml:2", "NOT_SET", "not set"]);
}

#[test]
fn a_pipeline_without_an_end_is_refused() {
    check(SOURCE).expect(2, &["shop.yaml", "no kafka or sink"]);
}

/// A mask there would never run.
#[test]
fn transforms_of_a_pipeline_that_captures_nothing_are_refused() {
    let steps = "transforms:\n  - drop: { columns: [public.t.a] }\n";
    for read in ["topics: [a]", "topic_prefix: shop"] {
        let kafka = format!("name: shop\nkafka:\n  brokers: 127.0.0.1:1\n  {read}\n");
        check(&format!("{kafka}{SINK}{steps}")).expect(2, &["shop.yaml:8:1", "sink.transforms"]);
    }
}

const AVRO: &str = "kafka:\n  brokers: 127.0.0.1:1\n  topic_prefix: shop\n  format: avro\n";

#[test]
fn avro_without_a_registry_is_refused_where_it_is_asked_for() {
    check(&format!("{SOURCE}{AVRO}{SINK}"))
        .expect(2, &["shop.yaml:9:3: kafka.format", "schema registry", "schema_registry: {"]);
}

#[test]
fn the_secrets_of_a_registry_are_refused_and_not_repeated() {
    let registry = "  schema_registry:\n    url: http://u:hunter2@localhost:1\n    user: u\n    password: hunter2\n";
    let ran = check(&format!("{SOURCE}{AVRO}{registry}{SINK}"));
    ran.expect(
        2,
        &["shop.yaml:10:3: kafka.schema_registry", "a user in it", "password: { env: NAME }"],
    );
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}

#[test]
fn topics_of_other_producers_are_refused_where_they_do_not_belong() {
    let kafka = |more: &str| format!("name: shop\nkafka:\n  brokers: 127.0.0.1:1\n{more}{SINK}");
    let with_source = format!("{SOURCE}kafka:\n  brokers: 127.0.0.1:1\n  topics: [a]\n{SINK}");
    for (file, said) in [
        (
            with_source,
            "shop.yaml:8:3: kafka.topics: topics of other producers belong to a pipeline without",
        ),
        (kafka(""), "missing field `topic_prefix`"),
        (kafka("  topics: [a]\n  topic_prefix: shop\n"), "shop.yaml:5:3: kafka.topic_prefix"),
        (kafka("  topics: [{ regex: \"a(\" }]\n"), "shop.yaml:4:3: kafka.topics: regex `a(`"),
        (kafka("  topics: [a]\n  value_format: string\n"), "shop.yaml:5:3: kafka.value_format"),
        (kafka("  topics: [a]\n  key_format: avro\n"), "schema registry"),
        (
            kafka("  topic_prefix: shop\n  format: json\n"),
            "shop.yaml:5:3: kafka.format: the half that applies reads the log by its envelopes",
        ),
        (kafka("  topics: [{ regex: a, name: b }]\n"), "shop.yaml:4"),
    ] {
        check(&file).expect(2, &[said]);
    }
}

#[test]
fn formats_that_do_not_fit_the_ends_are_refused_with_their_place() {
    let kafka =
        |more: &str| format!("kafka:\n  brokers: 127.0.0.1:1\n  topic_prefix: shop\n{more}");
    for (file, place, said) in [
        (
            format!("{SOURCE}{}{SINK}", kafka("  format: json\n")),
            "shop.yaml:9:3: kafka.format",
            "topics: and written_with:",
        ),
        (
            format!("{SOURCE}{}{SINK}", kafka("  value_format: string\n")),
            "shop.yaml:9:3: kafka.value_format",
            "debezium_json",
        ),
        (
            format!("{SOURCE}{}", kafka("  format: bytes\n")),
            "shop.yaml:9:3: kafka.format",
            "a column of bytes alone",
        ),
        (
            format!("{SOURCE}{}", kafka("  key_format: bytes\n")),
            "shop.yaml:9:3: kafka.key_format",
            "write json, json_schemas, string",
        ),
        (format!("{SOURCE}{}", kafka("  key_format: avro\n")), "shop.yaml:", "schema_registry: {"),
        (
            format!(
                "{SOURCE}{}",
                kafka("  format: string\n  header_format: string\n  decimal_format: numeric\n")
            ),
            "shop.yaml:11:3: kafka.decimal_format",
            "no part of a record is written in JSON",
        ),
        (
            format!("{SOURCE}{}", kafka("  header_format: avro\n")),
            "shop.yaml:9",
            "simple, json, json_schemas, string",
        ),
        (
            format!("{SOURCE}{}", kafka("  format: xml\n")),
            "shop.yaml:9",
            "debezium_json, debezium_json_schemas, avro, json, json_schemas, string",
        ),
    ] {
        check(&file).expect(2, &[place, said]);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output =
        std::process::Command::new(binary()).args(["serve", "nowhere.yaml"]).output().unwrap();
    Ran::from(output).expect(2, &["nowhere.yaml"]);
}

#[test]
fn a_takeover_has_a_slot_and_topics_to_go_on_with() {
    let takeover = "takeover: { connector: c }\n";
    check(&format!("{SOURCE}{SINK}{takeover}"))
        .expect(2, &["shop.yaml:9:1", "`takeover` needs `source` and `kafka`"]);
    let kafka = "kafka: { brokers: 127.0.0.1:1, topic_prefix: shop }\n";
    for snapshot in ["always", "initial_only"] {
        let file = format!("{SOURCE}    snapshot: {snapshot}\n{kafka}{takeover}");
        check(&file).expect(2, &["shop.yaml:8:1", snapshot, "leave `snapshot` out"]);
    }
    check(&format!("{SOURCE}{kafka}takeover: {{}}\n")).expect(2, &["shop.yaml:7", "connector"]);
}
