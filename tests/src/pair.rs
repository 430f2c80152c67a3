//! A source and a target: two fresh databases, gone with their slots when the test ends.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;

use crate::cluster::{SOURCE_ROLE, TARGET_ROLE};
use crate::{Cluster, Psql};

/// This process among all that use one server: pids come again, and so the time of its start is in it.
fn process() -> &'static str {
    static PROCESS: OnceLock<String> = OnceLock::new();
    PROCESS.get_or_init(|| {
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        format!("{}_{}", std::process::id(), base36(started.as_secs()))
    })
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    while number > 0 {
        digits.extend(char::from_digit((number % 36) as u32, 36));
        number /= 36;
    }
    digits.iter().rev().collect()
}

/// A source and a target database.
#[derive(Debug)]
pub struct Pair {
    cluster: Arc<Cluster>,
    /// Names nobody else uses: of the pipeline, its slot, its publication and its topics.
    pub name: String,
}

impl Pair {
    /// Makes both databases.
    ///
    /// # Errors
    /// What the server said.
    pub fn new(cluster: Arc<Cluster>) -> Result<Pair> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("e2e_{}_{}", process(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin = cluster.admin("postgres")?;
        for (end, role) in [("source", SOURCE_ROLE), ("target", TARGET_ROLE)] {
            admin.run(&format!("CREATE DATABASE {name}_{end} OWNER {role};"))?;
        }
        Ok(Pair { cluster, name })
    }

    /// The source's URL for the pipeline.
    #[must_use]
    pub fn source_url(&self) -> String {
        self.cluster.url(SOURCE_ROLE, &format!("{}_source", self.name))
    }

    /// The target's URL for the pipeline.
    #[must_use]
    pub fn target_url(&self) -> String {
        self.cluster.url(TARGET_ROLE, &format!("{}_target", self.name))
    }

    /// A session in the source, as the owner of its tables.
    ///
    /// # Errors
    /// Where psql does not start.
    pub fn source(&self) -> Result<Psql> {
        Psql::connect(&self.source_url(), &self.variables())
    }

    /// A session in the target, as the owner of its tables.
    ///
    /// # Errors
    /// Where psql does not start.
    pub fn target(&self) -> Result<Psql> {
        Psql::connect(&self.target_url(), &self.variables())
    }

    /// What SQL may refer to, as `:'slot'`.
    fn variables(&self) -> [(&str, &str); 2] {
        [("slot", &self.name), ("publication", &self.name)]
    }

    fn remove(&self) -> Result<()> {
        let (name, mut admin) = (&self.name, self.cluster.admin("postgres")?);
        let slots = format!("FROM pg_replication_slots WHERE database LIKE '{name}\\_%'");
        admin.run(&format!("SELECT pg_terminate_backend(active_pid, 5000) {slots} AND active;"))?;
        admin.run(&format!("SELECT pg_drop_replication_slot(slot_name) {slots};"))?;
        for end in ["source", "target"] {
            admin.run(&format!("DROP DATABASE {name}_{end} WITH (FORCE);"))?;
        }
        Ok(())
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            eprintln!("{}: {error:#}", self.name);
        }
    }
}
