//! A few live changes in the source, and the wait for them in the targets.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use stack::process::Running;

use super::Demo;
use super::database::TARGETS;
use super::servers::{Servers, Side};

/// How long the copy of the demo's rows and the changes may take to arrive.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(120);

const COUNTS: &str = "SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM products),
    (SELECT count(*) FROM orders), (SELECT count(*) FROM order_items)";

/// What was changed.
#[derive(Debug)]
pub(crate) struct Change {
    /// The new customer.
    pub(crate) customer: String,
    /// Its e-mail, which must not leave the source.
    pub(crate) email: String,
    /// The rows of each table, as they were at the end.
    pub(crate) counts: String,
}

/// Makes the changes and waits until every target shows them.
pub(crate) fn travel(demo: &Demo, servers: &Servers, service: &Running) -> Result<Change> {
    let run = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("read the clock")?
        .as_secs()
        .to_string();
    let path = demo.root.join("db/demo/changes.sql");
    let script = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    println!("changing rows in the source: an insert, two updates, a change of key, a delete");
    servers.script(Side::Source, "shop", &script.replace(":run", &run))?;

    let email = format!("ada.{run}@example.com");
    let find = format!("SELECT id FROM customers WHERE email = '{email}'");
    let customer = servers.psql(Side::Source, "shop", &find)?;
    let state = format!(
        "SELECT c.credit_limit, o.status, string_agg(i.line_no::text, ',')
         FROM customers c JOIN orders o ON o.customer_id = c.id JOIN order_items i ON i.order_id = o.id
         WHERE c.id = {customer} GROUP BY c.credit_limit, o.status"
    );
    let wanted = servers.psql(Side::Source, "shop", &state)?;
    let counts = servers.psql(Side::Source, "shop", COUNTS)?;
    for database in TARGETS {
        arrive(servers, service, database, &state, &wanted)
            .with_context(|| format!("the changes did not reach {database}"))?;
        arrive(servers, service, database, COUNTS, &counts)
            .with_context(|| format!("{database} has not as many rows as the source"))?;
    }
    Ok(Change { customer, email, counts })
}

/// Waits until the query says in the target what it says in the source; ends when pgrelay does.
fn arrive(
    servers: &Servers,
    service: &Running,
    database: &str,
    query: &str,
    wanted: &str,
) -> Result<()> {
    let mut last = String::new();
    let arrived = service.wait_for(&format!("the changes in {database}"), ARRIVAL_LIMIT, || {
        last =
            servers.psql(Side::Target, database, query).unwrap_or_else(|error| error.to_string());
        Ok(last == wanted)
    });
    arrived.with_context(|| format!("the source says {wanted:?}, the target {last:?}"))
}
