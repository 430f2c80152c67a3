//! One batch after the other, folded where the rows allow it and in the source's order where they do not.

mod targets;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cdc::{Batch, Fault, Progress, Written};
use futures_util::SinkExt;
use postgres_client::{ServerError, Session};
use tokio_postgres::Statement;
use tokio_postgres::types::{ToSql, Type};

use crate::apply::{Form, Found, Step, Targets, Write, plan};
use crate::checkpoint::Kept;
use crate::claim::Claim;
use crate::error::{COMMIT, SinkError};
use crate::pipeline::Pipeline;
use crate::settings::Settings;
use crate::{copy, ordered, pending};

const BEGIN: &str = "BEGIN; SET CONSTRAINTS ALL DEFERRED";
/// The commit is seen at once and does not wait for the disk, as a subscription's does not by default.
const BEGIN_LAZY: &str = "BEGIN; SET CONSTRAINTS ALL DEFERRED; SET LOCAL synchronous_commit = off";
/// A commit waits for the disk once in so long; those between are made durable with it.
const LAZY_FOR: Duration = Duration::from_millis(100);

/// What a claimed sink holds; gone with the first error.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) claim: Claim,
    pub(crate) pipeline: Arc<str>,
    /// The statements that lock and advance the checkpoint: prepared, so that they are sent where they stand.
    pub(crate) lock: Statement,
    pub(crate) advance: Statement,
    pub(crate) flush: Statement,
    pub(crate) kept: Kept,
    /// A transaction of ours is open over batches that ended inside one of the source's.
    pub(crate) open: bool,
    /// The transaction that is open, or was last, commits without waiting for the disk.
    pub(crate) lazy: bool,
    /// When everything was durable.
    pub(crate) durable_at: Option<Instant>,
    pub(crate) targets: Targets,
    pub(crate) statements: HashMap<(u64, Form), Statement>,
}

impl Work {
    fn session(&self) -> Arc<Session> {
        self.claim.session.clone()
    }

