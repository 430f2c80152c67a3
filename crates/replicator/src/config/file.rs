//! The shape of a pipeline file, key by key, in the order a change travels.

use std::collections::BTreeMap;

use cdc::{
    Adjustment, BinaryMode, DecimalMode, HstoreMode, IntervalMode, Modes, MoneyDigits, TableName,
    TimeMode,
};
use pgrelay_log::{Kafka, Takeover};
use postgres_client::Server;
use postgres_sink::{Constraints, Mode};
use postgres_source::{SnapshotMode, TablePattern, is_slot_name};
use schemars::JsonSchema;
use serde::Deserialize;
use transforms::{NewColumns, SecretRef, Step};

use super::errors::Errors;

/// One replication stream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineFile {
    /// The pipeline's identity: checkpoints, slot and transactional id are called after it. It outlives the
    /// file's name.
    pub name: Name,
    /// Where changes come from. Left out, the pipeline only applies what `kafka:` holds.
    pub source: Option<SourceSection>,
    /// What happens to every change before anything is produced, step by step.
    #[serde(default)]
    pub transforms: Vec<Step>,
    /// What becomes of a column that was not there when the pipeline began: by default it halts a table of
    /// which columns are masked or dropped, and passes everywhere else.
    pub new_columns: Option<NewColumns>,
    /// The log between the halves. Left out, changes go straight to the target.
    pub kafka: Option<Kafka>,
    /// A Debezium connector whose work the pipeline goes on with: its slot, publication and topics are the pipeline's
    /// from here on. Means nothing once the pipeline has a checkpoint of its own.
    pub takeover: Option<Takeover>,
    /// Where changes go. Left out, the pipeline only captures.
    pub sink: Option<SinkSection>,
    /// What happens when a change cannot be read, transformed or written.
    #[serde(default)]
    pub errors: Errors,
}

/// A pipeline's name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Name(pub String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !name.is_empty() && name.len() <= 48 && name.bytes().all(fits) {
            Ok(Self(name))
        } else {
            Err("a name is 1 to 48 letters, digits, - _ or .".to_owned())
        }
    }
}

/// Which kind of source.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceSection {
    /// A PostgreSQL publication.
    pub postgres: PostgresSource,
}

/// A connection URI without a password.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Url(pub Server);

impl TryFrom<String> for Url {
    type Error = String;

    fn try_from(uri: String) -> Result<Self, String> {
        Server::parse(&uri).map(Self).map_err(|error| error.to_string())
    }
}

/// An entry of `tables`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Pattern(pub TablePattern);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: postgres_source::PatternError| error.to_string())
    }
}

/// A replication slot's name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct SlotName(pub String);

impl TryFrom<String> for SlotName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if is_slot_name(&name) {
            Ok(Self(name))
        } else {
            Err("a slot's name is 1 to 63 lower-case letters, digits or _".to_owned())
        }
    }
}

