//! What changes at the source under a running pipeline: it is noticed while it runs, not at the next start.

use findings::{Place, Service};

/// A service whose copy has arrived and whose stream has begun.
fn streaming(place: &Place, file: &str) -> Service {
    place.sql("src", "INSERT INTO t VALUES (1, 'canary', 1)");
    let service = place.start(file);
    service.wait_line("streaming");
    place.wait_sql("dst", "SELECT count(*) FROM t", "1");
    service
}

/// Runs SQL under a running pipeline and expects it to halt, and the next start as well.
fn halts(name: &str, sql: &[&str], texts: &[&str]) -> Place {
    let place = Place::new(name);
    let file = place.file("");
    let service = streaming(&place, &file);
    sql.iter().for_each(|sql| drop(place.sql("src", sql)));
    let ran = service.end();
    ran.expect(3, texts);
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    place.serve(&file).expect(3, texts);
    place
}

#[test]
fn a_table_dropped_and_made_anew_halts_a_running_pipeline() {
    let place = halts(
        "anew",
        &[
            "DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a text, b int)",
            "INSERT INTO t VALUES (2)",
        ],
        &["table_recreated", "public.t", "pgrelay drop"],
    );
    // The way on that it names.
    place.run("drop", &place.file(""), &["--yes"]).expect(0, &[]);
    place.sql("dst", "TRUNCATE t");
    place.arrives(&place.file(""));
    assert_eq!(place.sql("dst", "SELECT string_agg(id::text, ',') FROM t").trim(), "2");
}

#[test]
fn a_table_made_anew_and_published_again_halts_as_well() {
    halts(
        "again",
        &[
            "DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a text, b int)",
            "ALTER PUBLICATION again ADD TABLE t",
        ],
        &["table_recreated", "public.t", "pgrelay drop"],
    );
}

#[test]
fn a_table_taken_out_of_the_publication_halts_a_running_pipeline() {
    let place = halts(
        "takenout",
        &["CREATE TABLE u (id int PRIMARY KEY)", "ALTER PUBLICATION takenout SET TABLE u"],
        &["publication_table", "public.t", "ALTER PUBLICATION \"takenout\" ADD TABLE"],
    );
    place.sql("src", "ALTER PUBLICATION takenout ADD TABLE t");
    place.sql("src", "INSERT INTO t VALUES (2)");
    place.arrives(&place.file(""));
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "2");
}

#[test]
fn an_operation_taken_out_of_the_publication_halts_a_running_pipeline() {
    halts(
        "nodelete",
        &["ALTER PUBLICATION nodelete SET (publish = 'insert, update, truncate')"],
        &["publication_operation", "does not publish delete", "ALTER PUBLICATION"],
    );
}

#[test]
fn a_publication_dropped_halts_a_running_pipeline() {
    halts("nopub", &["DROP PUBLICATION nopub"], &["publication_missing", "nopub", "pgrelay drop"]);
}

#[test]
fn a_publication_that_is_gone_when_a_row_comes_halts_at_it() {
    halts(
        "nopubrow",
        &["DROP PUBLICATION nopubrow", "INSERT INTO t VALUES (2)"],
        &["publication_missing", "nopubrow", "pgrelay drop"],
    );
}

#[test]
fn a_table_dropped_is_warned_of_and_the_others_go_on() {
    let place = Place::new("dropped");
    place.sql("src", "CREATE TABLE u (id int PRIMARY KEY)");
    let file = place.file("").replace("[public.t]", "[\"public.*\"]");
    let service = streaming(&place, &file);
    place.sql("src", "DROP TABLE t");
    place.sql("src", "CREATE TABLE late (id int PRIMARY KEY)");
    let line = service.wait_line("table_dropped");
    assert!(line.contains("public.t"), "{line}");
    // A table that matches and is not in the publication is said, too.
    let line = service.wait_line("table_new");
    assert!(line.contains("public.late"), "{line}");
    place.sql("src", "INSERT INTO u VALUES (1)");
    place.wait_sql("dst", "SELECT count(*) FROM u", "1");
    service.stop().expect(0, &[]);
    place.serve(&file).expect(3, &["public.late"]);
}

