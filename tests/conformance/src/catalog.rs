//! What a case's SQL made: the tables that Debezium's lists choose from, and what a declared difference depends on.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use e2e::Psql;
use serde::Deserialize;

use crate::case::Case;

/// The tables of a database.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) tables: Vec<Table>,
    /// The publications that the case's own SQL made.
    pub(crate) publications: BTreeMap<String, Publication>,
}

/// A publication.
#[derive(Debug, Deserialize)]
pub(crate) struct Publication {
    /// Whether it is of all tables.
    pub(crate) all: bool,
    /// Whether it publishes partitions under their root.
    pub(crate) via_root: bool,
}

/// A table.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Table {
    pub(crate) schema: String,
    pub(crate) name: String,
    /// Each column's type by its name, of an array `_` and that of its elements, of a domain what it is made of; a
    /// numeric that rounds before the point is `negative_scale`.
    pub(crate) columns: BTreeMap<String, String>,
    /// Whether it has an ancestor or a child.
    pub(crate) inherits: bool,
    /// Whether its own rows are nowhere but in its partitions.
    pub(crate) partitioned: bool,
    /// Whether it has, or is meant by, a foreign key.
    pub(crate) references: bool,
    /// Whether its replica identity is an index beside a primary key over other columns.
    pub(crate) other_identity: bool,
    /// Whether it has another name after the stream, or is gone.
    #[serde(default)]
    pub(crate) gone: bool,
    /// Whether a publication has some of its columns or rows alone.
    #[serde(default)]
    pub(crate) partial: bool,
    /// The publications that have it.
    pub(crate) publications: Vec<String>,
}

impl Table {
    /// `schema.table`, as Debezium's expressions see it.
    pub(crate) fn dotted(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// The same as SQL and pipeline files write it.
    pub(crate) fn quoted(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }

    /// The same as a topic has it.
    fn topic(&self) -> String {
        let fits = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        self.dotted().chars().map(fits).collect()
    }
}

/// A name in quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

const TABLES: &str = "
    SELECT coalesce(jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', c.relname, 'columns',
        (SELECT coalesce(jsonb_object_agg(a.attname, CASE WHEN format_type(coalesce(b.oid, t.oid),
              CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END) LIKE 'numeric(%,-%' THEN 'negative_scale'
              ELSE coalesce(b.typname, t.typname) END), '{}') FROM pg_attribute a
           JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        'inherits', EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)),
        'partitioned', c.relkind = 'p',
        'references', EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND c.oid IN (f.conrelid, f.confrelid)),
        'other_identity', c.relreplident = 'i' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid
           AND i.indisreplident AND i.indisprimary),
        'partial', EXISTS (SELECT FROM pg_publication_rel r WHERE r.prrelid = c.oid
           AND (r.prattrs IS NOT NULL OR r.prqual IS NOT NULL)),
        'publications', (SELECT coalesce(jsonb_agg(p.pubname), '[]') FROM pg_publication_tables p
           WHERE p.schemaname = n.nspname AND p.tablename = c.relname))), '[]')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_';";

const PUBLICATIONS: &str = "SELECT coalesce(jsonb_object_agg(pubname, jsonb_build_object('all', puballtables, 'via_root', pubviaroot)), '{}') FROM pg_publication;";

impl Catalog {
    /// Reads it.
    pub(crate) fn read(session: &mut Psql) -> Result<Catalog> {
        let tables = session.value(TABLES).context("read the catalog")?;
        let publications = session.value(PUBLICATIONS).context("read the publications")?;
        Ok(Catalog {
            tables: serde_json::from_str(&tables)?,
            publications: serde_json::from_str(&publications)?,
        })
    }

    /// The publication that a case names, where its own SQL made it.
    pub(crate) fn publication<'a>(&self, case: &'a Case) -> Option<(&'a str, &Publication)> {
        let name = case.property("publication.name")?;
        Some((name, self.publications.get(name)?))
    }

    /// Whether partitions are sent under their root: as the publication says, or else the case.
    pub(crate) fn via_root(&self, case: &Case) -> bool {
        let said = case.property("publish.via.partition.root") != Some("false");
        self.publication(case).map_or(said, |(_, publication)| publication.via_root)
    }

    /// What there is now or was before.
    pub(crate) fn with(mut self, before: Catalog) -> Catalog {
        for mut table in before.tables {
            table.gone = !self.tables.iter().any(|now| now.dotted() == table.dotted());
            self.tables.push(table);
        }
        self
    }

    /// The tables whose records are in a topic.
    pub(crate) fn of_topic(&self, topic: &str) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(move |table| table.topic() == topic)
    }
}
