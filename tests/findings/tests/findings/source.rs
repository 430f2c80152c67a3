//! A source that is not as needed: status 3, the place, and the statement that mends it.

use findings::Place;

#[test]
fn wal_level_must_be_logical() {
    let place = Place::with("wal", &[("wal_level", "replica")]);
    let file = place.file("");
    place.serve(&file).expect(3, &["wal_level is replica", "ALTER SYSTEM SET wal_level"]);
    place.run("check", &file, &[]).expect(3, &["ALTER SYSTEM SET wal_level"]);
}

#[test]
fn the_role_needs_replication() {
    let place = Place::new("rolerep");
    let file = place.file("").replace("postgres@", "owner@");
    place.sql("src", "ALTER TABLE t OWNER TO owner");
    place.serve(&file).expect(3, &["REPLICATION", "ALTER ROLE"]);
    place.run("check", &file, &[]).expect(3, &["ALTER ROLE \"owner\" REPLICATION"]);
}

#[test]
fn a_slot_must_be_free() {
    let place = Place::with("noslot", &[("max_replication_slots", "1")]);
    place.sql("src", "SELECT pg_create_physical_replication_slot('other')");
    let file = place.file("");
    place.serve(&file).expect(3, &["all replication slots are in use", "max_replication_slots"]);
    place.run("check", &file, &[]).expect(3, &["source_slots"]);
}

#[test]
fn a_slot_that_is_gone_halts_with_the_way_on() {
    let place = Place::new("gone");
    let file = place.file("");
    place.arrives(&file);
    place.wait_slots_free();
    place.sql("src", "SELECT pg_drop_replication_slot('gone')");
    place.serve(&file).expect(3, &["slot gone", "slot_missing", "pgrelay drop"]);
    place.run("check", &file, &[]).expect(3, &["slot_missing"]);
}

#[test]
fn an_invalidated_slot_halts_with_the_way_on() {
    let place = Place::with(
        "lost",
        &[
            ("max_slot_wal_keep_size", "1MB"),
            ("min_wal_size", "32MB"),
            ("max_wal_size", "32MB"),
            ("wal_keep_size", "0"),
        ],
    );
    let file = place.file("");
    place.arrives(&file);
    place.sql("src", "CREATE TABLE u (a text)");
    for _ in 0..6 {
        place.sql("src", "INSERT INTO u SELECT repeat('x', 1000) FROM generate_series(1, 20000)");
        place.sql("src", "SELECT pg_switch_wal()");
        place.sql("src", "CHECKPOINT");
    }
    assert_eq!(place.sql("src", "SELECT wal_status FROM pg_replication_slots").trim(), "lost");
    place.serve(&file).expect(3, &["wal_status = lost", "pg_drop_replication_slot"]);
}

#[test]
fn a_slot_ahead_of_the_checkpoint_halts() {
    let place = Place::new("ahead");
    let file = place.file("");
    place.arrives(&file);
    place.sql("src", "INSERT INTO t VALUES (1)");
    place.wait_slots_free();
    place.sql("src", "SELECT pg_replication_slot_advance('ahead', pg_current_wal_lsn())");
    place.serve(&file).expect(3, &["slot_ahead", "ahead of the checkpoint", "pgrelay drop"]);
}

#[test]
fn a_slot_of_another_database_or_plugin_halts() {
    let place = Place::new("foreign_slot");
    place.sql("postgres", "SELECT pg_create_logical_replication_slot('foreign_slot', 'pgoutput')");
    let file = place.file("").replace("    slot:", "    snapshot: never\n    slot:");
    place.serve(&file).expect(3, &["slot_database", "belongs to database postgres"]);
    place.sql("postgres", "SELECT pg_drop_replication_slot('foreign_slot')");
    place.sql("src", "SELECT pg_create_logical_replication_slot('foreign_slot', 'test_decoding')");
    place.serve(&file).expect(3, &["slot_plugin", "test_decoding"]);
}

