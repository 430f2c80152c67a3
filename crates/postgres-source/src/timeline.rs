//! Timelines: a standby that is promoted goes on with the WAL it has, under a new number. What the old primary wrote
//! beyond that is on no server any more, and positions in it mean other changes now.

use cdc::{Checkpoint, Finding, Lsn};

use crate::config::Settings;
use crate::error::SourceError;
use crate::slot;
use crate::walsender::Walsender;

/// The finding for a checkpoint that stands beyond the place where the server's timeline left the checkpoint's own.
pub(crate) async fn forked(
    walsender: &mut Walsender,
    settings: &Settings,
    checkpoint: &Checkpoint,
    is: Option<u32>,
) -> Result<Option<Finding>, SourceError> {
    let known = checkpoint.source.as_ref().and_then(|known| known.timeline);
    let (Some(was), Some(is), Some(start)) = (known, is, checkpoint.progress.start_lsn()) else {
        return Ok(None);
    };
    if was == is {
        return Ok(None);
    }
    let rows = walsender.query(&format!("TIMELINE_HISTORY {is}")).await;
    let rows =
        rows.map_err(SourceError::server(&settings.server, "read the timeline's history"))?;
    let history = rows.first().and_then(|row| row.get(1)).and_then(Option::as_deref);
    let left = left_at(history.unwrap_or_default(), was);
    if left.is_some_and(|left| start <= left) {
        tracing::info!(was, is, "the server has another timeline, which has all of what was read");
        return Ok(None);
    }
    let until = match left {
        Some(left) => format!("which left it at {left}"),
        None => "which does not descend from it".to_owned(),
    };
    Ok(Some(
        Finding::outside(
            "checkpoint_of_another_timeline",
            slot::place(settings),
            format!(
                "the checkpoint stands {} on timeline {was}, and the server is on timeline {is}, {until}: a standby that lacked changes was promoted, and what it wrote in their place would be passed over",
                checkpoint.progress
            ),
        )
        .remedy(slot::anew(settings)),
    ))
}

/// The same for who has no replication connection. Why none can be had is for others to say.
pub(crate) async fn check(
    settings: &Settings,
    checkpoint: &Checkpoint,
) -> Result<Option<Finding>, SourceError> {
    let Ok(mut walsender) = Walsender::connect(&settings.server, "pgrelay check").await else {
        return Ok(None);
    };
    let system = walsender.identify().await;
    let system = system.map_err(SourceError::server(&settings.server, "identify the system"))?;
    forked(&mut walsender, settings, checkpoint, system.timeline).await
}

/// Where the WAL of `timeline` ends in the history of a later one; none where that does not descend from it. A line is the
/// number, the LSN and a reason, with tabs between (the manual's "TIMELINE_HISTORY").
fn left_at(history: &str, timeline: u32) -> Option<Lsn> {
    history.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let number: u32 = words.next()?.parse().ok()?;
        (number == timeline).then_some(())?;
        words.next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_tells_where_each_timeline_was_left() {
        let history = "# comment\n1\t0/5000000\tno recovery target specified\n\n3\t1/A0\tbefore 2026-01-01 00:00:00+00\n";
        assert_eq!(left_at(history, 1), Some(Lsn::new(0x500_0000)));
        assert_eq!(left_at(history, 3), Some(Lsn::new(0x1_0000_00A0)));
        assert_eq!(left_at(history, 2), None);
        assert_eq!(left_at("", 1), None);
    }
}
