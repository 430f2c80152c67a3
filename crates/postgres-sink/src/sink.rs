//! The sink as the loop sees it: committed, write. One transaction holds the rows and the checkpoint.
//!
//! ```text
//! BEGIN · lock the checkpoint row · rows … · advance the checkpoint row · COMMIT      a whole batch, one round trip
//! BEGIN · lock · rows …  ─ next batch ─▶  rows … · advance · COMMIT                  a transaction in several batches
//! ```

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use cdc::{Batch, Checkpoint, Event, Fault, Finding, Meter, Phase, Progress, Schema, Sink};
use futures_util::SinkExt;
use postgres_client::{ServerError, Session};
use tokio_postgres::Statement;
use tokio_postgres::types::{ToSql, Type};

use crate::apply::{Form, Step, Targets, Write, plan};
use crate::checkpoint::{self, Kept};
use crate::claim::{Claim, claim};
use crate::error::SinkError;
use crate::settings::Settings;
use crate::target::{self, Lookup};
use crate::{copy, create, ordered};

const BEGIN: &str = "BEGIN; SET CONSTRAINTS ALL DEFERRED";

/// A database as a sink.
#[derive(Debug)]
pub struct PostgresSink {
    settings: Settings,
    meter: Arc<Meter>,
    work: Option<Work>,
}

/// What a claimed sink holds; gone with the first error.
#[derive(Debug)]
struct Work {
    claim: Claim,
    pipeline: Arc<str>,
    /// The statements that lock and advance the checkpoint: prepared, so that they are sent where they stand.
    lock: Statement,
    advance: Statement,
    kept: Kept,
    /// A transaction of ours is open over batches that ended inside one of the source's.
    open: bool,
    targets: Targets,
    statements: HashMap<(u64, Form), Statement>,
}

/// What a statement answered: rows it touched.
type Answer<'a> = Pin<Box<dyn Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>>;

/// Statements on their way, in order; each is sent when it is added, and none is waited for until `finish`.
struct Pipeline<'a> {
    answers: Vec<(Answer<'a>, Option<&'a Write>)>,
}

impl<'a> Pipeline<'a> {
    async fn add(&mut self, mut answer: Answer<'a>, write: Option<&'a Write>) {
        // The first poll sends it. What it answers at once is kept by the future.
        if let std::task::Poll::Ready(done) = futures_util::poll!(&mut answer) {
            answer = Box::pin(std::future::ready(done));
        }
        self.answers.push((answer, write));
    }

    /// Waits for all; the first error is the one that counts, the others are its echo.
    async fn finish(
        &mut self,
        failed: &(dyn Fn(ServerError) -> SinkError + Send + Sync),
    ) -> Result<(), SinkError> {
        self.finish_with(&|_, error| failed(error)).await
    }

    /// The same, where the statement that failed says more.
    async fn finish_with(
        &mut self,
        failed: &(dyn Fn(Option<&Write>, ServerError) -> SinkError + Send + Sync),
    ) -> Result<(), SinkError> {
        let mut first = None;
        for (answer, write) in self.answers.drain(..) {
            match answer.await {
                Ok(touched) => {
                    if let Some(write) = write
                        && first.is_none()
                        && write.exact
                        && touched != write.rows
                    {
                        first = Some(row_missing(write, touched));
                    }
                }
                Err(error) => {
                    first.get_or_insert_with(|| failed(write, error.into()));
                }
            }
        }
        first.map_or(Ok(()), Err)
    }
}

fn row_missing(write: &Write, touched: u64) -> SinkError {
    Finding::failed(
        "row_missing",
        format!("target table {}, row at LSN {}", write.target.name, write.position),
        format!("an update or delete of {} rows found {touched}: the target is not what the source was", write.rows),
    )
    .remedy("the update does not carry every column, so the row cannot be made: empty the target's tables, run `pgrelay drop` for the pipeline and start it again, which copies all tables")
    .into()
}

impl Sink for PostgresSink {
    type Error = SinkError;

