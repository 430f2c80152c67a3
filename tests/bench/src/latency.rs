//! How late a change is: from the moment its commit is answered to the moment the target shows it.
//!
//! The target is asked again and again for the newest row; the resolution is one such question, about half a
//! millisecond.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use stack::Postgres;
use tokio_postgres::{Client, NoTls};

use crate::backlog::{DATABASE, Work};
use crate::contest::{Who, pipeline};
use crate::lab::Lab;
use crate::number;

/// The latencies of one run.
#[derive(Debug)]
pub(crate) struct Late {
    pub(crate) who: Who,
    pub(crate) rate: u32,
    /// Milliseconds, in order.
    millis: Vec<f64>,
}

impl Late {
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index into some thousand values"
        )]
        let at = ((self.millis.len() as f64 * part) as usize).min(self.millis.len().max(1) - 1);
        self.millis.get(at).copied().unwrap_or(f64::NAN)
    }
}

/// What carries the changes, ended when dropped.
struct Carrier<'a> {
    child: Option<Child>,
    lab: &'a Lab,
    target: &'a str,
    name: &'a str,
}

impl Drop for Carrier<'_> {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        } else {
            for sql in ["DISABLE", "SET (slot_name = NONE)"] {
                let sql = format!("ALTER SUBSCRIPTION {} {sql}", self.name);
                let _ = self.lab.target.psql(self.target, &sql);
            }
            let sql = format!("DROP SUBSCRIPTION {}", self.name);
            let _ = self.lab.target.psql(self.target, &sql);
        }
    }
}

pub(crate) fn run(lab: &Lab) -> Result<Vec<Late>> {
    let work = Work::Inserts;
    work.prepare(&lab.source, DATABASE)?;
    lab.source.psql(DATABASE, "CREATE PUBLICATION bench FOR TABLE items, marker")?;
    let broker = Lab::broker()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut lates = Vec::new();
    for who in [Who::Native, Who::Direct, Who::Both].into_iter().filter(|who| who.is_wanted()) {
        let name = format!("late_{}", lates.len());
        let target = format!("{name}_target");
        work.prepare(&lab.target, &target)?;
        lab.source.psql(
            DATABASE,
            &format!("SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')"),
        )?;
        let carrier =
            carry(lab, who, &name, &target, &pipeline(lab, who, &name, &target, Some(&broker)))?;
        // A broker that was started just now compiles for a while.
        let warm = if who == Who::Both { number("BENCH_WARM", 40) } else { 5 };
        let between = |rate, seconds| measure(&lab.source, &lab.target, &target, rate, seconds);
        runtime.block_on(between(1000, warm))?;
        for rate in [200, 1000] {
            let millis = runtime.block_on(between(rate, number("BENCH_SECONDS", 15)))?;
            lates.push(Late { who, rate, millis });
        }
        drop(carrier);
        stack::wait::until("the slot to be free", Duration::from_secs(30), "", || {
            let dropped =
                lab.source.psql(DATABASE, &format!("SELECT pg_drop_replication_slot('{name}')"));
            Ok(dropped.ok())
        })?;
    }
    lab.source.psql("postgres", &format!("DROP DATABASE {DATABASE}"))?;
    Ok(lates)
}

fn carry<'a>(
    lab: &'a Lab,
    who: Who,
    name: &'a str,
    target: &'a str,
    text: &str,
) -> Result<Carrier<'a>> {
    let child = if who == Who::Native {
        let port = lab.source.port();
        lab.target.psql(
            target,
            &format!(
                "CREATE SUBSCRIPTION {name} CONNECTION 'host=127.0.0.1 port={port} user=postgres dbname={DATABASE}'
                 PUBLICATION bench WITH (slot_name = {name}, create_slot = false, copy_data = false)"
            ),
        )?;
        None
    } else {
        let file = lab.pipeline(name, text)?;
        let mut command = Command::new(&lab.program);
        command
            .arg("serve")
            .arg(file)
            .args(["--listen", "127.0.0.1:0"])
            .env("RUST_LOG", crate::log_level());
        Some(command.stdin(Stdio::null()).spawn()?)
    };
    Ok(Carrier { child, lab, target, name })
}

async fn connect(cluster: &Postgres, database: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(&cluster.url(database), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Commits `rate` rows a second for so many seconds, and returns how late each was.
async fn measure(
    source: &Postgres,
    target: &Postgres,
    database: &str,
    rate: u32,
    seconds: u64,
) -> Result<Vec<f64>> {
    let writer = connect(source, DATABASE).await?;
    let reader = connect(target, database).await?;
    // The plan is made while the table is short, and kept: one that reads all of it would take a processor later.
    reader.batch_execute("SET enable_seqscan = off").await?;
    let newest = reader.prepare("SELECT coalesce(max(id), 0) FROM items").await?;
    let insert =
        writer.prepare("INSERT INTO items VALUES ($1, 'late', 'row', 1, now(), '{}')").await?;
    let first: i64 =
        writer.query_one("SELECT coalesce(max(id), 0) + 1 FROM items", &[]).await?.get(0);
    let count = i64::from(rate) * i64::try_from(seconds)?;
    let (committed, mut commits) = tokio::sync::mpsc::unbounded_channel();
    let writing = tokio::spawn(async move {
        let begun = Instant::now();
        for n in 0..count {
            let due = begun + Duration::from_secs(1) / rate * u32::try_from(n).unwrap_or(u32::MAX);
            tokio::time::sleep_until(due.into()).await;
            writer.execute(&insert, &[&(first + n)]).await?;
            let _ = committed.send(Instant::now());
        }
        anyhow::Ok(())
    });
    let (mut times, mut millis) = (Vec::new(), Vec::new());
    let deadline = Instant::now() + Duration::from_secs(seconds + 120);
    while millis.len() < usize::try_from(count)? {
        let seen: i64 = reader.query_one(&newest, &[]).await?.get(0);
        let now = Instant::now();
        while let Ok(time) = commits.try_recv() {
            times.push(time);
        }
        let seen = usize::try_from((seen - first + 1).max(0))?.min(times.len());
        let new = times.get(millis.len()..seen).unwrap_or_default();
        // What was seen before its commit was answered was not late.
        millis.extend(
            new.iter().map(|time| now.saturating_duration_since(*time).as_secs_f64() * 1e3),
        );
        anyhow::ensure!(now < deadline, "only {} of {count} changes came", millis.len());
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    writing.await.context("the writer")??;
    millis.sort_by(f64::total_cmp);
    Ok(millis)
}
