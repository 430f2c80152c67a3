//! A start where another program read the slot before.

use std::sync::Arc;

use cdc::{Checkpoint, Lsn, Progress, Taken};

use super::steps::{Claimed, captured, describe_all, open};
use super::{PostgresSource, State};
use crate::error::SourceError;
use crate::slot::{self, Slot};

/// Whether the checkpoint is another program's, and not yet one of ours.
pub(super) fn is_first(checkpoint: &Checkpoint) -> bool {
    checkpoint.taken.is_some() && checkpoint.source.is_none()
}

impl PostgresSource {
    /// Goes on where the former reader stopped. The tables come with the first batch that has anything else; a start
    /// before that takes over once more.
    pub(super) async fn take_over(
        &mut self,
        made: Box<Claimed>,
        slot: &Slot,
        (progress, taken): (Progress, Arc<Taken>),
        wal_end: Lsn,
    ) -> Result<(), SourceError> {
        slot::check(slot, &self.settings)?;
        let progress = match *taken {
            Taken::Slot => {
                let copied = progress.start_lsn().unwrap_or_default();
                Progress::After { end_lsn: slot.confirmed_flush_lsn.max(copied) }
            }
            Taken::Whole | Taken::Inside { .. } => progress,
        };
        slot::compare(slot, &self.settings, &progress, wal_end)?;
        self.check_publication(&made)?;
        tracing::info!(pipeline = %self.settings.pipeline, slot = %self.settings.slot, at = %progress, "goes on where the slot's former reader stopped");
        let Claimed { walsender, session, source, tables, publication, .. } = *made;
        let schemas = describe_all(&session, &self.settings, &tables, publication.as_ref()).await?;
        let checkpoint = Checkpoint {
            source: Some(source),
            captured: captured(&tables, &schemas),
            taken: Some(taken),
            ..Checkpoint::new(progress)
        };
        let (settings, meter) = (self.settings.clone(), self.meter.clone());
        self.state = State::Opening(tokio::spawn(async move {
            let mut stream = open(walsender, session, checkpoint, settings, meter).await?;
            stream.say_with_the_first(schemas);
            Ok(stream)
        }));
        Ok(())
    }
}
