//! What a converter refuses, in the words and under the class names users of Kafka Connect search for.

/// What this crate's functions return.
pub type Result<T> = std::result::Result<T, ConnectError>;

/// A refusal. None of these goes away by trying again: a record that meets one is to be diverted or to halt the task, as
/// the pipeline's error settings say; [`ConnectError::Config`] stops a pipeline before it starts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Data that does not fit its schema or its format.
    #[error("{0}")]
    Data(String),
    /// A schema that contradicts itself.
    #[error("{0}")]
    Schema(String),
    /// A text that is no Avro schema, or a name Avro does not allow.
    #[error("{0}")]
    Avro(String),
    /// A setting with a value it cannot have.
    #[error("{0}")]
    Config(String),
}

impl ConnectError {
    /// The class Kafka Connect raises for it, as error headers and status pages spell it.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Data(_) => "org.apache.kafka.connect.errors.DataException",
            Self::Schema(_) => "org.apache.kafka.connect.errors.SchemaBuilderException",
            Self::Avro(_) => "org.apache.avro.SchemaParseException",
            Self::Config(_) => "org.apache.kafka.common.config.ConfigException",
        }
    }
}

/// A [`ConnectError::Data`] as a result.
pub(crate) fn data<T>(message: impl Into<String>) -> Result<T> {
    Err(ConnectError::Data(message.into()))
}

/// A [`ConnectError::Schema`] as a result.
pub(crate) fn schema<T>(message: impl Into<String>) -> Result<T> {
    Err(ConnectError::Schema(message.into()))
}

/// A [`ConnectError::Avro`] as a result.
pub(crate) fn avro<T>(message: impl Into<String>) -> Result<T> {
    Err(ConnectError::Avro(message.into()))
}
