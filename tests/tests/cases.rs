//! Every file of `db/cases`, straight and through Kafka, in JSON and in Avro, each a test of its own: `cargo test --workspace --test cases move`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result};
use e2e::{Case, Cluster, Mode, case};
use libtest_mimic::{Arguments, Failed, Trial};
use stack::{Kafka, Registry};

/// Tests that run at once: most of the time each waits for a server.
const THREADS_MAX: usize = 8;

/// The servers of a run: one broker, one schema registry, and a cluster for each test that runs at the same time.
#[derive(Default)]
struct Servers {
    kafka: OnceLock<std::result::Result<Kafka, String>>,
    registry: OnceLock<std::result::Result<Registry, String>>,
    free: Mutex<Vec<Arc<Cluster>>>,
}

impl Servers {
    fn kafka(&self) -> Result<String, Failed> {
        let started = self.kafka.get_or_init(|| Kafka::shared().map_err(|error| error.to_string()));
        started.as_ref().map(Kafka::bootstrap).map_err(Failed::from)
    }

    fn registry(&self) -> Result<String, Failed> {
        let start = || Registry::shared().map_err(|error| error.to_string());
        self.registry.get_or_init(start).as_ref().map(Registry::url).map_err(Failed::from)
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Cluster>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn play(&self, case: &Case, way: &str) -> Result<(), Failed> {
        let mode = match way {
            "kafka" => Mode::Kafka(self.kafka()?),
            "avro" => Mode::Avro { brokers: self.kafka()?, registry: self.registry()? },
            _ => Mode::Direct,
        };
        let free = self.free().pop();
        let cluster = free.map_or_else(|| Cluster::own().map(Arc::new), Ok).map_err(failed)?;
        let played = case::play(case, cluster.clone(), &mode).map_err(failed);
        self.free().push(cluster);
        played
    }
}

fn failed(error: anyhow::Error) -> Failed {
    format!("{error:#}").into()
}

fn cases() -> Result<Vec<Case>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../db/cases");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(&folder).context("read db/cases")? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "sql") {
            let subject = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).with_context(|| subject.clone())?;
            cases.push(Case::parse(&subject, &text)?);
        }
    }
    cases.sort_by(|a, b| a.subject.cmp(&b.subject));
    Ok(cases)
}

fn main() -> Result<()> {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS_MAX);
    let servers = Arc::new(Servers::default());
    let mut trials = Vec::new();
    for case in cases()? {
        for way in ["direct", "kafka", "avro"] {
            let (case, servers) = (case.clone(), servers.clone());
            let name = format!("{}::{way}", case.subject);
            trials.push(Trial::test(name, move || servers.play(&case, way)));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    // What the process leaves by `exit` is not dropped: the servers are, here, with their folders.
    drop(servers);
    conclusion.exit()
}
