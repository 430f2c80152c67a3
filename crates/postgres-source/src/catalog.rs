//! What the source's catalog says about tables and types.

use std::collections::BTreeMap;
use std::sync::Arc;

use cdc::{Column, Identity, Schema, TableName};
use pgoutput::{Relation, RelationColumn};
use postgres_client::{ServerError, Session, Types};

use crate::shape::Shape;
use crate::source_type;

/// A table that could be captured.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) oid: u32,
    pub(crate) name: TableName,
    pub(crate) identity: Identity,
    /// The columns of its primary key, in the key's order. A deferrable one is none: it tells no rows apart before
    /// the commit, and the server takes it for no replica identity.
    pub(crate) primary_key: Vec<Arc<str>>,
    /// The columns of the index that is its replica identity.
    pub(crate) identity_index: Vec<Arc<str>>,
    pub(crate) partitioned: bool,
    /// The root of the partitions it is one of.
    pub(crate) root: Option<u32>,
    /// Of a root, the partitions that hold rows. What an update sends is theirs to say, not the root's.
    pub(crate) leaves: Vec<Table>,
    pub(crate) rows: u64,
    pub(crate) logged: bool,
    pub(crate) columns: Vec<TableColumn>,
}

/// A column as the catalog has it.
#[derive(Clone, Debug)]
pub(crate) struct TableColumn {
    pub(crate) name: Arc<str>,
    pub(crate) type_oid: u32,
    pub(crate) typmod: i32,
    pub(crate) not_null: bool,
    pub(crate) generated: bool,
    /// What rows from before the column was added have in it.
    pub(crate) missing: Option<Arc<str>>,
    /// Its default's expression.
    pub(crate) default: Option<Arc<str>>,
}

const TABLES: &str = "
    SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.relreplident::text,
           c.relpersistence = 'p' AS logged, greatest(c.reltuples, 0)::int8 AS rows,
           CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid)::oid END AS root,
           ARRAY(SELECT a.attname::text FROM pg_catalog.pg_index i
                 CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, ord)
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
                 WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate AND k.ord <= i.indnkeyatts ORDER BY k.ord) AS pk,
           ARRAY(SELECT a.attname::text FROM pg_catalog.pg_index i
                 CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, ord)
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
                 WHERE i.indrelid = c.oid AND i.indisreplident AND k.ord <= i.indnkeyatts ORDER BY k.ord) AS identity_index
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('information_schema', 'pgrelay') AND n.nspname !~ '^pg_'";

