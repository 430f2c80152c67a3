//! A batch → the steps that write it, in an order that constraints allow: what must not wait is closed in turn,
//! and within a fold rows go parents first and leave children first.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use cdc::{Change, Event, Position, Row};

use crate::error::SinkError;
use crate::fold::{Folded, State};
use crate::ordered::truncated_together;
use crate::settings::Settings;
use crate::sql::{self, Kind, Text, written};
use crate::target::Target;
use crate::wire::{Array, Wire};
use crate::{copy, keyless, truncate};

/// More rows than this a statement only makes its plan worse.
const STATEMENT_ROWS_MAX: usize = 2_000;
/// From here on COPY costs less than arrays.
const COPY_ROWS_MIN: usize = 100;

/// Which statement a step runs: what it is prepared and kept under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    Keyed(Kind),
    KeylessUpdate,
    KeylessDelete,
}

impl Form {
    pub(crate) fn text(&self, target: &Target, settings: &Settings) -> Text {
        match self {
            Form::Keyed(kind) => sql::statement(target, kind, settings.mode),
            Form::KeylessUpdate => keyless::update(target),
            Form::KeylessDelete => keyless::delete(target),
        }
    }
}

/// One statement over arrays.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) target: Arc<Target>,
    pub(crate) form: Form,
    pub(crate) arrays: Vec<Array>,
    pub(crate) rows: u64,
    /// Every row must be found.
    pub(crate) exact: bool,
    /// The last row's place.
    pub(crate) position: Position,
}

impl Write {
    /// Whether it updates some columns of rows that must be there.
    pub(crate) fn is_partial(&self) -> bool {
        matches!(self.form, Form::Keyed(Kind::Update(_) | Kind::Move(_)))
    }
}

/// A row and its place in the source's commit order.
type Placed<'a> = (&'a Row, Position);

/// One step.
#[derive(Debug)]
pub(crate) enum Step {
    Write(Write),
    Copy { target: Arc<Target>, lines: Bytes },
    Truncate { sql: String, table: cdc::TableName },
}

/// The targets of a batch's tables, by the schema's fingerprint, with their places in the order of parents first.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    pub(crate) by_schema: HashMap<u64, Arc<Target>>,
    /// Table numbers, parents first.
    pub(crate) order: Vec<u32>,
}

impl Targets {
    pub(crate) fn of(&self, event: &Event) -> Result<&Arc<Target>, SinkError> {
        self.by_schema
            .get(&event.schema.fingerprint())
            .ok_or_else(|| SinkError::Fenced { pipeline: event.schema.table.to_string() })
    }

    fn rank(&self, target: &Target) -> usize {
        self.order.iter().position(|oid| *oid == target.oid).unwrap_or(usize::MAX)
    }
}

/// Plans steps for runs of events.
#[derive(Debug)]
pub(crate) struct Planner<'a> {
    settings: &'a Settings,
    targets: &'a Targets,
    folds: Vec<(Arc<Target>, u64, Folded<'a>)>,
    steps: Vec<Step>,
}

/// The steps for `events`, folded.
pub(crate) fn plan<'a>(
    settings: &'a Settings,
    targets: &'a Targets,
    events: &'a [Event],
) -> Result<Vec<Step>, SinkError> {
    let mut planner = Planner { settings, targets, folds: Vec::new(), steps: Vec::new() };
    let mut i = 0;
    while let Some(event) = events.get(i) {
        if let Change::Truncate { restart_identity, .. } = event.change {
            let group = truncated_together(targets, &events[i..])?;
            planner.close()?;
            planner.steps.push(truncate_step(&group, restart_identity));
            i += group.len();
            continue;
        }
        planner.take(event)?;
        i += 1;
    }
    planner.close()?;
    Ok(planner.steps)
}

pub(crate) fn truncate_step(group: &[Arc<Target>], restart_identity: bool) -> Step {
    let table =
        group.first().map_or_else(|| cdc::TableName::new("", ""), |target| target.name.clone());
    Step::Truncate { sql: truncate::statement(group, restart_identity), table }
}

