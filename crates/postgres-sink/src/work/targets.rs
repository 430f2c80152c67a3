//! The tables that are written: looked up or made, and empty where a copy is to fill them.

use std::sync::Arc;

use cdc::{Batch, Event, Finding, Schema};

use super::Work;
use crate::create;
use crate::error::SinkError;
use crate::pipeline::Pipeline;
use crate::settings::Settings;
use crate::target::{self, Lookup};

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
        for schema in fresh {
            let target = self.find_target(settings, schema).await?;
            self.targets.by_schema.insert(schema.fingerprint(), target);
        }
        let mut oids: Vec<u32> = self.targets.by_schema.values().map(|target| target.oid).collect();
        oids.sort_unstable();
        oids.dedup();
        let order = target::parents_first(&self.claim.session, &oids).await;
        self.targets.order =
            order.map_err(SinkError::server(&settings.server, "read the target's foreign keys"))?;
        Ok(())
    }

    async fn find_target(
        &self,
        settings: &Settings,
        schema: &Schema,
    ) -> Result<Arc<target::Target>, SinkError> {
        let session = &self.claim.session;
        // Where another session makes some of the columns, the others are made the next time.
        for _ in 0..4 {
            match target::look_up(session, settings, schema).await? {
                Lookup::Here(target) => return Ok(target),
                Lookup::NoTable => create::table(session, settings, schema).await?,
                Lookup::NoColumns(lacking) => {
                    create::columns(session, settings, schema, &lacking).await?
                }
            }
        }
        Err(Finding::outside(
            "target_table_missing",
            format!("target {}, table {}", settings.server, schema.table),
            "the table was made and is not there",
        )
        .into())
    }

    /// An attempt at a snapshot begins: what an earlier one left in the open transaction is void, and the tables
    /// it fills must be empty.
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
        for schema in &batch.relations {
            let Some(target) = self.targets.by_schema.get(&schema.fingerprint()) else { continue };
            let row = self
                .claim
                .session
                .query_one(&format!("SELECT EXISTS (SELECT FROM {})", target.sql), &[])
                .await;
            let row = row.map_err(|error| {
                SinkError::server(&settings.server, "look whether the table is empty")(error.into())
            })?;
            if row.get(0) {
                return Err(not_empty(settings, &target.name, &target.sql).into());
            }
        }
        let session = self.session();
        let mut pipeline = Pipeline::default();
        self.open_transaction(&mut pipeline, &session).await;
        self.commit(&mut pipeline, settings, &session, batch)
            .await
            .map_err(|error| self.explained(error))?;
        self.kept.version += 1;
        self.kept.captured = batch.checkpoint.captured.clone();
        Ok(())
    }
}

fn not_empty(settings: &Settings, name: &cdc::TableName, sql: &str) -> Finding {
    Finding::outside("target_not_empty", format!("target {}, table {name}", settings.server), "a copy is to fill it, and it has rows already")
        .remedy("empty it; or write `snapshot: never`, if the rows are those of the source where the stream begins")
        .run(format!("TRUNCATE {sql};"))
}
