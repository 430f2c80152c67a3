//! One event on its own: a change of key, a table without one, or one whose key cannot be folded by.

use std::sync::Arc;

use cdc::{Change, Event, Position, Row};

use super::{
    Form, Found, Placed, Step, Write, arrays, sent_columns, truncate_step, update, whole, write,
};
use crate::error::SinkError;
use crate::settings::{Mode, Settings};
use crate::sql::{Kind, written};
use crate::target::Target;

/// The steps of one event.
pub(crate) fn single(
    settings: &Settings,
    target: &Arc<Target>,
    event: &Event,
) -> Result<Vec<Step>, SinkError> {
    if !settings.delete && matches!(event.change, Change::Delete { .. }) {
        return Ok(Vec::new());
    }
    let position = event.position;
    if target.key.is_empty() {
        if matches!(event.change, Change::Update { .. }) && written(target).is_empty() {
            return Ok(Vec::new());
        }
        return Ok(vec![keyless_step(target, event)?]);
    }
    let whole = |row| whole(settings, target, &[(row, position)]);
    let gone = |row| write(target, Kind::Delete, &target.key, &[(row, position)], Found::Any);
    Ok(match &event.change {
        Change::Insert { after } | Change::Read { after } => Vec::from_iter(whole(after)?),
        Change::Update { before: Some(before), after } if event.is_move() => {
            let in_part = after.has_unchanged() || settings.mode == Mode::Update;
            let moved = || moved(settings, target, before, after, position);
            match (in_part, settings.owns_source) {
                (_, true) => vec![moved()?],
                // The same move may have come before: then the row is there, and has made way for nothing.
                (true, false) => {
                    vec![displaced(target, &[(after, position), (before, position)])?, moved()?]
                }
                (false, false) => std::iter::once(gone(before)?).chain(whole(after)?).collect(),
            }
        }
        Change::Update { after, .. } if after.has_unchanged() => {
            vec![update(settings, target, sent_columns(target, after), &[(after, position)])?]
        }
        Change::Update { after, .. } => Vec::from_iter(whole(after)?),
        Change::Delete { before } => vec![gone(before)?],
        Change::Truncate { restart_identity, .. } => {
            vec![truncate_step(std::slice::from_ref(target), *restart_identity)]
        }
    })
}

/// The row of the old key gets the new one, and with it the columns that were sent. A whole row needs none to be there.
fn moved(
    settings: &Settings,
    target: &Arc<Target>,
    before: &Row,
    after: &Row,
    position: Position,
) -> Result<Step, SinkError> {
    let is_whole = !after.has_unchanged() && settings.mode != Mode::Update;
    let sent: Vec<usize> =
        written(target).into_iter().filter(|i| after.cell(*i).is_sent()).collect();
    let new = arrays(target, &sent, &[(after, position)])?;
    let old = arrays(target, &target.key, &[(before, position)])?;
    Ok(Step::Write(Write {
        target: target.clone(),
        form: Form::Keyed(if is_whole { Kind::MoveWhole } else { Kind::Move(sent) }),
        arrays: new.into_iter().chain(old).collect(),
        rows: 1,
        found: if is_whole { Found::Any } else { Found::of_part(settings) },
        position,
    }))
}

/// Makes room for a move: `keys` are the new row and the old one.
fn displaced(target: &Arc<Target>, keys: &[Placed<'_>; 2]) -> Result<Step, SinkError> {
    let mut all = Vec::with_capacity(2 * target.key.len());
    for key in keys {
        all.extend(arrays(target, &target.key, std::slice::from_ref(key))?);
    }
    Ok(Step::Write(Write {
        target: target.clone(),
        form: Form::Keyed(Kind::Displace),
        arrays: all,
        rows: 1,
        found: Found::Any,
        position: keys[0].1,
    }))
}

fn keyless_step(target: &Arc<Target>, event: &Event) -> Result<Step, SinkError> {
    let position = event.position;
    let columns = written(target);
    let (form, arrays) = match &event.change {
        Change::Insert { after } | Change::Read { after } => {
            return write(target, Kind::Insert, &columns, &[(after, position)], Found::Any);
        }
        Change::Truncate { restart_identity, .. } => {
            return Ok(truncate_step(std::slice::from_ref(target), *restart_identity));
        }
        Change::Delete { before } => {
            (Form::KeylessDelete, arrays(target, &columns, &[(before, position)])?)
        }
        Change::Update { before, after } => {
            let before = before.as_ref().ok_or_else(|| no_old_row(target, position))?;
            let new = arrays(target, &columns, &[(after, position)])?;
            let old = arrays(target, &columns, &[(before, position)])?;
            (Form::KeylessUpdate, new.into_iter().chain(old).collect())
        }
    };
    let found = Found::Every;
    Ok(Step::Write(Write { target: target.clone(), form, arrays, rows: 1, found, position }))
}

fn no_old_row(target: &Target, position: Position) -> SinkError {
    cdc::Finding::failed(
        "update_without_key",
        format!("target table {}, row at {}", target.name, position.place()),
        "an update of a table without a key came without its old row",
    )
    .remedy("let the source send whole rows")
    .run(format!("ALTER TABLE {} REPLICA IDENTITY FULL;", target.sql))
    .into()
}
