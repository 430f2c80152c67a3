//! A broker that asks who it is and whether they may: SASL for the pipeline, no password for its tools.

use stack::Kafka;
use stack::ports::Port;

use crate::Place;

pub(crate) const PASSWORD: &str = "hunter2-of-the-broker";

/// The broker. Everybody but its own tools needs rights.
#[derive(Debug)]
pub struct Guarded {
    /// The broker, as its administrator sees it.
    pub kafka: Kafka,
    clients: Port,
    _controller: Port,
}

impl Guarded {
    /// Starts it.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start() -> Self {
        let port = || Port::free().expect("a port is free");
        let (own, clients, controller) = (port(), port(), port());
        let at = |port: &Port| format!("127.0.0.1:{}", port.number());
        let advertised = format!("PLAINTEXT://{},CLIENTS://{}", at(&own), at(&clients));
        let user = format!(
            "org.apache.kafka.common.security.plain.PlainLoginModule required user_pgrelay=\"{PASSWORD}\";"
        );
        let broker = Kafka::builder()
            .port(own.number())
            .setting("listeners", &format!("{advertised},CONTROLLER://{}", at(&controller)))
            .setting("advertised.listeners", &advertised)
            .setting("controller.quorum.voters", &format!("1@{}", at(&controller)))
            .setting(
                "listener.security.protocol.map",
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,CLIENTS:SASL_PLAINTEXT",
            )
            .setting("listener.name.clients.sasl.enabled.mechanisms", "PLAIN")
            .setting("listener.name.clients.plain.sasl.jaas.config", &user)
            .setting(
                "authorizer.class.name",
                "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            )
            .setting("super.users", "User:ANONYMOUS")
            // On a busy machine its heartbeats may come late.
            .setting("broker.session.timeout.ms", "120000");
        let kafka = broker.start().unwrap_or_else(|error| panic!("{error}"));
        Self { kafka, clients, _controller: controller }
    }

    /// The pipeline of `place` through this broker, as user `pgrelay`.
    pub fn file(&self, place: &Place) -> String {
        place.file(&format!(
            "kafka:\n  brokers: 127.0.0.1:{}\n  topic_prefix: {}\n  options:\n    security.protocol: sasl_plaintext\n    sasl.mechanism: PLAIN\n    sasl.username: pgrelay\n    sasl.password: {{ env: SASL_PASSWORD }}\n",
            self.clients.number(),
            place.name,
        ))
    }

    /// Runs lines of `kafka-acls.sh`, as an administrator would paste them.
    ///
    /// # Panics
    /// Where a line is none, or is refused.
    pub fn acls<'a>(&self, lines: impl IntoIterator<Item = &'a str>) {
        for line in lines {
            let words: Vec<&str> =
                line.split_whitespace().map(|word| word.trim_matches('\'')).collect();
            let rights = words.strip_prefix(&["kafka-acls.sh", "--bootstrap-server"]);
            let rights = rights.and_then(|rights| rights.get(1..));
            let rights = rights.unwrap_or_else(|| panic!("no line of kafka-acls.sh: {line}"));
            self.acl(rights);
        }
    }

    /// Runs `kafka-acls.sh` with these arguments.
    ///
    /// # Panics
    /// Where it is refused.
    pub fn acl(&self, arguments: &[&str]) {
        let said = self.kafka.tool("org.apache.kafka.tools.AclCommand", arguments);
        said.unwrap_or_else(|error| panic!("{error}"));
    }
}
