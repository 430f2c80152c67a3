//! What a case expects, held against what is there.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use super::{Expect, Place, Section};
use crate::{Mode, Pair, Pipeline, Psql, Topics};

/// At most this many differing rows are shown.
const SHOWN_MAX: usize = 5;

pub(super) fn expect(
    what: &Expect,
    section: Option<&Section>,
    pair: &Pair,
    pipeline: &Pipeline,
    mode: &Mode,
) -> Result<()> {
    match (what, section, mode) {
        (Expect::Equal(tables), ..) => equal(pair, tables),
        (Expect::Same, Some(section), _) => same(pair, section),
        (Expect::Rows(place), Some(section), _) => rows(pair, *place, section),
        (Expect::Topic(table), Some(section), Mode::Kafka(brokers)) => {
            topic(brokers, &pipeline.name, table, section)
        }
        (Expect::Nowhere, Some(section), _) => nowhere(pair, pipeline, mode, section),
        _ => Ok(()),
    }
}

/// The tables the pipeline captures, as SQL names them, and their columns; partitions under their root.
const CAPTURED: &str = "
    SELECT format('%I.%I', n.nspname, c.relname), c.relkind,
           (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
            FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
    FROM pg_publication_tables p JOIN pg_namespace n ON n.nspname = p.schemaname
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
    WHERE p.pubname = :'publication' ORDER BY 1;";

/// A multiset of rows.
type Rows = BTreeMap<String, i64>;

fn counted(session: &mut Psql, sql: &str) -> Result<Rows> {
    let mut rows = Rows::new();
    for line in session.run(sql)? {
        *rows.entry(line).or_default() += 1;
    }
    Ok(rows)
}

/// Every row as an array of texts, so that nothing but equal values look equal.
fn table_rows(session: &mut Psql, table: &str, columns: &str) -> Result<Rows> {
    let texts: Vec<String> =
        split(columns).iter().map(|column| format!("{column}::text")).collect();
    counted(session, &format!("SELECT to_json(ARRAY[{}]::text[]) FROM {table};", texts.join(", ")))
}

/// Quoted names parted by commas.
fn split(columns: &str) -> Vec<String> {
    let (mut names, mut quoted) = (vec![String::new()], false);
    for c in columns.chars() {
        quoted ^= c == '"';
        match (c, names.last_mut()) {
            (',', _) if !quoted => names.push(String::new()),
            (c, Some(name)) => name.push(c),
            _ => {}
        }
    }
    names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn compare(source: &Rows, target: &Rows) -> Result<()> {
    let differing = source.keys().chain(target.keys().filter(|row| !source.contains_key(*row)));
    let mut said = Vec::new();
    for row in differing {
        let (here, there) = (source.get(row).unwrap_or(&0), target.get(row).unwrap_or(&0));
        if here != there {
            said.push(format!("{here} in the source, {there} in the target: {}", cut(row)));
        }
    }
    ensure!(
        said.is_empty(),
        "{} rows differ:\n{}",
        said.len(),
        said[..said.len().min(SHOWN_MAX)].join("\n")
    );
    Ok(())
}

fn cut(row: &str) -> String {
    row.chars().take(300).collect()
}

fn equal(pair: &Pair, tables: &[String]) -> Result<()> {
    let (mut source, mut target) = (pair.source()?, pair.target()?);
    let captured = source.run(CAPTURED)?;
    ensure!(!captured.is_empty(), "the publication holds no table");
    let mut compared = 0;
    for line in &captured {
        let mut cells = line.split(" | ");
        let (Some(table), Some(kind)) = (cells.next(), cells.next()) else { bail!("read {line}") };
        let columns = cells.collect::<Vec<_>>().join(" | ");
        if !tables.is_empty() && !tables.iter().any(|wanted| wanted == table) {
            continue;
        }
        let from = if kind == "p" { table.to_owned() } else { format!("ONLY {table}") };
        let here = table_rows(&mut source, &from, &columns)?;
        let there = table_rows(&mut target, table, &columns)
            .with_context(|| format!("read {table} in the target"))?;
        compare(&here, &there).with_context(|| format!("table {table}"))?;
        compared += 1;
    }
    ensure!(tables.is_empty() || compared == tables.len(), "captured are only {captured:?}");
    Ok(())
}

fn same(pair: &Pair, section: &Section) -> Result<()> {
    let sql = section.sql();
    let statements: Vec<&str> =
        sql.split(';').map(str::trim).filter(|sql| !sql.is_empty()).collect();
    let [one, two] = statements.as_slice() else { bail!("expected two queries") };
    let here = counted(&mut pair.source()?, &format!("{one};"))?;
    ensure!(!here.is_empty(), "the query finds no row in the source: it proves nothing");
    compare(&here, &counted(&mut pair.target()?, &format!("{two};"))?)
}

fn rows(pair: &Pair, place: Place, section: &Section) -> Result<()> {
    let mut session = match place {
        Place::Source => pair.source()?,
        Place::Target => pair.target()?,
    };
    let found = session.run(&section.sql())?;
    let wanted = section.comments();
    ensure!(found == wanted, "expected\n{}\nfound\n{}", wanted.join("\n"), found.join("\n"));
    Ok(())
}

fn topic(brokers: &str, prefix: &str, table: &str, section: &Section) -> Result<()> {
    let topics = Topics::read(brokers, prefix, true)?;
    let wanted: Vec<String> =
        section.comments().join(" ").split_whitespace().map(str::to_owned).collect();
    let found = topics.ops(&format!("{prefix}.{table}"));
    ensure!(
        found == wanted,
        "expected {}, found {}; topics are {:?}",
        wanted.join(" "),
        found.join(" "),
        topics.records.keys().collect::<Vec<_>>()
    );
    Ok(())
}

fn nowhere(pair: &Pair, pipeline: &Pipeline, mode: &Mode, section: &Section) -> Result<()> {
    let target = contents(pair)?;
    let read = |brokers| Topics::read(brokers, &pipeline.name, false);
    let topics = mode.brokers().map(read).transpose()?;
    for text in section.comments() {
        ensure!(!target.contains(text), "`{text}` is in the target");
        ensure!(!pipeline.said.contains(text), "pgrelay said `{text}`:\n{}", pipeline.said);
        if let Some(topic) = topics.as_ref().and_then(|topics| topics.find(text)) {
            bail!("`{text}` is in topic {topic}");
        }
    }
    Ok(())
}

const TARGET_TABLES: &str = "
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgrelay') ORDER BY 1;";

/// Every row of every table of the target.
pub(super) fn contents(pair: &Pair) -> Result<String> {
    let mut target = pair.target()?;
    let mut all = String::new();
    for table in target.run(TARGET_TABLES)? {
        let rows = counted(&mut target, &format!("SELECT t::text FROM {table} t;"))?;
        all.push_str(&format!("{table}: {rows:?}\n"));
    }
    Ok(all)
}
