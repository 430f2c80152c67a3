//! The other way to write a batch: event by event in the source's order.
//!
//! Taken when a constraint turned the folded way away: the source's own order went through its own constraints,
//! so it goes through equal ones here. Where it does not, the row that was turned away is known by its place.

use std::sync::Arc;

use cdc::{Change, Event};

use crate::apply::{Step, Targets, single, truncate_step};
use crate::error::SinkError;
use crate::settings::Settings;
use crate::target::Target;

/// The steps of each event in turn; tables emptied by one message are emptied by one statement.
pub(crate) fn steps(
    settings: &Settings,
    targets: &Targets,
    events: &[Event],
) -> Result<Vec<Step>, SinkError> {
    let mut steps = Vec::with_capacity(events.len());
    let mut i = 0;
    while let Some(event) = events.get(i) {
        let Change::Truncate { restart_identity, .. } = event.change else {
            steps.extend(single(settings, targets.of(event)?, event)?);
            i += 1;
            continue;
        };
        let group = truncated_together(targets, &events[i..])?;
        if settings.delete {
            steps.push(truncate_step(&group, restart_identity));
        }
        i += group.len();
    }
    Ok(steps)
}

/// The targets of the truncates at the head of `events` that are one message.
pub(crate) fn truncated_together(
    targets: &Targets,
    events: &[Event],
) -> Result<Vec<Arc<Target>>, SinkError> {
    let first = events.first().map(|event| event.position);
    let together = |event: &&Event| {
        Some(event.position) == first && matches!(event.change, Change::Truncate { .. })
    };
    events.iter().take_while(together).map(|event| targets.of(event).cloned()).collect()
}
