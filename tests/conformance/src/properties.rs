//! A case's properties as each side is told them: Debezium as they stand, pgrelay in its pipeline file's words.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::case::Case;

/// The converter of every part of a record.
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
/// The table whose row ends a run, last in every order.
pub(crate) const MARK_SCHEMA: &str = "zz_end";
/// The same as a table.
pub(crate) const MARK_TABLE: &str = "zz_end.mark";

/// Where a case runs.
#[derive(Debug)]
pub(crate) struct Place {
    /// The database, and what everything else is called after.
    pub(crate) database: String,
    /// Who owns it.
    pub(crate) role: String,
    /// The port of 127.0.0.1.
    pub(crate) port: u16,
    /// The broker.
    pub(crate) brokers: String,
}

impl Place {
    /// pgrelay's slot, publication and topic prefix.
    pub(crate) fn ours(&self) -> String {
        format!("{}_p", self.database)
    }

    /// Debezium's.
    pub(crate) fn theirs(&self) -> String {
        format!("{}_d", self.database)
    }

    /// The connector's configuration.
    pub(crate) fn connector(&self, case: &Case) -> Value {
        let name = self.theirs();
        let mut config = json!({
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "tasks.max": "1",
            "database.hostname": "127.0.0.1",
            "database.port": self.port.to_string(),
            "database.user": self.role,
            "database.password": "none",
            "database.dbname": self.database,
            "plugin.name": "pgoutput",
            "topic.prefix": name,
            "slot.name": name,
            "publication.name": name,
            "publication.autocreate.mode": "filtered",
            "publish.via.partition.root": "true",
            "poll.interval.ms": "50",
            "errors.max.retries": "0",
            "topic.creation.default.replication.factor": "1",
            "topic.creation.default.partitions": "1",
            "key.converter": JSON,
            "value.converter": JSON,
            "header.converter": JSON,
        });
        let schemas = (!case.is_plain()).to_string();
        for part in ["key", "value", "header"] {
            config[format!("{part}.converter.schemas.enable")] = schemas.clone().into();
        }
        let mut listed = false;
        for (key, value) in &case.properties {
            config[key] = match &**key {
                "schema.include.list" => format!("{value},{MARK_SCHEMA}"),
                "table.include.list" => format!("{value},{MARK_TABLE}"),
                _ => value.clone(),
            }
            .into();
            listed |= matches!(&**key, "schema.include.list" | "table.include.list");
        }
        if !listed {
            config["schema.include.list"] = format!("public,{MARK_SCHEMA}").into();
        }
        config
    }

    /// The pipeline file.
    pub(crate) fn pipeline(&self, case: &Case) -> Result<Value> {
        let name = self.ours();
        let mut file = json!({
            "name": self.database.split('_').take(2).collect::<Vec<_>>().join("_"),
            "source": { "postgres": {
                "url": format!("postgresql://{}@127.0.0.1:{}/{}", self.role, self.port, self.database),
                "tables": ["public.*", MARK_TABLE],
                "slot": name,
                "publication": name,
                // Debezium's default is every message, pgrelay's is none.
                "message_prefix_include_list": [".*"],
            } },
            "kafka": {
                "brokers": self.brokers,
                "topic_prefix": name,
                "format": if case.is_plain() { "debezium_json" } else { "debezium_json_schemas" },
            },
        });
        for (key, value) in &case.properties {
            translate(key, value, &mut file)?;
        }
        Ok(file)
    }
}

