//! Advisory locks: the number of one, and who has it.

use std::fmt;

use crate::{ServerError, Session};

/// The number under which the advisory lock called `name` is taken: the same in every process.
pub fn lock_number(name: &str) -> i64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    i64::from_ne_bytes(hash.to_ne_bytes())
}

/// The session that has an advisory lock of the database, in words: `pid 7, pgrelay shop, from local, since …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process on the server.
    pub pid: i32,
    rest: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid {}, {}", self.pid, self.rest)
    }
}

const HOLDER: &str = "
    SELECT a.pid, coalesce(a.application_name, '') || ', from ' || coalesce(host(a.client_addr), 'local')
           || ', since ' || coalesce(a.backend_start::text, '?')
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
      AND (l.classid::int8 << 32 | l.objid::int8) = $1";

impl Session {
    /// Who has the advisory lock of this number, if anybody has.
    ///
    /// # Errors
    /// Where the server cannot be asked.
    pub async fn lock_holder(&self, number: i64) -> Result<Option<Holder>, ServerError> {
        let row = self.query_opt(HOLDER, &[&number]).await?;
        Ok(row.map(|row| Holder { pid: row.get(0), rest: row.get(1) }))
    }
}
