//! The ways a start goes: a first one, one at a slot, a copy and the stream behind it.

use cdc::{Batch, Checkpoint, Lsn, Phase, Progress};

use super::steps::{
    Claimed, Copying, captured, create_and_copy, describe_all, open, read_again, to_read,
};
use super::{PostgresSource, State, unreachable_state};
use crate::error::SourceError;
use crate::publication;
use crate::slot::{self, Slot};

impl PostgresSource {
    /// No slot and no checkpoint: the first start of all.
    pub(super) async fn start_new(&mut self, made: Box<Claimed>) -> Result<(), SourceError> {
        if self.settings.snapshot.copies() {
            return self.publish(made, 1).await;
        }
        let made = self.with_publication(made).await?;
        let meter = self.meter.clone();
        let Claimed { walsender, session, source, tables, old, .. } = *made;
        let created = slot::create(walsender, &session, &self.settings, |text| {
            meter.enter(Phase::Waiting(text))
        })
        .await?;
        let (at, walsender) = (created.consistent_point, created.walsender);
        let (tables, publication) = read_again(&session, &self.settings, tables).await?;
        let made = Claimed { walsender, session, source, tables, publication, old };
        self.stream_from(made, at).await
    }

    /// There is a checkpoint, and nothing goes on from it.
    pub(super) async fn copy_anew(
        &mut self,
        made: Box<Claimed>,
        reason: &str,
    ) -> Result<(), SourceError> {
        self.settings.selection.check_whole(&self.settings, &made.tables)?;
        tracing::warn!(pipeline = %self.settings.pipeline, slot = %self.settings.slot, reason, "copying all tables anew");
        self.publish(made, 1).await
    }

    /// A slot without a checkpoint: its confirmed_flush_lsn is a place to start only where nothing is copied.
    pub(super) async fn start_at_slot(
        &mut self,
        made: Box<Claimed>,
        slot: &Slot,
    ) -> Result<(), SourceError> {
        if self.settings.snapshot.copies() {
            return Err(slot::unexpected(&self.settings).into());
        }
        slot::check(slot, &self.settings)?;
        self.check_publication(&made)?;
        self.stream_from(*made, slot.confirmed_flush_lsn).await
    }

    async fn stream_from(&mut self, made: Claimed, at: Lsn) -> Result<(), SourceError> {
        let schemas =
            describe_all(&made.session, &self.settings, &made.tables, made.publication.as_ref())
                .await?;
        let checkpoint = Checkpoint {
            source: Some(made.source.clone()),
            captured: captured(&made.tables, &schemas),
            ..Checkpoint::new(Progress::After { end_lsn: at })
        };
        let first = Batch { relations: schemas, ..Batch::progress(checkpoint.clone()) };
        self.open_stream(made, checkpoint, Some(first));
        Ok(())
    }

    pub(super) fn check_publication(&self, made: &Claimed) -> Result<(), SourceError> {
        let settings = &self.settings;
        let Some(publication) = &made.publication else {
            return Err(publication::missing(settings).into());
        };
        publication::check(publication, settings, &publication::asked(&made.tables))?;
        for table in &made.tables {
            publication::check_leaves(table)?;
        }
        Ok(())
    }

    /// Publication first, then the slot. What is only copied needs none, and is copied as the one that is there says.
    async fn with_publication(&self, mut made: Box<Claimed>) -> Result<Box<Claimed>, SourceError> {
        let follows = self.settings.snapshot.follows();
        for table in made.tables.iter().filter(|_| follows) {
            publication::check_identity(table, &self.settings)?;
        }
        match &made.publication {
            Some(publication) => {
                let asked = publication::asked(&made.tables);
                publication::check(publication, &self.settings, &asked)?;
            }
            None if !follows => {}
            None => {
                publication::create(&made.session, &self.settings, &made.tables).await?;
                made.publication = publication::read(&made.session, &self.settings).await?;
            }
        }
        Ok(made)
    }

    pub(super) async fn publish(
        &mut self,
        made: Box<Claimed>,
        attempt: u32,
    ) -> Result<(), SourceError> {
        let made = self.with_publication(made).await?;
        self.state = State::Announce { made, attempt };
        Ok(())
    }

    /// The batch that stores the attempt, and says which tables it is about.
    pub(super) async fn announce(&mut self) -> Result<Batch, SourceError> {
        let State::Announce { made, attempt } = &self.state else {
            return Err(unreachable_state());
        };
        let attempt = *attempt;
        let mut relations =
            describe_all(&made.session, &self.settings, &made.tables, made.publication.as_ref())
                .await?;
        // A statement that is refused is refused before anything is stored, made or dropped for its sake.
        let publication = made.publication.as_ref();
        for table in to_read(&self.settings, &made.tables, &relations, publication) {
            table.check(&made.session, &self.settings.server.to_string()).await?;
        }
        let checkpoint = Checkpoint {
            source: Some(made.source.clone()),
            captured: captured(&made.tables, &relations),
            ..Checkpoint::new(Progress::Snapshot { attempt })
        };
        // Those that are only followed are announced with the first rows: nothing is asked of their targets.
        let captured = relations.len();
        relations.retain(|schema| self.settings.selection.copies(&schema.origin));
        let partial = relations.len() < captured;
        if let State::Announce { made, attempt } = std::mem::replace(&mut self.state, State::Idle) {
            self.state = State::Announced { made, attempt };
        }
        self.meter.enter(Phase::Snapshot);
        Ok(Batch { relations, begin: true, partial, ..Batch::progress(checkpoint) })
    }

    /// The attempt is stored: makes the slot and begins to copy, in a task, as neither may be cancelled halfway.
    pub(super) fn create(&mut self) {
        let State::Announced { made, attempt } = std::mem::replace(&mut self.state, State::Idle)
        else {
            return;
        };
        let task = create_and_copy(*made, attempt, self.settings.clone(), self.meter.clone());
        self.state = State::Creating(tokio::spawn(task));
    }

    /// The last rows are read: the stream begins at the consistent point, if anything is to follow.
    pub(super) fn follow(&mut self) {
        let State::Copying(copying) = std::mem::replace(&mut self.state, State::Copied) else {
            return;
        };
        if !self.settings.snapshot.follows() {
            return;
        }
        let Copying { walsender, session, end, .. } = *copying;
        let task = open(walsender, session, end, self.settings.clone(), self.meter.clone());
        self.state = State::Opening(tokio::spawn(task));
    }

    pub(super) fn open_stream(
        &mut self,
        made: Claimed,
        checkpoint: Checkpoint,
        first: Option<Batch>,
    ) {
        let (settings, meter) = (self.settings.clone(), self.meter.clone());
        let Claimed { walsender, session, .. } = made;
        let task = async move {
            let mut stream = open(walsender, session, checkpoint, settings, meter).await?;
            if let Some(first) = first {
                stream.say_first(first);
            }
            Ok(stream)
        };
        self.state = State::Opening(tokio::spawn(task));
    }
}
