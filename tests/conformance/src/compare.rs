//! Two logs beside each other: every place in which a record of the one is not that of the other.

use std::collections::BTreeSet;
use std::fmt;

use crate::align::align;
use crate::json::{Different, Json, one};
use crate::records::{Record, Topics};
use crate::traits::{Of, Trait};

/// What our own headers begin with: they are checked apart.
pub(crate) const OWN_HEADERS: &str = "pgrelay.";

/// The wall clock of processing, and who wrote the record.
const NEVER: [&str; 4] = ["value.ts_ms", "value.ts_us", "value.ts_ns", "value.source.version"];
/// What two snapshots of one database do not have in common.
const NOT_OF_SNAPSHOTS: [&str; 6] = [
    "value.source.lsn",
    "value.source.txId",
    "value.source.ts_ms",
    "value.source.ts_us",
    "value.source.ts_ns",
    "value.source.sequence",
];

/// One difference.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The topic without its prefix.
    pub(crate) topic: String,
    partition: i32,
    offsets: (Option<i64>, Option<i64>),
    /// `key.…`, `value.…`, `headers.<name>…`, or `record.<op>` for a record only one side has.
    pub(crate) path: String,
    pub(crate) ours: Option<String>,
    pub(crate) theirs: Option<String>,
    /// What holds for it.
    pub(crate) traits: Vec<Trait>,
    /// The types that its column has, if it is in one.
    pub(crate) types: Vec<String>,
}

#[cfg(test)]
impl Difference {
    pub(crate) fn new(topic: &str, path: &str, traits: &[Trait], kind: &str) -> Difference {
        Difference {
            topic: topic.to_owned(),
            partition: 0,
            offsets: (None, None),
            path: path.to_owned(),
            ours: Some("12".to_owned()),
            theirs: None,
            traits: traits.to_vec(),
            types: vec![kind.to_owned()],
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = |offset: Option<i64>| offset.map_or("-".to_owned(), |at| at.to_string());
        let (ours, theirs) = (offset(self.offsets.0), offset(self.offsets.1));
        writeln!(f, "{}/{} offset {ours}|{theirs} {}", self.topic, self.partition, self.path)?;
        writeln!(f, "    ours     {}", self.ours.as_deref().unwrap_or("(nothing)"))?;
        write!(f, "    debezium {}", self.theirs.as_deref().unwrap_or("(nothing)"))
    }
}

/// All differences, in the order of topic, partition and record.
pub(crate) fn compare(ours: &Topics, theirs: &Topics, facts: &Of<'_>) -> Vec<Difference> {
    let places: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let mut out = Vec::new();
    for place in places {
        let of = |topics: &Topics| topics.get(place).cloned().unwrap_or_default();
        let (ours, theirs) = (of(ours), of(theirs));
        let (left, right): (Vec<_>, Vec<_>) =
            (ours.iter().map(identity).collect(), theirs.iter().map(identity).collect());
        for (i, j) in align(&left, &right) {
            let (a, b) = (i.and_then(|i| ours.get(i)), j.and_then(|j| theirs.get(j)));
            let offsets = (a.map(|record| record.offset), b.map(|record| record.offset));
            for (path, ours, theirs) in differences(a, b) {
                let (topic, partition) = place.clone();
                let (traits, types) = (Vec::new(), Vec::new());
                let mut found =
                    Difference { topic, partition, offsets, path, ours, theirs, traits, types };
                found.traits = facts.of(&found, a, b);
                found.types = facts.types(&found);
                out.push(found);
            }
        }
    }
    out
}

/// What makes two records the same event.
fn identity(record: &Record) -> (String, Option<String>) {
    (record.op().to_owned(), record.key.as_ref().map(ToString::to_string))
}

fn differences(ours: Option<&Record>, theirs: Option<&Record>) -> Vec<Different> {
    let mut out = Vec::new();
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            one("key", ours.key.as_ref(), theirs.key.as_ref(), &mut out);
            one("value", ours.value.as_ref(), theirs.value.as_ref(), &mut out);
            let [key, value] = &ours.schemas;
            let [their_key, their_value] = &theirs.schemas;
            one("key_schema", key.as_ref(), their_key.as_ref(), &mut out);
            let value = value.as_ref().map(|ours| common_order(ours, their_value.as_ref()));
            one("value_schema", value.as_ref(), their_value.as_ref(), &mut out);
            headers(ours).differ(&headers(theirs), "headers", &mut out);
            let snapshot = ours.is_snapshot() && theirs.is_snapshot();
            out.retain(|(path, ..)| {
                let has = |list: &[&str]| list.contains(&&**path);
                !(has(&NEVER) || snapshot && has(&NOT_OF_SNAPSHOTS))
            });
        }
        (ours, theirs) => {
            let op = ours.or(theirs).map_or("none", Record::op);
            out.push((format!("record.{op}"), ours.map(show), theirs.map(show)));
        }
    }
    out
}

/// Our schema with the fields of a row in their order as far as Debezium has them: what one side alone has is a
/// difference of its own.
fn common_order(ours: &Json, theirs: Option<&Json>) -> Json {
    let mut ours = ours.clone();
    let order = |json: &Json| json.get("row").and_then(|row| row.get("@order")).cloned();
    if let Some(Json::List(theirs)) = theirs.and_then(order)
        && let Some(Json::List(names)) = ours.get_mut("row").and_then(|row| row.get_mut("@order"))
    {
        names.retain(|name| theirs.contains(name));
    }
    ours
}

fn headers(record: &Record) -> Json {
    let others = record.headers.iter().filter(|(name, _)| !name.starts_with(OWN_HEADERS));
    Json::Object(others.cloned().collect())
}

fn show(record: &Record) -> String {
    let show = |json: Option<&Json>| json.map_or("(none)".to_owned(), ToString::to_string);
    format!("{} = {}", show(record.key.as_ref()), show(record.value.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Case;
    use crate::catalog::Catalog;

    fn record(offset: i64, key: &str, value: &str) -> Record {
        Record {
            offset,
            key: Json::parse(key),
            value: Json::parse(value),
            schemas: [None, None],
            headers: Vec::new(),
        }
    }

    fn paths(ours: Vec<Record>, theirs: Vec<Record>) -> Vec<String> {
        let topics = |records| Topics::from([(("t".to_owned(), 0), records)]);
        let case = Case::parse("x", "-- stream\n").unwrap();
        let facts = Of { case: &case, catalog: &Catalog::default() };
        let found = compare(&topics(ours), &topics(theirs), &facts);
        found.into_iter().map(|difference| difference.path).collect()
    }

    #[test]
    fn a_record_too_many_is_one_difference() {
        let of = |offset, key: &str| record(offset, key, r#"{"op":"c"}"#);
        assert_eq!(paths(vec![of(0, "1"), of(1, "2")], vec![of(0, "2")]), ["record.c"]);
    }

    #[test]
    fn the_clock_is_not_compared_and_a_snapshots_place_is_not() {
        let of = |snapshot: &str, n: u32| {
            let source = format!(r#"{{"snapshot":"{snapshot}","lsn":{n},"db":"{n}"}}"#);
            record(0, "1", &format!(r#"{{"op":"r","ts_ms":{n},"source":{source}}}"#))
        };
        assert_eq!(
            paths(vec![of("true", 1)], vec![of("last", 2)]),
            ["value.source.db", "value.source.snapshot"]
        );
        assert_eq!(
            paths(vec![of("false", 1)], vec![of("false", 2)]),
            ["value.source.db", "value.source.lsn"]
        );
    }
}
