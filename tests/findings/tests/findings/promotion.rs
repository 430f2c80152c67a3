//! A standby that is promoted in the source's place.

use std::path::Path;
use std::process::Command;

use findings::Place;

fn shell(program: &str, arguments: &[&Path]) {
    let status = Command::new(program).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}");
}

/// Starts what lies in the source's folder as a standby, and promotes it.
fn promote(place: &Place) {
    let data = place.postgres.data_dir();
    // An empty file of the same owner.
    shell("cp", &["-a".as_ref(), &data.join("PG_VERSION"), &data.join("standby.signal")]);
    place.postgres.start_again().unwrap();
    place.sql("postgres", "SELECT pg_promote()");
    assert_eq!(place.sql("postgres", "SELECT pg_is_in_recovery()").trim(), "f");
}

/// A source, and a target on a server of its own.
fn pair(name: &str) -> (Place, Place, String) {
    let (source, target) = (Place::new(name), Place::new(&format!("{name}_target")));
    let there = target.postgres.url_as("owner", "dst");
    let file = source.file("").replace(&source.postgres.url_as("owner", "dst"), &there);
    source.sql("src", "INSERT INTO t SELECT i, 'a', i FROM generate_series(1, 10) i");
    source.arrives(&file);
    (source, target, file)
}

#[test]
fn a_promoted_standby_that_had_everything_goes_on() {
    let (source, target, file) = pair("promoted");
    source.postgres.stop_fast().unwrap();
    promote(&source);
    for n in 11..13 {
        source.sql("src", &format!("INSERT INTO t VALUES ({n})"));
        source.arrives(&file);
        assert_eq!(target.sql("dst", "SELECT count(*) FROM t").trim(), n.to_string());
    }
    let timeline = "SELECT checkpoint #>> '{source,timeline}' FROM pgrelay.checkpoints";
    assert_eq!(target.sql("dst", timeline).trim(), "2");
}

#[test]
fn a_promoted_standby_that_lacked_changes_is_refused() {
    let (source, target, file) = pair("lacking");
    let data = source.postgres.data_dir();
    let standby = data.with_file_name("standby");
    source.postgres.stop_fast().unwrap();
    shell("cp", &["-a".as_ref(), data, &standby]);
    source.postgres.start_again().unwrap();
    source.sql("src", "INSERT INTO t SELECT i FROM generate_series(11, 1000) i");
    source.arrives(&file);
    source.postgres.stop_fast().unwrap();
    shell("rm", &["-r".as_ref(), data]);
    shell("mv", &[&standby, data]);
    promote(&source);
    // More than was lost: by its LSN the checkpoint is one of this server's.
    source.sql("src", "INSERT INTO t SELECT i, repeat('b', 100) FROM generate_series(11, 20000) i");
    let texts = ["checkpoint_of_another_timeline", "on timeline 1", "left it at", "pgrelay drop"];
    source.serve(&file).expect(3, &texts);
    source.run("check", &file, &[]).expect(3, &texts);
    assert_eq!(target.sql("dst", "SELECT count(*) FROM t").trim(), "1000");
}
