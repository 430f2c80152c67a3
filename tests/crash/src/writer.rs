//! The application: seeded random transactions against the source, without a rest.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::random::Random;
use crate::session::Session;
use crate::world::DATABASE;

/// What the writer is asked to do.
#[derive(Debug, Default)]
struct Wishes {
    stop: AtomicBool,
    /// Rest, and say so.
    rest: Mutex<(bool, bool)>,
    changed: Condvar,
    /// Rows of one large transaction, once.
    much: AtomicU32,
    transactions: AtomicU64,
}

/// A thread that writes.
#[derive(Debug)]
pub struct Writer {
    wishes: Arc<Wishes>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts to write to the server at `port`.
    #[must_use]
    pub fn start(port: u16, seed: u64) -> Self {
        let wishes = Arc::new(Wishes::default());
        let theirs = Arc::clone(&wishes);
        let thread = std::thread::spawn(move || write(port, seed, &theirs));
        Self { wishes, thread: Some(thread) }
    }

    /// One transaction of so many rows comes next.
    pub fn much(&self, rows: u32) {
        self.wishes.much.fetch_max(rows, Ordering::Relaxed);
    }

    /// Whether a large transaction that was asked for has not begun yet.
    #[must_use]
    pub fn waits_for_much(&self) -> bool {
        self.wishes.much.load(Ordering::Relaxed) > 0
    }

    /// Returns once nothing is written any more.
    pub fn rest(&self) {
        let mut rest = self.wishes.rest.lock().unwrap_or_else(PoisonError::into_inner);
        rest.0 = true;
        let limit = Duration::from_secs(300);
        let waited = self.wishes.changed.wait_timeout_while(rest, limit, |rest| !rest.1);
        assert!(
            waited.is_ok_and(|(_, late)| !late.timed_out()),
            "the writer does not come to rest"
        );
    }

    /// Ends a rest.
    pub fn go_on(&self) {
        self.wishes.rest.lock().unwrap_or_else(PoisonError::into_inner).0 = false;
        self.wishes.changed.notify_all();
    }

    /// Transactions so far.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        self.wishes.transactions.load(Ordering::Relaxed)
    }

    /// Ends, and says how many transactions there were.
    #[must_use]
    pub fn stop(mut self) -> u64 {
        self.end();
        self.transactions()
    }

    fn end(&mut self) {
        self.wishes.stop.store(true, Ordering::Relaxed);
        self.go_on();
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().is_ok(), "the writer failed");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.thread.is_some() && !std::thread::panicking() {
            self.end();
        }
        self.wishes.stop.store(true, Ordering::Relaxed);
    }
}

fn rest(wishes: &Wishes) {
    let mut rest = wishes.rest.lock().unwrap_or_else(PoisonError::into_inner);
    if !rest.0 {
        return;
    }
    rest.1 = true;
    wishes.changed.notify_all();
    let waited = wishes.changed.wait_while(rest, |rest| rest.0);
    waited.unwrap_or_else(PoisonError::into_inner).1 = false;
}

fn write(port: u16, seed: u64, wishes: &Wishes) {
    let mut random = Random::new(seed);
    let mut session = None;
    while !wishes.stop.load(Ordering::Relaxed) {
        rest(wishes);
        let sql = match wishes.much.swap(0, Ordering::Relaxed) {
            0 => transaction(&mut random),
            rows => format!("SELECT much({rows});"),
        };
        // A server that was stopped ends the session, and what was not committed did not happen.
        session = session.or_else(|| Session::open(port, DATABASE).ok());
        if session.as_mut().is_none_or(|session| session.run(&sql).is_err()) {
            session = None;
            std::thread::sleep(Duration::from_millis(100));
        }
        wishes.transactions.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(random.below(16)));
    }
}

fn transaction(random: &mut Random) -> String {
    let mut work = || format!("SELECT work({:.12});", random.unit());
    let (one, two, three) = (work(), work(), work());
    match random.below(2000) {
        0..1200 => one,
        1200..1400 => format!("BEGIN; {one} ROLLBACK;"),
        1400..1600 => format!("BEGIN; {one} SAVEPOINT a; {two} ROLLBACK TO a; {three} COMMIT;"),
        1600..1800 => format!("BEGIN; {one} SAVEPOINT a; {two} RELEASE a; COMMIT;"),
        1800..1999 => format!("BEGIN; {one} {two} {three} COMMIT;"),
        _ => copy(random, 2_000),
    }
}

/// Keyless and keyed rows by COPY: all of one statement share the WAL record of a page.
fn copy(random: &mut Random, rows: u64) -> String {
    let from = random.below(1 << 40);
    let mut sql = "COPY journal (who, body) FROM STDIN;\n".to_owned();
    for i in from..from + rows {
        sql.push_str(&format!("clear-canary-{i}\tcopied {i}\n"));
    }
    sql.push_str("\\.\n");
    sql
}