#[test]
fn a_slot_without_a_checkpoint_halts_under_initial() {
    let place = Place::new("orphan");
    place.sql(
        "src",
        "CREATE PUBLICATION orphan FOR TABLE t WITH (publish_via_partition_root = true)",
    );
    place.sql("src", "SELECT pg_create_logical_replication_slot('orphan', 'pgoutput')");
    place
        .serve(&place.file(""))
        .expect(3, &["slot_without_checkpoint", "snapshot: never", "pg_drop_replication_slot"]);
}

#[test]
fn a_slot_held_by_another_program_halts_and_names_it() {
    let place = Place::new("held");
    let file = place.file("");
    place.arrives(&file);
    place.wait_slots_free();
    let client =
        stack::tools::postgres_client(&stack::tools::postgres_bin().unwrap(), "pg_recvlogical")
            .unwrap();
    let mut other = std::process::Command::new(client)
        .args([
            "-d",
            &place.postgres.url("src"),
            "-S",
            "held",
            "--start",
            "-f",
            "-",
            "-o",
            "proto_version=1",
            "-o",
            "publication_names=held",
        ])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let streams = "SELECT count(*) FROM pg_replication_slots s JOIN pg_stat_activity a ON a.pid = s.active_pid WHERE a.application_name = 'pg_recvlogical'";
    place.wait_sql("src", streams, "1");
    place.serve(&file).expect(3, &["slot_active", "pg_recvlogical", "pg_terminate_backend"]);
    place.run("check", &file, &[]).expect(3, &["slot_active"]);
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_checkpoint_of_another_system_halts() {
    let place = Place::new("system");
    let file = place.file("");
    place.arrives(&file);
    place.sql("dst", "UPDATE pgrelay.checkpoints SET checkpoint = jsonb_set(checkpoint, '{source,system_identifier}', '\"1\"')");
    place.serve(&file).expect(3, &["checkpoint_of_another_source", "system identifier"]);
}

#[test]
fn a_checkpoint_beyond_the_wal_halts() {
    let place = Place::new("beyond");
    let file = place.file("");
    place.arrives(&file);
    place.sql("dst", "UPDATE pgrelay.checkpoints SET checkpoint = jsonb_set(checkpoint, '{after,end_lsn}', '\"FF/0\"')");
    place
        .run("serve", &file, &["--until", "FFFF/0", "--listen", "127.0.0.1:0"])
        .expect(3, &["checkpoint_beyond_wal"]);
}

#[test]
fn a_publication_must_be_there_and_whole() {
    let place = Place::new("pub");
    let file = place.file("");
    place.sql("src", "CREATE PUBLICATION pub FOR TABLE t WITH (publish = 'insert')");
    place.serve(&file).expect(3, &["publication_operation", "ALTER PUBLICATION"]);
    place.sql("src", "DROP PUBLICATION pub");
    place.sql("src", "CREATE PUBLICATION pub");
    place.serve(&file).expect(3, &["publication_table", "ADD TABLE"]);
    place.sql("src", "DROP PUBLICATION pub");
    place.arrives(&file);
    place.sql("src", "DROP PUBLICATION pub");
    place.serve(&file).expect(3, &["publication_missing", "pgrelay drop"]);
}

#[test]
fn a_partitioned_table_must_be_published_under_its_root() {
    let place = Place::new("parts");
    place.sql("src", "DROP TABLE t");
    place.sql("src", "CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id)");
    place.sql("src", "CREATE TABLE t1 PARTITION OF t DEFAULT");
    place.sql("src", "CREATE PUBLICATION parts FOR TABLE t");
    place
        .serve(&place.file(""))
        .expect(3, &["publication_via_root", "publish_via_partition_root = true"]);
}

#[test]
fn a_root_is_not_captured_where_its_partitions_are() {
    let place = Place::new("apart");
    place.sql("src", "DROP TABLE t");
    place.sql("src", "CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id)");
    place.sql("src", "CREATE TABLE t1 PARTITION OF t DEFAULT");
    let apart = |table: &str| {
        let source = format!("tables: [{table}]\n    publish_via_partition_root: false");
        place.file("").replace("tables: [public.t]", &source)
    };
    let (root, leaf) = (apart("public.t"), apart("public.t1"));
    place.serve(&root).expect(3, &["publication_via_root", "public.t", "name its partitions"]);
    place.sql("src", "CREATE PUBLICATION apart FOR TABLE t WITH (publish_via_partition_root)");
    place.serve(&leaf).expect(3, &["publication_via_root", "publish_via_partition_root = false"]);
    place.run("check", &leaf, &[]).expect(3, &["publication_via_root"]);
}

#[test]
fn a_table_whose_updates_could_not_be_served_is_refused_before_it_is_published() {
    let place = Place::new("ident");
    place.sql("src", "ALTER TABLE t DROP CONSTRAINT t_pkey");
    let file = place.file("");
    place.serve(&file).expect(3, &["replica_identity", "public.t", "REPLICA IDENTITY FULL"]);
    assert_eq!(place.sql("src", "SELECT count(*) FROM pg_publication").trim(), "0");
    place.run("check", &file, &[]).expect(3, &["replica_identity"]);
    place.sql("src", "INSERT INTO t VALUES (1, 'a', 1)");
    place.sql("src", "UPDATE t SET b = 2");
}

#[test]
fn a_table_that_is_not_logged_is_refused_by_its_name() {
    let place = Place::new("unlogged");
    place.sql("src", "CREATE UNLOGGED TABLE u (id int PRIMARY KEY); ALTER TABLE u OWNER TO owner");
    let file = place.file("").replace("[public.t]", "[public.t, public.u]");
    let texts = ["table_unlogged", "table public.u", "SET LOGGED"];
    place.run("check", &file, &[]).expect(3, &texts);
    place.serve(&file).expect(3, &texts);
    // A pattern takes what can be captured.
    place.arrives(&place.file("").replace("[public.t]", "[\"public.*\"]"));
}

#[test]
fn a_table_newly_listed_halts_with_the_ways_on() {
    let place = Place::new("listed");
    place.arrives(&place.file(""));
    place.sql("src", "CREATE TABLE u (id int PRIMARY KEY)");
    place.sql("src", "ALTER PUBLICATION listed ADD TABLE u");
    place
        .serve(&place.file("").replace("[public.t]", "[public.t, public.u]"))
        .expect(3, &["table_new", "public.u", "take it out of the list"]);
}

/// A table that the publication goes on to send, after the file has lost it together with its mask. A new name changes
/// nothing about that.
#[test]
fn a_table_taken_out_of_the_list_is_left_out_of_the_stream_and_new_when_it_comes_back() {
    let place = Place::new("unlisted");
    for database in ["src", "dst"] {
        place.sql(database, "CREATE TABLE u (id int PRIMARY KEY, a text)");
    }
    place.sql("dst", "ALTER TABLE u OWNER TO owner");
    place.sql("src", "INSERT INTO u VALUES (1, 'canary')");
    let both = place.file("").replace("[public.t]", "[public.t, public.u]");
    place.arrives(
        &(both.clone() + "transforms:\n  - mask: { columns: [public.u.a], with: null }\n"),
    );
    let rows = "SELECT string_agg(id || coalesce(a, '-'), ',') FROM u";
    assert_eq!(place.sql("dst", rows).trim(), "1-");
    place.sql("src", "INSERT INTO u VALUES (2, 'canary'); INSERT INTO t VALUES (1, 'a', 1)");
    let ran = place.serve(&place.file(""));
    ran.expect(0, &["public.u", "lists the table no longer"]);
    assert_eq!(place.sql("dst", rows).trim(), "1-");
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "1");
    place.serve(&both).expect(3, &["table_new", "public.u"]);
    place.sql("src", "ALTER TABLE u RENAME TO v; INSERT INTO v VALUES (3, 'canary')");
    place.arrives(&place.file(""));
    assert_eq!(place.sql("dst", rows).trim(), "1-");
}

