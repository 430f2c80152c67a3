//! What `make up` prints at its end: the proof, the addresses, what to try.

use anyhow::{Result, bail};

use super::changes::Change;
use super::database::TARGETS;
use super::servers::{Servers, Side};
use super::{Demo, service};

/// Source column and target column of what is shown of a customer.
const COLUMNS: [(&str, &str); 9] = [
    ("id", "id"),
    ("full_name", "name"),
    ("email", "email"),
    ("phone", "phone"),
    ("card_number", "card_number"),
    ("birth_date", "birth_date"),
    ("address", "address"),
    ("credit_limit", "credit_limit"),
    ("left(note, 20) || '…'", ""),
];

const JOIN: &str = "SELECT count(*) FROM orders o JOIN customers c ON c.email = o.contact_email AND c.id = o.customer_id";
const CLEAR: &str = "SELECT count(*) FROM customers WHERE email NOT LIKE '%@example.invalid'";

/// Prints all of it.
pub(crate) fn print(demo: &Demo, servers: &Servers, change: &Change) -> Result<()> {
    rows(servers, change)?;
    joins(servers, change)?;
    record(servers, change)?;
    println!("\nWhere everything listens ({})", servers.engine());
    for line in demo.addresses().lines() {
        println!("  {line}");
    }
    println!(
        "\nWhat to try
  psql {source}
      change something …
  psql {target}
      … and see it here, masked
  curl http://{rest}/status http://{rest}/metrics
      each half of each pipeline: phase, lag, counters
  set -a; . .stack/env; set +a; target/release/pgrelay check {pipelines}
      try every claim of the pipeline files against these servers
  make logs, make down, make clean
      follow the log; stop, keep the data; stop and remove everything",
        pipelines = service::pipelines(demo)?.display(),
        rest = demo.rest(),
        source = demo
            .addresses()
            .lines()
            .next()
            .and_then(|line| line.split_once('='))
            .map_or("", |(_, url)| url),
        target = demo
            .addresses()
            .lines()
            .nth(1)
            .and_then(|line| line.split_once('='))
            .map_or("", |(_, url)| url),
    );
    Ok(())
}

fn rows(servers: &Servers, change: &Change) -> Result<()> {
    let source = customer(servers, Side::Source, "shop", change, |(source, _)| *source)?;
    let target = customer(servers, Side::Target, TARGETS[0], change, |(_, target)| *target)?;
    println!("\nThe customer that was just inserted");
    let width = source.iter().map(|value| value.chars().count()).max().unwrap_or_default();
    println!("  {:<14} {:<width$}  target: {}", "", "source: shop", TARGETS[0]);
    for (number, (from, to)) in COLUMNS.iter().enumerate() {
        let name = if to.is_empty() { "note" } else { from };
        let value = |row: &[String]| row.get(number).cloned().unwrap_or_default();
        println!("  {name:<14} {:<width$}  {}", value(&source), value(&target));
    }
    Ok(())
}

fn customer(
    servers: &Servers,
    side: Side,
    database: &str,
    change: &Change,
    column: impl Fn(&(&'static str, &'static str)) -> &'static str,
) -> Result<Vec<String>> {
    let shown = |name: &str| match name {
        "" => "'(no such column)'".to_owned(),
        name => format!("coalesce(({name})::text, '(null)')"),
    };
    let columns: Vec<String> = COLUMNS.iter().map(column).map(shown).collect();
    let query = format!(
        "SELECT concat_ws(E'\\x1f', {}) FROM customers WHERE id = {}",
        columns.join(", "),
        change.customer
    );
    Ok(servers.psql(side, database, &query)?.split('\x1f').map(str::to_owned).collect())
}

fn joins(servers: &Servers, change: &Change) -> Result<()> {
    println!(
        "\nCustomers, products, orders, order lines, everywhere: {}",
        change.counts.replace('|', ", ")
    );
    println!("Orders that find their customer by e-mail, and e-mails in clear");
    for (side, database) in
        [(Side::Source, "shop"), (Side::Target, TARGETS[0]), (Side::Target, TARGETS[1])]
    {
        let joined = servers.psql(side, database, JOIN)?;
        let clear = servers.psql(side, database, CLEAR)?;
        println!("  {database:<16} {joined}, {clear}");
        if side == Side::Target && clear != "0" {
            bail!("{database} has {clear} e-mails in clear; run there: {CLEAR}");
        }
    }
    Ok(())
}

/// The last record of the customer: the console consumer is Kafka's own.
fn record(servers: &Servers, change: &Change) -> Result<()> {
    let topic = "shop.public.customers";
    let records = servers.records(topic)?;
    let ours = [format!("\"id\":{},", change.customer), format!("\"id\":{}}}", change.customer)];
    println!("\nIts last record in Kafka, topic {topic}");
    let Some(record) = records.lines().rfind(|line| ours.iter().any(|id| line.contains(id))) else {
        bail!(
            "none of the {} records in {topic} names the customer {}",
            records.lines().count(),
            change.customer
        );
    };
    record.split('\t').for_each(|part| println!("  {part}"));
    match records.lines().find(|line| line.contains(&change.email)) {
        Some(_) => bail!("{topic} holds the e-mail {} in clear", change.email),
        None => Ok(()),
    }
}
