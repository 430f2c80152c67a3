//! What a pipeline made is removed by `pgrelay drop`, and by a copy that does not go on; and nothing else is.

use findings::Place;

const LEFT: &str =
    "SELECT (SELECT count(*) FROM pg_publication), (SELECT count(*) FROM pg_replication_slots)";
const CHECKPOINTS: &str = "SELECT count(*) FROM pgrelay.checkpoints";

#[test]
fn what_the_pipeline_made_is_removed() {
    let place = Place::new("dropmade");
    let file = place.file("");
    place.arrives(&file);
    assert_eq!(place.sql("src", LEFT).trim(), "1|1");
    place.run("drop", &file, &["--yes"]).expect(0, &[]);
    assert_eq!(place.sql("src", LEFT).trim(), "0|0");
    assert_eq!(place.sql("dst", CHECKPOINTS).trim(), "0");
}

#[test]
fn a_publication_that_was_there_stays() {
    let place = Place::new("dropfound");
    place.sql("src", "CREATE PUBLICATION dropfound FOR TABLE t");
    let file = place.file("");
    place.arrives(&file);
    let ran = place.run("drop", &file, &["--yes"]);
    ran.expect(0, &["warning", "publication_left", "DROP PUBLICATION"]);
    assert_eq!(place.sql("src", LEFT).trim(), "1|0");
    assert_eq!(place.sql("dst", CHECKPOINTS).trim(), "0");
}

#[test]
fn a_slot_of_another_kind_stays_and_the_rest_is_removed() {
    let place = Place::new("dropkind");
    let file = place.file("");
    place.arrives(&file);
    place.wait_slots_free();
    place.sql("src", "SELECT pg_drop_replication_slot('dropkind')");
    place.sql("src", "SELECT pg_create_physical_replication_slot('dropkind')");
    place.run("drop", &file, &["--yes"]).expect(3, &["slot_plugin", "a physical slot"]);
    assert_eq!(place.sql("src", LEFT).trim(), "1|1");
    assert_eq!(place.sql("dst", CHECKPOINTS).trim(), "0");
}

#[test]
fn a_copy_that_does_not_go_on_leaves_no_slot() {
    let place = Place::new("nocopy");
    place.sql(
        "src",
        "INSERT INTO t SELECT i, 'longer than that', i FROM generate_series(1, 100000) i",
    );
    place.sql(
        "dst",
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(3), b int); ALTER TABLE t OWNER TO owner",
    );
    let file = place.file("");
    place.serve(&file).expect(1, &["type_mismatch", "string data right truncation"]);
    place.wait_sql("src", LEFT, "1|0");
    place.sql("dst", "ALTER TABLE t ALTER a TYPE text");
    place.arrives(&file);
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "100000");
    assert_eq!(place.sql("src", LEFT).trim(), "1|1");
}

/// While the server waits for older transactions there is no slot yet, and then one that nobody needs.
#[test]
fn a_stop_while_the_slot_is_made_says_that_it_may_be_left() {
    let place = Place::new("stopslot");
    let open = place.hold("src", "INSERT INTO t VALUES (1)");
    let service = place.start(&place.file(""));
    service.wait_line("the new slot waits for the transaction");
    let ran = service.stop();
    ran.expect(0, &["may be left", "pg_drop_replication_slot('stopslot')"]);
    open.commit();
    place.arrives(&place.file(""));
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "1");
}

#[test]
fn nothing_is_removed_under_a_running_service() {
    let place = Place::new("droprun");
    let file = place.file("");
    let service = place.start(&file);
    service.wait_line("streaming");
    place.run("drop", &file, &["--yes"]).expect(3, &["slot_in_use", "stop what works with it"]);
    assert_eq!(place.sql("src", LEFT).trim(), "1|1");
    place.sql("src", "INSERT INTO t VALUES (1)");
    place.wait_sql("dst", "SELECT count(*) FROM t", "1");
    service.stop().expect(0, &[]);
    assert_eq!(place.sql("dst", CHECKPOINTS).trim(), "1");
}
