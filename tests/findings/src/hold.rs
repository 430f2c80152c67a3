//! A session that holds what a statement took, until it is dropped.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use stack::tools;

use crate::Place;

/// The session.
#[derive(Debug)]
pub struct Held(Child);

impl Place {
    /// Runs a statement in a transaction that stays open, and waits until it has run.
    ///
    /// # Panics
    /// Where psql cannot be started, or the statement does not come to its end.
    pub fn hold(&self, database: &str, statement: &str) -> Held {
        let bin = tools::postgres_bin().expect("PostgreSQL is there");
        let program = tools::postgres_client(&bin, "psql").expect("psql is there");
        let mut command = Command::new(program);
        command.args(["-X", "-q", "-d", &self.postgres.url(database)]);
        // Others may be held in the same database.
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("holder {}", NEXT.fetch_add(1, Ordering::Relaxed));
        command.env("PGAPPNAME", &name).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut session = command.spawn().expect("psql starts");
        let input = session.stdin.as_mut().expect("it was asked for");
        writeln!(input, "BEGIN; {statement};").expect("psql reads");
        let open = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}' AND state = 'idle in transaction' AND query <> 'BEGIN;'"
        );
        self.wait_sql(database, &open, "1");
        Held(session)
    }
}

impl Held {
    /// Commits what the statement did.
    ///
    /// # Panics
    /// Where the session has ended before.
    pub fn commit(mut self) {
        let input = self.0.stdin.as_mut().expect("it was asked for");
        writeln!(input, "COMMIT;").expect("psql reads");
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Without its input psql ends, and with it the transaction.
        self.0.stdin = None;
        let _ = self.0.wait();
    }
}