    async fn committed(&mut self) -> Result<Option<Checkpoint>, SinkError> {
        self.work = None;
        let meter = self.meter.clone();
        let claim = claim(&self.settings, |text| meter.enter(Phase::Waiting(text))).await?;
        let kept = checkpoint::open(&claim.session, &self.settings).await?;
        let checkpoint = kept.checkpoint.clone();
        let failed = SinkError::server(&self.settings.server, "prepare a statement");
        let lock =
            claim.session.prepare(checkpoint::LOCK).await.map_err(|error| failed(error.into()))?;
        let advance = claim
            .session
            .prepare(checkpoint::ADVANCE)
            .await
            .map_err(|error| failed(error.into()))?;
        self.work = Some(Work {
            claim,
            pipeline: self.settings.pipeline.clone(),
            lock,
            advance,
            kept,
            open: false,
            targets: Targets::default(),
            statements: HashMap::new(),
        });
        Ok(checkpoint)
    }

    async fn write(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let Some(work) = &mut self.work else {
            return Err(SinkError::Fenced { pipeline: self.settings.pipeline.to_string() });
        };
        let written = work.write(&self.settings, batch).await;
        match &written {
            Ok(()) => self.count(batch),
            // An error voids the sink: the transaction ends with its session.
            Err(error) => {
                tracing::debug!(code = error.finding().code, "the batch was not written");
                self.work = None;
            }
        }
        written
    }
}

impl PostgresSink {
    /// A sink that has not been claimed.
    pub fn new(settings: Settings, meter: Arc<Meter>) -> Self {
        Self { settings, meter, work: None }
    }

    fn count(&self, batch: &Batch) {
        Meter::add(&self.meter.events, batch.events.len() as u64);
        Meter::add(&self.meter.batches, 1);
        if let Some(last) = batch.events.last() {
            self.meter
                .commit_micros
                .store(last.transaction.commit_micros, std::sync::atomic::Ordering::Relaxed);
        }
        if let Some(lsn) = batch.checkpoint.progress.confirmable() {
            Meter::advance(&self.meter.durable_lsn, lsn);
            Meter::advance(&self.meter.applied_lsn, lsn);
        }
    }
}

impl Work {
    fn session(&self) -> Arc<Session> {
        self.claim.session.clone()
    }

    async fn write(&mut self, settings: &Settings, batch: &Batch) -> Result<(), SinkError> {
        if batch.begin {
            return self.begin_attempt(settings, batch).await;
        }
        self.find_targets(settings, &batch.relations, &batch.events).await?;
        let session = self.session();
        // A copy fills empty tables: there is no other order to try, and nothing to go back to.
        let snapshot = matches!(batch.checkpoint.progress, Progress::Snapshot { .. });
        let guarded = self.open && !snapshot;
        if guarded {
            self.simple(settings, "SAVEPOINT batch").await?;
        }
        let was_open = self.open;
        if let Err(error) = self.folded(settings, &session, batch, guarded).await {
            let error = self.explained(error);
            if !error.is_about_rows() || (was_open && !guarded) {
                return Err(error);
            }
            tracing::debug!(code = error.finding().code, "writing the batch in the source's order");
            self.simple(settings, if guarded { "ROLLBACK TO batch" } else { "ROLLBACK" }).await?;
            self.in_order(settings, &session, batch, guarded)
                .await
                .map_err(|error| self.explained(error))?;
        }
        if guarded && batch.checkpoint.progress.is_whole() {
            let mut pipeline = Pipeline { answers: Vec::new() };
            let committed = self.commit(&mut pipeline, settings, &session, batch).await;
            committed.map_err(|error| self.explained(error))?;
        } else if guarded {
            self.simple(settings, "RELEASE batch").await?;
        }
        self.done(batch);
        Ok(())
    }

    /// The version is advanced by compare-and-set: a refusal of the checkpoint row is another process.
    fn explained(&self, error: SinkError) -> SinkError {
        match &error {
            SinkError::Server { error: server, .. }
                if server.response().is_some_and(|response| {
                    response.table == "checkpoints" && response.schema == "pgrelay"
                }) =>
            {
                SinkError::Fenced { pipeline: self.pipeline.to_string() }
            }
            _ => error,
        }
    }

