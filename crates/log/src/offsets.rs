//! The capture checkpoint in Kafka Connect's offset format, with fields of our own.
//!
//! Key and value are what a Connect worker keeps for a source connector, so its tools read them. Connect's
//! maps hold only primitives, so our own fields are JSON in a string.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cdc::{Captured, Checkpoint, Event, Lsn, Op, Position, Progress};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::config::LogSettings;
use crate::error::LogError;
use crate::{scan, topics};

/// The newest of what the log keeps of one pipeline.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) checkpoint: Option<Checkpoint>,
    /// Its record, with Debezium's fields.
    pub(crate) offset: Option<Map<String, Value>>,
    pub(crate) captured: Option<Captured>,
    /// Other pipelines that have a checkpoint here: the log is theirs.
    pub(crate) others: BTreeSet<String>,
}

/// What the last event told: for the fields that Debezium has in its offsets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LastEvent {
    pub(crate) position: Position,
    pub(crate) lsn: Lsn,
    pub(crate) xid: u32,
    pub(crate) commit_micros: i64,
    /// The end of the transaction before its own.
    pub(crate) previous_commit_lsn: Option<Lsn>,
    /// How many events of its transaction there were at its LSN.
    pub(crate) at_lsn: u64,
    /// Debezium's word for what it was.
    pub(crate) message_type: &'static str,
}

impl LastEvent {
    /// The same after these events.
    pub(crate) fn after(self, events: &[Event]) -> Self {
        let Some(event) = events.last() else { return self };
        let here = |other: &&Event| {
            other.lsn == event.lsn && other.position.commit_lsn == event.position.commit_lsn
        };
        let run = events.iter().rev().take_while(here).count();
        let goes_on = run == events.len()
            && self.lsn == event.lsn
            && self.position.commit_lsn == event.position.commit_lsn;
        Self {
            position: event.position,
            lsn: event.lsn,
            xid: event.transaction.xid,
            commit_micros: event.transaction.commit_micros,
            previous_commit_lsn: event.transaction.previous_commit_lsn,
            at_lsn: run as u64 + if goes_on { self.at_lsn } else { 0 },
            message_type: match event.change.op() {
                Op::Create | Op::Read => "INSERT",
                Op::Update => "UPDATE",
                Op::Delete => "DELETE",
                Op::Truncate => "TRUNCATE",
            },
        }
    }
}

/// A captured table, with its object id: JSON's names are texts.
#[derive(Serialize, Deserialize)]
struct CapturedEntry {
    oid: u32,
    #[serde(flatten)]
    table: cdc::CapturedTable,
}

/// What a key has beside the pipeline's name, as far as it tells a checkpoint from a captured set.
#[derive(Deserialize)]
struct Partition {
    #[serde(rename = "pgrelay")]
    captured: Option<String>,
}

/// The key of the checkpoint.
pub(crate) fn checkpoint_key(pipeline: &str, prefix: &str) -> String {
    json!([pipeline, { "server": prefix }]).to_string()
}

/// The key of the captured set, which changes seldom and is large.
pub(crate) fn captured_key(pipeline: &str, prefix: &str) -> String {
    json!([pipeline, { "server": prefix, "pgrelay": "captured" }]).to_string()
}

/// The value of the checkpoint.
pub(crate) fn checkpoint_value(
    checkpoint: &Checkpoint,
    last: &LastEvent,
) -> serde_json::Result<String> {
    let mut map = debezium_fields(checkpoint.progress, last);
    if last.lsn != Lsn::ZERO {
        map.insert("pgrelay.position".into(), last.position.to_string().into());
    }
    let kept = Checkpoint { log: None, ..checkpoint.clone() };
    map.insert("pgrelay.checkpoint".into(), serde_json::to_string(&kept)?.into());
    Ok(Value::Object(map).to_string())
}

/// The fields that Debezium starts from. What is whole is said as after a commit, which leaves it no doubt about events
/// that begin where the commit ends.
fn debezium_fields(progress: Progress, last: &LastEvent) -> Map<String, Value> {
    let mut map = Map::new();
    let mut say = |name: &str, value: Value| map.insert(name.to_owned(), value);
    match progress {
        Progress::Snapshot { .. } => {
            say("snapshot", "INITIAL".into());
            say("last_snapshot_record", false.into());
            say("snapshot_completed", false.into());
            return map;
        }
        // A capture half has none.
        Progress::Offsets {} => return map,
        Progress::After { end_lsn } => {
            for name in ["lsn", "lsn_proc", "lsn_commit"] {
                say(name, end_lsn.get().into());
            }
            say("messageType", "COMMIT".into());
        }
        // Nothing of the transaction is in the log yet but what has no event, or this process has not written it.
        Progress::Inside { commit_lsn, .. } if last.position.commit_lsn != commit_lsn => {}
        Progress::Inside { .. } => {
            say("lsn", last.lsn.get().into());
            say("lsn_proc", last.lsn.get().into());
            if let Some(lsn) = last.previous_commit_lsn {
                say("lsn_commit", lsn.get().into());
            }
            say("lsn_events_processed", last.at_lsn.into());
            say("messageType", last.message_type.into());
        }
    }
    if last.lsn != Lsn::ZERO {
        say("txId", last.xid.into());
        say("ts_usec", last.commit_micros.into());
    }
    map
}

