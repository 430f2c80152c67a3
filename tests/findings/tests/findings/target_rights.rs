//! A role that may not do in the target what the pipeline does there: `check` says so before anything starts, with what
//! gives the right, and `serve` fails for the same.

use std::process::Command;

use findings::{Place, Ran};

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, a text, b int)";

/// A place whose pipeline writes as a role that was given nothing, with its file.
fn writer(name: &str, more: &str) -> (Place, String) {
    let place = Place::new(name);
    place.sql("postgres", "CREATE ROLE writer LOGIN");
    place.sql("src", "INSERT INTO t VALUES (1, 'canary', 1)");
    let (owner, writer) =
        (place.postgres.url_as("owner", "dst"), place.postgres.url_as("writer", "dst"));
    let file = place.file(more).replace(&owner, &writer);
    (place, file)
}

/// The same with the checkpoints' schema, so that the tables are all that is wrong.
fn with_schema(name: &str, more: &str) -> (Place, String) {
    let (place, file) = writer(name, more);
    place.sql("dst", "CREATE SCHEMA pgrelay AUTHORIZATION writer");
    (place, file)
}

/// How many findings and warnings are of this code.
fn count(ran: &Ran, code: &str) -> usize {
    ran.stderr.matches(&format!("[{code}]")).count()
}

#[test]
fn what_the_role_may_not_do_with_a_table_is_named_with_the_grant() {
    let (place, file) = with_schema("nogrant", "");
    place.sql("dst", TABLE);
    let grant = "GRANT INSERT, UPDATE, SELECT ON \"public\".\"t\" TO \"writer\";";
    let ran = place.run("check", &file, &[]);
    ran.expect(3, &["target_rights", "table public.t", "lacks INSERT, UPDATE, SELECT", grant]);
    place.serve(&file).expect(3, &["target_rights"]);
    place.sql("dst", grant);
    let texts = ["warning", "lacks DELETE, TRUNCATE", "GRANT DELETE, TRUNCATE ON"];
    place.run("check", &file, &[]).expect(0, &texts);
    place.arrives(&file);
    place.sql("src", "DELETE FROM t");
    place.serve(&file).expect(3, &["target_rights"]);
    // Where nothing is deleted, nobody needs the right.
    let keeps = file + "    delete: false\n";
    assert_eq!(count(place.run("check", &keeps, &[]).expect(0, &[]), "target_rights"), 0);
    place.arrives(&keeps);
}

#[test]
fn rights_on_the_columns_that_are_written_are_enough() {
    let (place, file) = with_schema("oncolumns", "    delete: false\n");
    place.sql("dst", "CREATE TABLE t (id int PRIMARY KEY, a text, b int, ours text)");
    place.sql("dst", "GRANT SELECT (id, a, b), INSERT (id, a, b), UPDATE (a, b) ON t TO writer");
    assert_eq!(count(place.run("check", &file, &[]).expect(0, &[]), "target_rights"), 0);
    place.arrives(&file);
    place.sql("src", "UPDATE t SET a = 'b'; INSERT INTO t VALUES (2, 'a', 1)");
    place.arrives(&file);
    place.sql("dst", "REVOKE UPDATE (a) ON t FROM writer");
    place.run("check", &file, &[]).expect(3, &["lacks UPDATE"]);
    place.sql("src", "UPDATE t SET a = 'c'");
    place.serve(&file).expect(3, &["target_rights"]);
}

#[test]
fn a_mode_asks_for_the_rights_that_it_uses() {
    let (place, file) = with_schema("bymode", "    delete: false\n    mode: update\n");
    place.sql("dst", TABLE);
    place.sql("dst", "GRANT SELECT, UPDATE ON t TO writer");
    assert_eq!(count(place.run("check", &file, &[]).expect(0, &[]), "target_rights"), 0);
    place.arrives(&file);
    let inserts = file.replace("mode: update", "mode: insert");
    let run = "GRANT INSERT ON \"public\".\"t\"";
    place.run("check", &inserts, &[]).expect(3, &["lacks INSERT", run]);
}

#[test]
fn a_schema_that_the_role_may_not_use_or_make_tables_in_is_named_with_the_grant() {
    let (place, file) = with_schema("noschema", "");
    place.sql("dst", &format!("{TABLE}; GRANT ALL ON t TO writer"));
    place.sql("dst", "REVOKE ALL ON SCHEMA public FROM PUBLIC");
    let grant = "GRANT USAGE ON SCHEMA \"public\" TO \"writer\";";
    let ran = place.run("check", &file, &[]);
    ran.expect(3, &["schema public", "lacks USAGE", grant]);
    assert_eq!(count(&ran, "target_rights"), 1, "{}", ran.stderr);
    place.serve(&file).expect(3, &["target_rights"]);
    place.sql("dst", "DROP TABLE t");
    let grant = "GRANT USAGE, CREATE ON SCHEMA \"public\" TO \"writer\";";
    place.run("check", &file, &[]).expect(3, &["lacks USAGE, CREATE", grant]);
    place.serve(&file).expect(3, &["target_rights"]);
    place.sql("dst", grant);
    place.run("check", &file, &[]).expect(0, &[]);
    place.run("drop", &file, &["--yes"]).expect(0, &[]);
    place.arrives(&file);
}

#[test]
fn a_schema_that_is_missing_and_may_not_be_made_is_named() {
    let (place, file) = with_schema("missing", "");
    place.sql("src", "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY)");
    let file = file.replace("public.t", "s.t");
    let run = "CREATE SCHEMA \"s\" AUTHORIZATION \"writer\";";
    place.run("check", &file, &[]).expect(3, &["target_rights", "schema s", run]);
    place.serve(&file).expect(3, &["target_rights"]);
    place.run("drop", &file, &["--yes"]).expect(0, &[]);
    place.sql("dst", run);
    place.run("check", &file, &[]).expect(0, &[]);
    place.arrives(&file);
}

