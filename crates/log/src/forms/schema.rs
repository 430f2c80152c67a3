//! The Connect schema of a form, as Debezium builds it.

use std::sync::Arc;

use cdc::BinaryMode;
use connect_data::{Field, Schema, Type};

use super::{Form, Odd, Text, Unit, Width};

/// The schema of a value that may not be null, without a default.
pub(crate) fn schema_of(form: &Form) -> Schema {
    match form {
        Form::Bool => Schema::new(Type::Boolean),
        Form::Int(Width::W16) => Schema::new(Type::Int16),
        Form::Int(Width::W32) => Schema::new(Type::Int32),
        Form::Int(Width::W64) => Schema::new(Type::Int64),
        Form::Float { single: true } => Schema::new(Type::Float32),
        Form::Float { single: false } | Form::Double => Schema::new(Type::Float64),
        Form::Text(text) => text_schema(text),
        Form::Decimal { scale, precision } => Schema::decimal(i32::from(*scale))
            .parameter("connect.decimal.precision", precision.to_string()),
        Form::VariableDecimal => variable_decimal(),
        Form::Bytes => Schema::new(Type::Bytes),
        Form::Digits { .. } | Form::Encoded(_) => Schema::new(Type::String),
        Form::Days { connect: true } => Schema::date(),
        Form::Days { connect: false } => named(Type::Int32, "io.debezium.time.Date"),
        Form::IsoDate => named(Type::String, "io.debezium.time.IsoDate"),
        Form::Time(Unit::Millis) => named(Type::Int32, "io.debezium.time.Time"),
        Form::Time(Unit::Micros) => named(Type::Int64, "io.debezium.time.MicroTime"),
        Form::Time(Unit::Nanos) => named(Type::Int64, "io.debezium.time.NanoTime"),
        Form::Time(Unit::Connect) => Schema::time(),
        Form::IsoTime => named(Type::String, "io.debezium.time.IsoTime"),
        Form::Moment(Unit::Millis) => named(Type::Int64, "io.debezium.time.Timestamp"),
        Form::Moment(Unit::Micros) => named(Type::Int64, "io.debezium.time.MicroTimestamp"),
        Form::Moment(Unit::Nanos) => named(Type::Int64, "io.debezium.time.NanoTimestamp"),
        Form::Moment(Unit::Connect) => Schema::timestamp(),
        Form::IsoMoment => named(Type::String, "io.debezium.time.IsoTimestamp"),
        Form::Zoned { .. } => named(Type::String, "io.debezium.time.ZonedTimestamp"),
        Form::Array(element) => Schema::array(element_schema(element)),
        Form::Odd(odd) => odd_schema(odd),
    }
}

/// Elements may be null, but Debezium does not say so of labels, words and what it has no form for.
fn element_schema(form: &Form) -> Schema {
    let schema = schema_of(form);
    match form {
        Form::Text(Text::Enum(_) | Text::Tsvector | Text::Isbn) | Form::Odd(Odd::Unknown(_)) => {
            schema
        }
        _ => schema.optional(),
    }
}

fn named(kind: Type, name: &str) -> Schema {
    Schema::new(kind).named(name).versioned(1)
}

fn text_schema(text: &Text) -> Schema {
    let data = |name: &str| named(Type::String, &format!("io.debezium.data.{name}"));
    match text {
        Text::Plain | Text::Isbn => Schema::new(Type::String),
        Text::Json => data("Json"),
        Text::Xml => data("Xml"),
        Text::Uuid => data("Uuid"),
        Text::Ltree => data("Ltree"),
        Text::Tsvector => data("Tsvector"),
        Text::Enum(labels) => data("Enum").parameter("allowed", &**labels),
    }
}

fn variable_decimal() -> Schema {
    structure(
        "io.debezium.data.VariableScaleDecimal",
        "Variable scaled decimal",
        vec![("scale", Schema::new(Type::Int32)), ("value", Schema::new(Type::Bytes))],
    )
}

fn structure(name: &str, doc: &str, fields: Vec<(&str, Schema)>) -> Schema {
    let fields = fields.into_iter().map(|(name, schema)| Field::new(name, schema)).collect();
    Schema::structure(fields).named(name).versioned(1).documented(doc)
}

