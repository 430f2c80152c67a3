//! The chain of single message transforms: what a change becomes before it is produced.
//!
//! It stands between a source and a sink. A pipeline file's `transforms:` are a list of [`Step`]s, one verb a
//! file: [`Mask`], [`Rename`], [`DropColumns`], [`Route`], [`Filter`]. A [`Chain`] binds them to every version of
//! a table before its first row, which makes a plan of what is left to do for each event, and runs that plan.
//! Each step sees the names the step before it left.
//!
//! What is masked is masked in old rows, new rows and keys by the same function, so a delete finds its row. An
//! event of a table version that was not bound is refused, and so is a table or column that a step names and the
//! source does not have: nothing passes unmasked because a name changed. No finding of this crate holds a row
//! value or a key.

mod chain;
mod draft;
mod drop;
mod filter;
mod mask;
mod name;
mod new_columns;
mod plan;
mod rename;
mod route;
mod secret;
mod step;

pub use chain::Chain;
pub use drop::DropColumns;
pub use filter::{Criteria, Dropped, Filter, Operation};
pub use mask::{Hmac, Literal, Mask, Method, Partial, Template};
pub use name::{ColumnName, NameRefused, TablePattern};
pub use new_columns::{Bound, NewColumns};
pub use rename::Rename;
pub use route::{Route, Topic};
pub use secret::SecretRef;
pub use step::Step;
