//! A pipeline file, read once and turned into types that cannot be wrong.

mod file;
mod read;
mod settings;

pub use file::{
    Errors, PipelineFile, PostgresSink, PostgresSource, SinkSection, SourceSection, Tolerate,
};
pub use read::{load, read_text};
pub use settings::{Ends, Pipeline};
