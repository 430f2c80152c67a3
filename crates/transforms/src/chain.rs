//! The chain itself: every step bound to every table version, and the plans that come of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use cdc::{Captured, Event, Finding, Flow, Schema, Status, TableName, Transform, TransformError};

use crate::draft::Draft;
use crate::name::nearest;
use crate::new_columns::decide;
use crate::plan::Plan;
use crate::{Bound, NewColumns, Step};

/// A pipeline file's steps, in their order, with what they made of the tables seen so far.
///
/// Its findings about names and types have the status of a wrong file until [`streaming`](Chain::streaming).
#[derive(Debug)]
pub struct Chain {
    steps: Vec<Step>,
    /// `transforms[2] mask`, for each step.
    places: Vec<Arc<str>>,
    /// Where the file names tables as they leave the chain, and which.
    leaving: Option<(Arc<str>, Vec<TableName>)>,
    new_columns: Option<NewColumns>,
    /// The columns accepted of each table, by its name in the source.
    known: BTreeMap<TableName, Arc<[Arc<str>]>>,
    /// The new columns taken out of each table, by its name in the source.
    dropped: BTreeMap<TableName, BTreeSet<Arc<str>>>,
    /// Whose name this is after a step.
    taken: BTreeMap<(usize, TableName), TableName>,
    plans: HashMap<u64, Arc<Plan>>,
    last: Option<Arc<Plan>>,
    streaming: bool,
}

impl Chain {
    /// Makes a chain of the steps that stand under `key` of the pipeline file (`transforms`,
    /// `sink.transforms`), and reads their keys.
    ///
    /// # Errors
    /// Where a key is not where the file says.
    pub fn new(
        key: &str,
        mut steps: Vec<Step>,
        new_columns: Option<NewColumns>,
    ) -> Result<Self, TransformError> {
        let place = |(i, step): (usize, &Step)| format!("{key}[{i}] {}", step.verb()).into();
        let places: Vec<Arc<str>> = steps.iter().enumerate().map(place).collect();
        for (step, place) in steps.iter_mut().zip(&places) {
            step.prepare().map_err(|finding| TransformError(Box::new(finding.within(place))))?;
        }
        Ok(Self {
            steps,
            places,
            leaving: None,
            new_columns,
            known: BTreeMap::new(),
            dropped: BTreeMap::new(),
            taken: BTreeMap::new(),
            plans: HashMap::new(),
            last: None,
            streaming: false,
        })
    }

    /// The tables that the file names under this key as they leave the chain: each has to be one that does.
    pub fn name_leaving(&mut self, key: &str, tables: impl IntoIterator<Item = TableName>) {
        self.leaving = Some((key.into(), tables.into_iter().collect()));
    }

    /// From here on a name that is not there is a change of the source, not a mistake in the file: findings have
    /// [`Status::Failed`].
    pub fn streaming(&mut self) {
        self.streaming = true;
    }

    /// The columns of these tables are known: any other column is new.
    pub fn remember(&mut self, captured: &Captured) {
        for table in captured.values() {
            self.known.insert(table.table.clone(), table.columns.as_slice().into());
        }
    }

    /// Takes the new columns that this chain dropped out of what goes with a checkpoint, so that they are new
    /// at the next start, too, and dropped again.
    pub fn forget_dropped(&self, captured: &mut Arc<Captured>) {
        let stays = |table: &TableName, column: &Arc<str>| {
            !self.dropped.get(table).is_some_and(|dropped| dropped.contains(column))
        };
        let has_dropped = captured
            .values()
            .any(|captured| captured.columns.iter().any(|column| !stays(&captured.table, column)));
        if has_dropped {
            for captured in Arc::make_mut(captured).values_mut() {
                let table = captured.table.clone();
                captured.columns.retain(|column| stays(&table, column));
            }
        }
    }

    /// Compares the tables the steps name with those that are captured: each by its name here and its name in the source.
    ///
    /// # Errors
    /// Where a step names a table that is not among them, as the step before left it, or gives one the name of
    /// another; where a table that the file names behind the chain does not leave it.
    pub fn expect_tables(
        &mut self,
        tables: &[(TableName, TableName)],
    ) -> Result<(), TransformError> {
        let mut names: Vec<_> =
            tables.iter().map(|(table, origin)| (table.clone(), origin)).collect();
        for i in 0..self.steps.len() {
            for wanted in self.steps[i].tables() {
                if !names.iter().any(|(name, _)| name == wanted) {
                    let finding = table_missing(&self.places[i], wanted, &names);
                    return Err(self.fault(finding));
                }
            }
            for (name, origin) in &mut names {
                if let Some(to) = self.steps[i].renamed(name) {
                    *name = to.clone();
                }
                self.take(i, name, origin)?;
            }
        }
        let Some((key, leaving)) = &self.leaving else { return Ok(()) };
        match leaving.iter().find(|wanted| !names.iter().any(|(name, _)| name == *wanted)) {
            None => Ok(()),
            Some(wanted) => Err(self.fault(table_missing(key, wanted, &names))),
        }
    }

