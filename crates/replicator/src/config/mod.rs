//! A pipeline file, read once and turned into types that cannot be wrong.

mod ends;
mod file;
mod kafka;
mod place;
mod read;
mod settings;

pub use file::{
    Errors, PipelineFile, PostgresSink, PostgresSource, SinkSection, SourceSection, Tolerate,
};
pub use read::{load, read_text};
pub use settings::{Ends, Pipeline};
