//! A batch → the steps that write it, in an order that constraints allow: what must not wait is closed in turn,
//! and within a fold rows go parents first and leave children first.

mod single;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use cdc::{Change, Event, Position, Row};

pub(crate) use self::single::single;
use crate::error::SinkError;
use crate::fold::{Folded, State};
use crate::ordered::truncated_together;
use crate::settings::{Mode, Settings};
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
    pub(crate) found: Found,
    /// The last row's place.
    pub(crate) position: Position,
}

/// How many of its rows a statement has to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Any,
    /// All of them, or it is said.
    Expected,
    /// All of them, or the pipeline halts.
    Every,
}

impl Found {
    /// What an update that does not carry every column has to find.
    fn of_part(settings: &Settings) -> Self {
        match (settings.mode, settings.owns_source) {
            (Mode::Update, _) => Found::Any,
            (_, true) => Found::Every,
            (_, false) => Found::Expected,
        }
    }
}

/// A row and its place in the source's commit order.
type Placed<'a> = (&'a Row, Position);

/// One step.
#[derive(Debug)]
pub(crate) enum Step {
    Write(Write),
    Copy {
        target: Arc<Target>,
        lines: Bytes,
    },
    /// Empties tables; their names in SQL.
    Truncate {
        sql: String,
        tables: Vec<String>,
        table: cdc::TableName,
    },
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
            if settings.delete {
                planner.close()?;
                planner.steps.push(truncate_step(&group, restart_identity));
            } else {
                let tables: Vec<_> = group.iter().map(|target| target.name.to_string()).collect();
                tracing::warn!(tables = tables.join(", "), lsn = %event.lsn, "`delete: false` leaves out a truncate");
            }
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
    let tables = group.iter().map(|target| target.sql.clone()).collect();
    Step::Truncate { sql: truncate::statement(group, restart_identity), tables, table }
}

impl<'a> Planner<'a> {
    fn take(&mut self, event: &'a Event) -> Result<(), SinkError> {
        if !self.settings.delete && matches!(event.change, Change::Delete { .. }) {
            return Ok(());
        }
        let target = self.targets.of(event)?;
        // A copy of our own reads each row once: there is nothing to fold.
        let is_copied = self.settings.owns_source && matches!(event.change, Change::Read { .. });
        let foldable = target.foldable || is_copied;
        if !foldable || target.key.is_empty() || event.is_move() {
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
                let fold = Folded::of(self.settings.mode);
                self.folds.push((target.clone(), fingerprint, fold));
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
                self.steps.push(write(target, Kind::Delete, &target.key, run, Found::Any)?);
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
        if inserts.len() >= COPY_ROWS_MIN
            && self.settings.mode != Mode::Update
            && let Some(lines) = copy::lines(target, inserts.iter().map(|(row, _)| *row))
        {
            self.steps.push(Step::Copy { target: target.clone(), lines });
        } else {
            upserts.splice(0..0, inserts);
        }
        for run in upserts.chunks(STATEMENT_ROWS_MAX) {
            self.steps.extend(whole(self.settings, target, run)?);
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

/// Whole rows. There is nothing to update in one that is all key.
fn whole(
    settings: &Settings,
    target: &Arc<Target>,
    rows: &[Placed<'_>],
) -> Result<Option<Step>, SinkError> {
    if settings.mode != Mode::Update {
        return write(target, Kind::Upsert, &written(target), rows, Found::Any).map(Some);
    }
    let mut columns = written(target);
    columns.retain(|i| !target.key.contains(i));
    if columns.is_empty() {
        return Ok(None);
    }
    let sent = [columns.as_slice(), &target.key].concat();
    write(target, Kind::Update(columns), &sent, rows, Found::Any).map(Some)
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
    write(target, Kind::Update(sent), &columns, rows, Found::of_part(settings))
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
    found: Found,
) -> Result<Step, SinkError> {
    Ok(Step::Write(Write {
        target: target.clone(),
        form: Form::Keyed(kind),
        arrays: arrays(target, columns, rows)?,
        rows: rows.len() as u64,
        found,
        position: rows.last().map(|(_, position)| *position).unwrap_or_default(),
    }))
}
