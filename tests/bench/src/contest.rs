//! Who carries a backlog, each from a slot of its own that was there before it.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use stack::Kafka;

use crate::backlog::{DATABASE, Work};
use crate::lab::Lab;
use crate::measure::{self, Taken};
use crate::number;

/// A contestant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// `pg_recvlogical` into `/dev/null`: the walsender's limit.
    Recvlogical,
    /// A subscription of the target.
    Native,
    /// pgrelay from database to database.
    Direct,
    /// pgrelay from the slot into Kafka.
    Capture,
    /// pgrelay from Kafka into the target.
    Apply,
    /// pgrelay from database to database through Kafka.
    Both,
}

pub(crate) const ALL: [Who; 6] =
    [Who::Recvlogical, Who::Native, Who::Direct, Who::Capture, Who::Apply, Who::Both];

impl Who {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Who::Recvlogical => "pg_recvlogical > /dev/null",
            Who::Native => "native logical replication",
            Who::Direct => "pgrelay, direct",
            Who::Capture => "pgrelay, slot → Kafka",
            Who::Apply => "pgrelay, Kafka → Postgres",
            Who::Both => "pgrelay, both halves",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Who::Recvlogical => "recvlogical",
            Who::Native => "native",
            Who::Direct => "direct",
            Who::Capture => "capture",
            Who::Apply => "apply",
            Who::Both => "both",
        }
    }

    /// Whether `BENCH_WHO` names it, or nobody.
    pub(crate) fn is_wanted(self) -> bool {
        let wanted = std::env::var("BENCH_WHO").unwrap_or_default();
        wanted.is_empty() || wanted.split(',').any(|word| word == self.word())
    }

    /// Whose run is a denominator for whom.
    pub(crate) fn peer(self) -> Option<Who> {
        match self {
            Who::Direct | Who::Both => Some(Who::Native),
            Who::Capture => Some(Who::Recvlogical),
            _ => None,
        }
    }

    /// What is to be reached at least, and what is hoped for.
    pub(crate) fn aim(self, work: Work) -> (&'static str, &'static str) {
        match (self, work) {
            (Who::Direct, Work::Mixed) => ("0.8", "1.3"),
            (Who::Direct, _) => ("0.8", "1.0"),
            (Who::Capture, _) => ("0.6", "0.95"),
            (Who::Apply, Work::Inserts) => ("100,000/s", "200,000/s"),
            (Who::Both, Work::Inserts) => ("60,000/s", "100,000/s"),
            _ => ("", ""),
        }
    }

    /// Whose slot and topics it reads: what applies, those of what captured.
    fn pipeline(self) -> &'static str {
        if self == Who::Apply { Who::Capture.word() } else { self.word() }
    }

    fn has_slot(self) -> bool {
        self != Who::Apply
    }
}

/// The runs of a contestant.
pub(crate) type Runs = (Who, Taken);

/// Everybody carries the same backlog.
pub(crate) fn run(lab: &Lab, work: Work) -> Result<Vec<Runs>> {
    let who: Vec<Who> = ALL.into_iter().filter(|who| who.is_wanted()).collect();
    contest(lab, work, &who, number("BENCH_RUNS", 3) + 1)
}

/// What memory a backlog of twice the rows and a transaction of half of them take.
pub(crate) fn memory(lab: &Lab) -> Result<Vec<(Work, Vec<Runs>)>> {
    let who = [Who::Direct, Who::Both];
    [Work::Long, Work::Huge]
        .into_iter()
        .map(|work| Ok((work, contest(lab, work, &who, 1)?)))
        .collect()
}

fn contest(lab: &Lab, work: Work, who: &[Who], rounds: u64) -> Result<Vec<Runs>> {
    work.prepare(&lab.source, DATABASE)?;
    lab.source.psql(DATABASE, "CREATE PUBLICATION bench FOR TABLE items, marker")?;
    for who in who.iter().filter(|who| who.has_slot()) {
        for run in 0..rounds {
            let slot = slot(*who, run);
            lab.source.psql(
                DATABASE,
                &format!("SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')"),
            )?;
        }
    }
    work.commit(&lab.source)?;
    let end = lab.source.psql(DATABASE, "SELECT pg_current_wal_flush_lsn()")?;
    let broker = Lab::broker()?;
    let mut taken: Vec<(Who, Vec<Taken>)> = who.iter().map(|who| (*who, Vec::new())).collect();
    // One run of everybody, then the next: what the machine does otherwise hits all.
    for run in 0..rounds {
        for (who, runs) in &mut taken {
            let contest = Contest { lab, work, broker: &broker, end: &end };
            let once = contest.once(*who, run).with_context(|| format!("{who:?}, run {run}"))?;
            eprintln!("  {who:?}, run {run}: {:.1} s", once.seconds);
            // The first run of each finds files unread and a broker that was started just now.
            if run > 0 || rounds == 1 {
                runs.push(once);
            }
        }
    }
    drop(broker);
    lab.source
        .psql(DATABASE, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")?;
    lab.source.psql("postgres", &format!("DROP DATABASE {DATABASE}"))?;
    lab.source.psql("postgres", "CHECKPOINT")?;
    Ok(taken.into_iter().map(|(who, runs)| (who, measure::median(runs))).collect())
}

fn slot(who: Who, run: u64) -> String {
    format!("{}_{run}", who.pipeline())
}

struct Contest<'a> {
    lab: &'a Lab,
    work: Work,
    broker: &'a Kafka,
    end: &'a str,
}

