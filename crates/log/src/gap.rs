//! Records that retention removed behind the place where a target stands, and whether a batch was among them.
//!
//! Where the source is idle for longer than the cuts are kept, the broker removes the cut the target stopped at, too.
//! The batch that comes next says which one was before it; where none came, the capture checkpoint, which is compacted
//! and stays, says which was the last. Offsets do not tell: the ends of transactions take some as well.

use std::time::{Duration, Instant};

use cdc::{Checkpoint, Progress, SourceId};

use crate::config::{Delivery, LogSettings};
use crate::cut::Cut;
use crate::error::LogError;
use crate::{offsets, scan};

/// The checkpoint and the cut of one batch become visible one after the other: how long to wait for the second.
const VISIBLE_LIMIT: Duration = Duration::from_secs(5);

/// Whether the target, which stands at `stands`, has every batch before the first cut that is still in `topic`. Blocks.
pub(crate) fn is_void(
    settings: &LogSettings,
    topic: &str,
    stands: &Checkpoint,
) -> Result<bool, LogError> {
    // Inside a copy or a transaction several batches end at the same place.
    if !stands.progress.is_whole() {
        return Ok(false);
    }
    let begun = Instant::now();
    loop {
        let newest = offsets::newest(settings)?;
        if newest.is_some_and(|newest| {
            has_all(stands, Some(newest.progress), &newest, settings.kafka.delivery)
        }) {
            return Ok(true);
        }
        if let Some(cut) = first_cut(settings, topic)? {
            let ends_here = cut.checkpoint.progress == stands.progress;
            let before = if ends_here { Some(stands.progress) } else { cut.after };
            return Ok(has_all(stands, before, &cut.checkpoint, cut.delivery));
        }
        if begun.elapsed() > VISIBLE_LIMIT {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Whether everything up to `progress`, in the source that `of` names, is in a target that stands at `stands`.
fn has_all(
    stands: &Checkpoint,
    progress: Option<Progress>,
    of: &Checkpoint,
    delivery: Delivery,
) -> bool {
    let is_reached = match (progress, stands.progress, delivery) {
        // Without transactions a cut may be there whose checkpoint is not: it is written once more.
        (
            Some(Progress::After { end_lsn }),
            Progress::After { end_lsn: reached },
            Delivery::AtLeastOnce,
        ) => end_lsn <= reached,
        (progress, reached, _) => progress == Some(reached),
    };
    is_reached && is_one_source(stands.source.as_deref(), of.source.as_deref())
}

/// The timeline may be another: the capture half has seen to it that the stream goes on.
fn is_one_source(one: Option<&SourceId>, other: Option<&SourceId>) -> bool {
    let name = |source: &SourceId| {
        (source.system_identifier.clone(), source.database.clone(), source.slot.clone())
    };
    one.map(name) == other.map(name)
}

fn first_cut(settings: &LogSettings, topic: &str) -> Result<Option<Cut>, LogError> {
    let mut first = None;
    scan::whole(settings, topic, |record| {
        if let (None, Some(value)) = (&first, record.value) {
            let cut = serde_json::from_slice(value)
                .map_err(|_| scan::unreadable(topic, record.offset, "a cut"))?;
            first = Some(cut);
        }
        Ok(())
    })?;
    Ok(first)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cdc::Lsn;

    use super::*;

    fn after(end: u64, slot: &str) -> Checkpoint {
        let source = SourceId {
            system_identifier: "7".into(),
            database: "shop".into(),
            slot: slot.into(),
            timeline: Some(end.try_into().unwrap()),
        };
        let progress = Progress::After { end_lsn: Lsn::new(end) };
        Checkpoint { source: Some(Arc::new(source)), ..Checkpoint::new(progress) }
    }

    #[test]
    fn only_the_batch_the_target_has_may_be_the_last() {
        let asked = |end, slot, delivery| {
            let before = after(end, slot);
            has_all(&after(100, "one"), Some(before.progress), &before, delivery)
        };
        let (once, least) = (Delivery::ExactlyOnce, Delivery::AtLeastOnce);
        assert!(asked(100, "one", once) && asked(100, "one", least));
        assert!(!asked(101, "one", once) && !asked(101, "one", least));
        assert!(!asked(99, "one", once) && asked(99, "one", least));
        assert!(!asked(100, "two", once) && !asked(100, "two", least));
        assert!(!has_all(&after(100, "one"), None, &after(100, "one"), once));
    }
}
