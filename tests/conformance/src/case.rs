//! One file of SQL: what runs before the connectors start, what while they stream, and how Debezium is set.

use anyhow::{Context, Result, bail};

use crate::words::AVRO;

/// The line between the two sections.
const STREAM: &str = "-- stream";
/// What a line's comment begins with that sets a property.
const PROPERTY: &str = "debezium:";
/// This much of a case's name is part of a slot's.
const SLUG_MAX: usize = 30;

/// The property with the number of a topic's partitions.
const PARTITIONS: &str = "topic.creation.default.partitions";

/// The property with what the topic of heartbeats begins with.
const HEARTBEATS: &str = "topic.heartbeat.prefix";
/// The property with its whole name. Each side is told one with its own prefix behind, so that they do not share it.
pub(crate) const HEARTBEAT_NAME: &str = "topic.heartbeat.name";

/// The line that has a case played once more, with keys and values in Avro.
const TWICE: &str = "-- in json and avro";

/// A case.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The file's name, without its ending.
    pub(crate) name: String,
    /// Properties of the connector, in their order.
    pub(crate) properties: Vec<(String, String)>,
    /// Runs before the snapshot.
    pub(crate) before: String,
    /// Runs while both stream.
    pub(crate) stream: String,
    twice: bool,
}

/// What a line sets, where it does.
fn property(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("--")?.trim_start().strip_prefix(PROPERTY)
}

impl Case {
    /// The name in the characters of a slot's.
    pub(crate) fn slug(&self) -> String {
        let fits = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        self.name.chars().map(fits).take(SLUG_MAX).collect()
    }

    /// The value of a property; the last one where it is set more than once.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().rev().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// The same with keys and values in Avro, where the file asks for it.
    pub(crate) fn in_avro(&self) -> Option<Case> {
        let mut case = self.clone();
        case.name += ":avro";
        let converters = ["key", "value"].map(|part| format!("{part}.converter"));
        case.properties.extend(converters.map(|part| (part, AVRO.to_owned())));
        self.twice.then_some(case)
    }

    /// Whether Debezium, and so nobody, streams after the snapshot.
    pub(crate) fn ends_with_the_copy(&self) -> bool {
        self.property("snapshot.mode") == Some("initial_only")
    }

    /// Whether what a transform leaves of an envelope is its row.
    pub(crate) fn is_alone(&self) -> bool {
        self.property("transforms").is_some()
    }

    /// Whether the keys, the values or the headers travel with their schemas: as their converter is told, or that of the
    /// values; headers as keys, which is what they hold.
    pub(crate) fn schemas(&self, part: &str) -> bool {
        // The schemas' names are part of a key, so that its partition follows from the prefix, too.
        let partitioned = self.property(PARTITIONS).is_some_and(|n| n != "1");
        let told = |part: &str| self.property(&format!("{part}.converter.schemas.enable"));
        let as_keys = || (part == "header").then(|| told("key")).flatten();
        !partitioned && told(part).or_else(as_keys).or_else(|| told("value")) != Some("false")
    }

    /// What the topic of heartbeats begins with, where there is one.
    pub(crate) fn heartbeats(&self) -> Option<&str> {
        let interval = self.property("heartbeat.interval.ms").filter(|interval| *interval != "0");
        let name = self.property(HEARTBEAT_NAME).filter(|name| !name.is_empty());
        let begins = name.or_else(|| self.property(HEARTBEATS)).unwrap_or("__debezium-heartbeat");
        interval.map(|_| begins)
    }

    /// The topic of transactions, without its prefix.
    pub(crate) fn transactions(&self) -> &str {
        self.property("topic.transaction").unwrap_or("transaction")
    }

    /// Reads a file.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Case> {
        let at = text
            .lines()
            .position(|line| line.trim_end() == STREAM)
            .with_context(|| format!("no line `{STREAM}`"))?;
        let join = |lines: Vec<&str>| lines.join("\n");
        let (before, stream): (Vec<&str>, Vec<&str>) =
            (text.lines().take(at).collect(), text.lines().skip(at + 1).collect());
        if stream.iter().any(|line| property(line).is_some()) {
            bail!("`-- {PROPERTY}` belongs before `{STREAM}`");
        }
        let mut properties = Vec::new();
        for line in before.iter().filter_map(|line| property(line)) {
            let (key, value) =
                line.split_once('=').with_context(|| format!("`{line}` is no key=value"))?;
            properties.push((key.trim().to_owned(), value.trim().to_owned()));
        }
        let (name, twice) = (name.to_owned(), before.contains(&TWICE));
        Ok(Case { name, properties, before: join(before), stream: join(stream), twice })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heartbeats_have_a_name_of_their_own() {
        let beats = |lines: &str| {
            let text = format!("-- debezium: heartbeat.interval.ms=1\n{lines}-- stream\n");
            Case::parse("x", &text).unwrap().heartbeats().map(str::to_owned)
        };
        let (prefix, name) =
            ("-- debezium: topic.heartbeat.prefix=p\n", "-- debezium: topic.heartbeat.name=n\n");
        assert_eq!(beats("").as_deref(), Some("__debezium-heartbeat"));
        assert_eq!(beats(prefix).as_deref(), Some("p"));
        assert_eq!(beats(&format!("{prefix}{name}")).as_deref(), Some("n"));
    }

    #[test]
    fn a_file_has_two_sections_and_properties() {
        let text = "-- Words.\n-- debezium: a.b = c=d\nSELECT 1;\n-- stream\nSELECT 2;\n";
        let case = Case::parse("x", text).unwrap();
        assert_eq!(case.properties, [("a.b".to_owned(), "c=d".to_owned())]);
        assert!(case.before.ends_with("SELECT 1;") && case.stream == "SELECT 2;");
        assert!(Case::parse("x", "SELECT 1;").is_err());
        assert_eq!(Case::parse("01-Über.x", text).unwrap().slug(), "01__ber_x");
        let indented = Case::parse("x", " --debezium:a=b\n-- stream\n").unwrap();
        assert_eq!(indented.property("a"), Some("b"));
        assert!(Case::parse("x", "-- stream\n-- debezium: a=b").is_err());
    }
}