impl Contest<'_> {
    fn once(&self, who: Who, run: u64) -> Result<Taken> {
        let name = slot(who, run);
        let target = format!("{name}_target");
        let has_target = !matches!(who, Who::Recvlogical | Who::Capture);
        if has_target {
            self.work.prepare(&self.lab.target, &target)?;
            self.lab.target.psql("postgres", "CHECKPOINT")?;
        }
        let taken = match who {
            Who::Recvlogical => self.recvlogical(&name),
            Who::Native => self.native(&name, &target),
            _ => self.pgrelay(who, &name, &target),
        }?;
        if has_target {
            self.compare(&target)?;
            self.lab.target.psql("postgres", &format!("DROP DATABASE {target}"))?;
        }
        Ok(taken)
    }

    /// Who is fast and wrong has not run.
    fn compare(&self, target: &str) -> Result<()> {
        let sum = "SELECT count(*), sum(hashtextextended(items::text, 0)) FROM items";
        let (here, there) =
            (self.lab.source.psql(DATABASE, sum)?, self.lab.target.psql(target, sum)?);
        anyhow::ensure!(here == there, "the source has {here}, the target {there}");
        Ok(())
    }

    fn recvlogical(&self, slot: &str) -> Result<Taken> {
        let port = self.lab.source.port().to_string();
        let mut command = Command::new(&self.lab.recvlogical);
        command.args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-d", DATABASE]);
        command.args(["-S", slot, "--start", "-f", "/dev/null", "-F", "0", "-n"]);
        command.args(["-o", "proto_version=1", "-o", "publication_names=bench"]);
        command.args(["-o", "messages=true", &format!("--endpos={}", self.end)]);
        measure::command(&mut command)
    }

    fn native(&self, slot: &str, target: &str) -> Result<Taken> {
        let port = self.lab.source.port();
        let cluster = &self.lab.target;
        cluster.psql(
            target,
            &format!(
                "CREATE SUBSCRIPTION {slot} CONNECTION 'host=127.0.0.1 port={port} user=postgres dbname={DATABASE}'
                 PUBLICATION bench WITH (slot_name = {slot}, create_slot = false, copy_data = false, enabled = false)"
            ),
        )?;
        let (begun, before) = (Instant::now(), measure::machine()?);
        cluster.psql(target, &format!("ALTER SUBSCRIPTION {slot} ENABLE"))?;
        cluster.psql(
            target,
            "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM marker) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$",
        )?;
        let seconds = begun.elapsed().as_secs_f64();
        let machine = measure::machine()? - before;
        let worker = cluster.psql(target, "SELECT pid FROM pg_stat_subscription")?;
        let (client, peak) = match worker.parse() {
            Ok(pid) => (measure::processor(pid), measure::peak(pid).unwrap_or(0.0)),
            Err(_) => (0.0, 0.0),
        };
        for sql in ["DISABLE", "SET (slot_name = NONE)"] {
            cluster.psql(target, &format!("ALTER SUBSCRIPTION {slot} {sql}"))?;
        }
        cluster.psql(target, &format!("DROP SUBSCRIPTION {slot}"))?;
        Ok(Taken { seconds, client, machine, peak })
    }

    fn pgrelay(&self, who: Who, name: &str, target: &str) -> Result<Taken> {
        let text = pipeline(self.lab, who, name, target, Some(self.broker));
        let file = self.lab.pipeline(name, &text)?;
        // What a half that only applies is to reach is the end of what the log has.
        let until = if who == Who::Apply { "now" } else { self.end };
        let mut command = Command::new(&self.lab.program);
        command.arg("serve").arg(file).args(["--until", until, "--listen", "127.0.0.1:0"]);
        command.env("RUST_LOG", crate::log_level());
        measure::command(&mut command)
    }
}

/// The pipeline file of a contestant.
pub(crate) fn pipeline(
    lab: &Lab,
    who: Who,
    name: &str,
    target: &str,
    broker: Option<&Kafka>,
) -> String {
    let mut text = format!("name: {name}\n");
    if who != Who::Apply {
        text += &format!(
            "source:\n  postgres:\n    url: {}\n    tables: [public.items, public.marker]\n    slot: {name}\n    publication: bench\n    snapshot: never\n",
            lab.source.url(DATABASE)
        );
    }
    if let (true, Some(broker)) = (who != Who::Direct, broker) {
        text += &format!("kafka:\n  brokers: {}\n  topic_prefix: {name}\n", broker.bootstrap());
    }
    if who != Who::Capture {
        text += &format!("sink:\n  postgres:\n    url: {}\n", lab.target.url(target));
    }
    text
}
