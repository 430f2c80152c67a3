//! The target's tables as a [`Catalog`]: what the columns are that the records of other producers go to.

use cdc::{Catalog, Column, Fault, Identity, Looked, Schema, TableName};
use postgres_client::{ServerError, Session, Types};

use crate::error::SinkError;
use crate::settings::Settings;

/// The tables of a target.
#[derive(Clone, Debug)]
pub struct TargetCatalog {
    settings: Settings,
}

/// Its columns, each with its place in the primary key.
const COLUMNS: &str = "
    SELECT a.attname::text, a.atttypid, a.atttypmod, a.attnotnull,
           (SELECT k.ord FROM pg_catalog.pg_index i
            CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, ord)
            WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate AND k.ord <= i.indnkeyatts AND k.attnum = a.attnum)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'f') ORDER BY a.attnum";

impl TargetCatalog {
    /// The catalog of the target of these settings.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    async fn look_up(&self, name: &TableName) -> Result<Option<Schema>, SinkError> {
        let server = &self.settings.server;
        let failed = SinkError::server(server, "read the catalog");
        let name_of_session = format!("pgrelay {} catalog", self.settings.pipeline);
        let session = server.connect(&name_of_session).await;
        let session = session.map_err(SinkError::server(server, "connect"))?;
        describe(&session, name, &self.settings.target_of(name)).await.map_err(failed)
    }
}

impl Catalog for TargetCatalog {
    fn table<'a>(&'a self, name: &'a TableName) -> Looked<'a> {
        Box::pin(async move {
            let found = self.look_up(name).await;
            found.map_err(|error| (error.remedy(), Box::new(error.finding())))
        })
    }
}

async fn describe(
    session: &Session,
    name: &TableName,
    here: &TableName,
) -> Result<Option<Schema>, ServerError> {
    let rows = session.query(COLUMNS, &[&&*here.schema, &&*here.name]).await?;
    let mut types = Types::new(session);
    let (mut columns, mut key) = (Vec::with_capacity(rows.len()), Vec::new());
    for (i, row) in rows.iter().enumerate() {
        columns.push(Column {
            name: row.get::<_, &str>(0).into(),
            pg: types.resolve(row.get(1), row.get(2)).await?,
            optional: !row.get::<_, bool>(3),
            masked: false,
            missing: None,
            default: None,
            source_type: None,
        });
        key.extend(row.get::<_, Option<i64>>(4).map(|place| (place, i)));
    }
    key.sort_unstable();
    let key = key.into_iter().map(|(_, i)| i).collect();
    let schema = Schema::new(name.clone(), columns, key, Identity::Default);
    Ok((!rows.is_empty()).then_some(schema))
}