#[test]
fn a_table_that_does_not_exist_is_named_with_the_nearest() {
    let place = Place::new("notable");
    place
        .serve(&place.file("").replace("public.t]", "public.tt]"))
        .expect(3, &["table_missing", "public.tt"]);
}

#[test]
fn a_source_that_does_not_answer_is_named() {
    let place = Place::new("down");
    let file = place.file("");
    place.postgres.stop_fast().unwrap();
    place
        .run("check", &file, &[])
        .expect(3, &["source_unreachable", "target_unreachable", "start the server"]);
    place.serve(&file).expect(3, &["source_unreachable", "start the server"]);
}

/// Who has ended holds its walsender a moment longer.
const SENDERS: &str = "SELECT count(*) FROM pg_stat_replication";

/// Another program that streams, and so holds a walsender.
struct OtherStream(std::process::Child);

impl OtherStream {
    fn start(place: &Place, slot: &str) -> Self {
        place.wait_sql("postgres", SENDERS, "0");
        let bin = stack::tools::postgres_bin().unwrap();
        let program = stack::tools::postgres_client(&bin, "pg_recvlogical").unwrap();
        let mut command = std::process::Command::new(program);
        command.args(["-d", &place.postgres.url("postgres"), "-S", slot, "--start", "-f", "-"]);
        let other = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        let streams = format!("{SENDERS} WHERE application_name = 'pg_recvlogical'");
        place.wait_sql("postgres", &streams, "1");
        Self(other)
    }
}