#[test]
fn partitions_that_leave_or_come_with_rows_are_warned_of() {
    let place = Place::new("moved");
    place.sql(
        "src",
        "CREATE TABLE parts (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k)",
    );
    place.sql("src", "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1)");
    let file = place.file("").replace("[public.t]", "[\"public.*\"]");
    let service = streaming(&place, &file);
    place.sql("src", "CREATE TABLE other (id int NOT NULL, k int NOT NULL)");
    // Who has noticed it has seen the partitions, too.
    service.wait_line("table_new");
    place.sql("src", "DROP TABLE parts_1");
    place.sql("src", "ALTER TABLE parts ATTACH PARTITION other FOR VALUES IN (2)");
    let line = service.wait_line("partition_gone");
    assert!(line.contains("public.parts_1"), "{line}");
    let line = service.wait_line("partition_attached");
    assert!(line.contains("public.other"), "{line}");
    service.stop().expect(0, &[]);
}

#[test]
fn a_table_newly_matched_and_published_halts_at_its_first_row() {
    let place = Place::new("matched");
    place.sql(
        "src",
        "CREATE PUBLICATION matched FOR ALL TABLES WITH (publish_via_partition_root = true)",
    );
    let file = place.file("").replace("[public.t]", "[\"public.*\"]");
    let service = streaming(&place, &file);
    place.sql("src", "CREATE TABLE late (id int PRIMARY KEY)");
    place.sql("src", "INSERT INTO t VALUES (2)");
    place.sql("src", "INSERT INTO late VALUES (1)");
    service.end().expect(3, &["table_new", "public.late", "pgrelay drop"]);
    // What came before it has arrived.
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "2");
    place.serve(&file).expect(3, &["table_new", "public.late"]);
}

/// The new slot waits for a transaction that is open; meanwhile a column comes, with values in the rows that are there.
#[test]
fn a_column_added_while_the_slot_waits_is_copied_with_its_values() {
    let place = Place::new("colwait");
    place.sql("src", "CREATE TABLE other (id int); INSERT INTO t VALUES (1, 'a', 1)");
    let held = place.hold("src", "INSERT INTO other VALUES (1)");
    let service = place.start(&place.file(""));
    service.wait_line("the new slot waits for the transaction");
    place.sql("src", "ALTER TABLE t ADD COLUMN c text; UPDATE t SET c = 'value'");
    held.commit();
    service.wait_line("streaming");
    place.wait_sql("dst", "SELECT count(*) FROM t", "1");
    assert_eq!(place.sql("dst", "SELECT c FROM t").trim(), "value");
    place.sql("src", "UPDATE t SET c = 'streamed'");
    place.wait_sql("dst", "SELECT c FROM t", "streamed");
    service.stop().expect(0, &[]);
}

/// The pipeline of `place` into another server's database.
fn between(place: &Place, target: &Place) -> String {
    let url = |place: &Place| place.postgres.url_as("owner", "dst");
    place.file("").replace(&url(place), &url(target))
}

/// The walsender ends when everything it sent is confirmed, though none of it is of our tables.
#[test]
fn a_source_that_shuts_down_is_not_kept_waiting() {
    let (place, target) = (Place::new("shutdown"), Place::new("shutdown_to"));
    place.sql("src", "CREATE TABLE other (id int); INSERT INTO t VALUES (1, 'a', 1)");
    let service = place.start(&between(&place, &target));
    service.wait_line("streaming");
    target.wait_sql("dst", "SELECT count(*) FROM t", "1");
    // A busy machine makes some stops slow, a service that does not confirm makes all.
    let mut late = Vec::new();
    for _ in 0..5 {
        place.sql("src", "INSERT INTO other VALUES (1)");
        let begun = std::time::Instant::now();
        place.postgres.stop_fast().unwrap();
        let took = begun.elapsed();
        if took < std::time::Duration::from_secs(4) {
            return;
        }
        late.push(took);
        let before = service.lines("streaming slot=");
        place.postgres.start_again().unwrap();
        service.wait_lines("streaming slot=", before + 1);
    }
    panic!("the server waited {late:?}");
}

/// Under FULL every column is sent as the identity's: that the primary key is another, only the catalog says.
#[test]
fn a_changed_primary_key_under_a_full_identity_is_the_key_from_there_on() {
    let place = Place::new("fullkey");
    place.sql("src", "ALTER TABLE t REPLICA IDENTITY FULL");
    let service = streaming(&place, &place.file(""));
    place.sql("src", "INSERT INTO t VALUES (2, 'a', 1)");
    place.wait_sql("dst", "SELECT count(*) FROM t", "2");
    for database in ["dst", "src"] {
        place.sql(database, "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id, b)");
    }
    place.sql("src", "INSERT INTO t VALUES (1, 'other', 2), (3, 'last', 1)");
    place.wait_sql("dst", "SELECT count(*) FROM t WHERE id = 3", "1");
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "4");
    service.stop().expect(0, &[]);
}