const COLUMNS: &str = "
    SELECT a.attrelid, a.attname::text, a.atttypid, a.atttypmod,
           a.attnotnull OR (t.typtype = 'd' AND t.typnotnull), a.attgenerated <> '' AS generated,
           CASE WHEN a.atthasmissing THEN (a.attmissingval::text::text[])[1]
                -- A root holds no rows: its leaves know.
                WHEN c.relkind = 'p' THEN (SELECT (l.attmissingval::text::text[])[1] FROM pg_catalog.pg_partition_tree(a.attrelid) p
                      JOIN pg_catalog.pg_attribute l ON l.attrelid = p.relid AND l.attname = a.attname
                      WHERE p.isleaf AND l.atthasmissing LIMIT 1) END AS missing,
           CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS default
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = ANY($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum";

fn identity_of(letter: &str) -> Identity {
    match letter {
        "n" => Identity::Nothing,
        "f" => Identity::Full,
        "i" => Identity::Index,
        _ => Identity::Default,
    }
}

fn names(list: Vec<String>) -> Vec<Arc<str>> {
    list.into_iter().map(Into::into).collect()
}

/// All tables of the database that the role can see, or the one called by `oid`, with their columns.
pub(crate) async fn tables(session: &Session, oid: Option<u32>) -> Result<Vec<Table>, ServerError> {
    let rows = match oid {
        None => session.query(TABLES, &[]).await?,
        Some(oid) => session.query(&format!("{TABLES} AND c.oid = $1"), &[&oid]).await?,
    };
    let mut tables = BTreeMap::new();
    for row in rows {
        let table = Table {
            oid: row.get("oid"),
            name: TableName::new(row.get(1), row.get(2)),
            identity: identity_of(row.get(4)),
            primary_key: names(row.get("pk")),
            identity_index: names(row.get("identity_index")),
            partitioned: row.get::<_, &str>(3) == "p",
            root: row.get("root"),
            leaves: Vec::new(),
            rows: u64::try_from(row.get::<_, i64>("rows")).unwrap_or_default(),
            logged: row.get("logged"),
            columns: Vec::new(),
        };
        tables.insert(table.oid, table);
    }
    let oids: Vec<u32> = tables.keys().copied().collect();
    for row in session.query(COLUMNS, &[&oids]).await? {
        if let Some(table) = tables.get_mut(&row.get(0)) {
            table.columns.push(TableColumn {
                name: row.get::<_, String>(1).into(),
                type_oid: row.get(2),
                typmod: row.get(3),
                not_null: row.get(4),
                generated: row.get("generated"),
                missing: row.get::<_, Option<String>>("missing").map(Into::into),
                default: row.get::<_, Option<String>>("default").map(Into::into),
            });
        }
    }
    Ok(tables.into_values().collect())
}

impl Table {
    /// Whether an update of `leaf` says which row of this table it means.
    pub(crate) fn is_told_by(&self, leaf: &Table) -> bool {
        let root = self.as_relation(None);
        let key = key_of(&root, Some(self));
        let sent = leaf.as_relation(None);
        let is_sent = |name: &str| sent.columns.iter().any(|c| c.identity && c.name == name);
        match leaf.identity {
            Identity::Full => true,
            _ => !key.is_empty() && key.iter().all(|&i| is_sent(&root.columns[i].name)),
        }
    }

    /// The shape the stream would announce for this table, were it to change now. `published` limits the
    /// columns to a publication's column list.
    pub(crate) fn as_relation(&self, published: Option<&[String]>) -> Relation {
        let identity = match self.identity {
            Identity::Default => self.primary_key.as_slice(),
            Identity::Index => self.identity_index.as_slice(),
            Identity::Full | Identity::Nothing => &[],
        };
        let is_published = |column: &&TableColumn| match published {
            Some(list) => list.iter().any(|name| **name == *column.name),
            None => !column.generated,
        };
        let columns = self.columns.iter().filter(is_published).map(|column| RelationColumn {
            identity: self.identity == Identity::Full || identity.contains(&column.name),
            name: column.name.to_string(),
            type_oid: column.type_oid,
            typmod: column.typmod,
        });
        Relation {
            oid: self.oid,
            schema: self.name.schema.to_string(),
            name: self.name.name.to_string(),
            identity: self.identity,
            columns: columns.collect(),
        }
    }
}

/// The schema of a relation as the stream announces it, with what only the catalog knows: types' names, nulls, the
/// primary key. Where the catalog has moved on since, the stream is right and the catalog only adds.
pub(crate) async fn describe(
    session: &Session,
    relation: &Relation,
    shape: &Shape,
) -> Result<Arc<Schema>, ServerError> {
    let table = tables(session, Some(relation.oid)).await?.pop();
    let mut types = Types::new(session);
    let mut columns = Vec::with_capacity(relation.columns.len());
    for column in &relation.columns {
        let known = table
            .as_ref()
            .and_then(|table| table.columns.iter().find(|known| *known.name == *column.name));
        columns.push(Column {
            name: column.name.as_str().into(),
            pg: types.resolve(column.type_oid, column.typmod).await?,
            optional: known.is_none_or(|known| !known.not_null),
            masked: false,
            missing: known.and_then(|known| known.missing.clone()),
            default: known.and_then(|known| known.default.clone()),
            source_type: None,
        });
    }
    let key = key_of(relation, table.as_ref());
    let name = TableName::new(&relation.schema, &relation.name);
    if !shape.source_types.is_empty() {
        source_type::tell(session, &name, &mut columns, &shape.source_types).await?;
    }
    let mut schema = Schema::new(name, columns, key, relation.identity);
    schema.message_key = shape.message_key.of(&schema.origin, &schema.columns);
    schema.placeholder = shape.placeholder.clone();
    Ok(Arc::new(schema.with_modes(shape.modes)))
}

/// The key: the primary key if what the identity sends contains it, otherwise the identity's columns. Of a table without
/// an identity there are inserts alone, and the key is in them.
fn key_of(relation: &Relation, table: Option<&Table>) -> Vec<usize> {
    let sent = |name: &str| {
        let identity =
            |column: &RelationColumn| column.identity || relation.identity == Identity::Nothing;
        relation.columns.iter().position(|column| column.name == name && identity(column))
    };
    let all = |names: &[Arc<str>]| names.iter().map(|name| sent(name)).collect::<Option<Vec<_>>>();
    if let Some(table) = table
        && !table.primary_key.is_empty()
        && let Some(key) = all(&table.primary_key)
    {
        return key;
    }
    if let Some(table) = table
        && relation.identity == Identity::Index
        && let Some(key) = all(&table.identity_index)
        && !key.is_empty()
    {
        return key;
    }
    match relation.identity {
        Identity::Full | Identity::Nothing => Vec::new(),
        Identity::Default | Identity::Index => {
            let columns = relation.columns.iter().enumerate();
            columns.filter(|(_, column)| column.identity).map(|(i, _)| i).collect()
        }
    }
}
