//! Where a Debezium connector stopped, from the topic in which its Connect worker keeps offsets; and the same of our own
//! checkpoint, for a connector that goes on where pgrelay stopped.
//!
//! A connector's offset is that of the last record it was known to have produced: the transaction committed before
//! (`lsn_commit`), and of the one after it the events up to `lsn_proc`. It refuses a connector that has no offset, and one
//! whose snapshot did not end: what it has not copied nobody knows.

use std::collections::BTreeSet;
use std::sync::Arc;

use cdc::{Checkpoint, Finding, Lsn, Progress, Taken};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::client;
use crate::config::{LogSettings, Takeover};
use crate::error::LogError;
use crate::offsets::Kept;
use crate::{admin, scan};

/// An offset as `PostgresOffsetContext` stores it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Offset {
    lsn: Option<i64>,
    lsn_proc: Option<i64>,
    lsn_commit: Option<i64>,
    lsn_events_processed: u64,
    #[serde(rename = "txId")]
    xid: Option<i64>,
    #[serde(rename = "messageType")]
    message_type: Option<String>,
    snapshot: Option<Value>,
    last_snapshot_record: bool,
    snapshot_completed: bool,
}

/// The checkpoint a connector left. Blocks.
pub(crate) fn read(settings: &LogSettings, of: &Takeover) -> Result<Checkpoint, LogError> {
    let server = of.server.as_deref().unwrap_or(&settings.kafka.topic_prefix);
    let key = json!([of.connector, { "server": server }]);
    let topic = &of.offsets_topic;
    let consumer = client::consumer(settings)?;
    let partitions = admin::partitions(&consumer, settings, std::slice::from_ref(topic))?;
    let Some(&partitions) = partitions.get(topic) else {
        return Err(missing(settings, of, server, &BTreeSet::new()).into());
    };
    let mut found: Option<Vec<u8>> = None;
    let mut known = BTreeSet::new();
    for partition in 0..partitions {
        scan::partition(settings, topic, partition, |record| {
            let Ok(this) = serde_json::from_slice::<Value>(record.key) else { return Ok(()) };
            if this == key {
                found = record.value.map(<[u8]>::to_vec);
            } else if record.value.is_some() {
                known.insert(this.to_string());
            }
            Ok(())
        })?;
    }
    let Some(value) = found else { return Err(missing(settings, of, server, &known).into()) };
    let offset: Offset = serde_json::from_slice(&value).map_err(|_| {
        let reason = "the connector's offset is not one of Debezium's PostgreSQL connector";
        let remedy =
            "name a connector whose class is io.debezium.connector.postgresql.PostgresConnector";
        Finding::outside("takeover_offset", place(of, server), reason).remedy(remedy)
    })?;
    checkpoint(&offset).ok_or_else(|| {
        Finding::outside("takeover_snapshot", place(of, server), "the connector was stopped inside its snapshot: which rows it has not copied is not known")
            .remedy("let the connector finish its snapshot and stop it then; or take `takeover` out of the file and let pgrelay copy the tables, with a slot of its own")
            .into()
    })
}

fn checkpoint(offset: &Offset) -> Option<Checkpoint> {
    let lsn = |lsn: i64| Lsn::new(lsn.cast_unsigned());
    let processed = offset.lsn_proc.map(lsn);
    // Before the first commit it has only the event, which its transaction's commit is behind.
    let Some(committed) = offset.lsn_commit.map(lsn).or(processed) else {
        // Nothing was streamed, so everything since the slot was made is to come: where the connector found the slot
        // made, since the copy.
        let copied = offset.snapshot.is_none() || offset.last_snapshot_record;
        let taken = Taken::Slot;
        let at = offset.lsn.map_or(Lsn::ZERO, lsn);
        return (copied || offset.snapshot_completed)
            .then(|| Checkpoint { taken: Some(Arc::new(taken)), ..whole(at) });
    };
    let xid = offset.xid.and_then(|xid| u32::try_from(xid & i64::from(u32::MAX)).ok());
    let taken = match (processed, xid) {
        (Some(lsn), Some(xid)) if offset.ends_inside() => {
            Taken::Inside { xid, lsn, events: offset.lsn_events_processed.max(1) }
        }
        _ => Taken::Whole,
    };
    Some(Checkpoint { taken: Some(Arc::new(taken)), ..whole(committed) })
}

impl Offset {
    /// Whether its event is one of a transaction of which more may follow. A BEGIN is none: its LSN is that of the
    /// transaction's first change, which is to come. A message outside of transactions is said as committed.
    fn ends_inside(&self) -> bool {
        match self.message_type.as_deref() {
            Some("BEGIN" | "COMMIT") => false,
            Some("INSERT" | "UPDATE" | "DELETE" | "TRUNCATE") => true,
            _ => self.lsn_proc != self.lsn_commit,
        }
    }
}

fn whole(end_lsn: Lsn) -> Checkpoint {
    Checkpoint::new(Progress::After { end_lsn })
}

fn place(of: &Takeover, server: &str) -> String {
    format!(
        "takeover, Kafka topic {}, connector {}, server {server}",
        of.offsets_topic, of.connector
    )
}

fn missing(
    settings: &LogSettings,
    of: &Takeover,
    server: &str,
    known: &BTreeSet<String>,
) -> Finding {
    let others = match known.len() {
        0 => format!("the topic has none at {}", settings.bootstrap()),
        _ => format!(
            "the topic has {}",
            known.iter().take(10).cloned().collect::<Vec<_>>().join(", ")
        ),
    };
    Finding::outside("takeover_offset_missing", place(of, server), format!("the connector has no offset there; {others}"))
        .remedy("correct `takeover`: `offsets_topic` is the worker's `offset.storage.topic`, `connector` the connector's name and `server` its `topic.prefix`")
}

