//! `bench [WORK…]`: what pgrelay takes for a backlog, how late a change is, and how much memory it needs.
//!
//! Every figure has its peer's beside it, taken in the same run from the same backlog: `pg_recvlogical`, which is
//! all the walsender can give, native logical replication, and the real Debezium. Read the ratios: the machine counts
//! in both.

mod backlog;
mod contest;
mod formats;
mod lab;
mod latency;
mod measure;
mod records;
mod report;

use anyhow::{Result, bail};

use crate::backlog::Work;
use crate::lab::Lab;

const USAGE: &str = "\
bench [WORK…]   WORK: inserts | mixed | single | wide | formats | memory | latency | all
                  (default: all); formats: pgrelay beside Debezium, in each format
  BENCH_ROWS=n    changes of a backlog (default: 1000000; formats: half, single: a fifth, wide: three tenths)
  BENCH_RUNS=n    runs of each contestant, of which the median counts (default: 3)
  BENCH_WHO=words  only these contestants: recvlogical,native,direct,capture,apply,both
  BENCH_SECONDS=n how long each latency is taken (default: 15)
  BENCH_LOG=level what pgrelay logs (default: warn)
  PGRELAY_BIN     the program (default: target/release/pgrelay)";

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut works: Vec<&str> = words.iter().map(String::as_str).collect();
    if works.is_empty() || works == ["all"] {
        works = vec!["inserts", "mixed", "single", "wide", "formats", "latency", "memory"];
    }
    if let Some(unknown) = works.iter().find(|word| Work::named(word).is_none() && !is_other(word))
    {
        bail!("no work is called {unknown}\n{USAGE}");
    }
    let lab = Lab::start()?;
    println!("{}", lab.settings()?);
    for word in works {
        match Work::named(word) {
            Some(work) => report::backlog(work, &contest::run(&lab, work)?),
            None if word == "latency" => report::latency(&latency::run(&lab)?),
            None if word == "formats" => report::formats(&formats::run(&lab)?),
            None => report::memory(&contest::memory(&lab)?),
        }
    }
    Ok(())
}

fn is_other(word: &str) -> bool {
    matches!(word, "latency" | "memory" | "formats")
}

/// A number from the environment.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What pgrelay logs meanwhile.
fn log_level() -> String {
    std::env::var("BENCH_LOG").unwrap_or_else(|_| "warn".into())
}
