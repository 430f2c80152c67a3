//! The work: what the source's transactions change.

use anyhow::Result;
use stack::Postgres;

use crate::number;

/// A kind of backlog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Inserts, 10,000 a transaction.
    Inserts,
    /// 50 % inserts, 40 % updates, 10 % deletes, interleaved, 10,000 a transaction.
    Mixed,
    /// Updates of one row, a transaction each.
    Single,
    /// Inserts of rows of 2 KB, 1,000 a transaction.
    Wide,
    /// Inserts, twice as many.
    Long,
    /// One transaction of inserts.
    Huge,
    /// Inserts, half of them: what is written in each format, and by Debezium.
    Formats,
}

/// The database of the work, on both sides.
pub(crate) const DATABASE: &str = "bench";

const TABLES: &str = "
    CREATE TABLE items (id bigint PRIMARY KEY, name text, descr text, amount float8, changed timestamptz, doc jsonb);
    CREATE TABLE marker (id int PRIMARY KEY);";

const ROW: &str =
    "'item ' || i, md5(i::text), i * 1.5, '2026-01-01'::timestamptz + i * interval '1 second',
    jsonb_build_object('n', i, 'tags', jsonb_build_array('a', 'b'))";

impl Work {
    pub(crate) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "inserts" => Self::Inserts,
            "mixed" => Self::Mixed,
            "single" => Self::Single,
            "wide" => Self::Wide,
            _ => return None,
        })
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Inserts | Self::Long | Self::Formats => "inserts, 10,000 a transaction",
            Self::Mixed => "50 % inserts, 40 % updates, 10 % deletes, 10,000 a transaction",
            Self::Single => "updates, one a transaction",
            Self::Wide => "inserts of rows of 2 KB, 1,000 a transaction",
            Self::Huge => "inserts, one transaction",
        }
    }

    /// How many changes.
    pub(crate) fn changes(self) -> u64 {
        let rows = number("BENCH_ROWS", 1_000_000);
        match self {
            Self::Inserts | Self::Mixed => rows,
            Self::Long => rows * 2,
            Self::Single => rows / 5,
            Self::Huge | Self::Formats => rows / 2,
            Self::Wide => rows * 3 / 10,
        }
    }

    /// The rows that are there before.
    fn before(self) -> u64 {
        match self {
            Self::Mixed => self.changes() / 2,
            Self::Single => 100_000,
            _ => 0,
        }
    }

    /// Makes the database, with what is there before the backlog.
    pub(crate) fn prepare(self, cluster: &Postgres, database: &str) -> Result<()> {
        cluster.psql("postgres", &format!("CREATE DATABASE {database}"))?;
        cluster.psql(database, TABLES)?;
        let before = self.before();
        cluster.psql(
            database,
            &format!("INSERT INTO items SELECT i, {ROW} FROM generate_series(1, {before}) i"),
        )?;
        cluster.psql(database, "VACUUM ANALYZE")?;
        Ok(())
    }

    /// Commits the backlog, and a marker after it.
    pub(crate) fn commit(self, cluster: &Postgres) -> Result<()> {
        let (changes, before) = (self.changes(), self.before());
        let insert = |from: &str, to: &str, row: &str| {
            format!("INSERT INTO items SELECT i, {row} FROM generate_series({from}, {to}) i;")
        };
        let wide = "'item ' || i, (SELECT string_agg(md5((i * 64 + part)::text), '') FROM generate_series(1, 58) part), i, now(), '{}'";
        let body = match self {
            Self::Inserts | Self::Long | Self::Formats => format!(
                "FOR t IN 0..{changes}/10000-1 LOOP {} COMMIT; END LOOP;",
                insert("t*10000+1", "t*10000+10000", ROW)
            ),
            Self::Wide => format!(
                "FOR t IN 0..{changes}/1000-1 LOOP {} COMMIT; END LOOP;",
                insert("t*1000+1", "t*1000+1000", wide)
            ),
            Self::Huge => insert("1", &changes.to_string(), ROW),
            Self::Single => format!(
                "FOR t IN 1..{changes} LOOP UPDATE items SET amount = t, name = 'new ' || t WHERE id = 1 + t * 7919::bigint % {before}; COMMIT; END LOOP;"
            ),
            // What a transaction deletes was there before; what it updates is never deleted.
            Self::Mixed => format!(
                "FOR t IN 0..{changes}/10000-1 LOOP FOR u IN 0..99 LOOP n := t * 100 + u; {}
                   UPDATE items SET amount = n, name = 'new ' || n WHERE id IN (SELECT {before}/4 + 1 + (n * 40 + k) * 7919::bigint % ({before}/2) FROM generate_series(1, 40) k);
                   DELETE FROM items WHERE id BETWEEN n * 10 + 1 AND n * 10 + 10 AND id <= {before}/4;
                 END LOOP; COMMIT; END LOOP;",
                insert(
                    &format!("{before} + n * 50 + 1"),
                    &format!("{before} + n * 50 + 50"),
                    ROW
                )
            ),
        };
        let run = format!(
            "DO $$ DECLARE n bigint; BEGIN PERFORM set_config('synchronous_commit', 'off', false); {body} END $$"
        );
        cluster.psql(DATABASE, &run)?;
        cluster.psql(DATABASE, "INSERT INTO marker VALUES (1)")?;
        Ok(())
    }
}
