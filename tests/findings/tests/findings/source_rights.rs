//! A role that may not do in the source what the pipeline does there: `check` says so before anything starts, with what
//! gives the right, and `serve` fails for the same.

use findings::{Place, Ran};

/// A place whose pipeline reads as a role that may replicate, and nothing else, with its file.
fn reader(name: &str) -> (Place, String) {
    let place = Place::new(name);
    place.sql("postgres", "CREATE ROLE reader LOGIN REPLICATION");
    place.sql("src", "INSERT INTO t VALUES (1, 'canary', 1)");
    let file = place.file("").replace(&place.postgres.url("src"), &reads(&place));
    (place, file)
}

fn reads(place: &Place) -> String {
    place.postgres.url_as("reader", "src")
}

fn publish(place: &Place) {
    let options = "publish_via_partition_root = true";
    place.sql("src", &format!("CREATE PUBLICATION {} FOR TABLE t WITH ({options})", place.name));
}

fn is_well(ran: &Ran) {
    let said = &ran.expect(0, &[]).stderr;
    assert!(!said.contains("_rights]") && !said.contains("source_row_security"), "{said}");
}

#[test]
fn a_publication_that_the_role_may_not_create_is_named_with_the_statement() {
    let (place, file) = reader("nopub");
    place.sql("src", "GRANT SELECT ON t TO reader");
    let texts = ["publication_rights", "does not own public.t", "CREATE PUBLICATION \"nopub\""];
    place.run("check", &file, &[]).expect(3, &texts);
    place.serve(&file).expect(3, &["publication_rights"]);
    // Who owns the table has to be let make things in the database, too.
    place.sql("src", "ALTER TABLE t OWNER TO reader");
    let grant = "GRANT CREATE ON DATABASE \"src\" TO \"reader\";";
    let texts = ["publication_rights", "lacks CREATE on database src", grant];
    place.run("check", &file, &[]).expect(3, &texts);
    place.serve(&file).expect(3, &["publication_rights"]);
    place.sql("src", grant);
    is_well(&place.run("check", &file, &[]));
    place.arrives(&file);
}

#[test]
fn a_publication_that_is_there_or_not_needed_asks_for_no_right() {
    let (place, file) = reader("pubthere");
    place.sql("src", "GRANT SELECT ON t TO reader");
    let once = file.replace("    slot:", "    snapshot: initial_only\n    slot:");
    is_well(&place.run("check", &once, &[]));
    publish(&place);
    is_well(&place.run("check", &file, &[]));
    place.arrives(&file);
}

#[test]
fn a_schema_that_the_role_may_not_use_is_named_with_the_grant() {
    let (place, file) = reader("srcschema");
    place.sql("src", "GRANT SELECT ON t TO reader; REVOKE ALL ON SCHEMA public FROM PUBLIC");
    publish(&place);
    let grant = "GRANT USAGE ON SCHEMA \"public\" TO \"reader\";";
    let texts = ["source_rights", "schema public", "lacks USAGE", grant];
    let ran = place.run("check", &file, &[]);
    ran.expect(3, &texts);
    assert_eq!(ran.stderr.matches("[source_rights]").count(), 1, "{}", ran.stderr);
    place.serve(&file).expect(3, &["source_rights"]);
    place.sql("src", grant);
    is_well(&place.run("check", &file, &[]));
    place.arrives(&file);
}

#[test]
fn a_table_that_the_role_may_not_read_is_named_where_it_is_copied() {
    let (place, file) = reader("unread");
    publish(&place);
    let grant = "GRANT SELECT ON \"public\".\"t\" TO \"reader\";";
    place.run("check", &file, &[]).expect(3, &["source_rights", "table public.t", grant]);
    place.serve(&file).expect(3, &["source_rights"]);
    place.wait_slots_free();
    place.run("drop", &file, &["--yes"]).expect(0, &[]);
    // Rights on the columns are as good.
    place.sql("src", "GRANT SELECT (id, a, b) ON t TO reader");
    is_well(&place.run("check", &file, &[]));
    place.arrives(&file);
    place.wait_slots_free();
    // It is copied; another copy is made only where changes are lost.
    place.sql("src", "REVOKE SELECT (a) ON t FROM reader");
    place.run("check", &file, &[]).expect(0, &["warning", "source_rights"]);
    place.arrives(&file);
}

#[test]
fn what_is_only_followed_is_not_read() {
    let (place, file) = reader("followed");
    publish(&place);
    place.sql("src", "REVOKE ALL ON SCHEMA public FROM PUBLIC");
    let file = file.replace("    slot:", "    snapshot: never\n    slot:");
    is_well(&place.run("check", &file, &[]));
    place.arrives(&file);
    place.sql("src", "INSERT INTO t VALUES (2, 'canary', 1)");
    place.arrives(&file);
    assert_eq!(place.sql("dst", "SELECT string_agg(id::text, ',') FROM t").trim(), "2");
}

#[test]
fn row_level_security_is_named_where_the_table_is_copied() {
    let (place, file) = reader("rowsecurity");
    publish(&place);
    place.sql("src", "GRANT SELECT ON t TO reader; ALTER TABLE t ENABLE ROW LEVEL SECURITY");
    let run = "ALTER ROLE \"reader\" BYPASSRLS;";
    let texts = ["source_row_security", "table public.t", run];
    place.run("check", &file, &[]).expect(3, &texts);
    let ran = place.serve(&file);
    ran.expect(3, &["row-level security"]);
    place.wait_slots_free();
    place.run("drop", &file, &["--yes"]).expect(0, &[]);
    // Its owner passes by it, unless it is forced on the owner.
    place.sql("src", "ALTER TABLE t OWNER TO reader");
    is_well(&place.run("check", &file, &[]));
    place.sql("src", "ALTER TABLE t FORCE ROW LEVEL SECURITY");
    place.run("check", &file, &[]).expect(3, &texts);
    place.sql("postgres", run);
    is_well(&place.run("check", &file, &[]));
    place.arrives(&file);
}

/// A prepared transaction has no session that would end: the way on is its name.
#[test]
fn a_prepared_transaction_that_the_slot_waits_for_is_named_with_the_ways_on() {
    let place = Place::with("prepared", &[("max_prepared_transactions", "2")]);
    place.sql("src", "INSERT INTO t VALUES (1, 'a', 1); CREATE TABLE other (id int)");
    place.sql("src", "BEGIN; INSERT INTO other VALUES (1); PREPARE TRANSACTION 'it''s'");
    let service = place.start(&place.file(""));
    let line = service.wait_line("the new slot waits for the prepared transaction");
    for text in ["'it''s'", "role postgres", "database src", "s ago"] {
        assert!(line.contains(text), "{line}");
    }
    assert!(line.contains("COMMIT PREPARED 'it''s' or ROLLBACK PREPARED 'it''s'"), "{line}");
    place.sql("src", "ROLLBACK PREPARED 'it''s'");
    place.wait_sql("dst", "SELECT to_regclass('t') IS NOT NULL", "t");
    place.wait_sql("dst", "SELECT count(*) FROM t", "1");
    service.stop().expect(0, &[]);
}
