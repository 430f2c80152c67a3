//! A schema registry (Apicurio) that speaks Confluent's interface, as pgrelay's own clients do.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::files::Home;
use crate::http::{self, Answer};
use crate::jars::Jars;
use crate::ports::Port;
use crate::process::{Launch, Running};
use crate::{Error, Result, files, kafka};

const ARCHIVE: Jars = Jars {
    folder: "apicurio-registry-3.0.9",
    about: "Apicurio Registry 3.0.9 (104 MB)",
    pom: include_str!("../registry/apicurio.xml"),
    goal: "unpack",
};

const PROGRAM: &str = "apicurio-registry-app-3.0.9-runner.jar";
/// Where it speaks Confluent's interface.
const PATH: &str = "/apis/ccompat/v7";
/// The variable that names the shared registry.
const SHARED: &str = "PGRELAY_TEST_REGISTRY";
const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A registry. Dropping it stops it and forgets its schemas; stopped and started again it still has them.
#[derive(Debug)]
pub struct Registry {
    java: PathBuf,
    archive: PathBuf,
    port: Port,
    running: Mutex<Option<Running>>,
    shared: bool,
    home: Home,
}

impl Registry {
    /// Fetches the archive if it is not there yet, starts a registry on a free port, and waits until it answers.
    ///
    /// # Errors
    /// Where Java is missing, the archive cannot be fetched, or the registry does not start: then with the end of
    /// its log.
    pub fn start() -> Result<Registry> {
        let registry = Registry {
            java: kafka::java()?,
            archive: ARCHIVE.fetch()?,
            port: Port::free()?,
            running: Mutex::new(None),
            shared: false,
            home: Home::new(None, None)?,
        };
        registry.start_again()?;
        Ok(registry)
    }

    /// The registry that `stack run --registry` shares among the tests of one run, or one of our own where there is
    /// none. Choose subjects nobody else does, and do not try to stop it.
    ///
    /// # Errors
    /// As [`Registry::start`]; or `PGRELAY_TEST_REGISTRY` is not `http://127.0.0.1:PORT/…`.
    pub fn shared() -> Result<Registry> {
        let Ok(url) = std::env::var(SHARED) else { return Registry::start() };
        let port = url
            .strip_prefix("http://127.0.0.1:")
            .and_then(|rest| rest.split('/').next()?.parse().ok())
            .ok_or_else(|| {
                Error::Refused(format!("{SHARED}={url}: it must be http://127.0.0.1:PORT/…"))
            })?;
        Ok(Registry {
            java: PathBuf::new(),
            archive: PathBuf::new(),
            port: Port::given(port),
            running: Mutex::new(None),
            shared: true,
            home: Home::new(None, None)?,
        })
    }

