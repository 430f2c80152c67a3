//! A case's properties as each side is told them: Debezium as they stand, pgrelay in its pipeline file's words.

use anyhow::Result;
use serde_json::{Value, json};
use stack::Registry;

use crate::case::{Case, HEARTBEAT_NAME};
use crate::catalog::Catalog;
use crate::converters;
use crate::lists::{self, TABLE_LISTS};
use crate::words::{self, formats, translate};

/// The converter of keys and values where none is named.
pub(crate) const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
/// The converter of headers where none is named.
pub(crate) const SIMPLE: &str = "org.apache.kafka.connect.storage.SimpleHeaderConverter";
/// The table whose row ends a run, last in every order.
pub(crate) const MARK_SCHEMA: &str = "zz_end";
/// The same as a table.
pub(crate) const MARK_TABLE: &str = "zz_end.mark";

/// Where a case runs.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    /// The database, and what everything else is called after.
    pub(crate) database: String,
    /// Who owns it.
    pub(crate) role: String,
    /// The port of 127.0.0.1.
    pub(crate) port: u16,
    /// The broker.
    pub(crate) brokers: String,
    /// The registry, where records are Avro.
    pub(crate) registry: Option<&'a Registry>,
}

impl Place<'_> {
    /// pgrelay's slot, publication and topic prefix.
    pub(crate) fn ours(&self) -> String {
        format!("{}_p", self.database)
    }

    /// Debezium's.
    pub(crate) fn theirs(&self) -> String {
        format!("{}_d", self.database)
    }

    /// The connector's configuration.
    pub(crate) fn connector(&self, case: &Case, catalog: &Catalog) -> Value {
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
            "header.converter": SIMPLE,
        });
        for part in ["key", "value", "header"] {
            config[format!("{part}.converter.schemas.enable")] =
                case.schemas(part).to_string().into();
        }
        if catalog.publication(case).is_some() {
            config["publication.autocreate.mode"] = "disabled".into();
        }
        let told = case.properties.iter().filter(|(key, _)| !words::is_the_runs(key));
        for (key, value) in told {
            config[key] = match &**key {
                HEARTBEAT_NAME if !value.is_empty() => format!("{value}.{name}"),
                key => lists::told(key, value),
            }
            .into();
        }
        for part in words::in_avro(case) {
            for (key, value) in self.registry.into_iter().flat_map(|has| has.converter(part)) {
                config[key] = value.into();
            }
        }
        config
    }

    /// The pipeline file.
    pub(crate) fn pipeline(&self, case: &Case, catalog: &Catalog) -> Result<Value> {
        let name = self.ours();
        let (key, value) = formats(case)?;
        let made = catalog.publication(case).map(|(name, _)| name);
        let mut file = json!({
            "name": self.database.split('_').take(2).collect::<Vec<_>>().join("_"),
            "source": { "postgres": {
                "url": format!("postgresql://{}@127.0.0.1:{}/{}", self.role, self.port, self.database),
                "tables": lists::tables(case, catalog)?,
                "slot": name,
                "publication": made.unwrap_or(&name),
                "publish_via_partition_root": catalog.via_root(case),
                // Debezium asks for none.
                "require_replica_identity": false,
                // Debezium's default is every message, pgrelay's is none.
                "message_prefix_include_list": [".*"],
            } },
            "kafka": {
                "brokers": self.brokers,
                "topic_prefix": name,
                "format": value,
                "header_format": converters::header_format(case)?,
            },
        });
        if let Some(registry) = self.registry {
            file["kafka"]["schema_registry"] = json!({ "url": registry.url() });
        }
        if let Some(decimals) = converters::decimal_format(case)? {
            file["kafka"]["decimal_format"] = decimals.into();
        }
        if key != value {
            file["kafka"]["key_format"] = key.into();
        }
        for (key, value) in &case.properties {
            if !TABLE_LISTS.contains(&&**key) {
                translate(key, value, &mut file)?;
            }
        }
        let columns = lists::dropped(case, catalog)?;
        if !columns.is_empty() {
            words::step(json!({ "drop": { "columns": columns } }), &mut file);
        }
        if case.property(words::UNCHANGED) == Some("true") {
            words::step(json!({ "filter": { "drop": { "unchanged": true } } }), &mut file);
        }
        // Debezium goes on under the new name; so do we, where nothing else goes by names.
        let by_name = [
            "snapshot_select_overrides",
            "snapshot_include_collection_list",
            "message_key_columns",
            "column_propagate_source_type",
        ];
        let postgres = &file["source"]["postgres"];
        let named = by_name.iter().any(|key| !postgres[*key].is_null());
        file["source"]["postgres"]["follow_renames"] =
            (!named && file["transforms"].is_null()).into();
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place<'static> {
        let (database, role, brokers) = ("d".to_owned(), "r".to_owned(), "b".to_owned());
        Place { database, role, port: 1, brokers, registry: None }
    }

    #[test]
    fn every_case_has_words() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let case = Case::parse("x", &std::fs::read_to_string(&path).unwrap()).unwrap();
            for case in [Some(case.clone()), case.in_avro()].into_iter().flatten() {
                let file = place().pipeline(&case, &Catalog::default());
                assert!(file.is_ok(), "{}: {:#}", path.display(), file.unwrap_err());
            }
        }
    }

    #[test]
    fn a_property_is_translated_or_the_case_fails_by_its_name() {
        let place = place();
        let case = |lines: &str| Case::parse("x", &format!("{lines}\n-- stream\n")).unwrap();
        let listed = case(
            "-- debezium: table.include.list=public\\.a,s.b\n-- debezium: tombstones.on.delete=false",
        );
        let none = Catalog::default();
        let file = place.pipeline(&listed, &none).unwrap();
        assert_eq!(file["source"]["postgres"]["tables"], json!(["zz_end.mark"]));
        assert_eq!(file["kafka"]["tombstones"], json!(false));
        let config = place.connector(&listed, &none);
        assert_eq!(config["table.include.list"], "public\\.a,s.b,zz_end.mark");
        assert_eq!(config.get("schema.include.list"), None);
        let error = place.pipeline(&case("-- debezium: converters=isbn"), &none).unwrap_err();
        assert!(error.to_string().contains("converters=isbn"));
    }
}
