//! Whether the topics hold exactly the committed changes: what the source's triggers noted, against what Kafka's own
//! consumer reads.
//!
//! A transaction is in the stream or in the copy. Those in the stream must be there whole, once, with their rows; what
//! the others had left of each key must be what the last copy read.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};
use stack::Kafka;

use crate::marks::lsn;
use crate::world::{CANARY, DATABASE, NAME, World};

/// A change as triggers noted it, or as a record tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    op: char,
    key: String,
    /// The version of the new row, or of the one that is gone where its record tells.
    ver: Option<i64>,
    body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    Hash(Option<String>),
    /// Not sent, because it did not change.
    Unchanged,
}

/// A record of the stream or of a copy.
#[derive(Debug)]
struct Record {
    table: String,
    xid: u64,
    position: (u64, u64, u64),
    partition: String,
    snapshot: bool,
    change: Change,
}

/// Reads the topics and compares.
///
/// # Errors
/// With the first difference.
pub fn check(world: &World) -> Result<()> {
    let kafka = world.kafka()?;
    no_canary(kafka)?;
    let records = read(&consume(kafka, "read_committed", &format!("{NAME}\\.public\\..*"))?)?;
    let noted = noted(world)?;
    let streamed: HashSet<u64> =
        records.iter().filter(|record| !record.snapshot).map(|record| record.xid).collect();
    println!("{} records, {} transactions in the stream", records.len(), streamed.len());
    ordered(&records)?;
    same_changes(&records, &noted, &streamed)?;
    same_copy(&records, &noted, &streamed)
}

fn consume(kafka: &Kafka, isolation: &str, topics: &str) -> Result<String> {
    let mut args = vec!["--include", topics, "--from-beginning", "--isolation-level", isolation];
    args.extend(["--timeout-ms", "15000"]);
    for print in ["partition", "headers", "key"] {
        args.extend([
            "--formatter-property",
            match print {
                "partition" => "print.partition=true",
                "headers" => "print.headers=true",
                _ => "print.key=true",
            },
        ]);
    }
    Ok(kafka.tool("org.apache.kafka.tools.consumer.ConsoleConsumer", &args)?)
}

/// Neither what is committed nor what was given up may hold a clear value.
fn no_canary(kafka: &Kafka) -> Result<()> {
    let everything = consume(kafka, "read_uncommitted", ".*")?;
    ensure!(everything.contains("pgrelay.position"), "the topics cannot be read");
    match everything.lines().find(|line| line.contains(CANARY)) {
        Some(line) => bail!("a clear value in a topic: {line}"),
        None => Ok(()),
    }
}

fn read(lines: &str) -> Result<Vec<Record>> {
    let (mut records, mut deletes, mut tombstones) = (Vec::new(), 0, 0);
    for line in lines.lines() {
        let mut parts = line.splitn(4, '\t');
        let (Some(partition), Some(headers), Some(_key), Some(value)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            bail!("a line of the consumer: {line}");
        };
        if value == "null" {
            tombstones += 1;
            continue;
        }
        let record = record(partition, headers, value)
            .with_context(|| format!("a record: {headers} {value}"))?;
        deletes += usize::from(record.change.op == 'd');
        records.push(record);
    }
    ensure!(deletes == tombstones, "{deletes} deletes, {tombstones} tombstones");
    Ok(records)
}

fn record(partition: &str, headers: &str, value: &str) -> Result<Record> {
    let (_, stamp) = headers.split_once("pgrelay.position:").context("no position")?;
    let mut stamp = stamp.split([',', ':']);
    let mut number = || stamp.next().context("a short position");
    let position = (lsn(number()?).context("an LSN")?, number()?.parse()?, number()?.parse()?);
    let value: Value = serde_json::from_str(value)?;
    let source = &value["source"];
    let table = source["table"].as_str().context("no table")?.to_owned();
    let op = value["op"].as_str().and_then(|op| op.chars().next()).context("no op")?;
    let row = if op == 'd' { &value["before"] } else { &value["after"] };
    Ok(Record {
        xid: source["txId"].as_u64().unwrap_or_default(),
        snapshot: op == 'r',
        partition: format!("{table} {partition}"),
        change: Change {
            op,
            key: key(&table, row),
            ver: row["ver"].as_i64(),
            body: body(&table, op, row),
        },
        position,
        table,
    })
}

fn key(table: &str, row: &Value) -> String {
    match table {
        "order_items" => format!("{},{}", row["order_id"], row["line"]),
        "accounts" => row["email"].as_str().unwrap_or_default().to_owned(),
        "journal" => String::new(),
        _ => row["id"].to_string(),
    }
}

fn body(table: &str, op: char, row: &Value) -> Body {
    let long = match table {
        "customers" => &row["bio"],
        _ => &row["body"],
    };
    match long.as_str() {
        Some("__debezium_unavailable_value") => Body::Unchanged,
        // A delete tells the key; an order has no long text.
        _ if op == 'd' || table == "orders" => Body::Hash(None),
        text => Body::Hash(text.map(hash)),
    }
}

/// The noted changes of committed transactions, in their order; a change of key is a delete and a create.
struct Noted {
    changes: Vec<Line>,
}

/// One of them.
struct Line {
    xid: u64,
    table: String,
    change: Change,
    /// The long text is the old row's.
    same: bool,
    old_ver: Option<i64>,
}

