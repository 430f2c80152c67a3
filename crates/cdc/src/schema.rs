//! What the rows of one table look like, in one version of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Modes, Row, TableName};

/// How the values of a type are written and read, whatever the type is called.
///
/// The kinds are those whose text means something to a converter or to the sink; the values of every
/// other type travel as the text PostgreSQL prints.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `boolean`: `t` or `f`.
    Bool,
    /// `smallint`.
    Int2,
    /// `integer`.
    Int4,
    /// `bigint`.
    Int8,
    /// `real`.
    Float4,
    /// `double precision`.
    Float8,
    /// `numeric`, with or without precision (the type modifier tells).
    Numeric,
    /// `text`, `varchar`, `char(n)`, `name`, `citext`: the text is the value.
    Text,
    /// `bytea`, in hexadecimal.
    Bytea,
    /// `date`, in ISO style.
    Date,
    /// `time without time zone`.
    Time,
    /// `timestamp without time zone`, in ISO style.
    Timestamp,
    /// `timestamp with time zone`, in ISO style, in UTC.
    Timestamptz,
    /// `json`.
    Json,
    /// `jsonb`.
    Jsonb,
    /// `uuid`.
    Uuid,
    /// An enumeration: the text is the label.
    Enum,
    /// An array of a type of this kind.
    Array(Box<Kind>),
    /// A type that Debezium has a form of its own for, or knows to be text.
    Special(Special),
    /// Any other type.
    Other,
}

/// The types that records have forms of their own for. To everything else their values are text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Special {
    /// `bit(n)`.
    Bit,
    /// `bit varying(n)`.
    Varbit,
    /// `money`.
    Money,
    /// `oid`.
    Oid,
    /// `time with time zone`.
    Timetz,
    /// `interval`.
    Interval,
    /// `xml`.
    Xml,
    /// `point`.
    Point,
    /// `line`.
    Line,
    /// `lseg`.
    Lseg,
    /// `box`.
    Box,
    /// `path`.
    Path,
    /// `polygon`.
    Polygon,
    /// `circle`.
    Circle,
    /// `tsvector`.
    Tsvector,
    /// The extension's `hstore`.
    Hstore,
    /// The extension's `ltree`.
    Ltree,
    /// PostGIS's `geometry`.
    Geometry,
    /// PostGIS's `geography`.
    Geography,
    /// pgvector's `vector`.
    Vector,
    /// pgvector's `halfvec`.
    Halfvec,
    /// pgvector's `sparsevec`.
    Sparsevec,
    /// Networks, ranges and others that Debezium knows to be text.
    Word,
}

/// A PostgreSQL type as a column has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PgType {
    /// The type's object id in the source.
    pub oid: u32,
    /// The type modifier (`atttypmod`); -1 where there is none.
    pub typmod: i32,
    /// The name, as `format_type(oid, typmod)` prints it with an empty `search_path`: `character varying(20)`.
    pub name: Arc<str>,
    /// How values are read.
    pub kind: Kind,
    /// The labels of an enumeration (or of an array's element type), in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Arc<str>>,
    /// What a domain, or an array of domains, is made of, as `format_type` prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Arc<str>>,
}

impl PgType {
    /// A built-in type without a modifier.
    pub fn new(oid: u32, name: &str, kind: Kind) -> Self {
        Self { oid, typmod: -1, name: name.into(), kind, labels: Vec::new(), base: None }
    }

    /// Whether it is an array whose elements are of a domain. A domain over an array has no brackets behind its name.
    pub fn is_array_of_domains(&self) -> bool {
        matches!(self.kind, Kind::Array(_)) && self.base.is_some() && self.name.ends_with("[]")
    }

    /// Precision and scale of `numeric(p,s)`; `None` for `numeric`.
    pub fn precision_and_scale(&self) -> Option<(u16, i16)> {
        let packed = (self.typmod >= 4).then(|| self.typmod - 4)?;
        // Since PostgreSQL 15 the scale is an 11-bit signed number.
        let scale = ((packed & 0x7FF) ^ 0x400) - 0x400;
        Some(((packed >> 16) as u16, scale as i16))
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Column {
    /// The column's name, not quoted.
    pub name: Arc<str>,
    /// Its type.
    #[serde(rename = "type")]
    pub pg: PgType,
    /// Whether it may be null.
    pub optional: bool,
    /// Whether a transform masks it: its clear value must appear nowhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
    /// What rows from before the column was added have in it, as text: the constant of `ADD COLUMN … DEFAULT`
    /// (`pg_attribute.attmissingval`). Such rows are never sent anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Arc<str>>,
    /// The column's default now, as `pg_get_expr` prints it; none for a masked column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Arc<str>>,
    /// What its field's schema says of the column in the source, where that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_type: Option<SourceType>,
}

/// A column as the source has it: what Debezium's `column.propagate.source.type` makes parameters of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SourceType {
    /// The column's name there.
    pub column: Arc<str>,
    /// The type's name in capital letters: `INT4`, `_TEXT`.
    pub name: Arc<str>,
    /// Its length as Debezium counts it: digits, characters or places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<i32>,
    /// Its digits behind the point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<i32>,
}

/// What the source sends of a row before it changed.
///
/// <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-REPLICA-IDENTITY>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// The primary key.
    Default,
    /// Nothing.
    Nothing,
    /// The whole row.
    Full,
    /// The columns of another unique index.
    Index,
}

