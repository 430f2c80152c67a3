//! What an operator asks a service and the program: metrics, readiness, status, the rights a role wants.

use findings::{Place, Service};

/// The number of a metric of the first half that has it.
fn metric(answer: &str, name: &str) -> u64 {
    let line = answer.lines().find(|line| line.starts_with(&format!("{name}{{")));
    let number = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no {name} in:\n{answer}"))
}

fn lsn(place: &Place) -> u64 {
    place.sql("src", "SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn").trim().parse().unwrap()
}

/// A service whose copy has arrived and whose stream has begun.
fn streaming(place: &Place) -> Service {
    place.sql("src", "INSERT INTO t VALUES (1, 'canary', 1)");
    let service = place.start(&place.file(""));
    place.wait_sql("dst", "SELECT to_regclass('t') IS NOT NULL", "t");
    service.wait_get("/ready", |answer| answer.starts_with("HTTP/1.0 200"));
    place.wait_sql("dst", "SELECT count(*) FROM t", "1");
    service
}

#[test]
fn with_the_sink_blocked_what_is_received_moves_and_what_is_applied_does_not() {
    let place = Place::new("blocked");
    let service = streaming(&place);
    let held = place.hold("dst", "LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    place.sql("src", "INSERT INTO t SELECT i, 'canary', i FROM generate_series(2, 2000) i");
    let committed = lsn(&place);
    let answer = service.wait_get("/metrics", |answer| {
        metric(answer, "pgrelay_received_lsn") >= committed
            && metric(answer, "pgrelay_lag_received_to_durable_bytes") > 0
    });
    // An idle position may be confirmed up to the commit that waits, whatever else wrote WAL before it.
    assert!(metric(&answer, "pgrelay_applied_lsn") < committed, "{answer}");
    assert!(metric(&answer, "pgrelay_durable_lsn") < committed, "{answer}");
    assert!(metric(&answer, "pgrelay_head_lsn") > 0, "{answer}");
    assert!(!answer.contains("canary"), "{answer}");
    assert!(service.get("/health").starts_with("HTTP/1.0 200"));
    drop(held);
    service.wait_get("/metrics", |answer| metric(answer, "pgrelay_applied_lsn") >= committed);
    place.wait_sql("dst", "SELECT count(*) FROM t", "2000");
    service.stop().expect(0, &[]);
}

#[test]
fn a_checkpoint_that_somebody_removes_ends_the_work_with_the_next_batch() {
    let place = Place::new("removed");
    let service = streaming(&place);
    place.sql("dst", "DELETE FROM pgrelay.checkpoints");
    place.sql("src", "INSERT INTO t VALUES (2, 'canary', 2)");
    service.wait_line("slot_without_checkpoint");
    service.end().expect(3, &["slot_without_checkpoint"]);
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "1");
}

#[test]
fn a_pipeline_that_halts_leaves_the_others_running_and_is_the_exit_status() {
    let place = Place::new("good");
    place.sql("src", "CREATE TABLE u (id int PRIMARY KEY)");
    place.sql("dst", "CREATE TABLE u (id text PRIMARY KEY CHECK (id <> '7'))");
    place.sql("dst", "ALTER TABLE u OWNER TO owner");
    let folder = tempfile::TempDir::new().unwrap();
    let good = place.file("");
    let bad = good.replace("good", "bad").replace("public.t", "public.u");
    let pipelines = folder.path().join("pipelines");
    std::fs::create_dir(&pipelines).unwrap();
    std::fs::write(pipelines.join("good.yaml"), good).unwrap();
    std::fs::write(pipelines.join("bad.yaml"), bad).unwrap();
    let service = place.start_at(&pipelines);
    service.wait_get("/ready", |answer| answer.starts_with("HTTP/1.0 200"));
    place.sql("src", "INSERT INTO u VALUES (7)");
    let answer = service.wait_get("/ready", |answer| answer.contains("halted"));
    assert!(
        answer.starts_with("HTTP/1.0 503") && answer.contains("bad direct: halted"),
        "{answer}"
    );
    place.sql("src", "INSERT INTO t VALUES (1, 'a', 1)");
    place.wait_sql("dst", "SELECT count(*) FROM t", "1");
    let answer = service.get("/status");
    assert!(answer.contains("\"halted\"") && answer.contains("\"streaming\""), "{answer}");
    service.stop().expect(1, &["public.u"]);
}

