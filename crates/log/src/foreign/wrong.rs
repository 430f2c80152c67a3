//! What is wrong with a record, told without its values.

use cdc::{Fault, Finding, TableName, quote_ident};

use schema_registry::RegistryError;

use super::side::Unread;
use super::slot::Wrong;
use super::unreadable::{Part, Refusal, Stage, Unreadable};
use crate::error::LogError;
use crate::format::Format;

/// Where a record is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: i32,
    pub(super) offset: i64,
}

impl Place<'_> {
    pub(super) fn text(&self) -> String {
        format!("Kafka topic {}, partition {}, offset {}", self.topic, self.partition, self.offset)
    }

    /// A part of it that is not of its format.
    pub(super) fn unread(&self, part: Part, format: Format, unread: Unread) -> Refusal {
        let at = |byte: usize| format!("{}, {}, byte {byte}", self.text(), part.word());
        let malformed = |byte, reason| {
            Finding::failed(
                "kafka_record_malformed",
                at(byte),
                format!("format {}: {reason}", format.word()),
            )
            .remedy("See who wrote the record, and name its format under kafka: format, key_format and value_format.")
        };
        match unread {
            Unread::At(byte, reason) => Refusal::Record(Unreadable {
                stage: Stage::Read(part, format),
                finding: Box::new(malformed(byte, reason)),
            }),
            // What a registry has or lacks meets all records of a schema, and may be another one's.
            Unread::Schema(reason) => Refusal::Other(malformed(1, reason).into()),
            Unread::Registry(LogError::Registry(error @ RegistryError::NoSuchId { .. })) => {
                Refusal::Other(error.finding().within(&at(1)).into())
            }
            Unread::Registry(error) => Refusal::Other(error),
        }
    }
}

/// A record that does not fit its table.
pub(super) fn refusal(place: &Place<'_>, table: &TableName, wrong: &Wrong) -> Refusal {
    let finding = finding(place, table, wrong);
    if wrong.is_of_the_record() {
        Refusal::Record(Unreadable { stage: Stage::Put, finding: Box::new(finding) })
    } else {
        Refusal::Other(finding.into())
    }
}

fn finding(place: &Place<'_>, table: &TableName, wrong: &Wrong) -> Finding {
    let at = format!("{}, table {table}", place.text());
    let found = |code, reason: &str| Finding::failed(code, at.clone(), reason.to_owned());
    let primary_key = || format!("ALTER TABLE {} ADD PRIMARY KEY (…);", table.sql());
    match wrong {
        Wrong::NoTable => found(
            "target_table_missing",
            "the record has no schema that says what its columns are, and the target has no such table",
        )
        .remedy("Make the table, or give its name in the target under sink.postgres.tables.")
        .run(format!("CREATE TABLE {} (…);", table.sql())),
        Wrong::NoColumn(name) => found(
            "target_column_missing",
            &format!("the record has no schema that says what its field {name} is, and the target's table has no column of this name"),
        )
        .remedy("Make the column, or drop the field where the record is written.")
        .run(format!("ALTER TABLE {} ADD COLUMN {} …;", table.sql(), quote_ident(name))),
        Wrong::NoKey => found("record_without_key", "neither the record nor the target's table has a key")
            .remedy("Give the target's table a primary key.")
            .run(primary_key()),
        Wrong::Unnamed(columns) => found(
            "record_without_key",
            &format!("the record's key is one value without a name, and the primary key of the target's table has {columns} columns"),
        )
        .remedy("Give the target's table a primary key of one column.")
        .run(primary_key()),
        Wrong::Ambiguous => found(
            "record_key_ambiguous",
            "the record's key is the text of a struct, and more than one key has this text",
        )
        .remedy("Let the producer write keys as json, json_schemas or avro, and name it under kafka: key_format."),
        Wrong::OtherColumns => found(
            "record_key_of_others",
            "the record's key is the text of a struct of other columns than the primary key of the target's table has",
        )
        .remedy("Give the target's table the primary key of the records, or let the producer write keys as json, json_schemas or avro, and name it under kafka: key_format."),
        Wrong::NoKeyColumn(name) => found(
            "record_without_key",
            &format!("the record has no value of column {name}, which is of the primary key of the target's table"),
        )
        .remedy("Let the producer write the column, in the key or in the row."),
        Wrong::NoFields => found("kafka_record_malformed", "expected a row of fields")
            .remedy("See who wrote the record, and name its format under kafka: value_format."),
        Wrong::Value { column, type_name, reason } => Finding::failed(
            "kafka_record_malformed",
            format!("{at}, column {column}"),
            format!("a value for a column of type {type_name}: {reason}"),
        )
        .remedy("Let the column have the type that the record's value is of, or say under kafka: written_with how the producer wrote it."),
    }
}
