//! The words of change data capture and the seams between its rooms.
//!
//! Read in this order: [`Lsn`] and [`Position`] say where a change stands; [`Schema`] and [`Column`] say what
//! a row looks like; [`Row`], [`Cell`] and [`Value`] hold it; an [`Event`] is one [`Change`] of one table; a
//! [`Batch`] is a run of events and the [`Checkpoint`] it reaches. A [`Source`] gives batches, a [`Transform`]
//! changes events, a [`Sink`] makes batches durable. What goes wrong is a [`Fault`]: its [`Remedy`] is for the
//! program, its [`Finding`] for the person.
//!
//! This crate does no IO, starts no task, and no input makes it panic.

mod batch;
mod checkpoint;
mod event;
mod fault;
mod lsn;
mod meter;
mod modes;
mod name;
mod note;
mod row;
mod schema;
mod seams;
pub mod text;

pub use batch::Batch;
pub use checkpoint::{
    Captured, CapturedTable, Checkpoint, LastRecord, LogPlace, Progress, SourceId, Taken,
};
pub use event::{Change, Event, Op, Order, Origin, SnapshotRow, Transaction};
pub use fault::{Fault, Finding, Remedy, Status};
pub use lsn::{Lsn, LsnError, Position};
pub use meter::{Meter, Phase};
pub use modes::{
    Adjustment, BinaryMode, DecimalMode, HstoreMode, IntervalMode, Modes, MoneyDigits, TimeMode,
};
pub use name::{NameError, TableName, quote_ident};
pub use note::{Boundary, Counts, Heartbeat, Message, Note, TableCount};
pub use row::{Cell, Row, RowBuilder, Value};
pub use schema::{Column, Identity, Kind, PgType, Schema, SourceType, Special};
pub use seams::{Catalog, Flow, Looked, Sink, Source, Transform, TransformError, Written};