/// The rows of one table in one version of it, at one point of a chain.
///
/// Made by [`Schema::new`], which computes the [`fingerprint`](Schema::fingerprint); never changed in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The table's name in the source: what `source.schema` and `source.table` say.
    pub origin: TableName,
    /// The table's name here: what the step before left.
    pub table: TableName,
    /// Where `route` sends its records; `None` is `<prefix>.<schema>.<table>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Arc<str>>,
    /// The columns, in the order of a row's cells.
    pub columns: Vec<Column>,
    /// The key's columns, as places in `columns`, in the key's order; empty without a key.
    pub key: Vec<usize>,
    /// The columns of its records' keys, as places in `columns`, where they are not those of [`key`](Self::key).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub message_key: Vec<usize>,
    /// What the source sends as the old row.
    pub identity: Identity,
    /// The forms that the values of some types have in records.
    #[serde(default, skip_serializing_if = "Modes::is_default")]
    pub modes: Modes,
    /// What stands in records for a value that was not sent; none for Debezium's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Arc<str>>,
    fingerprint: u64,
}

impl Schema {
    /// The schema of `table`, whose name in the source is the same.
    pub fn new(
        table: TableName,
        columns: Vec<Column>,
        key: Vec<usize>,
        identity: Identity,
    ) -> Self {
        Self {
            origin: table.clone(),
            table,
            topic: None,
            columns,
            key,
            message_key: Vec::new(),
            identity,
            modes: Modes::default(),
            placeholder: None,
            fingerprint: 0,
        }
        .sealed()
    }

    /// The same with its values in these forms.
    #[must_use]
    pub fn with_modes(mut self, modes: Modes) -> Self {
        self.modes = modes;
        self.sealed()
    }

    /// The columns of its records' keys, in the keys' order; none for records without a key.
    pub fn record_key(&self) -> &[usize] {
        if self.message_key.is_empty() { &self.key } else { &self.message_key }
    }

    /// The same with its fingerprint computed anew: the last step of every change to a copy.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.fingerprint = 0;
        let text = serde_json::to_vec(&self).unwrap_or_default();
        // FNV-1a: the same in every process and version, which `std::hash` does not promise.
        self.fingerprint = text.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
        });
        self
    }

    /// A number that two schemas share where they are equal in everything: the schema's version in the log.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The place of the column called `name`.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| *column.name == *name)
    }

    /// Whether any column is masked.
    pub fn is_masked(&self) -> bool {
        self.columns.iter().any(|column| column.masked)
    }

    /// Whether the key of the two rows is the same, cell by cell. An unchanged cell equals anything.
    pub fn same_key(&self, one: &Row, other: &Row) -> bool {
        same(&self.key, one, other)
    }

    /// The same of their records' keys.
    pub fn same_record_key(&self, one: &Row, other: &Row) -> bool {
        same(self.record_key(), one, other)
    }
}

fn same(key: &[usize], one: &Row, other: &Row) -> bool {
    key.iter().all(|&i| match (one.cell(i), other.cell(i)) {
        (crate::Cell::Unchanged, _) | (_, crate::Cell::Unchanged) => true,
        (one, other) => one == other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_and_scale_come_from_the_type_modifier() {
        let numeric = |typmod| PgType { typmod, ..PgType::new(1700, "numeric", Kind::Numeric) };
        assert_eq!(numeric(-1).precision_and_scale(), None);
        assert_eq!(numeric((10 << 16 | 2) + 4).precision_and_scale(), Some((10, 2)));
        assert_eq!(numeric((10 << 16 | (-2 & 0x7FF)) + 4).precision_and_scale(), Some((10, -2)));
    }

    #[test]
    fn the_fingerprint_tells_versions_apart_and_survives_a_round_trip() {
        let column = |name: &str| Column {
            name: name.into(),
            pg: PgType::new(23, "integer", Kind::Int4),
            optional: false,
            masked: false,
            missing: None,
            default: None,
            source_type: None,
        };
        let one =
            Schema::new(TableName::new("s", "t"), vec![column("a")], vec![0], Identity::Default);
        let two =
            Schema::new(TableName::new("s", "t"), vec![column("b")], vec![0], Identity::Default);
        assert_ne!(one.fingerprint(), two.fingerprint());
        let read: Schema = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
        assert_eq!(read.sealed().fingerprint(), one.fingerprint());
    }
}
