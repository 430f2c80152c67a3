//! Which form a type's values have in a record, where Debezium leaves a choice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Debezium's properties of the same names, with its defaults.
///
/// <https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-connector-properties>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Modes {
    /// `decimal.handling.mode`.
    pub decimal: DecimalMode,
    /// `binary.handling.mode`.
    pub binary: BinaryMode,
    /// `time.precision.mode`.
    pub time: TimeMode,
    /// `interval.handling.mode`.
    pub interval: IntervalMode,
    /// `hstore.handling.mode`.
    pub hstore: HstoreMode,
    /// `money.fraction.digits`.
    pub money: MoneyDigits,
    /// `include.unknown.datatypes`: values of types without a form are the bytes of their text. Otherwise they are
    /// their text; Debezium leaves such columns out.
    pub unknown: bool,
    /// `schema.name.adjustment.mode`: what names of schemas become.
    #[serde(skip_serializing_if = "Adjustment::is_none")]
    pub schema_names: Adjustment,
    /// `field.name.adjustment.mode`: what names of fields become.
    #[serde(skip_serializing_if = "Adjustment::is_none")]
    pub field_names: Adjustment,
}

impl Modes {
    /// Whether nothing was chosen.
    pub fn is_default(&self) -> bool {
        *self == Modes::default()
    }
}

/// What becomes of a name that Avro does not allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// It stays; in Avro it is as under `avro`.
    #[default]
    None,
    /// Other characters become `_`.
    Avro,
    /// Other characters, `_` itself among them, become `_u` and their number: `_u002d`.
    AvroUnicode,
}

impl Adjustment {
    /// Whether names stay.
    pub fn is_none(&self) -> bool {
        *self == Adjustment::None
    }
}

/// What a `numeric` or `money` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMode {
    /// Exact: the unscaled number's bytes and its scale.
    #[default]
    Precise,
    /// Its digits.
    String,
    /// A float of 64 bits, which may be another number.
    Double,
}

/// What a `bytea` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BinaryMode {
    /// Bytes.
    #[default]
    Bytes,
    /// Text: base64.
    Base64,
    /// Text: base64 with the alphabet for URLs.
    #[serde(alias = "base64_url_safe")]
    Base64UrlSafe,
    /// Text: hexadecimal.
    Hex,
}

/// What a date, a time or a timestamp without zone is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeMode {
    /// Milliseconds where at most 3 digits are declared, microseconds otherwise.
    #[default]
    Adaptive,
    /// The same, but times of day always in microseconds.
    AdaptiveTimeMicroseconds,
    /// Kafka Connect's own types, in milliseconds.
    Connect,
    /// Text in ISO 8601.
    Isostring,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
    /// The numbers they are written with, each a field; intervals and times with a zone, too.
    Structured,
}

/// What an `interval` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntervalMode {
    /// Microseconds, a month being 30.4375 days.
    #[default]
    Numeric,
    /// Text in ISO 8601.
    String,
}

/// What an `hstore` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HstoreMode {
    /// The text of a JSON object.
    #[default]
    Json,
    /// A map.
    Map,
}

/// Digits after the point of a `money`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct MoneyDigits(pub u8);

impl Default for MoneyDigits {
    fn default() -> Self {
        MoneyDigits(2)
    }
}
