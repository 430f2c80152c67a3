//! A schema: what a value may be, what it is called, and what stands in for it when it is missing.

use std::fmt;
use std::sync::Arc;

use crate::Value;
use crate::error::{self, Result};

/// The name of a decimal number: bytes, with its scale as a parameter.
pub const DECIMAL: &str = "org.apache.kafka.connect.data.Decimal";
/// The name of a day: int32, days since 1970-01-01.
pub const DATE: &str = "org.apache.kafka.connect.data.Date";
/// The name of a time of day: int32, milliseconds since midnight.
pub const TIME: &str = "org.apache.kafka.connect.data.Time";
/// The name of a moment: int64, milliseconds since 1970-01-01T00:00Z.
pub const TIMESTAMP: &str = "org.apache.kafka.connect.data.Timestamp";
/// The parameter of a [`DECIMAL`] that says how many digits stand after its point.
pub const SCALE: &str = "scale";

/// A schema. Two are the same where every part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// What values are, without their name.
    pub kind: Type,
    /// Whether a value may be null.
    pub optional: bool,
    /// What the values mean, or the name of a struct.
    pub name: Option<String>,
    /// The version of what [`Schema::name`] names.
    pub version: Option<i32>,
    /// Words for people.
    pub doc: Option<String>,
    /// Further facts, in the order they were given.
    pub parameters: Vec<(String, String)>,
    /// What stands in for null.
    pub default: Option<Value>,
}

/// What a value is. A schema is missing inside an array or a map that held only nulls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A signed byte.
    Int8,
    /// A signed 16-bit number.
    Int16,
    /// A signed 32-bit number.
    Int32,
    /// A signed 64-bit number.
    Int64,
    /// An IEEE 754 number of 32 bits.
    Float32,
    /// An IEEE 754 number of 64 bits.
    Float64,
    /// True or false.
    Boolean,
    /// Text.
    String,
    /// Bytes.
    Bytes,
    /// Values of one schema, in order.
    Array(Option<Arc<Schema>>),
    /// Keys of one schema, values of another.
    Map(Option<Arc<Schema>>, Option<Arc<Schema>>),
    /// Named fields, in order.
    Struct(Vec<Field>),
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub schema: Arc<Schema>,
}

/// The names that change what a value looks like in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logical {
    /// [`DECIMAL`]: a [`Value::Decimal`].
    Decimal,
    /// [`DATE`]: a [`Value::Date`] at midnight.
    Date,
    /// [`TIME`]: a [`Value::Date`] on the first day.
    Time,
    /// [`TIMESTAMP`]: a [`Value::Date`].
    Timestamp,
}

impl Field {
    /// A field.
    pub fn new(name: impl Into<String>, schema: impl Into<Arc<Schema>>) -> Self {
        Self { name: name.into(), schema: schema.into() }
    }
}

impl Schema {
    /// A required schema of this type, without anything else.
    pub fn new(kind: Type) -> Self {
        Self {
            kind,
            optional: false,
            name: None,
            version: None,
            doc: None,
            parameters: Vec::new(),
            default: None,
        }
    }

    /// An array of these.
    pub fn array(items: impl Into<Arc<Schema>>) -> Self {
        Self::new(Type::Array(Some(items.into())))
    }

    /// A map from these to those.
    pub fn map(keys: impl Into<Arc<Schema>>, values: impl Into<Arc<Schema>>) -> Self {
        Self::new(Type::Map(Some(keys.into()), Some(values.into())))
    }

    /// A struct of these fields.
    pub fn structure(fields: Vec<Field>) -> Self {
        Self::new(Type::Struct(fields))
    }

    /// A number with this many digits after its point.
    pub fn decimal(scale: i32) -> Self {
        Self::new(Type::Bytes).named(DECIMAL).versioned(1).parameter(SCALE, scale.to_string())
    }

    /// A day.
    pub fn date() -> Self {
        Self::new(Type::Int32).named(DATE).versioned(1)
    }

    /// A time of day.
    pub fn time() -> Self {
        Self::new(Type::Int32).named(TIME).versioned(1)
    }

    /// A moment.
    pub fn timestamp() -> Self {
        Self::new(Type::Int64).named(TIMESTAMP).versioned(1)
    }

    /// The same, and null is allowed.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The same with a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same with a version.
    #[must_use]
    pub fn versioned(mut self, version: i32) -> Self {
        self.version = Some(version);
        self
    }

    /// The same with words for people.
    #[must_use]
    pub fn documented(mut self, doc: impl Into<String>) -> Self {
        self.doc = Some(doc.into());
        self
    }

    /// The same with a parameter; one of that name changes and keeps its place.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set_parameter(name.into(), value.into());
        self
    }

    pub(crate) fn set_parameter(&mut self, name: String, value: String) {
        match self.parameters.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.parameters.push((name, value)),
        }
    }

    /// The same with a default.
    #[must_use]
    pub fn defaulting(mut self, value: Value) -> Self {
        self.default = (!value.is_null()).then_some(value);
        self
    }

    /// A parameter's value.
    pub fn get_parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The fields, if it is a struct.
    pub fn fields(&self) -> &[Field] {
        match &self.kind {
            Type::Struct(fields) => fields,
            _ => &[],
        }
    }

    /// The place of a field.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields().iter().position(|field| field.name == name)
    }

    /// Which of the names that change a value's look it has.
    pub fn logical(&self) -> Option<Logical> {
        let name = self.name.as_deref()?.strip_prefix("org.apache.kafka.connect.data.")?;
        match name {
            "Decimal" => Some(Logical::Decimal),
            "Date" => Some(Logical::Date),
            "Time" => Some(Logical::Time),
            "Timestamp" => Some(Logical::Timestamp),
            _ => None,
        }
    }

    /// How many digits stand after the point of this decimal's values.
    pub fn scale(&self) -> Result<i32> {
        let Some(scale) = self.get_parameter(SCALE) else {
            return error::data("Invalid Decimal schema: scale parameter not found.");
        };
        scale.parse().or_else(|_| error::data("Invalid scale parameter found in Decimal schema: "))
    }
}

impl Type {
    /// Kafka Connect's name for it in error texts.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Int8 => "INT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Float32 => "FLOAT32",
            Self::Float64 => "FLOAT64",
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Bytes => "BYTES",
            Self::Array(_) => "ARRAY",
            Self::Map(..) => "MAP",
            Self::Struct(_) => "STRUCT",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
