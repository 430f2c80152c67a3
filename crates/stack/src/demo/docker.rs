//! The servers in containers, through docker compose.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use stack::process::run;

use super::servers::Side;
use super::{Demo, PORTS};

/// docker-compose.yml, with the ports of this demo.
#[derive(Debug)]
pub(crate) struct Docker {
    file: PathBuf,
    ports: Vec<(&'static str, String)>,
}

impl Docker {
    /// Whether there is an engine that would run containers, and compose to ask it.
    pub(crate) fn answers() -> bool {
        let ask = |args: &[&str]| run(Command::new("docker").args(args)).is_ok();
        ask(&["info"]) && ask(&["compose", "version"])
    }

    pub(crate) fn start(demo: &Demo) -> Result<Docker> {
        let docker = Docker::of(demo);
        run(docker.compose().args(["up", "--detach", "--wait"])).context("start the containers")?;
        Ok(docker)
    }

    pub(crate) fn stop(demo: &Demo) -> Result<()> {
        run(Docker::of(demo).compose().arg("stop")).map(drop).context("stop the containers")
    }

    pub(crate) fn remove(demo: &Demo) -> Result<()> {
        let mut down = Docker::of(demo).compose();
        run(down.args(["down", "--volumes"])).map(drop).context("remove the containers")
    }

    fn of(demo: &Demo) -> Docker {
        let ports = PORTS.map(|(name, _)| (name, demo.port(name).to_string())).to_vec();
        Docker { file: demo.root.join("docker-compose.yml"), ports }
    }

    fn compose(&self) -> Command {
        let mut command = Command::new("docker");
        command.args(["compose", "--file"]).arg(&self.file).envs(self.ports.iter().cloned());
        command
    }

    pub(crate) fn psql(&self, side: Side, database: &str, sql: &str) -> Result<String> {
        let mut command = self.compose();
        command.args(["exec", "-T", side.name(), "psql", "-XAtq", "-v", "ON_ERROR_STOP=1"]);
        command.args(["-U", "postgres", "-d", database, "-f", "-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("run psql in its container")?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(sql.as_bytes()).context("hand SQL to psql")?;
        }
        let output = child.wait_with_output().context("wait for psql")?;
        if !output.status.success() {
            bail!(
                "psql in the {} container: {}",
                side.name(),
                String::from_utf8_lossy(&output.stderr).trim_end()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    }

    pub(crate) fn records(&self, topic: &str) -> Result<String> {
        let port = self
            .ports
            .iter()
            .find(|(name, _)| *name == "PGRELAY_KAFKA_PORT")
            .map_or("", |(_, port)| port);
        let mut command = self.compose();
        command.args([
            "exec",
            "-T",
            "kafka",
            "/opt/kafka/bin/kafka-console-consumer.sh",
            "--bootstrap-server",
        ]);
        command.arg(format!("127.0.0.1:{port}")).args([
            "--topic",
            topic,
            "--from-beginning",
            "--timeout-ms",
            "4000",
        ]);
        command.args(["--isolation-level", "read_committed"]);
        for print in
            ["print.partition=true", "print.offset=true", "print.headers=true", "print.key=true"]
        {
            command.args(["--property", print]);
        }
        Ok(run(&mut command)?)
    }
}
