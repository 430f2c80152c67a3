//! A pipeline file, read once and turned into types that cannot be wrong.

mod ends;
mod errors;
mod file;
mod kafka;
mod place;
mod read;
mod settings;

pub use errors::{Errors, Tolerate};
pub use file::{PipelineFile, PostgresSink, PostgresSource, SinkSection, SourceSection};
pub use read::{load, read_text};
pub use settings::{Ends, Pipeline};