    /// After step `i` the table called `origin` in the source is called `name`, and no other is.
    fn take(
        &mut self,
        i: usize,
        name: &TableName,
        origin: &TableName,
    ) -> Result<(), TransformError> {
        let owner = self.taken.entry((i, name.clone())).or_insert_with(|| origin.clone());
        if owner == origin {
            return Ok(());
        }
        let finding = Finding::usage(
            "transform_table_collision",
            format!("{}, table {name}", self.places[i]),
            format!("after this step the tables {owner} and {origin} of the source have this name"),
        );
        Err(self.fault(finding.remedy("rename one of them to another name")))
    }

    /// A finding as an error, of the status that suits the time.
    fn fault(&self, mut finding: Finding) -> TransformError {
        if self.streaming && finding.status == Status::Usage {
            finding.status = Status::Failed;
        }
        TransformError(Box::new(finding))
    }

    /// Binds a table version of which the columns called `known` in the source were accepted before; `None`
    /// is the first meeting, at which nothing is new.
    ///
    /// # Errors
    /// Where a step cannot do what the file says, or a new column halts: nothing of the table is to be produced.
    pub fn bind_known(
        &mut self,
        schema: &Arc<Schema>,
        known: Option<&[Arc<str>]>,
    ) -> Result<Bound, TransformError> {
        // Should this fail, no plan of before lets an event through.
        self.plans.remove(&schema.fingerprint());
        self.last = None;
        let mut draft = Draft::new(schema);
        for i in 0..self.steps.len() {
            draft.enter(self.places[i].clone());
            self.steps[i].bind(&mut draft).map_err(|error| self.fault(*error.0))?;
            self.take(i, &draft.schema.table, &schema.origin)?;
        }
        let dropped = decide(self.new_columns, schema, known, &mut draft)
            .map_err(|error| self.fault(*error.0))?;
        let names = schema.columns.iter().map(|column| &column.name);
        let accepted: Vec<_> = names.filter(|name| !dropped.contains(name)).cloned().collect();
        let Draft { schema: output, acts, .. } = draft;
        let output = Arc::new(output.sealed());
        let output = if output == *schema { schema.clone() } else { output };
        let plan = Arc::new(Plan { input: schema.clone(), output: output.clone(), acts });
        self.plans.insert(schema.fingerprint(), plan);
        self.known.insert(schema.origin.clone(), accepted.as_slice().into());
        self.dropped.insert(schema.origin.clone(), dropped.iter().cloned().collect());
        Ok(Bound { schema: output, accepted, dropped })
    }

    /// The plan made for `schema`: most often it is that of the event before.
    fn plan(&mut self, schema: &Arc<Schema>) -> Option<&Arc<Plan>> {
        if !self.last.as_ref().is_some_and(|plan| Arc::ptr_eq(&plan.input, schema)) {
            let plan = self.plans.get(&schema.fingerprint())?;
            if !Arc::ptr_eq(&plan.input, schema) && plan.input != *schema {
                return None;
            }
            self.last = Some(plan.clone());
        }
        self.last.as_ref()
    }
}

impl Transform for Chain {
    /// Binds a table version, with the columns accepted before as the known ones.
    fn bind(&mut self, schema: &Arc<Schema>) -> Result<Arc<Schema>, TransformError> {
        let known = self.known.get(&schema.origin).cloned();
        Ok(self.bind_known(schema, known.as_deref())?.schema)
    }

    fn apply(&mut self, event: &mut Event) -> Result<Flow, TransformError> {
        let schema = event.schema.clone();
        match self.plan(&schema) {
            Some(plan) => plan.run(event),
            None => {
                let finding = Finding::failed(
                    "transform_unbound",
                    format!("transforms, table {}, at {}", schema.table, event.position.commit_lsn),
                    "an event came of a version of the table that the chain never met: what to mask in it is not known",
                );
                Err(TransformError(Box::new(finding.remedy(
                    "start the pipeline again: it reads the change again from where the sink stands",
                ))))
            }
        }
    }
}

/// A table that the file names in `place`, and that none of `names` is: each with its name in the source.
fn table_missing(place: &str, wanted: &TableName, names: &[(TableName, &TableName)]) -> Finding {
    let texts: Vec<_> = names.iter().map(|(name, _)| name.to_string()).collect();
    let renamed = names.iter().find(|(_, origin)| *origin == wanted);
    let hint = match (renamed, nearest(&wanted.to_string(), texts.iter().map(String::as_str))) {
        (Some((now, _)), _) => format!("; a step before renamed it to {now}"),
        (None, Some(near)) => format!("; the nearest is {near}"),
        (None, None) => String::new(),
    };
    Finding::usage(
        "transform_table_missing",
        format!("{place}, table {wanted}"),
        format!("no captured table has this name here{hint}"),
    )
    .remedy("name the table as the step before left it, or capture it, or take it out here")
}
