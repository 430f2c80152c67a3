//! Tables of a target that are not like the source's: what is warned of, and what is well as it is.

use findings::Place;

/// A target whose table `t` is made by `ddl`, and the pipeline file.
fn place(name: &str, ddl: &str) -> (Place, String) {
    let place = Place::new(name);
    place.sql("dst", &format!("{ddl}; ALTER TABLE t OWNER TO owner"));
    let file = place.file("");
    (place, file)
}

#[test]
fn a_column_that_rounds_is_warned_of_with_both_types() {
    let (place, file) =
        place("rounds", "CREATE TABLE t (id int PRIMARY KEY, a text, b numeric(10,2))");
    place.sql("src", "ALTER TABLE t ALTER b TYPE numeric(12,4)");
    let texts = ["target_column_narrower", "column b", "numeric(10,2)", "TYPE numeric(12,4)"];
    place.run("check", &file, &[]).expect(0, &texts);
    place.serve(&file).expect(0, &texts);
}

#[test]
fn a_reference_that_acts_is_warned_of_with_the_statement_that_mends_it() {
    let (place, file) = place(
        "acts",
        "CREATE TABLE t (id int PRIMARY KEY, a text, b int CONSTRAINT up REFERENCES t ON DELETE CASCADE)",
    );
    let texts =
        ["foreign_key_action", "constraint up", "DROP CONSTRAINT \"up\", ADD CONSTRAINT \"up\""];
    place.run("check", &file, &[]).expect(0, &texts);
    place.serve(&file).expect(0, &texts);
}

#[test]
fn a_key_is_found_whatever_the_targets_collation() {
    let place = Place::new("collation");
    place.sql("postgres", "DROP DATABASE dst");
    let made =
        "CREATE DATABASE dst OWNER owner TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'";
    place.sql("postgres", made);
    place.sql(
        "src",
        "DROP TABLE t; CREATE TABLE t (\"B\" int, a int, PRIMARY KEY (\"B\", a)); INSERT INTO t VALUES (1, 2)",
    );
    place.arrives(&place.file(""));
}

#[test]
fn a_row_of_a_copy_is_turned_away_with_its_column_in_whichever_batch() {
    let (place, file) =
        place("copied", "CREATE TABLE t (id int PRIMARY KEY, a varchar(10), b int)");
    place.sql("src", "INSERT INTO t SELECT i, CASE i WHEN 30000 THEN 'a canary too long' END, i FROM generate_series(1, 60000) i");
    let ran = place.serve(&file);
    ran.expect(1, &["type_mismatch", "table public.t, column a"]);
    assert!(!ran.stderr.contains("canary"), "a value is shown: {}", ran.stderr);
}
