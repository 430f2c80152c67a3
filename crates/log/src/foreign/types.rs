//! The type of a column that is made for a field: by its schema, as Debezium's JDBC sink chooses, except that no number
//! loses digits.
//!
//! <https://debezium.io/documentation/reference/stable/connectors/jdbc.html#jdbc-data-type-mappings>

use cdc::{Kind, PgType, Special};
use connect_data::{Logical, Schema, Type};

/// The column's type; `None` where PostgreSQL has none for it.
pub(super) fn column_type(schema: &Schema) -> Option<PgType> {
    if let Type::Array(of) = &schema.kind
        && schema.name.is_none()
    {
        let element = column_type(of.as_deref()?)?;
        let name = format!("{}[]", element.name);
        return Some(PgType {
            typmod: element.typmod,
            ..PgType::new(0, &name, Kind::Array(Box::new(element.kind)))
        });
    }
    let (name, kind) = debezium(schema).or_else(|| connect(schema))?;
    Some(PgType::new(0, &name, kind))
}

fn debezium(schema: &Schema) -> Option<(String, Kind)> {
    let special = |name: &str, special| Some((name.to_owned(), Kind::Special(special)));
    let plain = |name: &str, kind| Some((name.to_owned(), kind));
    match schema.name.as_deref()?.strip_prefix("io.debezium.")? {
        "time.Date" | "time.IsoDate" | "time.StructuredDate" => plain("date", Kind::Date),
        "time.Time" => plain("time(3) without time zone", Kind::Time),
        "time.MicroTime" | "time.NanoTime" | "time.IsoTime" | "time.StructuredTime" => {
            plain("time without time zone", Kind::Time)
        }
        "time.Timestamp" => plain("timestamp(3) without time zone", Kind::Timestamp),
        "time.MicroTimestamp"
        | "time.NanoTimestamp"
        | "time.IsoTimestamp"
        | "time.StructuredTimestamp" => plain("timestamp without time zone", Kind::Timestamp),
        "time.ZonedTimestamp" | "time.StructuredZonedTimestamp" => {
            plain("timestamp with time zone", Kind::Timestamptz)
        }
        "time.ZonedTime" | "time.StructuredZonedTime" => {
            special("time with time zone", Special::Timetz)
        }
        "time.MicroDuration"
        | "time.NanoDuration"
        | "time.Interval"
        | "time.StructuredDuration" => special("interval", Special::Interval),
        "data.VariableScaleDecimal" => plain("numeric", Kind::Numeric),
        "data.Json" => plain("jsonb", Kind::Jsonb),
        "data.Uuid" => plain("uuid", Kind::Uuid),
        "data.Xml" => special("xml", Special::Xml),
        "data.Ltree" => special("public.ltree", Special::Ltree),
        "data.Tsvector" => special("tsvector", Special::Tsvector),
        "data.Enum" | "data.EnumSet" => plain("text", Kind::Text),
        "data.Bits" => match schema.get_parameter("length").and_then(|n| n.parse::<i32>().ok()) {
            Some(length) if length < i32::MAX => {
                special(&format!("bit varying({length})"), Special::Varbit)
            }
            _ => special("bit varying", Special::Varbit),
        },
        "data.geometry.Point" => special("point", Special::Point),
        "data.geometry.Line" => special("line", Special::Line),
        "data.geometry.Circle" => special("circle", Special::Circle),
        "data.geometry.Geometry" => special("public.geometry", Special::Geometry),
        "data.geometry.Geography" => special("public.geography", Special::Geography),
        "data.DoubleVector" => special("public.vector", Special::Vector),
        "data.FloatVector" => special("public.halfvec", Special::Halfvec),
        "data.SparseDoubleVector" => special("public.sparsevec", Special::Sparsevec),
        _ => None,
    }
}

fn connect(schema: &Schema) -> Option<(String, Kind)> {
    let (name, kind) = match (schema.logical(), &schema.kind) {
        (Some(Logical::Decimal), _) => return Some((decimal(schema), Kind::Numeric)),
        (Some(Logical::Date), _) => ("date", Kind::Date),
        (Some(Logical::Time), _) => ("time(3) without time zone", Kind::Time),
        (Some(Logical::Timestamp), _) => ("timestamp(3) without time zone", Kind::Timestamp),
        (None, Type::Int8 | Type::Int16) => ("smallint", Kind::Int2),
        (None, Type::Int32) => ("integer", Kind::Int4),
        (None, Type::Int64) => ("bigint", Kind::Int8),
        (None, Type::Float32) => ("real", Kind::Float4),
        (None, Type::Float64) => ("double precision", Kind::Float8),
        (None, Type::Boolean) => ("boolean", Kind::Bool),
        (None, Type::String) => ("text", Kind::Text),
        (None, Type::Bytes) => ("bytea", Kind::Bytea),
        (None, Type::Map(..) | Type::Struct(_)) => ("jsonb", Kind::Jsonb),
        (None, Type::Array(_)) => return None,
    };
    Some((name.to_owned(), kind))
}

/// With the precision of the source's column where the schema has it.
fn decimal(schema: &Schema) -> String {
    let number = |name: &str| schema.get_parameter(name).and_then(|n| n.parse::<i32>().ok());
    match (number("connect.decimal.precision"), number(connect_data::SCALE)) {
        (Some(precision), Some(scale)) if (1..=1_000).contains(&precision) => {
            format!("numeric({precision},{scale})")
        }
        _ => "numeric".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_made_as_the_schemas_say() {
        let named = |kind, name: &str| Schema::new(kind).named(name);
        let money = Schema::decimal(2).parameter("connect.decimal.precision", "10");
        let bits = named(Type::Bytes, "io.debezium.data.Bits").parameter("length", "8");
        for (schema, wanted) in [
            (Schema::new(Type::Int64), "bigint"),
            (money, "numeric(10,2)"),
            (Schema::decimal(2), "numeric"),
            (Schema::array(Schema::new(Type::String)), "text[]"),
            (named(Type::Int64, "io.debezium.time.MicroTimestamp"), "timestamp without time zone"),
            (bits, "bit varying(8)"),
            (Schema::timestamp(), "timestamp(3) without time zone"),
        ] {
            assert_eq!(&*column_type(&schema).unwrap().name, wanted);
        }
    }
}