fn translate(key: &str, value: &str, file: &mut Value) -> Result<()> {
    let postgres = &mut file["source"]["postgres"];
    match (key, value) {
        ("snapshot.mode", "never") => postgres["snapshot"] = "no_data".into(),
        ("snapshot.mode", "initial" | "initial_only" | "no_data" | "when_needed" | "always") => {
            postgres["snapshot"] = value.into();
        }
        // Which tables are read by a statement: each has a property of its own.
        ("snapshot.select.statement.overrides", _) => {}
        ("snapshot.include.collection.list", list) => {
            postgres["snapshot_include_collection_list"] = list.split(',').collect();
        }
        ("schema.include.list", schemas) => {
            postgres["tables"] = tables(schemas.split(',').map(|schema| format!("{schema}.*")));
        }
        ("table.include.list", names) => {
            postgres["tables"] = tables(names.split(',').map(|name| name.replace("\\.", ".")));
        }
        ("tombstones.on.delete", switch @ ("true" | "false")) => {
            file["kafka"]["tombstones"] = (switch == "true").into();
        }
        ("message.prefix.include.list", list) => {
            postgres["message_prefix_include_list"] = list.split(',').collect();
        }
        ("message.prefix.exclude.list", list) => {
            postgres["message_prefix_include_list"] = Value::Null;
            postgres["message_prefix_exclude_list"] = list.split(',').collect();
        }
        ("provide.transaction.metadata", switch @ ("true" | "false")) => {
            postgres["provide_transaction_metadata"] = (switch == "true").into();
        }
        ("heartbeat.interval.ms", millis) => {
            postgres["heartbeat_interval_ms"] = millis.parse::<u64>()?.into();
        }
        ("heartbeat.action.query", statement) => {
            postgres["heartbeat_action_query"] = statement.into();
        }
        ("topic.heartbeat.prefix", name) => file["kafka"]["topic_heartbeat_prefix"] = name.into(),
        ("topic.transaction", name) => file["kafka"]["topic_transaction"] = name.into(),
        ("topic.creation.default.partitions", n) => {
            file["kafka"]["partitions"] = n.parse::<i32>()?.into();
        }
        (
            "decimal.handling.mode"
            | "binary.handling.mode"
            | "time.precision.mode"
            | "interval.handling.mode"
            | "hstore.handling.mode",
            mode,
        ) => postgres[key.replace('.', "_")] = mode.into(),
        ("money.fraction.digits", digits) => {
            postgres["money_fraction_digits"] = digits.parse::<u8>()?.into();
        }
        ("include.unknown.datatypes", switch @ ("true" | "false")) => {
            postgres["include_unknown_datatypes"] = (switch == "true").into();
        }
        ("value.converter.schemas.enable", "true" | "false") => {}
        ("unavailable.value.placeholder" | "message.key.columns", text)
        | ("schema.name.adjustment.mode" | "field.name.adjustment.mode", text) => {
            postgres[key.replace('.', "_")] = text.into();
        }
        ("column.propagate.source.type" | "datatype.propagate.source.type", list) => {
            postgres[key.replace('.', "_")] = list.split(',').map(str::trim).collect();
        }
        ("skipped.operations", list) => skip(list, file)?,
        // What no record shows.
        (
            "max.batch.size"
            | "max.queue.size"
            | "poll.interval.ms"
            | "snapshot.fetch.size"
            | "status.update.interval.ms"
            | "lsn.flush.mode"
            | "publication.autocreate.mode",
            _,
        ) => {}
        // What pgrelay always does.
        ("publish.via.partition.root", "true") | ("snapshot.locking.mode", "none") => {}
        _ => match key.strip_prefix("snapshot.select.statement.overrides.") {
            Some(table) => postgres["snapshot_select_overrides"][table] = value.into(),
            None => bail!("the property {key}={value} has no word in a pipeline file"),
        },
    }
    Ok(())
}

/// What Debezium skips, a filter does.
fn skip(list: &str, file: &mut Value) -> Result<()> {
    let word = |letter: &str| match letter.trim() {
        "c" => Ok("create"),
        "u" => Ok("update"),
        "d" => Ok("delete"),
        "t" => Ok("truncate"),
        _ => bail!("skipped.operations={list} has another letter than c, u, d and t"),
    };
    if list != "none" {
        let ops = list.split(',').map(word).collect::<Result<Vec<_>>>()?;
        file["transforms"] = json!([{ "filter": { "drop": { "ops": ops } } }]);
    }
    Ok(())
}

fn tables(names: impl Iterator<Item = String>) -> Value {
    names.chain([MARK_TABLE.to_owned()]).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_translated_or_the_case_fails_by_its_name() {
        let place = Place {
            database: "d".to_owned(),
            role: "r".to_owned(),
            port: 1,
            brokers: "b".to_owned(),
        };
        let case = |lines: &str| Case::parse("x", &format!("{lines}\n-- stream\n")).unwrap();
        let listed = case(
            "-- debezium: table.include.list=public\\.a,s.b\n-- debezium: tombstones.on.delete=false",
        );
        let file = place.pipeline(&listed).unwrap();
        assert_eq!(file["source"]["postgres"]["tables"], json!(["public.a", "s.b", "zz_end.mark"]));
        assert_eq!(file["kafka"]["tombstones"], json!(false));
        let config = place.connector(&listed);
        assert_eq!(config["table.include.list"], "public\\.a,s.b,zz_end.mark");
        assert_eq!(config.get("schema.include.list"), None);
        let error = place.pipeline(&case("-- debezium: slot.failover=true")).unwrap_err();
        assert!(error.to_string().contains("slot.failover=true"));
    }
}
