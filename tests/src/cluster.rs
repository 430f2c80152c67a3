//! A PostgreSQL server for tests: one of our own, or the one that `stack run --postgres` shares.

use anyhow::{Context, Result};
use stack::Postgres;

use crate::Psql;

/// The variable that names the shared server: the URL of a superuser.
const SHARED: &str = "PGRELAY_TEST_POSTGRES";

/// A role that may log in and replicate, and owns the source databases.
pub const SOURCE_ROLE: &str = "e2e_source";
/// A role that may log in and nothing else, and owns the target databases.
pub(crate) const TARGET_ROLE: &str = "e2e_target";

/// A server with the two roles of tests in it.
#[derive(Debug)]
pub struct Cluster {
    /// Kept alive while the tests use it.
    _own: Option<Postgres>,
    superuser: String,
    address: String,
}

impl Cluster {
    /// A server of one's own. Making a slot waits for every transaction of its cluster, so tests that run at the same
    /// time are faster on one each.
    ///
    /// # Errors
    /// Where PostgreSQL does not start.
    pub fn own() -> Result<Cluster> {
        // What it writes are empty transactions, which PostgreSQL 14 sends.
        let postgres = Postgres::builder()
            .setting("max_connections", "40")
            .setting("autovacuum", "off")
            .start()?;
        let address = format!("127.0.0.1:{}", postgres.port());
        Cluster { _own: Some(postgres), superuser: "postgres".to_owned(), address }.with_roles()
    }

    /// The server that the tests of one run share, or one of our own where there is none.
    ///
    /// # Errors
    /// Where its URL is not understood or the server does not answer.
    pub fn shared() -> Result<Cluster> {
        let Ok(url) = std::env::var(SHARED) else { return Cluster::own() };
        let rest = url.split_once("://").map_or(&*url, |(_, rest)| rest);
        let (superuser, rest) =
            rest.split_once('@').with_context(|| format!("{SHARED}={url}: no role"))?;
        let address = rest.split('/').next().unwrap_or(rest);
        Cluster { _own: None, superuser: superuser.to_owned(), address: address.to_owned() }
            .with_roles()
    }

    fn with_roles(self) -> Result<Cluster> {
        let make = |role: &str, rights: &str| {
            format!(
                "DO $$ BEGIN CREATE ROLE {role} LOGIN {rights}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;"
            )
        };
        let sql = make(SOURCE_ROLE, "REPLICATION") + &make(TARGET_ROLE, "");
        self.admin("postgres")?.run(&sql)?;
        Ok(self)
    }

    /// The URL of a database for a role.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgresql://{role}@{}/{database}", self.address)
    }

    /// A session of the superuser.
    ///
    /// # Errors
    /// Where psql does not start.
    pub fn admin(&self, database: &str) -> Result<Psql> {
        Psql::connect(&self.url(&self.superuser, database), &[])
    }
}
