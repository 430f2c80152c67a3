//! `route: { tables: [public.orders, "inventory.*"], to: orders.v1 }`: the topic of these tables' records.
//!
//! `to` is the topic's whole name, as it is in Kafka: no prefix is put before it. The tables keep their names, so
//! a sink still knows whose rows they are. Without Kafka the step changes nothing. Of two routes the later holds.
//! It refuses a name Kafka would not take.

use std::sync::Arc;

use cdc::TableName;
use serde::Deserialize;

use crate::draft::Draft;
use crate::name::{NameRefused, TablePattern};

/// Sends tables to a topic of another name.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The tables, as the step before left them: `schema.table`, with `*` for any characters.
    #[serde(deserialize_with = "crate::name::some_tables")]
    #[schemars(length(min = 1))]
    tables: Vec<TablePattern>,
    /// The topic's whole name.
    #[serde(deserialize_with = "of_rows")]
    to: Topic,
}

/// A topic's name as Kafka allows it: letters, digits, `.`, `_` and `-`, up to 249 of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Topic(Arc<str>);

impl Topic {
    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// What the names of the topics begin with that hold pgrelay's own state, and Kafka's.
const INTERNAL: &str = "__";

fn of_rows<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Topic, D::Error> {
    let topic = Topic::deserialize(deserializer)?;
    if topic.name().starts_with(INTERNAL) {
        return Err(serde::de::Error::custom(format!(
            "read topic `{}`: names that begin with `{INTERNAL}` are those of topics with state of Kafka or pgrelay",
            topic.name()
        )));
    }
    Ok(topic)
}

impl TryFrom<String> for Topic {
    type Error = NameRefused;

    fn try_from(name: String) -> Result<Self, NameRefused> {
        let legal = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
        if (1..=249).contains(&name.len()) && name.bytes().all(legal) && name != "." && name != ".."
        {
            return Ok(Self(name.into()));
        }
        Err(NameRefused(format!(
            "read topic `{name}`: expected up to 249 letters, digits, `.`, `_` and `-`, as Kafka allows"
        )))
    }
}

impl Route {
    pub(crate) fn tables(&self) -> impl Iterator<Item = &TableName> {
        self.tables.iter().filter_map(TablePattern::exact)
    }

    pub(crate) fn bind(&self, draft: &mut Draft) {
        if self.tables.iter().any(|tables| tables.matches(&draft.schema.table)) {
            draft.schema.topic = Some(self.to.0.clone());
        }
    }
}