    pub(crate) async fn write(
        &mut self,
        settings: &Settings,
        batch: &Batch,
    ) -> Result<Written, SinkError> {
        if batch.begin {
            self.begin_attempt(settings, batch).await?;
            return Ok(Written::Durable);
        }
        if !self.open {
            self.lazy = self.may_be_lazy();
        }
        self.find_targets(settings, &batch.relations, &batch.events).await?;
        let session = self.session();
        // A copy fills empty tables: there is no other order to try, and nothing to go back to.
        let snapshot = matches!(batch.checkpoint.progress, Progress::Snapshot { .. });
        self.empty_filled(settings).await?;
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
            let mut pipeline = Pipeline::default();
            let committed = self.commit(&mut pipeline, settings, &session, batch).await;
            committed.map_err(|error| self.explained(error))?;
        } else if guarded {
            self.simple(settings, "RELEASE batch").await?;
        }
        Ok(self.done(batch))
    }

    /// What a copy's source does next, as dropping its slot, relies on what is kept here.
    fn may_be_lazy(&self) -> bool {
        !self.is_copying() && self.durable_at.is_some_and(|at| at.elapsed() < LAZY_FOR)
    }

    /// Waits until all commits are on the disk: one that waits for it takes those before it along.
    pub(crate) async fn flush(&mut self, settings: &Settings) -> Result<(), SinkError> {
        let parameters: [&(dyn ToSql + Sync); 2] = [&&*self.pipeline, &self.kept.version];
        let flushed = self.claim.session.execute(&self.flush, &parameters).await;
        let failed = SinkError::server(&settings.server, COMMIT);
        // A commit that changes nothing waits for nothing.
        if flushed.map_err(|error| self.explained(failed(error.into())))? != 1 {
            return Err(SinkError::Fenced { pipeline: self.pipeline.to_string() });
        }
        self.durable_at = Some(Instant::now());
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

    fn done(&mut self, batch: &Batch) -> Written {
        self.open = !batch.checkpoint.progress.is_whole();
        if self.open {
            return Written::Durable;
        }
        self.kept.version += 1;
        self.kept.captured = batch.checkpoint.captured.clone();
        if self.is_copying() {
            self.kept.copied = self.kept.copied.ended();
        }
        if self.lazy {
            return Written::Visible;
        }
        self.durable_at = Some(Instant::now());
        Written::Durable
    }

    /// A copy of tables is under way.
    fn is_copying(&self) -> bool {
        !self.kept.copied.filling.is_empty()
    }

    async fn simple(&self, settings: &Settings, sql: &str) -> Result<(), SinkError> {
        let done = self.claim.session.batch_execute(sql).await;
        done.map_err(|error| SinkError::server(&settings.server, sql)(error.into()))
    }

    async fn open_transaction<'a>(&self, pipeline: &mut Pipeline<'a>, session: &'a Session) {
        let name = self.pipeline.clone();
        let begin = if self.lazy { BEGIN_LAZY } else { BEGIN };
        pipeline
            .add(Box::pin(async { session.batch_execute(begin).await.map(|()| 0) }), None)
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
        let failed = SinkError::server(&settings.server, COMMIT);
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
        let copied = match batch.begin {
            true => Some(self.kept.copied.clone()),
            false => self.is_copying().then(|| self.kept.copied.ended()),
        };
        let copied = copied.as_ref().map(serde_json::to_string).transpose().map_err(unwritable)?;
        let version = self.kept.version;
        let advance = self.advance.clone();
        let name = self.pipeline.clone();
        let advance = async move {
            session.execute(&advance, &[&&*name, &version, &state, &captured, &copied]).await
        };
        pipeline.add(Box::pin(advance), None).await;
        pipeline
            .add(Box::pin(async { session.batch_execute("COMMIT").await.map(|()| 0) }), None)
            .await;
        pipeline.finish_with(&write_failed(settings, COMMIT)).await
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
        self.prepare_all(settings, &steps).await?;
        let mut pipeline = Pipeline::default();
        if !self.open {
            self.open_transaction(&mut pipeline, session).await;
        }
        let counted = steps
            .iter()
            .any(|step| matches!(step, Step::Write(write) if write.found == Found::Every));
        let failed = write_failed(settings, "write rows");
        for step in &steps {
            self.send(&mut pipeline, settings, session, step).await?;
        }
        if counted {
            pipeline.finish_with(&failed).await?;
        }
        if batch.checkpoint.progress.is_whole() && !guarded {
            return self.commit(&mut pipeline, settings, session, batch).await;
        }
        pipeline.finish_with(&failed).await
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
            Step::Truncate { sql, tables, table } => {
                let failed =
                    SinkError::server(&format!("{}, table {table}", settings.server), "truncate");
                pipeline.finish_with(&write_failed(settings, "write rows")).await?;
                pending::check(session, tables).await.map_err(&failed)?;
                session.batch_execute(sql).await.map_err(|error| failed(error.into()))?;
            }
            Step::Copy { target, lines } => {
                let failed = SinkError::server(
                    &format!("{}, table {}", settings.server, target.name),
                    "copy rows",
                );
                pipeline.finish_with(&write_failed(settings, "write rows")).await?;
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

    async fn prepare_all(&mut self, settings: &Settings, steps: &[Step]) -> Result<(), SinkError> {
        for step in steps {
            if let Step::Write(write) = step {
                self.prepare(settings, write).await?;
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
        self.prepare_all(settings, &steps).await?;
        let mut pipeline = Pipeline::default();
        if !guarded {
            self.open_transaction(&mut pipeline, session).await;
        }
        for step in &steps {
            self.send(&mut pipeline, settings, session, step).await?;
        }
        let failed = SinkError::server(&settings.server, "write rows in the source's order");
        let about_row = |write: Option<&Write>, error: ServerError| match (write, error.code()) {
            (Some(write), Some(code)) if postgres_client::is_about_rows(code) => {
                let (table, key) = (write.target.name.clone(), write.target.key_names());
                let unique = write.target.refusing(&error).map(Box::new);
                SinkError::Row { table, key, position: write.position, unique, error }
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

/// What a failed write or, where it is none, `doing` makes of a server's no.
fn write_failed(
    settings: &Settings,
    doing: &str,
) -> impl Fn(Option<&Write>, ServerError) -> SinkError + Send + Sync {
    let failed = SinkError::server(&settings.server, doing);
    move |write, error| match write {
        Some(write) => SinkError::of_write(settings, write, error),
        None => failed(error),
    }
}

/// What a statement is kept under: the target's version and the statement's form.
fn statement_key(write: &Write) -> (u64, Form) {
    (Arc::as_ptr(&write.target) as u64, write.form.clone())
}
