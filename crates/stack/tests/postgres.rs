//! A cluster that really runs: made, crashed, started again, with TLS, behind a pooler.

use stack::{Pgbouncer, Postgres, process};

#[test]
fn a_crash_keeps_what_was_committed() {
    let postgres = Postgres::builder().start().unwrap();
    assert_eq!(postgres.psql("postgres", "SHOW wal_level").unwrap(), "logical");
    postgres.psql("postgres", "CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2)").unwrap();
    let (pid, port) = (postgres.pid().unwrap(), postgres.port());

    postgres.stop_immediate().unwrap();
    assert!(postgres.pid().is_none());
    assert!(postgres.psql("postgres", "SELECT 1").is_err());

    postgres.start_again().unwrap();
    assert_ne!(postgres.pid().unwrap(), pid);
    assert_eq!(postgres.port(), port);
    assert_eq!(postgres.psql("postgres", "SELECT count(*), max(id) FROM t").unwrap(), "2|2");
    let log = std::fs::read_to_string(postgres.log_path()).unwrap();
    assert!(log.contains("automatic recovery in progress"), "{log}");

    postgres.stop_fast().unwrap();
    postgres.start_again().unwrap();
    assert_eq!(postgres.psql("postgres", "SELECT count(*) FROM t").unwrap(), "2");
}

#[test]
fn drop_ends_the_server_and_removes_its_files() {
    let postgres = Postgres::builder().start().unwrap();
    let (pid, data) = (postgres.pid().unwrap(), postgres.data_dir().to_owned());
    drop(postgres);
    assert!(process::Identity::of(pid).is_none());
    assert!(!data.exists());
}

#[test]
fn settings_and_access_rules_are_the_callers() {
    let postgres = Postgres::builder()
        .setting("wal_sender_timeout", "3s")
        .hba("host all guest 127.0.0.1/32 scram-sha-256")
        .ssl(true)
        .start()
        .unwrap();
    assert_eq!(postgres.psql("postgres", "SHOW wal_sender_timeout").unwrap(), "3s");
    postgres.psql("postgres", "CREATE ROLE guest LOGIN PASSWORD 'secret'").unwrap();

    let connect = |password: &str, mode: &str| {
        let url = format!("{}?sslmode={mode}", postgres.url_as("guest", "postgres"));
        let mut command = std::process::Command::new("psql");
        command.args([
            "-X",
            "-A",
            "-t",
            "-d",
            &url,
            "-c",
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        ]);
        command.env("PGPASSWORD", password).env("PGSSLROOTCERT", postgres.ca_path().unwrap());
        process::run(&mut command)
    };
    assert_eq!(connect("secret", "verify-full").unwrap(), "t\n");
    let error = connect("wrong", "verify-full").unwrap_err().to_string();
    assert!(error.contains("password authentication failed"), "{error}");
}

#[test]
fn a_kept_cluster_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let home = folder.path().join("cluster");
    let builder = Postgres::builder().data_dir(&home);
    let first = builder.clone().start().unwrap();
    first.psql("postgres", "CREATE TABLE kept ()").unwrap();
    drop(first);
    let second = builder.start().unwrap();
    assert_eq!(second.psql("postgres", "SELECT count(*) FROM kept").unwrap(), "0");
}

#[test]
fn a_wrong_setting_is_reported_with_the_servers_words() {
    let error =
        Postgres::builder().setting("no_such_setting", "1").start().unwrap_err().to_string();
    assert!(error.contains("unrecognized configuration parameter \"no_such_setting\""), "{error}");
}

#[test]
fn a_pooler_changes_the_backend_between_transactions() {
    let postgres = Postgres::builder().start().unwrap();
    let pooler = Pgbouncer::start(&postgres).unwrap();
    let mut command = std::process::Command::new("psql");
    command.args(["-X", "-A", "-t", "-d", &pooler.url("postgres"), "-c", "SELECT 42"]);
    assert_eq!(process::run(&mut command).unwrap(), "42\n");
}
