//! The seams: what a source, a transform and a sink promise each other.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{Batch, Checkpoint, Event, Fault, Finding, Remedy, Schema, TableName};

/// Where batches come from: a replication slot, or the log.
pub trait Source: Send {
    /// What can go wrong.
    type Error: Fault;

    /// Claims the source for this process, waiting while another has it. Before the sink is claimed, so that
    /// who waits here disturbs nobody.
    fn claim(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Begins after `after`, where the sink stands; `None` is a sink that has never been written.
    fn start(
        &mut self,
        after: Option<Checkpoint>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Waits for the next batch. Safe to cancel: a batch is given whole or stays.
    fn next(&mut self) -> impl Future<Output = Result<Batch, Self::Error>> + Send;

    /// Everything up to `upto` is durable elsewhere: the source may forget it. Invariant 1.
    fn confirm(
        &mut self,
        upto: &Checkpoint,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Says goodbye: what was confirmed last reaches the server. Bounded in time; errors change nothing.
    fn stop(&mut self) -> impl Future<Output = ()> + Send;
}

/// What the tables of a target look like, for a source whose records do not say it.
pub trait Catalog: Send + Sync {
    /// The table that rows of this name go to, under this name; `None` where there is none.
    fn table<'a>(&'a self, name: &'a TableName) -> Looked<'a>;
}

/// An answer of a [`Catalog`] that is on its way.
pub type Looked<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Schema>, (Remedy, Box<Finding>)>> + Send + 'a>>;

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It goes on.
    Keep,
    /// It ends here, as the pipeline file says.
    Drop,
}

/// A transform that cannot do what the file says, or will not, lest something leak.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct TransformError(pub Box<Finding>);

/// One step of a chain: what it makes of a table, and of each event.
pub trait Transform: Send {
    /// Meets a table version before its first row, and says what it makes of it.
    ///
    /// # Errors
    /// Where a name it needs is not there, or what it makes collides: nothing of the table is produced then.
    fn bind(&mut self, schema: &Arc<Schema>) -> Result<Arc<Schema>, TransformError>;

    /// Changes one event of a table version that was bound before.
    ///
    /// # Errors
    /// Where a value is not what the step needs.
    fn apply(&mut self, event: &mut Event) -> Result<Flow, TransformError>;
}

/// What a write that returned promises of its batch and of all before it. Of a batch that ends inside a transaction it
/// promises only that a whole one may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It outlives a crash of the sink's server.
    Durable,
    /// It is there to be seen, rows and checkpoint together; it outlives a crash once `flush` or a durable write has
    /// returned, and until then a crash takes it back from its end, never from its middle. While batches follow each
    /// other a sink answers so for a part of a second at most.
    Visible,
}

/// Where batches are made durable: the log, or a database.
pub trait Sink: Send {
    /// What can go wrong.
    type Error: Fault;

    /// Claims the sink for this process and says where it stands, durably.
    fn committed(&mut self)
    -> impl Future<Output = Result<Option<Checkpoint>, Self::Error>> + Send;

    /// Writes rows and checkpoint together. An error voids the sink: start again from `committed`.
    fn write(&mut self, batch: &Batch)
    -> impl Future<Output = Result<Written, Self::Error>> + Send;

    /// Makes durable what is only visible. Between transactions; an error voids the sink.
    fn flush(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