impl<'a> Planner<'a> {
    fn take(&mut self, event: &'a Event) -> Result<(), SinkError> {
        if !self.settings.delete && matches!(event.change, Change::Delete { .. }) {
            return Ok(());
        }
        let target = self.targets.of(event)?;
        if !target.foldable || target.key.is_empty() || event.is_move() {
            self.close()?;
            self.steps.extend(single(self.settings, target, event)?);
            return Ok(());
        }
        let fingerprint = event.schema.fingerprint();
        if self
            .folds
            .iter()
            .any(|(known, version, _)| known.oid == target.oid && *version != fingerprint)
        {
            self.close()?;
        }
        let at = match self.folds.iter().position(|(_, version, _)| *version == fingerprint) {
            Some(at) => at,
            None => {
                self.folds.push((target.clone(), fingerprint, Folded::default()));
                self.folds.len() - 1
            }
        };
        let (target, _, fold) = &mut self.folds[at];
        fold.push(target, event);
        Ok(())
    }

    /// Writes what was folded: rows parents first, then deletes children first.
    fn close(&mut self) -> Result<(), SinkError> {
        let mut folds = std::mem::take(&mut self.folds);
        folds.sort_by_key(|(target, ..)| self.targets.rank(target));
        for (target, _, fold) in &folds {
            self.rows(target, fold)?;
        }
        for (target, _, fold) in folds.iter().rev() {
            let deleted = fold.entries.iter().filter_map(|entry| match entry.state {
                State::Delete(row) => Some((row, entry.position)),
                _ => None,
            });
            let deleted: Vec<_> = deleted.collect();
            for run in deleted.chunks(STATEMENT_ROWS_MAX) {
                self.steps.push(write(target, Kind::Delete, &target.key, run, false)?);
            }
        }
        Ok(())
    }

