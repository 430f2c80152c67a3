//! Whether both sides hold the same rows, each as often: `EXCEPT ALL` both ways.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::service::Service;
use crate::world::{DATABASE, MASK_KEY, TABLES, World};

/// Brings everything to the end, and compares.
///
/// # Errors
/// Where `serve --until now` does not end with 0, or the sides differ.
pub fn finish(world: &World) -> Result<()> {
    let begun = Instant::now();
    let mut service = Service::start(&world.pipeline(), "info", &["--until", "now"])?;
    let status = service.wait_end(Duration::from_secs(300))?;
    ensure!(status.success(), "serve --until now: {status}; its log ends\n{}", service.tail());
    service.check()?;
    println!("everything through after {:.1} s more", begun.elapsed().as_secs_f32());
    same(world)
}

/// Every row of a table as the target must have it. Long texts by their hash.
fn rows(table: &str, masks: bool) -> String {
    let masked = |column: &str| {
        if masks {
            format!("encode(hmac({column}, '{MASK_KEY}', 'sha256'), 'hex')")
        } else {
            column.to_owned()
        }
    };
    let columns = match table {
        "customers" => format!("id, {}, name, md5(bio), ver", masked("email")),
        "orders" => "id, customer_id, total, ver".to_owned(),
        "order_items" => "order_id, line, md5(body), ver".to_owned(),
        "accounts" => format!("{}, md5(body), ver", masked("email")),
        _ => format!("{}, md5(body), ver", masked("who")),
    };
    format!("COPY (SELECT {columns} FROM {table}) TO STDOUT")
}

/// Compares all tables.
///
/// # Errors
/// With the first rows that differ.
pub fn same(world: &World) -> Result<()> {
    for table in TABLES {
        let source = world.source.psql(DATABASE, &rows(table, true))?;
        let target = world.target.psql(DATABASE, &rows(table, false))?;
        let mut count: HashMap<&str, i64> = HashMap::new();
        source.lines().for_each(|row| *count.entry(row).or_default() += 1);
        target.lines().for_each(|row| *count.entry(row).or_default() -= 1);
        let mut differ: Vec<_> = count.into_iter().filter(|(_, count)| *count != 0).collect();
        differ.sort_unstable();
        ensure!(
            differ.is_empty(),
            "{table}: {} rows differ (+ only in the source): {:#?}",
            differ.len(),
            &differ[..differ.len().min(10)]
        );
        println!("{table}: {} rows on both sides", source.lines().count());
    }
    Ok(())
}