fn noted(world: &World) -> Result<Noted> {
    let sql = "COPY (SELECT xid, tbl, op, coalesce(old_key, ''), coalesce(new_key, ''), old_ver, ver, body, body_same
                     FROM audit ORDER BY seq) TO STDOUT";
    let text = world.source.psql(DATABASE, sql)?;
    let mut changes = Vec::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [xid, table, op, old, new, old_ver, ver, body, same] = cells[..] else {
            bail!("a line of the audit: {line}");
        };
        let xid: u64 = xid.parse()?;
        let mut push = |op: char, key: &str, same: bool| {
            let gone = op == 'd';
            let hash = (body != "\\N" && !gone).then(|| body.to_owned());
            // Only a row without a key is told whole when it is gone.
            let ver = match (gone, table) {
                (true, "journal") => old_ver.parse().ok(),
                (true, _) => None,
                (false, _) => ver.parse().ok(),
            };
            let change = Change { op, key: key.to_owned(), ver, body: Body::Hash(hash) };
            let (table, old_ver) = (table.to_owned(), old_ver.parse().ok());
            changes.push(Line { xid, table, change, same, old_ver });
        };
        match op {
            "c" => push('c', new, false),
            "d" => push('d', old, false),
            _ if old != new => {
                push('d', old, false);
                push('c', new, same == "t");
            }
            _ => push('u', new, same == "t"),
        }
    }
    Ok(Noted { changes })
}

/// Each position once, and each partition in commit order.
fn ordered(records: &[Record]) -> Result<()> {
    let mut last: HashMap<&str, (u64, u64, u64)> = HashMap::new();
    let mut home: HashMap<(&str, &str), &str> = HashMap::new();
    for record in records.iter().filter(|record| !record.snapshot) {
        let last = last.entry(&record.partition).or_default();
        ensure!(*last < record.position, "{record:?} after {last:?}");
        *last = record.position;
        let key = (record.table.as_str(), record.change.key.as_str());
        let home = *home.entry(key).or_insert(&record.partition);
        ensure!(home == record.partition, "{key:?} is in {home} and in {}", record.partition);
    }
    let all: HashSet<_> = records
        .iter()
        .filter(|record| !record.snapshot)
        .map(|record| (record.position, &record.table))
        .collect();
    let stream = records.iter().filter(|record| !record.snapshot).count();
    ensure!(all.len() == stream, "{} positions of {stream} records", all.len());
    Ok(())
}

type PerKey<'a> = BTreeMap<(u64, &'a str, &'a str), Vec<(&'a Change, bool)>>;

/// Transaction by transaction and key by key, the stream is what was noted.
fn same_changes(records: &[Record], noted: &Noted, streamed: &HashSet<u64>) -> Result<()> {
    let (mut told, mut wanted) = (PerKey::new(), PerKey::new());
    for record in records.iter().filter(|record| !record.snapshot) {
        let key = (record.xid, record.table.as_str(), record.change.key.as_str());
        told.entry(key).or_default().push((&record.change, false));
    }
    for line in noted.changes.iter().filter(|line| streamed.contains(&line.xid)) {
        let key = (line.xid, line.table.as_str(), line.change.key.as_str());
        wanted.entry(key).or_default().push((&line.change, line.same));
    }
    for (key, wanted) in &wanted {
        let told = told.get(key).map_or(&[][..], Vec::as_slice);
        let alike = told.len() == wanted.len()
            && told.iter().zip(wanted).all(|((told, _), (wanted, same))| {
                let body = told.body == wanted.body || (told.body == Body::Unchanged && *same);
                let ver = told.ver == wanted.ver || (told.op == 'd' && wanted.ver.is_none());
                told.op == wanted.op && ver && body
            });
        ensure!(alike, "{key:?}: the source noted {wanted:?}, the topic has {told:?}");
    }
    ensure!(told.len() == wanted.len(), "{} keys changed, {} told", wanted.len(), told.len());
    Ok(())
}

/// What the transactions before the stream left of each key is what the last copy read.
fn same_copy(records: &[Record], noted: &Noted, streamed: &HashSet<u64>) -> Result<()> {
    let last =
        records.iter().filter(|record| record.snapshot).map(|record| record.position.0).max();
    let copied: HashSet<(&str, i64)> = records
        .iter()
        .filter(|record| record.snapshot && Some(record.position.0) == last)
        .filter_map(|record| Some((record.table.as_str(), record.change.ver?)))
        .collect();
    let read = records.iter().filter(|r| r.snapshot && Some(r.position.0) == last).count();
    ensure!(read == copied.len(), "{read} rows copied, {} of them different", copied.len());
    let mut left: HashMap<(&str, &str), i64> = HashMap::new();
    let mut lines: HashSet<i64> = HashSet::new();
    let mut begun: HashSet<(&str, &str)> = HashSet::new();
    for Line { xid, table, change, old_ver, .. } in &noted.changes {
        let key = (table.as_str(), change.key.as_str());
        if streamed.contains(xid) {
            begun.insert(key);
            continue;
        }
        if table == "journal" {
            old_ver.map(|old| lines.remove(&old));
            lines.extend(change.ver.filter(|_| change.op != 'd'));
            continue;
        }
        ensure!(!begun.contains(&key), "{key:?}: transaction {xid} is missing in the stream");
        match change.ver.filter(|_| change.op != 'd') {
            Some(ver) => left.insert(key, ver),
            None => left.remove(&key),
        };
    }
    let mut there: HashSet<(&str, i64)> =
        left.into_iter().map(|((table, _), ver)| (table, ver)).collect();
    there.extend(lines.into_iter().map(|ver| ("journal", ver)));
    let lost = there.symmetric_difference(&copied).count();
    ensure!(lost == 0, "the last copy and what was there differ in {lost} rows");
    println!("{} rows in the last copy", copied.len());
    Ok(())
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