    fn rows(&mut self, target: &Arc<Target>, fold: &Folded<'_>) -> Result<(), SinkError> {
        let (mut inserts, mut upserts) = (Vec::new(), Vec::new());
        let mut partial: Vec<(Vec<usize>, Vec<Placed<'_>>)> = Vec::new();
        for entry in &fold.entries {
            match &entry.state {
                State::Insert(row) => inserts.push((&**row, entry.position)),
                State::Upsert(row) => upserts.push((&**row, entry.position)),
                State::Partial(row) => {
                    let sent = sent_columns(target, row);
                    match partial.iter_mut().find(|(columns, _)| *columns == sent) {
                        Some((_, rows)) => rows.push((&**row, entry.position)),
                        None => partial.push((sent, vec![(&**row, entry.position)])),
                    }
                }
                State::Delete(_) => {}
            }
        }
        let columns = written(target);
        if inserts.len() >= COPY_ROWS_MIN
            && self.settings.mode != crate::Mode::Update
            && let Some(lines) = copy::lines(target, inserts.iter().map(|(row, _)| *row))
        {
            self.steps.push(Step::Copy { target: target.clone(), lines });
        } else {
            upserts.splice(0..0, inserts);
        }
        for run in upserts.chunks(STATEMENT_ROWS_MAX) {
            self.steps.push(write(target, Kind::Upsert, &columns, run, false)?);
        }
        for (sent, rows) in partial {
            for run in rows.chunks(STATEMENT_ROWS_MAX) {
                self.steps.push(update(self.settings, target, sent.clone(), run)?);
            }
        }
        Ok(())
    }
}

/// The columns of an update: those that were sent, without the key and without what the target computes.
fn sent_columns(target: &Target, row: &Row) -> Vec<usize> {
    written(target)
        .into_iter()
        .filter(|i| row.cell(*i).is_sent() && !target.key.contains(i))
        .collect()
}

fn update(
    settings: &Settings,
    target: &Arc<Target>,
    sent: Vec<usize>,
    rows: &[Placed<'_>],
) -> Result<Step, SinkError> {
    // An update whose every column but the key is unsent still must find its row.
    let sent = if sent.is_empty() { target.key.clone() } else { sent };
    let columns = [sent.as_slice(), &target.key].concat();
    write(target, Kind::Update(sent), &columns, rows, settings.owns_source)
}

fn arrays(
    target: &Target,
    columns: &[usize],
    rows: &[Placed<'_>],
) -> Result<Vec<Array>, SinkError> {
    let mut arrays = Vec::with_capacity(columns.len());
    for &i in columns {
        let wire: Wire = target.columns[i].wire;
        let mut array = Array::new(wire, rows.len());
        for (row, position) in rows {
            array.push(row.cell(i)).map_err(|_| SinkError::Value {
                table: target.name.clone(),
                column: target.columns[i].name.to_string(),
                type_name: target.columns[i].type_sql.clone(),
                position: *position,
            })?;
        }
        arrays.push(array);
    }
    Ok(arrays)
}

fn write(
    target: &Arc<Target>,
    kind: Kind,
    columns: &[usize],
    rows: &[Placed<'_>],
    exact: bool,
) -> Result<Step, SinkError> {
    Ok(Step::Write(Write {
        target: target.clone(),
        form: Form::Keyed(kind),
        arrays: arrays(target, columns, rows)?,
        rows: rows.len() as u64,
        exact,
        position: rows.last().map(|(_, position)| *position).unwrap_or_default(),
    }))
}

/// One event on its own: a change of key, a table without one, or one whose key cannot be folded by.
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
    let whole = |row| write(target, Kind::Upsert, &written(target), &[(row, position)], false);
    let gone = |row| write(target, Kind::Delete, &target.key, &[(row, position)], false);
    Ok(match &event.change {
        Change::Insert { after } | Change::Read { after } => vec![whole(after)?],
        Change::Update { before: Some(before), after } if event.is_move() => {
            if settings.owns_source {
                vec![moved(target, before, after, position, true)?]
            } else if after.has_unchanged() {
                // The same move may have come before: then the row is there, and has made way for nothing.
                let keys = [(after, position), (before, position)];
                vec![displaced(target, &keys)?, moved(target, before, after, position, false)?]
            } else {
                vec![gone(before)?, whole(after)?]
            }
        }
        Change::Update { after, .. } if after.has_unchanged() => {
            vec![update(settings, target, sent_columns(target, after), &[(after, position)])?]
        }
        Change::Update { after, .. } => vec![whole(after)?],
        Change::Delete { before } => vec![gone(before)?],
        Change::Truncate { restart_identity, .. } => {
            vec![truncate_step(std::slice::from_ref(target), *restart_identity)]
        }
    })
}

/// The row of the old key gets the new one, and with it the columns that were sent.
fn moved(
    target: &Arc<Target>,
    before: &Row,
    after: &Row,
    position: Position,
    exact: bool,
) -> Result<Step, SinkError> {
    let sent: Vec<usize> =
        written(target).into_iter().filter(|i| after.cell(*i).is_sent()).collect();
    let new = arrays(target, &sent, &[(after, position)])?;
    let old = arrays(target, &target.key, &[(before, position)])?;
    Ok(Step::Write(Write {
        target: target.clone(),
        form: Form::Keyed(Kind::Move(sent)),
        arrays: new.into_iter().chain(old).collect(),
        rows: 1,
        exact,
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
        exact: false,
        position: keys[0].1,
    }))
}

fn keyless_step(target: &Arc<Target>, event: &Event) -> Result<Step, SinkError> {
    let position = event.position;
    let columns = written(target);
    let (form, arrays) = match &event.change {
        Change::Insert { after } | Change::Read { after } => {
            return write(target, Kind::Insert, &columns, &[(after, position)], false);
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
    Ok(Step::Write(Write { target: target.clone(), form, arrays, rows: 1, exact: true, position }))
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
