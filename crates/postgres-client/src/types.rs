//! What the catalog says of types: how their values are read, whatever they are called.

use std::collections::HashMap;
use std::sync::Arc;

use cdc::{Kind, PgType, Special};

use crate::{ServerError, Session};

/// Types by their number, each asked for once.
#[derive(Debug)]
pub struct Types<'a> {
    session: &'a Session,
    seen: HashMap<(u32, i32), PgType>,
}

const TYPE: &str = "
    SELECT pg_catalog.format_type($1, $2), t.typtype::text, t.typcategory::text, t.typelem, t.typbasetype, t.typtypmod,
           t.typname::text, t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace AS built_in,
           ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels
    FROM pg_catalog.pg_type t WHERE t.oid = $1";

impl<'a> Types<'a> {
    /// Types of the session's database.
    pub fn new(session: &'a Session) -> Self {
        Self { session, seen: HashMap::new() }
    }

    /// The type of this number and modifier.
    ///
    /// # Errors
    /// Where the catalog cannot be read.
    pub async fn resolve(&mut self, oid: u32, typmod: i32) -> Result<PgType, ServerError> {
        if let Some(known) = self.seen.get(&(oid, typmod)) {
            return Ok(known.clone());
        }
        // A type dropped since the row was written has no name: its values still travel as text.
        let Some(row) = self.session.query_opt(TYPE, &[&oid, &typmod]).await? else {
            return Ok(PgType { typmod, ..PgType::new(oid, "text", Kind::Other) });
        };
        let mut resolved = PgType {
            oid,
            typmod,
            name: row.get::<_, String>(0).into(),
            kind: Kind::Other,
            labels: row.get::<_, Vec<String>>("labels").into_iter().map(Into::into).collect(),
            base: None,
        };
        let (element, base): (u32, u32) = (row.get(3), row.get(4));
        if row.get::<_, &str>(1) == "d" {
            let under = Box::pin(self.resolve(base, row.get(5))).await?;
            resolved.typmod = under.typmod;
            resolved.base = Some(under.base.unwrap_or(under.name));
            resolved.kind = under.kind;
            resolved.labels = under.labels;
        } else if row.get::<_, &str>(2) == "A" && element != 0 {
            let element = Box::pin(self.resolve(element, typmod)).await?;
            resolved.base = array_base(&element);
            resolved.kind = Kind::Array(Box::new(element.kind));
            resolved.labels = element.labels;
        } else if row.get::<_, &str>(1) == "e" {
            resolved.kind = Kind::Enum;
        } else {
            resolved.kind = kind_of(row.get::<_, &str>(6), row.get("built_in"));
        }
        self.seen.insert((oid, typmod), resolved.clone());
        Ok(resolved)
    }
}

/// What an array of domains is made of. Arrays of arrays are no type, and labels are told by the name of their own type.
fn array_base(element: &PgType) -> Option<Arc<str>> {
    let base = element.base.as_ref()?;
    let told = matches!(element.kind, Kind::Array(_)) || !element.labels.is_empty();
    (!told).then(|| format!("{base}[]").into())
}

/// How the values of the scalar type called `name` are read.
fn kind_of(name: &str, built_in: bool) -> Kind {
    match name {
        _ if !built_in => extension_kind(name),
        "bool" => Kind::Bool,
        "int2" => Kind::Int2,
        "int4" => Kind::Int4,
        "int8" => Kind::Int8,
        "float4" => Kind::Float4,
        "float8" => Kind::Float8,
        "numeric" => Kind::Numeric,
        "text" | "varchar" | "bpchar" | "name" => Kind::Text,
        "bytea" => Kind::Bytea,
        "date" => Kind::Date,
        "time" => Kind::Time,
        "timestamp" => Kind::Timestamp,
        "timestamptz" => Kind::Timestamptz,
        "json" => Kind::Json,
        "jsonb" => Kind::Jsonb,
        "uuid" => Kind::Uuid,
        "bit" => Kind::Special(Special::Bit),
        "varbit" => Kind::Special(Special::Varbit),
        "money" => Kind::Special(Special::Money),
        "oid" => Kind::Special(Special::Oid),
        "timetz" => Kind::Special(Special::Timetz),
        "interval" => Kind::Special(Special::Interval),
        "xml" => Kind::Special(Special::Xml),
        "point" => Kind::Special(Special::Point),
        "line" => Kind::Special(Special::Line),
        "lseg" => Kind::Special(Special::Lseg),
        "box" => Kind::Special(Special::Box),
        "path" => Kind::Special(Special::Path),
        "polygon" => Kind::Special(Special::Polygon),
        "circle" => Kind::Special(Special::Circle),
        "tsvector" => Kind::Special(Special::Tsvector),
        "inet" | "cidr" | "macaddr" | "macaddr8" | "int4range" | "int8range" | "numrange"
        | "tsrange" | "tstzrange" | "daterange" => Kind::Special(Special::Word),
        _ => Kind::Other,
    }
}

/// The same for a type that is not the server's own. Extensions are known by their types' names, as they may be in any
/// schema.
fn extension_kind(name: &str) -> Kind {
    match name {
        "citext" => Kind::Text,
        "hstore" => Kind::Special(Special::Hstore),
        "ltree" => Kind::Special(Special::Ltree),
        "geometry" => Kind::Special(Special::Geometry),
        "geography" => Kind::Special(Special::Geography),
        "vector" => Kind::Special(Special::Vector),
        "halfvec" => Kind::Special(Special::Halfvec),
        "sparsevec" => Kind::Special(Special::Sparsevec),
        // Debezium's `TypeRegistry` knows this one alone of the extension `isn`.
        "isbn" => Kind::Special(Special::Word),
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_isn_one_type_is_known() {
        assert_eq!(kind_of("isbn", false), Kind::Special(Special::Word));
        for name in ["ean13", "isbn13", "ismn", "ismn13", "issn", "issn13", "upc"] {
            assert_eq!(kind_of(name, false), Kind::Other, "{name}");
        }
    }

    #[test]
    fn an_array_of_domains_says_what_they_are_made_of() {
        let base = Some("integer".into());
        let domain = PgType { base, ..PgType::new(1, "public.posint", Kind::Int4) };
        assert_eq!(array_base(&domain).as_deref(), Some("integer[]"));
        assert_eq!(array_base(&PgType { labels: vec!["a".into()], ..domain.clone() }), None);
        assert_eq!(array_base(&PgType { base: None, ..domain }), None);
    }
}
