//! `stack run`: servers that live as long as one command, however it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail like tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use stack::{process, wait};

const LIMIT: Duration = Duration::from_secs(120);

/// A `stack run` whose command waits for the end of its input; its files go with `folder`.
struct Inner {
    parent: Child,
    server: process::Identity,
    _folder: tempfile::TempDir,
}

fn start() -> Inner {
    let folder = tempfile::tempdir().unwrap();
    // The server runs as another user and must reach its data.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let said = folder.path().join("pid");
    let tell = "echo $PGRELAY_TEST_POSTGRES_PID > \"$0.tmp\" && mv \"$0.tmp\" \"$0\"; exec cat";
    let parent = Command::new(env!("CARGO_BIN_EXE_stack"))
        .args(["run", "--postgres", "--", "sh", "-c", tell])
        .arg(&said)
        .env("TMPDIR", folder.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = wait::until("the inner server", LIMIT, "see its output above", || {
        Ok(fs::read_to_string(&said).ok().and_then(|text| text.trim().parse().ok()))
    });
    let server = process::Identity::of(pid.unwrap()).expect("the inner server runs");
    Inner { parent, server, _folder: folder }
}

fn ends(server: &process::Identity) {
    wait::until("the inner server to end", LIMIT, "it has lost its parent", || {
        Ok((!server.is_alive()).then_some(()))
    })
    .unwrap();
}

#[test]
fn the_status_is_the_commands() {
    let status = Command::new(env!("CARGO_BIN_EXE_stack"))
        .args([
            "run",
            "--postgres",
            "--",
            "sh",
            "-c",
            "psql -X \"$PGRELAY_TEST_POSTGRES\" -c 'SELECT 1' && exit 7",
        ])
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(7));
}

#[test]
fn a_signal_ends_the_command_and_then_the_servers() {
    let mut inner = start();
    // Waiting would close it, and the command could end by itself before the signal reaches it.
    let input = inner.parent.stdin.take();
    process::run(Command::new("kill").args(["-TERM", &inner.parent.id().to_string()])).unwrap();
    assert_eq!(inner.parent.wait().unwrap().code(), Some(128 + 15));
    // Stopped before the parent ended, not by its end.
    assert!(!inner.server.is_alive());
    drop(input);
}

#[test]
fn a_killed_parent_takes_its_servers_along() {
    let mut inner = start();
    inner.parent.kill().unwrap();
    inner.parent.wait().unwrap();
    ends(&inner.server);
}