/// Two pipelines that start at once make the same schema, tables and types: the one that comes second finds them.
#[test]
fn what_another_session_makes_at_the_same_moment_is_no_error() {
    let place = Place::new("together");
    place.sql("src", "CREATE SCHEMA s; CREATE TYPE s.mood AS ENUM ('calm'); CREATE TABLE s.m (id int PRIMARY KEY, mood s.mood); INSERT INTO s.m VALUES (1, 'calm'); ALTER TABLE s.m OWNER TO owner");
    let file = place.file("").replace("public.t", "s.m");
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgrelay%' AND wait_event_type = 'Lock'";
    let made = place.hold("dst", "CREATE SCHEMA pgrelay; CREATE TABLE pgrelay.checkpoints (pipeline text PRIMARY KEY, version bigint NOT NULL, checkpoint jsonb, captured jsonb, updated_at timestamptz NOT NULL DEFAULT now(), copied jsonb); GRANT ALL ON SCHEMA pgrelay TO owner; GRANT ALL ON pgrelay.checkpoints TO owner");
    let service = place.start(&file);
    place.wait_sql("dst", waits, "1");
    let schema = place.hold("dst", "CREATE SCHEMA s; CREATE TYPE s.mood AS ENUM ('calm'); CREATE TABLE s.m (id int PRIMARY KEY); GRANT ALL ON SCHEMA s TO owner; ALTER TABLE s.m OWNER TO owner");
    made.commit();
    place.wait_sql("dst", &format!("{waits} AND query LIKE '%SCHEMA \"s\"%'"), "1");
    schema.commit();
    place.wait_sql("dst", "SELECT count(*) FROM s.m", "1");
    place.wait_sql("dst", "SELECT mood FROM s.m", "calm");
    service.stop().expect(0, &[]);
}

#[test]
fn the_rights_that_check_prints_are_enough() {
    let place = Place::new("least");
    place.sql("src", "INSERT INTO t VALUES (1, 'a', 1); CREATE TYPE mood AS ENUM ('calm'); CREATE TABLE u (id int PRIMARY KEY, mood mood); INSERT INTO u VALUES (1, 'calm')");
    place.sql("postgres", "CREATE ROLE reader LOGIN; CREATE ROLE writer LOGIN");
    let file = place
        .file("")
        .replace(&place.postgres.url("src"), &place.postgres.url_as("reader", "src"))
        .replace(&place.postgres.url_as("owner", "dst"), &place.postgres.url_as("writer", "dst"))
        .replace("[public.t]", "[public.t, public.u]");
    place.serve(&file).expect(3, &["source_role_replication", "reader"]);
    let checked = place.run("check", &file, &[]);
    let (source, target) = checked.stdout.split_once("-- target").unwrap();
    for part in [source, target] {
        let grants: Vec<_> = part.lines().filter(|line| line.starts_with("GRANT")).collect();
        let once: std::collections::BTreeSet<_> = grants.iter().collect();
        assert_eq!(grants.len(), once.len(), "{}", checked.stdout);
    }
    place.sql("src", source);
    place.sql("dst", &format!("--{target}"));
    let ran = place.run("check", &file, &[]);
    assert!(!ran.expect(0, &[]).stderr.contains("_rights]"), "{}", ran.stderr);
    place.arrives(&file);
    assert_eq!(place.sql("dst", "SELECT mood FROM u").trim(), "calm");
    place.sql("src", "UPDATE t SET a = 'b'; INSERT INTO t VALUES (2, 'a', 1); TRUNCATE t; INSERT INTO t VALUES (3)");
    place.arrives(&file);
    assert_eq!(place.sql("dst", "SELECT string_agg(id::text, ',') FROM t").trim(), "3");
    place.run("status", &file, &["--listen", "127.0.0.1:1"]).expect(0, &[]);
}

#[test]
fn no_level_of_the_log_prints_a_value() {
    let place = Place::new("quietlog");
    place.sql("src", "INSERT INTO t SELECT i, 'canary' || i, i FROM generate_series(1, 150) i");
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("pipeline.yaml");
    std::fs::write(&path, place.file("")).unwrap();
    let serve = || {
        let mut command = std::process::Command::new(findings::binary());
        command.arg("serve").arg(&path).args(["--until", "now", "--listen", "127.0.0.1:0"]);
        let ran: findings::Ran = command.env("RUST_LOG", "trace").output().unwrap().into();
        ran.expect(0, &["TRACE"]);
        let bytes = format!("{:?}", b"canary");
        for value in ["canary", bytes.trim_matches(['[', ']'])] {
            assert!(!ran.stderr.contains(value), "{value} in {}", ran.stderr);
        }
    };
    serve();
    place.sql("src", "UPDATE t SET a = 'canary' WHERE id = 1; UPDATE t SET a = a || 'canary'; DELETE FROM t WHERE id > 140");
    serve();
}
