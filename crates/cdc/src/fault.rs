//! What went wrong: one answer for the program, one paragraph for the person.

use std::fmt;

/// What the program does about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Start again from what was committed: it may heal.
    Retry,
    /// Set this one event aside, where the pipeline allows it.
    Divert,
    /// Stop and wait for a person.
    Halt,
}

/// The exit status a finding leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// 1: it failed while running.
    Failed = 1,
    /// 2: the pipeline file or the command line is wrong.
    Usage = 2,
    /// 3: an outside system is not as needed.
    Outside = 3,
}

/// What a person needs to mend an error: where, why, and what to do. Holds no row value and no secret.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// A short name that does not change: `slot_missing`.
    pub code: &'static str,
    /// Where: file, pipeline, slot, table, column, LSN, topic, partition, offset.
    pub place: String,
    /// Why.
    pub reason: String,
    /// What to do.
    pub remedy: String,
    /// The statement or command to run, ready to paste; empty where there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub statement: String,
    /// The exit status it leads to.
    #[serde(serialize_with = "status_number")]
    pub status: Status,
    /// It hurts some day, and stops nothing today.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub warning: bool,
}

fn status_number<S: serde::Serializer>(status: &Status, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(*status as u8)
}

impl Finding {
    /// A finding about an outside system.
    pub fn outside(
        code: &'static str,
        place: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            code,
            place: place.into(),
            reason: reason.into(),
            remedy: String::new(),
            statement: String::new(),
            status: Status::Outside,
            warning: false,
        }
    }

    /// A finding about what will hurt some day.
    pub fn warning(
        code: &'static str,
        place: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self { warning: true, ..Self::outside(code, place, reason) }
    }

    /// A finding about something that happened while running.
    pub fn failed(code: &'static str, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { status: Status::Failed, ..Self::outside(code, place, reason) }
    }

    /// A finding about the pipeline file or the command line.
    pub fn usage(code: &'static str, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { status: Status::Usage, ..Self::outside(code, place, reason) }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// The same, with the statement to run.
    #[must_use]
    pub fn run(mut self, statement: impl Into<String>) -> Self {
        self.statement = statement.into();
        self
    }

    /// The same, with `outer` before its place: `pipeline shop: slot pgrelay_shop`.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.place = if self.place.is_empty() {
            outer.to_owned()
        } else {
            format!("{outer}: {}", self.place)
        };
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.place, self.reason, self.code)?;
        for line in self.remedy.lines() {
            write!(f, "\n  remedy: {line}")?;
        }
        for line in self.statement.lines() {
            write!(f, "\n  run: {line}")?;
        }
        Ok(())
    }
}

/// An error of an end: it knows what the program does about it and what to tell a person.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// What the program does.
    fn remedy(&self) -> Remedy;
    /// What the person is told.
    fn finding(&self) -> Finding;
}
