//! A case: one file of `db/cases`, read and played. Its README says how a file is written.

mod expect;
mod parse;
mod play;

pub use parse::{Case, Expect, Kind, Part, Place, Section};
pub use play::play;