/// The request that gives our checkpoint to a connector: the body of `PATCH /connectors/<name>/offsets`. Blocks.
///
/// # Errors
/// Where the log cannot be read, or holds no checkpoint that a connector could go on from.
pub(crate) fn request(settings: &LogSettings, kept: Kept) -> Result<Value, LogError> {
    let server = &settings.kafka.topic_prefix;
    let Some(offset) = whole_offset(kept) else {
        return Err(Finding::outside(
            "no_offset",
            format!("pipeline {}", settings.pipeline),
            "the log has no position of this pipeline that a connector could go on from: it has none at all, or is inside a snapshot or a transaction",
        )
        .remedy("let the pipeline come to the end of what is committed, and ask again")
        .run("pgrelay serve --until now FILE")
        .into());
    };
    Ok(json!({ "offsets": [{ "partition": { "server": server }, "offset": offset }] }))
}

/// Debezium's fields of a position between transactions.
fn whole_offset(kept: Kept) -> Option<Map<String, Value>> {
    // Inside a transaction Debezium goes on behind all changes at an LSN of which it knows one to be done, and the rows
    // of a COPY share theirs. Of one that was itself taken over in part nothing says which part it was.
    let is_whole = kept
        .checkpoint
        .as_ref()
        .is_some_and(|checkpoint| checkpoint.progress.is_whole() && checkpoint.taken.is_none());
    let mut offset = kept.offset.filter(|_| is_whole)?;
    offset.retain(|name, _| !name.starts_with("pgrelay."));
    Some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(offset: Value) -> Option<(Lsn, Taken)> {
        let checkpoint = checkpoint(&serde_json::from_value(offset).unwrap())?;
        let end = checkpoint.progress.start_lsn()?;
        Some((end, (*checkpoint.taken?).clone()))
    }

    #[test]
    fn only_what_is_whole_is_handed_over() {
        let ask = |progress, taken: Option<Taken>| {
            let checkpoint = Checkpoint { taken: taken.map(Arc::new), ..Checkpoint::new(progress) };
            let offset = json!({ "lsn_proc": 90, "pgrelay.position": "0/5A.1" });
            let offset = offset.as_object().cloned();
            whole_offset(Kept { checkpoint: Some(checkpoint), offset, ..Kept::default() })
        };
        let after = Progress::After { end_lsn: Lsn::new(90) };
        assert_eq!(ask(after, None).map(Value::Object), Some(json!({ "lsn_proc": 90 })));
        assert!(ask(Progress::Inside { commit_lsn: Lsn::new(90), done: 1 }, None).is_none());
        assert!(ask(after, Some(Taken::Inside { xid: 7, lsn: Lsn::new(95), events: 1 })).is_none());
        assert!(whole_offset(Kept::default()).is_none());
    }

    #[test]
    fn what_begins_is_not_done_and_what_began_first_is() {
        let begun = json!({ "lsn_proc": 90, "lsn_commit": 50, "txId": 7, "messageType": "BEGIN" });
        assert_eq!(of(begun), Some((Lsn::new(50), Taken::Whole)));
        let taken = |events| Taken::Inside { xid: 7, lsn: Lsn::new(90), events };
        let first = json!({ "lsn_proc": 90, "txId": 7, "lsn_events_processed": 2, "messageType": "INSERT" });
        assert_eq!(of(first), Some((Lsn::new(90), taken(2))));
        // As a connector says it that has started anew with the one before.
        let first = json!({ "lsn_proc": 90, "lsn_commit": 90, "txId": 7, "messageType": "UPDATE" });
        assert_eq!(of(first), Some((Lsn::new(90), taken(1))));
        let said = json!({ "lsn_proc": 90, "lsn_commit": 50, "txId": 7, "messageType": "MESSAGE" });
        assert_eq!(of(said), Some((Lsn::new(50), taken(1))));
        let outside =
            json!({ "lsn_proc": 90, "lsn_commit": 90, "txId": 7, "messageType": "MESSAGE" });
        assert_eq!(of(outside), Some((Lsn::new(90), Taken::Whole)));
    }

    #[test]
    fn an_offset_says_what_is_done() {
        let inside = json!({ "lsn_proc": 90, "lsn_commit": 50, "txId": 7, "lsn_events_processed": 3, "messageType": "INSERT" });
        let taken = Taken::Inside { xid: 7, lsn: Lsn::new(90), events: 3 };
        assert_eq!(of(inside), Some((Lsn::new(50), taken)));
        let older = json!({ "lsn_proc": 90, "lsn_commit": 50, "txId": 7 });
        let taken = Taken::Inside { xid: 7, lsn: Lsn::new(90), events: 1 };
        assert_eq!(of(older), Some((Lsn::new(50), taken)));
        let whole = json!({ "lsn_proc": 90, "lsn_commit": 90, "txId": 7, "messageType": "COMMIT" });
        assert_eq!(of(whole), Some((Lsn::new(90), Taken::Whole)));
        let copied = json!({ "lsn": 60, "snapshot": "INITIAL", "last_snapshot_record": true, "snapshot_completed": true });
        assert_eq!(of(copied), Some((Lsn::new(60), Taken::Slot)));
        let copying = json!({ "lsn": 60, "snapshot": "INITIAL", "last_snapshot_record": false });
        assert_eq!(of(copying), None);
    }
}
