//! A target that is not as needed, and rows it turns away: the place down to the row, and the remedy.

use findings::{Place, SmallDisk};

#[test]
fn a_table_or_column_that_is_missing_is_refused_where_nothing_is_to_be_made() {
    let place = Place::new("nomake");
    let file = place.file("    create: false\n");
    place.serve(&file).expect(3, &["target_table_missing", "public.t", "CREATE TABLE"]);
    place.run("check", &file, &[]).expect(3, &["target_table_missing"]);
    place.run("drop", &file, &["--yes"]).expect(0, &[]);
    place.sql("dst", "CREATE TABLE public.t (id int PRIMARY KEY, a text)");
    place.sql("dst", "ALTER TABLE t OWNER TO owner");
    place.serve(&file).expect(3, &["target_column_missing", "ADD COLUMN \"b\" integer"]);
}

#[test]
fn a_target_whose_commits_are_not_durable_makes_ours_so() {
    for (setting, wanted) in [("off", "on"), ("local", "local")] {
        let place = Place::new("durable");
        place.sql("dst", &format!("ALTER DATABASE dst SET synchronous_commit = {setting}"));
        place.sql("dst", "CREATE TABLE t (id int PRIMARY KEY, a text, b int, how text DEFAULT current_setting('synchronous_commit')); ALTER TABLE t OWNER TO owner");
        place.sql("src", "INSERT INTO t VALUES (1, 'a', 1)");
        place.arrives(&place.file(""));
        place.sql("src", "INSERT INTO t VALUES (2, 'a', 1)");
        place.arrives(&place.file(""));
        assert_eq!(place.sql("dst", "SELECT DISTINCT how FROM t").trim(), wanted);
    }
}

/// Runs one insert against a target table made by `ddl` and expects it to be turned away.
fn turned_away(name: &str, ddl: &str, insert: &str, texts: &[&str]) {
    let place = Place::new(name);
    place.sql("dst", &format!("{ddl}; ALTER TABLE t OWNER TO owner"));
    let file = place.file("");
    place.arrives(&file);
    place.sql("src", "INSERT INTO t VALUES (100, 'good', 5)");
    place.sql("src", insert);
    let ran = place.serve(&file);
    ran.expect(1, &["public.t", "row at LSN"]).expect(1, texts);
    assert!(!ran.stderr.contains("canary"), "a value is shown: {}", ran.stderr);
    // A second start halts at the same row, and nothing is skipped.
    place.serve(&file).expect(1, texts);
}

#[test]
fn a_not_null_violation_names_the_column() {
    turned_away(
        "notnull",
        "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, b int)",
        "INSERT INTO t VALUES (1, NULL, 1)",
        &["not_null_violation", "column a", "key (id)", "DROP NOT NULL"],
    );
}

#[test]
fn a_unique_violation_names_the_constraint() {
    turned_away(
        "unique",
        "CREATE TABLE t (id int PRIMARY KEY, a text, b int CONSTRAINT b_unique UNIQUE)",
        "INSERT INTO t VALUES (1, 'canary', 5)",
        &["unique_violation", "b_unique", "key (id)", "DEFERRABLE"],
    );
}

#[test]
fn a_foreign_key_violation_names_the_constraint() {
    turned_away(
        "fkey",
        "CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (5); ALTER TABLE p OWNER TO owner; CREATE TABLE t (id int PRIMARY KEY, a text, b int CONSTRAINT b_p REFERENCES p)",
        "INSERT INTO t VALUES (1, 'canary', 6)",
        &["foreign_key_violation", "b_p", "key (id)", "DEFERRABLE"],
    );
}