/// A PostgreSQL publication as a source.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresSource {
    /// `postgresql://role@host:port/database`, with libpq's `sslmode`, `sslrootcert`, `sslcert`, `sslkey`.
    pub url: Url,
    /// The role's password: `{ env: NAME }` or `{ file: PATH }`.
    pub password: Option<SecretRef>,
    /// The tables to capture: `schema.table`, with `*` for any characters.
    pub tables: Vec<Pattern>,
    /// Whether the rows of partitions are sent as rows of their root; otherwise each partition that `tables` match is a
    /// table of its own, and one that is made later has to be added like any new table.
    #[serde(default = "yes")]
    pub publish_via_partition_root: bool,
    /// Whether a table is refused that has neither a primary key nor another replica identity; otherwise it is
    /// published, and the server refuses its updates and deletes from then on.
    #[serde(default = "yes")]
    pub require_replica_identity: bool,
    /// Whether a table that gets another name, which `tables` match, too, goes on under it, and into the topic of that
    /// name; otherwise it halts. Only where nothing else in the file goes by tables' names; what masks the topics
    /// elsewhere does not know the new name.
    #[serde(default)]
    pub follow_renames: bool,
    /// The replication slot; made where it is missing. Default: `pgrelay_` and the pipeline's name.
    pub slot: Option<SlotName>,
    /// The publication; made where it is missing. Default: the slot's name.
    pub publication: Option<String>,
    /// Whether the tables are copied first.
    #[serde(default)]
    pub snapshot: SnapshotMode,
    /// What is copied of a table, where that is not all of it: a table's name → a SELECT that has its columns, of
    /// tables named with their schemas. Rows it leaves out are missing in a target until they change.
    #[serde(default)]
    pub snapshot_select_overrides: BTreeMap<Table, String>,
    /// The tables that are copied, as regular expressions for the whole of `schema.table`; parents are before their
    /// children in any case. The other tables are only followed.
    pub snapshot_include_collection_list: Option<Vec<String>>,
    /// The logical decoding messages that go to the topic `<topic_prefix>.message`: regular expressions for the
    /// whole of a message's prefix. No transform masks what a message holds; without one of these two lists none is
    /// produced.
    pub message_prefix_include_list: Option<Vec<String>>,
    /// The same, by the prefixes of those that do not go there.
    pub message_prefix_exclude_list: Option<Vec<String>>,
    /// Whether the topic `<topic_prefix>.transaction` says where transactions begin and end and how many events they
    /// have, and each record which of them it is. What a chain drops is counted, too.
    #[serde(default)]
    pub provide_transaction_metadata: bool,
    /// How many milliseconds lie between two records in the topic of heartbeats (`kafka.topic_heartbeat_prefix`,
    /// `kafka.topic_heartbeat_name`), which say that the source is there. 0: there are none. Without `kafka:` only the
    /// action is run.
    #[serde(default)]
    pub heartbeat_interval_ms: u64,
    /// A statement that is run in the source as often, on a connection of its own: it writes where nothing else does.
    pub heartbeat_action_query: Option<String>,
    /// At most every so many milliseconds the slot's `catalog_xmin` is read, on a connection of its own, for `source.xmin`
    /// of what is streamed. 0: it is not, and `source.xmin` is null. Means nothing without `kafka:`.
    #[serde(default)]
    pub xmin_fetch_interval_ms: u64,
    /// What a `numeric` or `money` is in records.
    #[serde(default)]
    pub decimal_handling_mode: DecimalMode,
    /// What a `bytea`, and the content of a logical decoding message, is in records.
    #[serde(default)]
    pub binary_handling_mode: BinaryMode,
    /// What a date, a time or a timestamp without zone is in records.
    #[serde(default)]
    pub time_precision_mode: TimeMode,
    /// What an `interval` is in records.
    #[serde(default)]
    pub interval_handling_mode: IntervalMode,
    /// What an `hstore` is in records.
    #[serde(default)]
    pub hstore_handling_mode: HstoreMode,
    /// Digits after the point of a `money` in records.
    #[serde(default)]
    pub money_fraction_digits: MoneyDigits,
    /// Whether values of types that have no form in records go as the bytes of their text, not as text.
    #[serde(default)]
    pub include_unknown_datatypes: bool,
    /// What stands in records for a TOAST value that did not change and was not sent; behind `hex:` its
    /// bytes. Default: `__debezium_unavailable_value`.
    pub unavailable_value_placeholder: Option<String>,
    /// The columns of records' keys, where they are not the table's: `schema.table:column,column`, with `;` between the
    /// entries of several tables. Table and column are regular expressions for the whole of their names.
    pub message_key_columns: Option<String>,
    /// The columns whose fields' schemas tell the type in the source: regular expressions for the whole of
    /// `schema.table.column`.
    #[serde(default)]
    pub column_propagate_source_type: Vec<String>,
    /// The same by types: regular expressions for the whole of `schema.table.type`.
    #[serde(default)]
    pub datatype_propagate_source_type: Vec<String>,
    /// What names of schemas become in records.
    #[serde(default)]
    pub schema_name_adjustment_mode: Adjustment,
    /// What names of fields become in records.
    #[serde(default)]
    pub field_name_adjustment_mode: Adjustment,
}

impl PostgresSource {
    /// The forms of values in records.
    pub fn modes(&self) -> Modes {
        Modes {
            decimal: self.decimal_handling_mode,
            binary: self.binary_handling_mode,
            time: self.time_precision_mode,
            interval: self.interval_handling_mode,
            hstore: self.hstore_handling_mode,
            money: self.money_fraction_digits,
            unknown: self.include_unknown_datatypes,
            schema_names: self.schema_name_adjustment_mode,
            field_names: self.field_name_adjustment_mode,
        }
    }
}

/// Where changes go, and what happens to them on the way from Kafka.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SinkSection {
    /// Steps after Kafka, where the sink wants its own.
    #[serde(default)]
    pub transforms: Vec<Step>,
    /// A PostgreSQL database.
    pub postgres: PostgresSink,
}

/// A table's name as a key or value of `tables`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Table(pub TableName);

impl TryFrom<String> for Table {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: cdc::NameError| error.to_string())
    }
}

const fn yes() -> bool {
    true
}

/// A PostgreSQL database as a sink.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresSink {
    /// `postgresql://role@host:port/database`, with libpq's `sslmode`, `sslrootcert`, `sslcert`, `sslkey`.
    pub url: Url,
    /// The role's password: `{ env: NAME }` or `{ file: PATH }`.
    pub password: Option<SecretRef>,
    /// Tables that are called otherwise here: names as they left the capture chain → names here.
    #[serde(default)]
    pub tables: BTreeMap<Table, Table>,
    /// What becomes of rows.
    #[serde(default)]
    pub mode: Mode,
    /// Whether deletes and truncates are applied.
    #[serde(default = "yes")]
    pub delete: bool,
    /// Whether missing tables and columns are made.
    #[serde(default = "yes")]
    pub create: bool,
    /// What becomes of the target's constraints while we write.
    #[serde(default)]
    pub constraints: Constraints,
}
