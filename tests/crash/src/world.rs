//! The two clusters, the broker, and the pipeline file between them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use stack::{Kafka, Postgres, Proxy};

/// The tables that are captured, parents first.
pub const TABLES: [&str; 5] = ["customers", "orders", "order_items", "accounts", "journal"];
/// What no clear value of a masked column lacks.
pub const CANARY: &str = "clear-canary-";
/// What the masks are made with.
pub const MASK_KEY: &str = "a key of the crash tests";
/// The database, on both sides.
pub const DATABASE: &str = "crash";
/// The pipeline, and the prefix of its topics.
pub const NAME: &str = "crash";

/// Everything a test runs on.
#[derive(Debug)]
pub struct World {
    /// Where changes come from.
    pub source: Postgres,
    /// Where they go.
    pub target: Postgres,
    /// The way to the source.
    pub to_source: Arc<Proxy>,
    /// The way to the target.
    pub to_target: Arc<Proxy>,
    /// The broker, where there is one.
    pub broker: Option<Broker>,
    folder: tempfile::TempDir,
}

/// A broker that its clients reach through a proxy.
#[derive(Debug)]
pub struct Broker {
    /// The broker.
    pub kafka: Kafka,
    /// The way to it.
    pub proxy: Proxy,
    _ports: [stack::ports::Port; 3],
}

impl Broker {
    /// Starts one. A second listener is advertised as the proxy, so that clients never learn another way.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start() -> Result<Self> {
        let ports =
            [stack::ports::Port::free()?, stack::ports::Port::free()?, stack::ports::Port::free()?];
        let [plain, controller, behind] = ports.each_ref().map(stack::ports::Port::number);
        let proxy = Proxy::start(("127.0.0.1", behind))?;
        let listeners = format!(
            "PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},PROXIED://127.0.0.1:{behind}"
        );
        let advertised =
            format!("PLAINTEXT://127.0.0.1:{plain},PROXIED://127.0.0.1:{}", proxy.port());
        let kafka = Kafka::builder()
            .port(plain)
            .setting("controller.quorum.voters", &format!("1@127.0.0.1:{controller}"))
            .setting("listeners", &listeners)
            .setting("advertised.listeners", &advertised)
            .setting(
                "listener.security.protocol.map",
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT",
            )
            .start()?;
        Ok(Self { kafka, proxy, _ports: ports })
    }
}

impl World {
    /// Two clusters with the tables, `rows` rows in the source, and a broker if asked for.
    ///
    /// # Errors
    /// Where something does not start.
    pub fn start(broker: bool, rows: u32) -> Result<Self> {
        let source = Postgres::builder().setting("wal_sender_timeout", "3s").start()?;
        // A crash takes back what no commit has waited for.
        let target = Postgres::builder().setting("wal_writer_delay", "10s").start()?;
        for (cluster, role) in [(&source, "capture"), (&target, "apply")] {
            cluster.psql("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
            cluster.psql(
                DATABASE,
                &format!(
                    "CREATE ROLE {role} LOGIN {}; GRANT CREATE ON DATABASE {DATABASE} TO {role}",
                    if role == "capture" { "REPLICATION" } else { "" }
                ),
            )?;
            let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
            cluster.psql_file(DATABASE, &sql.join("tables.sql"))?;
            for table in TABLES {
                cluster.psql(DATABASE, &format!("ALTER TABLE {table} OWNER TO {role}"))?;
            }
            if role == "capture" {
                cluster.psql_file(DATABASE, &sql.join("source.sql"))?;
            }
        }
        let world = Self {
            to_source: Arc::new(Proxy::start(("127.0.0.1", source.port()))?),
            to_target: Arc::new(Proxy::start(("127.0.0.1", target.port()))?),
            broker: broker.then(Broker::start).transpose()?,
            folder: tempfile::tempdir()?,
            source,
            target,
        };
        world.fill(rows)?;
        world.write_pipeline()?;
        Ok(world)
    }

    fn fill(&self, rows: u32) -> Result<()> {
        self.source.psql(DATABASE, &format!(
            "SELECT setseed(0.5);
             INSERT INTO customers SELECT nextval('keys'), canary(), 'first', CASE WHEN i % 10 = 0 THEN long_text() END FROM generate_series(1, {rows} / 10) i;
             INSERT INTO orders SELECT nextval('keys'), id, 1 FROM customers;
             INSERT INTO order_items SELECT id, line, 'first' FROM orders, generate_series(1, 8) line;
             INSERT INTO accounts SELECT canary(), long_text() FROM generate_series(1, 200);
             INSERT INTO journal SELECT canary(), 'first' FROM generate_series(1, {rows} / 20)",
        ))?;
        self.source.psql(DATABASE, "ANALYZE")?;
        Ok(())
    }

    /// The pipeline file.
    #[must_use]
    pub fn pipeline(&self) -> PathBuf {
        self.folder.path().join("crash.yaml")
    }

    fn write_pipeline(&self) -> Result<()> {
        let kafka = self.broker.as_ref().map_or(String::new(), |broker| {
            format!(
                "kafka:\n  brokers: 127.0.0.1:{}\n  topic_prefix: {NAME}\n  partitions: 3\n",
                broker.proxy.port()
            )
        });
        let tables = TABLES.map(|table| format!("public.{table}")).join(", ");
        let text = format!(
            "name: {NAME}
source:
  postgres:
    url: postgresql://capture@127.0.0.1:{}/{DATABASE}
    tables: [{tables}]
transforms:
  - mask:
      columns: [public.customers.email, public.accounts.email, public.journal.who]
      with: hmac
      key: {{ env: CRASH_MASK_KEY }}
{kafka}sink:
  postgres:
    url: postgresql://apply@127.0.0.1:{}/{DATABASE}
",
            self.to_source.port(),
            self.to_target.port()
        );
        std::fs::write(self.pipeline(), text).context("write the pipeline file")
    }

    /// The broker.
    ///
    /// # Errors
    /// Where the world has none.
    pub fn kafka(&self) -> Result<&Kafka> {
        self.broker.as_ref().map(|broker| &broker.kafka).context("the world has no broker")
    }

    /// One value from the source.
    ///
    /// # Errors
    /// What psql said.
    pub fn ask(&self, sql: &str) -> Result<String> {
        Ok(self.source.psql(DATABASE, sql)?)
    }
}