    fn done(&mut self, batch: &Batch) {
        self.open = !batch.checkpoint.progress.is_whole();
        if !self.open {
            self.kept.version += 1;
            self.kept.captured = batch.checkpoint.captured.clone();
        }
    }

    async fn simple(&self, settings: &Settings, sql: &str) -> Result<(), SinkError> {
        let done = self.claim.session.batch_execute(sql).await;
        done.map_err(|error| SinkError::server(&settings.server, sql)(error.into()))
    }

    /// Looks up or makes the targets of the tables that are new here.
    async fn find_targets(
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
        for _ in 0..2 {
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
    async fn begin_attempt(&mut self, settings: &Settings, batch: &Batch) -> Result<(), SinkError> {
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
        let mut pipeline = Pipeline { answers: Vec::new() };
        self.open_transaction(&mut pipeline, &session).await;
        self.commit(&mut pipeline, settings, &session, batch)
            .await
            .map_err(|error| self.explained(error))?;
        self.kept.version += 1;
        self.kept.captured = batch.checkpoint.captured.clone();
        Ok(())
    }

    async fn open_transaction<'a>(&self, pipeline: &mut Pipeline<'a>, session: &'a Session) {
        let name = self.pipeline.clone();
        pipeline
            .add(Box::pin(async { session.batch_execute(BEGIN).await.map(|()| 0) }), None)
            .await;
        let statement = self.lock.clone();
        let lock = async move { session.execute(&statement, &[&&*name]).await };
        pipeline.add(Box::pin(lock), None).await;
    }

    /// Advances the checkpoint and commits, behind everything that is on its way.
    async fn commit<'a>(
        &self,
        pipeline: &mut Pipeline<'a>,
        settings: &'a Settings,
        session: &'a Session,
        batch: &'a Batch,
    ) -> Result<(), SinkError> {
        let failed = SinkError::server(&settings.server, "commit");
        tracing::trace!(target: "pgrelay::phase", "written");
        let unwritable = |error: serde_json::Error| {
            failed(ServerError::Protocol(format!("write the checkpoint: {error}")))
        };
        let state = serde_json::to_string(&batch.checkpoint).map_err(unwritable)?;
        let captured = if *self.kept.captured == *batch.checkpoint.captured {
            None
        } else {
            Some(serde_json::to_string(&*batch.checkpoint.captured).map_err(unwritable)?)
        };
        let version = self.kept.version;
        let advance = self.advance.clone();
        let name = self.pipeline.clone();
        let advance =
            async move { session.execute(&advance, &[&&*name, &version, &state, &captured]).await };
        pipeline.add(Box::pin(advance), None).await;
        pipeline
            .add(Box::pin(async { session.batch_execute("COMMIT").await.map(|()| 0) }), None)
            .await;
        pipeline.finish(&|error| failed(error)).await
    }

    /// The fast way: folded, and in one round trip where nothing must be counted first. What is guarded is not
    /// committed here: a commit that is on its way behind a row that fails ends the transaction, and nothing is
    /// left to go back to.
    async fn folded(
        &mut self,
        settings: &Settings,
        session: &Session,
        batch: &Batch,
        guarded: bool,
    ) -> Result<(), SinkError> {
        let steps = plan(settings, &self.targets, &batch.events)?;
        for step in &steps {
            if let Step::Write(write) = step {
                self.prepare(settings, write).await?;
            }
        }
        let mut pipeline = Pipeline { answers: Vec::new() };
        if !self.open {
            self.open_transaction(&mut pipeline, session).await;
        }
        let counted = steps.iter().any(|step| matches!(step, Step::Write(write) if write.exact));
        let failed = SinkError::server(&settings.server, "write rows");
        for step in &steps {
            self.send(&mut pipeline, settings, session, step).await?;
        }
        if counted {
            pipeline.finish(&|error| failed(error)).await?;
        }
        if batch.checkpoint.progress.is_whole() && !guarded {
            return self.commit(&mut pipeline, settings, session, batch).await;
        }
        pipeline.finish(&|error| failed(error)).await
    }