/// The replication connection stands in a transaction as long as its snapshot is copied, and holds the lock.
#[test]
fn time_outs_of_the_source_end_no_copy() {
    let (place, target) = (Place::new("longcopy"), Place::new("longcopy_to"));
    let known = "SELECT format('ALTER DATABASE src SET %I = 200', name) FROM pg_settings WHERE name IN ('idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')";
    // The rows come before the time-outs, and those are set from another database: a slow session would be ended.
    place.sql(
        "src",
        "INSERT INTO t SELECT i, repeat('a', 100), i FROM generate_series(1, 200000) i",
    );
    for setting in place.sql("postgres", known).lines() {
        place.sql("postgres", setting);
    }
    target.sql(
        "dst",
        "CREATE TABLE t (id int PRIMARY KEY, a text, b int); ALTER TABLE t OWNER TO owner",
    );
    // The copy's first row waits for what becomes of this one.
    let held = target.hold("dst", "INSERT INTO t VALUES (1)");
    let service = place.start(&between(&place, &target));
    let long = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgrelay longcopy snapshot' AND now() - xact_start > '1 s'";
    place.wait_sql("postgres", long, "1");
    let walsenders = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender'";
    assert_eq!(place.sql("postgres", walsenders).trim(), "1");
    drop(held);
    service.wait_line("streaming");
    target.wait_sql("dst", "SELECT count(*) FROM t", "200000");
    service.stop().expect(0, &[]);
}

/// Writes more WAL than the slot may keep, of a table that is not captured.
fn churn(place: &Place) {
    place.sql("src", "INSERT INTO churn SELECT repeat('x', 1000) FROM generate_series(1, 45000)");
}

#[test]
fn a_slot_that_falls_behind_is_warned_of_before_it_is_lost() {
    let place = Place::with(
        "behind",
        &[("max_slot_wal_keep_size", "32MB"), ("wal_keep_size", "0"), ("min_wal_size", "32MB")],
    );
    place.sql("src", "CREATE TABLE churn (a text)");
    let file = place.file("");
    let service = streaming(&place, &file);
    let held = place.hold("dst", "LOCK TABLE t");
    place.sql("src", "INSERT INTO t VALUES (2)");
    churn(&place);
    let line = service.wait_line("slot_falling_behind");
    for text in [
        "slot behind",
        "max_slot_wal_keep_size allows 33554432",
        "ALTER SYSTEM SET max_slot_wal_keep_size = '64MB'",
    ] {
        assert!(line.contains(text), "no {text:?} in {line}");
    }
    // The target answers again in time: nothing is lost.
    drop(held);
    place.wait_sql("dst", "SELECT count(*) FROM t", "2");
    place.wait_sql("src", "SELECT wal_status FROM pg_replication_slots", "reserved");
    // It does not: the server gives the slot up, and the pipeline says so.
    let held = place.hold("dst", "LOCK TABLE t");
    place.sql("src", "INSERT INTO t VALUES (3)");
    for _ in 0..2 {
        churn(&place);
        place.sql("src", "SELECT pg_switch_wal()");
        place.sql("src", "CHECKPOINT");
    }
    place.wait_sql("src", "SELECT wal_status FROM pg_replication_slots", "lost");
    drop(held);
    service.end().expect(3, &["slot_invalidated", "wal_status = lost", "max_slot_wal_keep_size"]);
}

#[test]
fn a_slot_that_falls_behind_is_warned_of_while_the_target_is_away() {
    let place = Place::with("away", &[("max_slot_wal_keep_size", "32MB"), ("wal_keep_size", "0")]);
    place.sql("src", "CREATE TABLE churn (a text)");
    let file = place.file("");
    place.arrives(&file);
    churn(&place);
    // Nobody listens there.
    let away =
        file.replace(&place.postgres.url_as("owner", "dst"), "postgresql://owner@127.0.0.1:1/dst");
    let service = place.start(&away);
    service.wait_line("slot_falling_behind");
    service.wait_line("target_unreachable");
    service.stop().expect(0, &[]);
    place.sql("src", "INSERT INTO t VALUES (1)");
    place.arrives(&file);
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "1");
}