#[test]
fn a_row_that_others_refer_to_names_the_table_that_does() {
    let place = Place::new("referred");
    place.sql(
        "dst",
        "CREATE TABLE t (id int PRIMARY KEY, a text, b int); ALTER TABLE t OWNER TO owner",
    );
    let file = place.file("");
    place.sql("src", "INSERT INTO t VALUES (1, 'canary', 1)");
    place.arrives(&file);
    place.sql(
        "dst",
        "CREATE TABLE mine (t int CONSTRAINT mine_t REFERENCES t); INSERT INTO mine VALUES (1)",
    );
    place.sql("dst", "ALTER TABLE mine OWNER TO owner");
    place.sql("src", "DELETE FROM t");
    let run = "ALTER TABLE \"public\".\"mine\" ALTER CONSTRAINT \"mine_t\" DEFERRABLE;";
    let ran = place.serve(&file);
    ran.expect(1, &["foreign_key_violation", "rows of \"public\".\"mine\" in the target", run]);
    assert!(!ran.stderr.contains("canary"), "a value is shown: {}", ran.stderr);
    place.sql("dst", run);
    place.sql("dst", "TRUNCATE mine");
    place.arrives(&file);
}

#[test]
fn a_value_of_another_type_names_the_column() {
    turned_away(
        "badtype",
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int)",
        "INSERT INTO t VALUES (1, 'canary', 1)",
        &["type_mismatch"],
    );
}

/// The server quotes a value it cannot read. What quotes it is not repeated.
#[test]
fn a_value_the_server_cannot_read_is_not_shown() {
    turned_away(
        "unreadable",
        "CREATE TYPE level AS ENUM ('good'); CREATE TABLE t (id int PRIMARY KEY, a level, b int)",
        "INSERT INTO t VALUES (1, 'canary', 1)",
        &["type_mismatch", "22P02"],
    );
}

#[test]
fn a_target_that_is_not_empty_is_not_copied_into() {
    let place = Place::new("full");
    place.sql("dst", "CREATE TABLE t (id int PRIMARY KEY, a text, b int)");
    place.sql("dst", "INSERT INTO t VALUES (9)");
    place.sql("dst", "ALTER TABLE t OWNER TO owner");
    place.serve(&place.file("")).expect(3, &["target_not_empty", "TRUNCATE"]);
}

#[test]
fn a_transaction_mode_pooler_is_refused() {
    let place = Place::new("pooled");
    let pooler = stack::Pgbouncer::start(&place.postgres).unwrap();
    let file = place
        .file("")
        .replace(&place.postgres.url_as("owner", "dst"), &pooler.url_as("owner", "dst"));
    place.serve(&file).expect(3, &["transaction_pooler", "session mode"]);
    place.run("check", &file, &[]).expect(3, &["transaction_pooler"]);
}

#[test]
fn a_full_disk_halts_and_the_pipeline_goes_on_when_there_is_room() {
    let place = Place::new("fulldisk");
    let disk = SmallDisk::new(&place, 4);
    // A tablespace is made outside of a transaction, and psql gives each call one.
    place.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display()));
    place.sql("dst", "CREATE TABLE t (id int PRIMARY KEY, a text, b int) TABLESPACE small");
    place.sql("dst", "ALTER TABLE t OWNER TO owner");
    let file = place.file("");
    place.sql("src", "INSERT INTO t VALUES (0, 'before', 0)");
    place.arrives(&file);
    place.sql(
        "src",
        "INSERT INTO t SELECT i, repeat('canary', 200), i FROM generate_series(1, 8000) i",
    );
    let service = place.start(&file);
    let ran = service.end();
    ran.expect(
        3,
        &[
            "target_disk_full",
            "No space left on device",
            "free or add disk space",
            "pg_tablespace_size",
        ],
    );
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    // A second start meets the same; nothing was skipped and nothing is half there.
    place.serve(&file).expect(3, &["target_disk_full"]);
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "1");
    disk.grow(64);
    place.sql("src", "UPDATE t SET b = -1 WHERE id = 1");
    place.arrives(&file);
    let all = "SELECT count(*), sum(id), sum(b), sum(length(a)) FROM t";
    assert_eq!(place.sql("dst", all), place.sql("src", all));
}

#[test]
fn a_target_that_does_not_answer_is_named_and_waited_for() {
    let place = Place::new("tdown");
    let file = place.file("");
    let away =
        file.replace(&place.postgres.url_as("owner", "dst"), "postgresql://owner@127.0.0.1:1/dst");
    place
        .run("check", &away, &[])
        .expect(3, &["target_unreachable", "127.0.0.1:1", "start the server"]);
    place.serve(&away).expect(3, &["target_unreachable", "127.0.0.1:1", "start the server"]);
    place.arrives(&file);
}