    /// Sends one step. COPY speaks a protocol of its own and is waited for.
    async fn send<'a>(
        &self,
        pipeline: &mut Pipeline<'a>,
        settings: &Settings,
        session: &'a Session,
        step: &'a Step,
    ) -> Result<(), SinkError> {
        match step {
            Step::Write(write) => {
                let Some(statement) = self.statements.get(&statement_key(write)).cloned() else {
                    return Ok(());
                };
                let answer = async move {
                    let parameters: Vec<&(dyn ToSql + Sync)> =
                        write.arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
                    session.execute(&statement, &parameters).await
                };
                pipeline.add(Box::pin(answer), Some(write)).await;
            }
            Step::Truncate { sql, table } => {
                let failed =
                    SinkError::server(&format!("{}, table {table}", settings.server), "truncate");
                pipeline.finish(&|error| failed(error)).await?;
                session.batch_execute(sql).await.map_err(|error| failed(error.into()))?;
            }
            Step::Copy { target, lines } => {
                let failed = SinkError::server(
                    &format!("{}, table {}", settings.server, target.name),
                    "copy rows",
                );
                pipeline.finish(&|error| failed(error)).await?;
                let copying = session
                    .copy_in(&copy::statement(target))
                    .await
                    .map_err(|error| failed(error.into()))?;
                let mut copying = Box::pin(copying);
                copying.send(lines.clone()).await.map_err(|error| failed(error.into()))?;
                copying.as_mut().finish().await.map_err(|error| failed(error.into()))?;
            }
        }
        Ok(())
    }

    async fn prepare(&mut self, settings: &Settings, write: &Write) -> Result<(), SinkError> {
        let key = statement_key(write);
        if self.statements.contains_key(&key) {
            return Ok(());
        }
        let text = write.form.text(&write.target, settings);
        let types: Vec<Type> = text.parameters.iter().map(|wire| wire.array()).collect();
        let prepared = self.claim.session.prepare_typed(&text.sql, &types).await;
        let failed = SinkError::server(
            &format!("{}, table {}", settings.server, write.target.name),
            "prepare a statement",
        );
        let statement = prepared.map_err(|error| failed(error.into()))?;
        self.statements.insert(key, statement);
        Ok(())
    }

    /// The other way: event by event, so that the row that is turned away is known.
    async fn in_order(
        &mut self,
        settings: &Settings,
        session: &Session,
        batch: &Batch,
        guarded: bool,
    ) -> Result<(), SinkError> {
        let steps = ordered::steps(settings, &self.targets, &batch.events)?;
        for step in &steps {
            if let Step::Write(write) = step {
                self.prepare(settings, write).await?;
            }
        }
        let mut pipeline = Pipeline { answers: Vec::new() };
        if !guarded {
            self.open_transaction(&mut pipeline, session).await;
        }
        for step in &steps {
            self.send(&mut pipeline, settings, session, step).await?;
        }
        let failed = SinkError::server(&settings.server, "write rows in the source's order");
        let about_row = |write: Option<&Write>, error: ServerError| match (write, error.code()) {
            (Some(write), Some(code)) if code.starts_with("22") || code.starts_with("23") => {
                let (table, key) = (write.target.name.clone(), write.target.key_names());
                SinkError::Row { table, key, position: write.position, error }
            }
            _ => failed(error),
        };
        pipeline.finish_with(&about_row).await?;
        if batch.checkpoint.progress.is_whole() && !guarded {
            return self.commit(&mut pipeline, settings, session, batch).await;
        }
        Ok(())
    }
}

/// What a statement is kept under: the target's version and the statement's form.
fn statement_key(write: &Write) -> (u64, Form) {
    (Arc::as_ptr(&write.target) as u64, write.form.clone())
}

fn not_empty(settings: &Settings, name: &cdc::TableName, sql: &str) -> Finding {
    Finding::outside("target_not_empty", format!("target {}, table {name}", settings.server), "a copy is to fill it, and it has rows already")
        .remedy("empty it; or write `snapshot: never`, if the rows are those of the source where the stream begins")
        .run(format!("TRUNCATE {sql};"))
}