fn odd_schema(odd: &Odd) -> Schema {
    let double = || Schema::new(Type::Float64);
    match odd {
        Odd::Bit => Schema::new(Type::Boolean),
        Odd::Bits(length) => {
            named(Type::Bytes, "io.debezium.data.Bits").parameter("length", length.to_string())
        }
        Odd::Money { scale } => Schema::decimal(i32::from(*scale)),
        Odd::MoneyDigits { .. } => Schema::new(Type::String),
        Odd::MoneyDouble => double(),
        Odd::ZonedTime => named(Type::String, "io.debezium.time.ZonedTime"),
        Odd::Duration => named(Type::Int64, "io.debezium.time.MicroDuration"),
        Odd::Interval => named(Type::String, "io.debezium.time.Interval"),
        Odd::Point => point(),
        Odd::Line => structure(
            "io.debezium.data.geometry.Line",
            "Geometry (LINE)",
            vec![("a", double()), ("b", double()), ("c", double())],
        )
        .optional(),
        Odd::Circle => structure(
            "io.debezium.data.geometry.Circle",
            "Geometry (CIRCLE)",
            vec![("center", point()), ("radius", double())],
        )
        .optional(),
        Odd::Shape(_) | Odd::Geometry => geometry(),
        Odd::Geography => structure(
            "io.debezium.data.geometry.Geography",
            "Geography",
            vec![("wkb", Schema::new(Type::Bytes)), ("srid", Schema::new(Type::Int32).optional())],
        ),
        Odd::HstoreMap => {
            Schema::map(Schema::new(Type::String), Schema::new(Type::String).optional())
        }
        Odd::HstoreJson => text_schema(&Text::Json),
        Odd::Vector => Schema::array(double()).named("io.debezium.data.DoubleVector").versioned(1),
        Odd::Halfvec => Schema::array(Schema::new(Type::Float32))
            .named("io.debezium.data.FloatVector")
            .versioned(1),
        Odd::Sparsevec => structure(
            "io.debezium.data.SparseDoubleVector",
            "Sparse double vector",
            vec![
                ("dimensions", Schema::new(Type::Int16)),
                ("vector", Schema::map(Schema::new(Type::Int16), double())),
            ],
        ),
        Odd::Structured(temporal, _) => temporal.schema(),
        Odd::Unknown(BinaryMode::Bytes) => Schema::new(Type::Bytes),
        Odd::Unknown(_) => Schema::new(Type::String),
    }
}

/// The schema of a point.
pub(super) fn point() -> Schema {
    structure(
        "io.debezium.data.geometry.Point",
        "Geometry (POINT)",
        vec![
            ("x", Schema::new(Type::Float64)),
            ("y", Schema::new(Type::Float64)),
            ("wkb", Schema::new(Type::Bytes).optional()),
            ("srid", Schema::new(Type::Int32).optional()),
        ],
    )
}

/// Debezium builds it optional, so that it is so of columns that may not be null, too.
fn geometry() -> Schema {
    let text = || Arc::new(Schema::new(Type::String));
    structure(
        "io.debezium.data.geometry.Geometry",
        "Geometry",
        vec![
            ("wkb", Schema::new(Type::Bytes)),
            ("srid", Schema::new(Type::Int32).optional()),
            ("extensions", Schema::map(text(), text()).optional()),
        ],
    )
    .versioned(2)
    .optional()
}

#[cfg(test)]
mod tests {
    use cdc::{Kind, Modes, PgType, Special};

    use super::*;

    /// The type of an array's items, and whether they may be null.
    fn items(pg: &PgType, unknown: bool) -> (Type, bool) {
        let form = Form::of(pg, &Modes { unknown, ..Modes::default() });
        let Type::Array(Some(items)) = schema_of(&form).kind else { panic!("no array") };
        (items.kind.clone(), items.optional)
    }

    #[test]
    fn items_are_as_debezium_sees_the_elements() {
        let array = |name: &str, kind| PgType::new(0, name, Kind::Array(Box::new(kind)));
        let isbn = array("public.isbn[]", Kind::Special(Special::Word));
        assert_eq!(items(&isbn, true), (Type::String, false));
        assert!(items(&array("inet[]", Kind::Special(Special::Word)), true).1);
        assert_eq!(items(&array("public.upc[]", Kind::Other), true), (Type::Bytes, false));
        let base = Some("integer[]".into());
        let domains = PgType { base, ..array("public.posint[]", Kind::Int4) };
        assert_eq!(items(&domains, true), (Type::Bytes, false));
        assert_eq!(items(&domains, false), (Type::Int32, true));
        let over = PgType { name: "public.whole".into(), ..domains };
        assert_eq!(items(&over, true), (Type::Int32, true));
    }
}
