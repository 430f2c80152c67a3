//! A table version on its way through the steps: its schema as it stands, and what is left to do for each event.

use std::fmt::Display;
use std::sync::Arc;

use cdc::{Column, Finding, Schema, TransformError};

use crate::name::nearest;
use crate::plan::Act;

/// What a step changes while it is bound. It refuses a column the table does not have.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The schema as the steps so far left it. Its fingerprint is made anew at the end.
    pub(crate) schema: Schema,
    /// What each event goes through.
    pub(crate) acts: Vec<Act>,
    /// For each column here, its place in the schema that came in.
    came_from: Vec<usize>,
    /// Which columns of the schema that came in some step has named.
    named: Vec<bool>,
    /// The step at work: `transforms[2] mask`.
    step: Arc<str>,
}

impl Draft {
    pub(crate) fn new(schema: &Schema) -> Self {
        let columns = schema.columns.len();
        Self {
            schema: schema.clone(),
            acts: Vec::new(),
            came_from: (0..columns).collect(),
            named: vec![false; columns],
            step: "".into(),
        }
    }

    /// The step called `step` begins.
    pub(crate) fn enter(&mut self, step: Arc<str>) {
        self.step = step;
    }

    /// The place of the column called `name`, which is named in the file from here on.
    pub(crate) fn named(&mut self, name: &str) -> Result<usize, TransformError> {
        let Some(i) = self.schema.column(name) else { return Err(self.missing(name)) };
        self.named[self.came_from[i]] = true;
        Ok(i)
    }

    /// The column at `i`.
    pub(crate) fn column(&self, i: usize) -> &Column {
        &self.schema.columns[i]
    }

    /// Whether column `i` is part of the key, or of its records' keys.
    pub(crate) fn is_key(&self, i: usize) -> bool {
        self.schema.key.contains(&i) || self.schema.message_key.contains(&i)
    }

    /// Takes column `i`, which is no part of the key, out of schema and rows.
    pub(crate) fn remove(&mut self, i: usize) {
        self.schema.columns.remove(i);
        self.came_from.remove(i);
        let Schema { key, message_key, .. } = &mut self.schema;
        for place in key.iter_mut().chain(message_key) {
            *place -= usize::from(*place > i);
        }
        self.acts.push(Act::Remove { column: i });
    }

    /// Whether a column was taken out.
    pub(crate) fn drops(&self) -> bool {
        self.acts.iter().any(|act| matches!(act, Act::Remove { .. }))
    }

    /// The columns no step named: where each came from, and where it is now.
    pub(crate) fn unnamed(&self) -> impl Iterator<Item = (usize, usize)> {
        let here = self.came_from.iter().enumerate();
        here.filter(|&(_, &from)| !self.named[from]).map(|(here, &from)| (from, here))
    }

    /// Where a finding is: the step, the table as the step sees it, the column.
    pub(crate) fn place(&self, column: &dyn Display) -> String {
        format!("{}, table {}, column {column}", self.step, self.schema.table)
    }

    /// A finding about a column in this step.
    pub(crate) fn refuse(
        &self,
        code: &'static str,
        column: &dyn Display,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> TransformError {
        let finding = Finding::usage(code, self.place(column), reason).remedy(remedy);
        TransformError(Box::new(finding))
    }

    fn missing(&self, name: &str) -> TransformError {
        let names = || self.schema.columns.iter().map(|column| &*column.name);
        let reason = match nearest(name, names()) {
            Some(near) => format!("the table has no such column; the nearest is `{near}`"),
            None => "the table has no such column".to_owned(),
        };
        let has: Vec<_> = names().take(40).collect();
        self.refuse(
            "transform_column_missing",
            &name,
            reason,
            format!(
                "name the column as the step before left it, or take it out of the step: here the table has {}",
                has.join(", ")
            ),
        )
    }
}