/// The value of the captured set.
pub(crate) fn captured_value(captured: &Captured) -> serde_json::Result<String> {
    let list: Vec<CapturedEntry> = captured
        .iter()
        .map(|(oid, table)| CapturedEntry { oid: *oid, table: table.clone() })
        .collect();
    Ok(json!({ "pgrelay.captured": serde_json::to_string(&list)? }).to_string())
}

/// One of our own fields.
fn field(value: &[u8], name: &str) -> serde_json::Result<Option<String>> {
    let mut map: BTreeMap<String, Value> = serde_json::from_slice(value)?;
    Ok(map.remove(name).and_then(|v| v.as_str().map(ToOwned::to_owned)))
}

fn checkpoint_of(value: &[u8]) -> serde_json::Result<Option<Checkpoint>> {
    let text = field(value, "pgrelay.checkpoint")?;
    text.map(|text| serde_json::from_str(&text)).transpose()
}

/// The checkpoint of the one pipeline that writes the log, whatever it is called: who applies may be called otherwise.
/// Blocks.
pub(crate) fn newest(settings: &LogSettings) -> Result<Option<Checkpoint>, LogError> {
    let topic = topics::offsets_topic(&settings.kafka.topic_prefix);
    let mut found = BTreeMap::new();
    scan::whole(settings, &topic, |record| {
        let Ok((pipeline, Partition { captured: None })) = serde_json::from_slice(record.key)
        else {
            return Ok(());
        };
        let pipeline: String = pipeline;
        let checkpoint = record.value.map(checkpoint_of).transpose();
        match checkpoint.map_err(|_| scan::unreadable(&topic, record.offset, "a checkpoint"))? {
            Some(Some(checkpoint)) => found.insert(pipeline, checkpoint),
            Some(None) | None => found.remove(&pipeline),
        };
        Ok(())
    })?;
    Ok(if found.len() == 1 { found.pop_first().map(|(_, checkpoint)| checkpoint) } else { None })
}

impl Kept {
    /// Takes in one record of the topic, in order: the newest of each key counts.
    pub(crate) fn take(
        &mut self,
        keys: &(String, String),
        key: &[u8],
        value: Option<&[u8]>,
    ) -> serde_json::Result<()> {
        if key == keys.0.as_bytes() {
            self.offset = value.map(serde_json::from_slice).transpose()?;
            self.checkpoint = value.map(checkpoint_of).transpose()?.flatten();
        } else if key == keys.1.as_bytes() {
            self.captured = match value {
                Some(value) => field(value, "pgrelay.captured")?
                    .map(|text| serde_json::from_str::<Vec<CapturedEntry>>(&text))
                    .transpose()?
                    .map(|list| list.into_iter().map(|entry| (entry.oid, entry.table)).collect()),
                None => None,
            };
        } else if let Ok((other, Partition { captured: None })) = serde_json::from_slice(key) {
            match value {
                Some(_) => self.others.insert(other),
                None => self.others.remove(&other),
            };
        }
        Ok(())
    }

    /// The checkpoint with its captured set.
    pub(crate) fn checkpoint(self) -> Option<Checkpoint> {
        let captured = Arc::new(self.captured.unwrap_or_default());
        self.checkpoint.map(|checkpoint| Checkpoint { captured, ..checkpoint })
    }
}

#[cfg(test)]
mod tests {
    use cdc::{CapturedTable, TableName};

    use super::*;

    #[test]
    fn what_is_kept_reads_back_and_has_connects_form() {
        let captured = Captured::from([(
            7,
            CapturedTable { table: TableName::new("public", "t"), columns: vec!["a".into()] },
        )]);
        let checkpoint = Checkpoint {
            captured: Arc::new(captured.clone()),
            ..Checkpoint::new(Progress::After { end_lsn: Lsn::new(4_096) })
        };
        let keys = (checkpoint_key("shop", "pre"), captured_key("shop", "pre"));
        assert_eq!(keys.0, r#"["shop",{"server":"pre"}]"#);
        let last = LastEvent { lsn: Lsn::new(9), xid: 5, ..LastEvent::default() };
        let value = checkpoint_value(&checkpoint, &last).unwrap();
        let map: Map<String, Value> = serde_json::from_str(&value).unwrap();
        assert_eq!((&map["lsn_commit"], &map["txId"]), (&json!(4_096), &json!(5)));
        assert!(map.values().all(|value| !value.is_object() && !value.is_array()));
        let mut kept = Kept::default();
        kept.take(&keys, keys.0.as_bytes(), Some(value.as_bytes())).unwrap();
        let value = captured_value(&captured).unwrap();
        kept.take(&keys, keys.1.as_bytes(), Some(value.as_bytes())).unwrap();
        assert!(kept.others.is_empty());
        let other = (checkpoint_key("other", "pre"), captured_key("other", "pre"));
        kept.take(&keys, other.0.as_bytes(), Some(b"{}")).unwrap();
        kept.take(&keys, other.1.as_bytes(), Some(b"{}")).unwrap();
        assert_eq!(kept.others, BTreeSet::from(["other".to_owned()]));
        kept.take(&keys, other.0.as_bytes(), None).unwrap();
        assert!(kept.others.is_empty());
        assert_eq!(kept.checkpoint(), Some(checkpoint));
    }
}
