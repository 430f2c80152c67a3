//! The tables that are written: looked up or made, and empty where a copy is to fill them.

use std::collections::BTreeSet;
use std::sync::Arc;

use cdc::{Batch, Event, Finding, Schema, TableName};

use super::Work;
use crate::actions;
use crate::create;
use crate::error::SinkError;
use crate::pending;
use crate::pipeline::Pipeline;
use crate::settings::{Mode, Settings};
use crate::target::{self, Lookup, Target};

/// Another pipeline whose copy fills or has filled a table.
const SHARED: &str = "
    SELECT pipeline FROM pgrelay.checkpoints
    WHERE pipeline <> $1
    AND (pg_catalog.jsonb_exists(copied -> 'filled', $2) OR pg_catalog.jsonb_exists(copied -> 'filling', $2))
    ORDER BY pipeline LIMIT 1";

impl Work {
    /// Looks up or makes the targets of the tables that are new here.
    pub(super) async fn find_targets(
        &mut self,
        settings: &Settings,
        relations: &[Arc<Schema>],
        events: &[Event],
    ) -> Result<(), SinkError> {
        let mut fresh: Vec<&Arc<Schema>> = Vec::new();
        let mut last = None;
        for schema in relations.iter().chain(events.iter().map(|event| &event.schema)) {
            if last.is_some_and(|last| Arc::ptr_eq(last, schema)) {
                continue;
            }
            last = Some(schema);
            let known = self.targets.by_schema.contains_key(&schema.fingerprint());
            if !known && !fresh.iter().any(|other| other.fingerprint() == schema.fingerprint()) {
                fresh.push(schema);
            }
        }
        if fresh.is_empty() {
            return Ok(());
        }
        let mut found = Vec::with_capacity(fresh.len());
        for schema in fresh {
            let target = self.find_target(settings, schema).await?;
            found.push(target.clone());
            self.targets.by_schema.insert(schema.fingerprint(), target);
        }
        let mut oids: Vec<u32> = self.targets.by_schema.values().map(|target| target.oid).collect();
        oids.sort_unstable();
        oids.dedup();
        let order = target::parents_first(&self.claim.session, &oids).await;
        self.targets.order =
            order.map_err(SinkError::server(&settings.server, "read the target's foreign keys"))?;
        self.warn(settings, &found).await
    }

    /// Says what is not well about tables that were met now.
    async fn warn(&self, settings: &Settings, met: &[Arc<Target>]) -> Result<(), SinkError> {
        let ours: Vec<_> =
            self.targets.by_schema.values().map(|target| target.name.clone()).collect();
        let acting = actions::between(&self.claim.session, settings, &ours).await;
        let acting = acting
            .map_err(SinkError::server(&settings.server, "read the target's foreign keys"))?;
        let is_met = |name: &TableName| met.iter().any(|target| target.name == *name);
        let acting = acting.iter().filter(|action| is_met(&action.child) || is_met(&action.parent));
        let warnings = met.iter().flat_map(|target| target.warnings.iter().cloned());
        for finding in warnings.chain(acting.map(|action| action.warning(settings))) {
            tracing::warn!(code = finding.code, place = %finding.place, reason = %finding.reason, remedy = %finding.remedy, run = %finding.statement, "look at the target");
        }
        Ok(())
    }

    async fn find_target(
        &self,
        settings: &Settings,
        schema: &Schema,
    ) -> Result<Arc<Target>, SinkError> {
        let session = &self.claim.session;
        let name = settings.target_of(&schema.table);
        if let Some(long) = [&name.schema, &name.name].into_iter().find(|name| name.len() > 63) {
            return Err(too_long(settings, &name, long).into());
        }
        // Where another session makes some of the columns, the others are made the next time.
        for _ in 0..4 {
            match target::look_up(session, settings, schema).await? {
                Lookup::Here(target) => return Ok(target),
                Lookup::NoTable => create::table(session, settings, schema).await?,
                Lookup::NoColumns(lacking) => {
                    if self.open {
                        let checked = pending::check(session, &[name.sql()]).await;
                        let place = format!("{}, table {name}", settings.server);
                        checked.map_err(SinkError::server(&place, "add columns"))?;
                    }
                    create::columns(session, settings, schema, &lacking).await?
                }
            }
        }
        Err(Finding::outside(
            "target_table_missing",
            format!("target {}, table {}", settings.server, schema.table),
            "the table was made and is not there: a type may have its name, which a table needs for its rows, or another session drops it",
        )
        .remedy("rename the type, or give the table another name in the target: `tables` under `sink.postgres`")
        .into())
    }