    /// Its base URL: Confluent's interface is below a path there.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.number()))
    }

    /// The registry's log.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.home.path().join("server.log")
    }

    /// The end of the registry's log, for a failure of a test.
    #[must_use]
    pub fn log_tail(&self) -> String {
        files::tail(&self.log_path())
    }

    /// Stops it. Does nothing to a stopped one.
    ///
    /// # Errors
    /// Where others use it, or it does not end.
    pub fn stop(&self) -> Result<()> {
        if self.shared {
            return Err(Error::Refused(
                "others use this registry; start one with Registry::start()".to_owned(),
            ));
        }
        match self.running().take() {
            Some(server) => server.stop(Signal::TERM, STOP_LIMIT),
            None => Ok(()),
        }
    }

    /// Starts a stopped one, which listens where it did, and waits until it answers. Does nothing to a running one.
    ///
    /// # Errors
    /// Where it ends or does not answer: with the end of its log.
    pub fn start_again(&self) -> Result<()> {
        let mut running = self.running();
        if self.shared || running.as_ref().is_some_and(Running::is_alive) {
            return Ok(());
        }
        let server = self.launch()?;
        let ready = server.wait_ready(START_LIMIT, || {
            Ok(self.get("/subjects").is_ok_and(|answer| answer.status == 200))
        });
        *running = Some(server);
        ready
    }

    /// Has the registry refuse schemas of this subject that are not as this level says: `BACKWARD`, `FULL`, `NONE`.
    ///
    /// # Errors
    /// What it answered.
    pub fn set_compatibility(&self, subject: &str, level: &str) -> Result<()> {
        let path = format!("{PATH}/config/{subject}");
        let body = json!({ "compatibility": level }).to_string();
        let answer = http::put(self.address(), &path, &body)?;
        expect(&answer, "set the compatibility").map(drop)
    }

    /// Registers a schema, which may name others in `references`, under a subject.
    ///
    /// # Errors
    /// What it answered.
    pub fn register(&self, subject: &str, body: &Value) -> Result<u64> {
        let path = format!("{PATH}/subjects/{subject}/versions");
        let answer = http::post(self.address(), &path, &body.to_string())?;
        let answer = expect(&answer, "register a schema")?;
        Ok(answer["id"].as_u64().unwrap_or_default())
    }

    /// The subjects it has schemas of.
    ///
    /// # Errors
    /// What it answered.
    pub fn subjects(&self) -> Result<Vec<String>> {
        let answer = expect(&self.get("/subjects")?, "list the subjects")?;
        Ok(serde_json::from_value(answer).unwrap_or_default())
    }

    /// The newest schema of a subject.
    ///
    /// # Errors
    /// What it answered.
    pub fn latest(&self, subject: &str) -> Result<Value> {
        let path = format!("/subjects/{subject}/versions/latest");
        let answer = expect(&self.get(&path)?, "read the newest schema")?;
        Ok(serde_json::from_str(answer["schema"].as_str().unwrap_or_default()).unwrap_or_default())
    }

    /// What a connector is told so that it writes its `part`, `key` or `value`, in Avro as Confluent's converter does,
    /// with the schemas here. Its worker needs [`crate::Plugin::AvroConverter`].
    #[must_use]
    pub fn converter(&self, part: &str) -> Vec<(String, String)> {
        let url = format!("http://{}/apis/registry/v2", self.address());
        let told = [
            ("", "io.apicurio.registry.utils.converter.AvroConverter"),
            (".apicurio.registry.url", &url),
            (".apicurio.registry.auto-register", "true"),
            (".apicurio.registry.find-latest", "false"),
            (".apicurio.registry.as-confluent", "true"),
            (".apicurio.registry.use-id", "contentId"),
            (".apicurio.registry.headers.enabled", "false"),
        ];
        told.map(|(key, value)| (format!("{part}.converter{key}"), value.to_owned())).to_vec()
    }

    fn get(&self, path: &str) -> Result<Answer> {
        http::get(self.address(), &format!("{PATH}{path}"))
    }

    fn launch(&self) -> Result<Running> {
        let file = |path: &Path| path.to_string_lossy().into_owned();
        let env = [
            ("QUARKUS_HTTP_HOST", "127.0.0.1".to_owned()),
            ("QUARKUS_HTTP_PORT", self.port.number().to_string()),
            // In a file, so that what it has survives a stop.
            ("APICURIO_STORAGE_KIND", "sql".to_owned()),
            ("APICURIO_STORAGE_SQL_KIND", "h2".to_owned()),
            (
                "APICURIO_DATASOURCE_URL",
                format!("jdbc:h2:file:{}", file(&self.home.path().join("schemas"))),
            ),
        ];
        let program = file(&self.archive.join(PROGRAM));
        let args = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", &program];
        let launch = Launch {
            name: "Apicurio Registry",
            program: &self.java,
            args: args.map(str::to_owned).to_vec(),
            env: env.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            log: &self.log_path(),
            user: None,
            at_our_death: "KILL",
            detached: None,
        };
        launch.start()
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // What it kept is temporary, so nothing is gained by an orderly stop.
        if let Some(server) = self.running().take()
            && let Err(error) = server.stop(Signal::KILL, STOP_LIMIT)
        {
            eprintln!("{error}");
        }
    }
}

fn expect(answer: &Answer, what: &str) -> Result<Value> {
    if answer.status != 200 {
        return Err(Error::Refused(format!("{what}: {} {}", answer.status, answer.body)));
    }
    Ok(serde_json::from_str(&answer.body).unwrap_or_default())
}