#[test]
fn a_column_that_only_the_tables_owner_may_add_is_named() {
    let (place, file) = with_schema("addcolumn", "");
    place.sql("dst", "CREATE TABLE t (id int PRIMARY KEY, a text); GRANT ALL ON t TO writer");
    let run = "ALTER TABLE \"public\".\"t\" ADD COLUMN \"b\" integer;";
    place.run("check", &file, &[]).expect(3, &["target_rights", "does not own the table", run]);
    place.serve(&file).expect(3, &["target_rights"]);
}

#[test]
fn checkpoints_that_the_role_may_not_make_or_write_are_named_with_the_grant() {
    let (place, file) = writer("nocheckpoints", "");
    place.sql("dst", &format!("{TABLE}; GRANT ALL ON t TO writer"));
    let refused = |text: &str| {
        let ran = place.run("check", &file, &[]);
        ran.expect(3, &["target_rights", text, "run: "]);
        assert_eq!(count(&ran, "target_rights"), 1, "{}", ran.stderr);
        place.serve(&file).expect(3, &["target_rights"]);
    };
    refused("may not make the schema of its checkpoints");
    place.sql("dst", "CREATE SCHEMA pgrelay");
    refused("may not use schema pgrelay");
    // The same where Kafka is between.
    let kafka = "kafka:\n  brokers: 127.0.0.1:1\n  topic_prefix: nocheckpoints\n";
    let through = format!("{file}{kafka}");
    place.run("check", &through, &[]).expect(3, &["may not use schema pgrelay"]);
    place.sql("dst", "GRANT USAGE ON SCHEMA pgrelay TO writer");
    refused("may not make the table of its checkpoints");
    place.sql("dst", "CREATE TABLE pgrelay.checkpoints (pipeline text PRIMARY KEY, version bigint NOT NULL, checkpoint jsonb, captured jsonb, updated_at timestamptz NOT NULL DEFAULT now(), copied jsonb)");
    refused("lacks SELECT, INSERT, UPDATE on pgrelay.checkpoints");
    let checked = place.run("check", &file, &[]);
    let (_, target) = checked.stdout.split_once("-- target").unwrap();
    place.sql("dst", &format!("--{target}"));
    place.run("check", &file, &[]).expect(0, &[]);
    place.arrives(&file);
}

#[test]
fn a_table_whose_policies_hold_for_the_role_is_refused() {
    let (place, file) = with_schema("policies", "");
    place.sql("dst", &format!("{TABLE}; GRANT ALL ON t TO writer"));
    place.arrives(&file);
    place.sql("dst", "ALTER TABLE t ENABLE ROW LEVEL SECURITY");
    place.sql("src", "DELETE FROM t");
    let run = "ALTER ROLE \"writer\" BYPASSRLS;";
    place.run("check", &file, &[]).expect(3, &["target_row_security", "table public.t", run]);
    // A delete that finds no row would be well.
    place.serve(&file).expect(3, &["target_row_security", run]);
    place.sql("postgres", run);
    place.run("check", &file, &[]).expect(0, &[]);
    place.arrives(&file);
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "0");
}

#[test]
fn a_role_that_may_not_switch_constraints_off_is_named_with_the_grant() {
    let (place, file) = with_schema("replica", "    constraints: replica\n");
    place.sql("dst", &format!("{TABLE}; GRANT ALL ON t TO writer"));
    let run = "GRANT SET ON PARAMETER session_replication_role TO \"writer\";";
    place.run("check", &file, &[]).expect(3, &["target_rights", "constraints: replica", run]);
    place.serve(&file).expect(3, &["target_rights", run]);
    place.sql("postgres", run);
    place.run("check", &file, &[]).expect(0, &[]);
    place.arrives(&file);
}

#[test]
fn a_target_that_takes_no_writes_is_refused() {
    let place = Place::new("readonly");
    let file = place.file("");
    place.sql("postgres", "ALTER ROLE owner SET default_transaction_read_only = on");
    let run = "ALTER ROLE \"owner\" IN DATABASE \"dst\" SET default_transaction_read_only = off;";
    place.run("check", &file, &[]).expect(3, &["target_read_only", run]);
    place.serve(&file).expect(3, &["target_read_only"]);
    place.sql("postgres", run);
    place.run("check", &file, &[]).expect(0, &[]);
    place.arrives(&file);
}

#[test]
fn a_target_that_is_a_standby_is_refused() {
    let (source, target) = (Place::new("instandby"), Place::new("instandby_target"));
    let there = target.postgres.url_as("owner", "dst");
    let file = source.file("").replace(&source.postgres.url_as("owner", "dst"), &there);
    target.postgres.stop_fast().unwrap();
    let data = target.postgres.data_dir();
    // An empty file of the same owner.
    let (version, signal) = (data.join("PG_VERSION"), data.join("standby.signal"));
    assert!(Command::new("cp").arg("-a").args([version, signal]).status().unwrap().success());
    target.postgres.start_again().unwrap();
    let texts = ["target_read_only", "standby in recovery", "SELECT pg_promote();"];
    source.run("check", &file, &[]).expect(3, &texts);
    source.serve(&file).expect(3, &["target_read_only"]);
    target.sql("postgres", "SELECT pg_promote()");
    source.run("check", &file, &[]).expect(0, &[]);
    source.arrives(&file);
}
