//! A chain that does not fit its tables: at the start status 2, in the stream status 1, and nothing leaks.

use findings::Place;

const MASK: &str =
    "transforms:\n  - mask: { columns: [public.t.a], with: hmac, key: { env: MASK_KEY } }\n";

#[test]
fn a_table_column_or_collision_in_a_transform_is_named() {
    let place = Place::new("names");
    for (step, texts) in [
        ("mask: { columns: [public.x.a], with: null }", ["transform_table_missing", "public.x"]),
        ("mask: { columns: [public.t.aa], with: null }", ["transform_column_missing", "aa"]),
        ("mask: { columns: [public.t.id], with: fixed, value: 1 }", ["transform_key_column", "id"]),
        ("drop: { columns: [public.t.id] }", ["transform_key_column", "id"]),
        ("rename: { table: public.t, columns: { a: b } }", ["transform_column_collision", "b"]),
    ] {
        let file = place.file(&format!("transforms:\n  - {step}\n"));
        place.serve(&file).expect(2, &texts);
        place.run("check", &file, &[]).expect(2, &texts);
    }
}

#[test]
fn a_table_that_no_row_comes_from_has_no_other_name_in_the_target() {
    let place = Place::new("renamed_in_target");
    let file = place.file("    tables: { public.tt: public.u }\n");
    let texts = ["transform_table_missing", "sink.postgres.tables, table public.tt", "public.t"];
    place.serve(&file).expect(2, &texts);
    place.run("check", &file, &[]).expect(2, &texts);
}

/// Runs a change of the schema under a mask and expects a halt after which no clear value is in the target.
fn halts(name: &str, ddl: &str, after: &str, code: &str) -> Place {
    let place = Place::new(name);
    let file = place.file(MASK);
    place.sql("src", "INSERT INTO t VALUES (1, 'canary one', 1)");
    place.arrives(&file);
    place.sql("src", "INSERT INTO t VALUES (2, 'canary two', 1)");
    place.sql("src", ddl);
    place.sql("src", after);
    let ran = place.serve(&file);
    assert!([1, 3].contains(&ran.status), "{}", ran.stderr);
    ran.expect(ran.status, &[code]);
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    // What was before the change has arrived, what came after it has not.
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "2");
    assert_eq!(
        place.sql("dst", "SELECT count(*) FROM t WHERE t::text LIKE '%canary%'").trim(),
        "0"
    );
    place
}

#[test]
fn a_masked_column_that_is_renamed_halts() {
    halts(
        "mrename",
        "ALTER TABLE t RENAME a TO aa",
        "INSERT INTO t VALUES (3, 'canary three', 1)",
        "transform_column_missing",
    );
}

#[test]
fn a_masked_table_that_is_renamed_halts() {
    halts(
        "trename",
        "ALTER TABLE t RENAME TO tt",
        "INSERT INTO tt VALUES (3, 'canary three', 1)",
        "table_",
    );
}

#[test]
fn a_new_column_beside_a_mask_halts_and_goes_on_as_the_file_says() {
    let place = halts(
        "newcol",
        "ALTER TABLE t ADD c text",
        "INSERT INTO t VALUES (3, 'x', 1, 'canary three')",
        "new_column",
    );
    place.arrives(&place.file(&format!("new_columns: drop\n{MASK}")));
    assert_eq!(place.sql("dst", "SELECT count(*) FROM t").trim(), "3");
    assert_eq!(
        place.sql("dst", "SELECT count(*) FROM t WHERE t::text LIKE '%canary%'").trim(),
        "0"
    );
    // Dropped is not accepted: without a word in the file it halts again.
    place.sql("src", "INSERT INTO t VALUES (4, 'x', 1, 'canary four')");
    place.serve(&place.file(MASK)).expect(1, &["new_column", "c"]);
}