impl Drop for OtherStream {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_walsender_must_be_free() {
    let place = Place::with("nosender", &[("max_wal_senders", "1")]);
    place.sql("postgres", "SELECT pg_create_logical_replication_slot('other', 'test_decoding')");
    let other = OtherStream::start(&place, "other");
    let file = place.file("");
    let texts = ["source_walsenders", "max_wal_senders", "ALTER SYSTEM SET max_wal_senders"];
    place.run("check", &file, &[]).expect(3, &texts);
    // It may become free: the start is tried again, and says why.
    let service = place.start(&file);
    let line = service.wait_line("source_walsenders");
    assert!(line.contains("raise max_wal_senders"), "{line}");
    drop(other);
    let streams =
        "SELECT count(*) FROM pg_replication_slots WHERE active AND slot_name = 'nosender'";
    place.wait_sql("src", streams, "1");
    service.stop().expect(0, &[]);
    // The same where the slot is there already.
    let other = OtherStream::start(&place, "other");
    place.run("check", &file, &[]).expect(3, &texts);
    place.serve(&file).expect(3, &texts);
    drop(other);
    place.wait_sql("postgres", SENDERS, "0");
    place.arrives(&file);
}

#[test]
fn a_pattern_that_matches_a_new_table_halts_with_the_ways_on() {
    let place = Place::new("newmatch");
    let file = place.file("").replace("[public.t]", "[\"public.*\"]");
    place.arrives(&file);
    place.sql("src", "CREATE TABLE u (id int PRIMARY KEY)");
    place.serve(&file).expect(3, &["publication_table", "public.u", "ADD TABLE"]);
    place.sql("src", "ALTER PUBLICATION newmatch ADD TABLE u");
    place.serve(&file).expect(3, &["table_new", "public.u", "pgrelay drop"]);
}

#[test]
fn a_replication_connection_through_a_pooler_is_refused() {
    let place = Place::new("srcpool");
    let pooler = stack::Pgbouncer::start(&place.postgres).unwrap();
    let file =
        place.file("").replace(&place.postgres.url("src"), &pooler.url_as("postgres", "src"));
    let ran = place.serve(&file);
    ran.expect(3, &["source_pooler", "the server's own host and port"]);
}
