//! The names of topics: Debezium's for the data, our own for what makes it a log.

use cdc::{Note, Schema, TableName};

use crate::config::Kafka;

/// The topic of the capture checkpoints: compacted, one partition.
pub fn offsets_topic(prefix: &str) -> String {
    format!("__pgrelay-offsets.{}", legal(prefix))
}

/// The topic of the cuts: one partition.
pub fn cuts_topic(prefix: &str) -> String {
    format!("__pgrelay-cuts.{}", legal(prefix))
}

/// The topic of the table versions: compacted, one partition.
pub fn schemas_topic(prefix: &str) -> String {
    format!("__pgrelay-schemas.{}", legal(prefix))
}

/// The topic of a table's changes: where `route` sends it, or `<prefix>.<schema>.<table>`.
pub fn data_topic(prefix: &str, schema: &Schema) -> String {
    match &schema.topic {
        Some(topic) => legal(topic),
        None => table_topic(prefix, &schema.table),
    }
}

/// `<prefix>.<schema>.<table>`: what Debezium calls a table's topic, and the schemas of its records after.
pub fn table_topic(prefix: &str, table: &TableName) -> String {
    legal(&format!("{prefix}.{}.{}", table.schema, table.name))
}

/// The topic of a note.
pub fn note_topic(kafka: &Kafka, note: &Note) -> String {
    let prefix = &kafka.topic_prefix;
    match note {
        Note::Message(_) => legal(&format!("{prefix}.message")),
        Note::Boundary(_) => legal(&format!("{prefix}.{}", kafka.topic_transaction)),
        Note::Heartbeat(_) => heartbeat_topic(kafka),
    }
}

/// The topic of heartbeats: what it is called, or after the prefix. An empty name is none, as in
/// `AbstractTopicNamingStrategy.heartbeatTopic`.
pub fn heartbeat_topic(kafka: &Kafka) -> String {
    match kafka.topic_heartbeat_name.as_deref() {
        None | Some("") => {
            legal(&format!("{}.{}", kafka.topic_heartbeat_prefix, kafka.topic_prefix))
        }
        Some(name) => legal(name),
    }
}

/// The name with each character Kafka does not allow replaced by `_`, as Debezium does.
fn legal(name: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.chars().map(|c| if legal(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use cdc::Identity;

    use super::*;

    #[test]
    fn names_are_debeziums() {
        let mut schema =
            Schema::new(TableName::new("public", "order items"), vec![], vec![], Identity::Full);
        assert_eq!(data_topic("shop", &schema), "shop.public.order_items");
        schema.topic = Some("elsewhere".into());
        assert_eq!(data_topic("shop", &schema), "elsewhere");
        assert_eq!(cuts_topic("shop"), "__pgrelay-cuts.shop");
    }

    #[test]
    fn heartbeats_go_where_they_are_sent() {
        let topic = |rest: &str| {
            let text = format!("{{\"brokers\":\"b:1\",\"topic_prefix\":\"shop\"{rest}}}");
            heartbeat_topic(&serde_json::from_str(&text).unwrap())
        };
        let prefix = ",\"topic_heartbeat_prefix\":\"beats\"";
        assert_eq!(topic(""), "__debezium-heartbeat.shop");
        assert_eq!(topic(prefix), "beats.shop");
        assert_eq!(topic(&format!("{prefix},\"topic_heartbeat_name\":\"all\"")), "all");
        assert_eq!(topic(&format!("{prefix},\"topic_heartbeat_name\":\"\"")), "beats.shop");
    }
}