    /// An attempt at a snapshot begins: what an earlier one left in the open transaction is void. The tables it fills
    /// must be empty, or filled by an earlier copy of this pipeline: those are emptied with the first rows.
    pub(super) async fn begin_attempt(
        &mut self,
        settings: &Settings,
        batch: &Batch,
    ) -> Result<(), SinkError> {
        if self.open {
            self.simple(settings, "ROLLBACK").await?;
            self.open = false;
        }
        self.find_targets(settings, &batch.relations, &[]).await?;
        let mut filling = BTreeSet::new();
        for schema in &batch.relations {
            let Some(target) = self.targets.by_schema.get(&schema.fingerprint()) else { continue };
            filling.insert(target.name.clone());
            let row = self
                .claim
                .session
                .query_one(&format!("SELECT EXISTS (SELECT FROM {})", target.rows_sql), &[])
                .await;
            let row = row.map_err(|error| {
                SinkError::server(&settings.server, "look whether the table is empty")(error.into())
            })?;
            if row.get(0) {
                if !self.kept.copied.filled.contains(&target.name) {
                    return Err(not_empty(settings, &target.name, &target.rows_sql).into());
                }
                may_empty(settings, &target.name)?;
                self.not_shared(settings, &target.name).await?;
            }
        }
        self.kept.copied.filling = filling;
        let session = self.session();
        let mut pipeline = Pipeline::default();
        self.lazy = false;
        self.open_transaction(&mut pipeline, &session).await;
        self.commit(&mut pipeline, settings, &session, batch)
            .await
            .map_err(|error| self.explained(error))?;
        self.kept.version += 1;
        self.kept.captured = batch.checkpoint.captured.clone();
        Ok(())
    }

    /// Refuses to empty a table that another pipeline filled, too: one of them found nothing to copy, and since then
    /// both have rows in it.
    async fn not_shared(&self, settings: &Settings, name: &TableName) -> Result<(), SinkError> {
        let (pipeline, table) = (&*self.pipeline, name.to_string());
        let other = self.claim.session.query_opt(SHARED, &[&pipeline, &table]).await;
        let other = other.map_err(|error| {
            SinkError::server(&settings.server, "look for other pipelines")(error.into())
        })?;
        let Some(other) = other else { return Ok(()) };
        let other: &str = other.get(0);
        Err(Finding::outside(
            "target_not_copied_anew",
            format!("target {}, table {name}", settings.server),
            format!("the tables are copied anew, which empties them first, and rows of pipeline {other} are in this one"),
        )
        .remedy(format!("run `pgrelay drop` for pipelines {pipeline} and {other} and start both with emptied target tables; or give each of them tables of its own"))
        .into())
    }

    /// With the first rows of a copy, in their transaction: empties the tables that an earlier copy filled. Who reads
    /// them meanwhile waits, and sees all of the new rows; if the copy fails, the old ones.
    pub(super) async fn empty_filled(&mut self, settings: &Settings) -> Result<(), SinkError> {
        let to_empty: Vec<_> = self.kept.copied.to_empty().cloned().collect();
        if self.open || to_empty.is_empty() {
            return Ok(());
        }
        let session = self.session();
        let mut tables = Vec::with_capacity(to_empty.len());
        for name in &to_empty {
            let rows = target::rows_sql(&session, name).await;
            tables.push(rows.map_err(SinkError::server(&settings.server, "read the catalog"))?);
        }
        let mut pipeline = Pipeline::default();
        self.open_transaction(&mut pipeline, &session).await;
        let failed = SinkError::server(&settings.server, "begin to copy anew");
        pipeline.finish(&|error| failed(error)).await?;
        tracing::info!(tables = tables.len(), "emptying the tables that an earlier copy filled");
        // Together, as they refer to each other; and without CASCADE, as other tables are not this pipeline's.
        let sql = format!("TRUNCATE {}", tables.join(", "));
        let emptied = session.batch_execute(&sql).await;
        let doing = "empty the tables that are copied anew";
        emptied.map_err(|error| SinkError::server(&settings.server, doing)(error.into()))?;
        self.open = true;
        Ok(())
    }
}

/// A name that PostgreSQL would cut: the table would never be found under it.
fn too_long(settings: &Settings, table: &TableName, name: &str) -> Finding {
    Finding::outside(
        "target_name_too_long",
        format!("target {}, table {table}", settings.server),
        format!("a name of {} bytes: PostgreSQL cuts names after 63", name.len()),
    )
    .remedy("give the table a shorter name: `tables` under `sink.postgres`, or a `rename` step")
}

/// Refuses to empty a table that is to keep rows the source does not have any more, or that would stay empty.
fn may_empty(settings: &Settings, name: &TableName) -> Result<(), Finding> {
    let why = match (settings.delete, settings.mode) {
        (false, _) => "`delete: false` keeps rows that the source does not have",
        (true, Mode::Update) => "`mode: update` inserts no row",
        (true, Mode::Upsert | Mode::Insert) => return Ok(()),
    };
    Err(Finding::outside(
        "target_not_copied_anew",
        format!("target {}, table {name}", settings.server),
        format!("the tables are copied anew, which empties them first, and {why}"),
    )
    .remedy(format!("run `pgrelay drop` for pipeline {} and start it with emptied target tables; or with `snapshot: never`, if the rows are those of the source where the stream begins", settings.pipeline)))
}

fn not_empty(settings: &Settings, name: &TableName, sql: &str) -> Finding {
    Finding::outside("target_not_empty", format!("target {}, table {name}", settings.server), "a copy is to fill it, and it has rows already")
        .remedy("empty it; or write `snapshot: never`, if the rows are those of the source where the stream begins")
        .run(format!("TRUNCATE {sql};"))
}
