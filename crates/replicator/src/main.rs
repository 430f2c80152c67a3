//! The command `pgrelay`.

use std::io::{BufRead, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use cdc::{Finding, Status};
use clap::{Parser, Subcommand, ValueEnum};
use replicator::config::{self, Pipeline, PipelineFile};
use replicator::halves::Goal;
use replicator::{check, drop, http, offsets, serve, status};
use tracing_subscriber::EnvFilter;

/// Moves every committed change of a PostgreSQL database into another one, masked and renamed, through Kafka
/// or straight.
#[derive(Debug, Parser)]
#[command(name = "pgrelay", version)]
struct Cli {
    /// How log lines and findings are written.
    #[arg(long, global = true, default_value = "text", env = "PGRELAY_LOG")]
    log: LogStyle,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogStyle {
    /// For a person.
    Text,
    /// One JSON object a line.
    Json,
}

const LISTEN: &str = "127.0.0.1:8083";
/// Where pipeline files are, if none is named.
const FOLDER: &str = "pipelines/";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run pipelines until SIGTERM or SIGINT.
    Serve {
        /// Pipeline files, or folders of them.
        #[arg(default_value = FOLDER)]
        paths: Vec<PathBuf>,
        /// Stop once everything committed by then is durable at the far end: `now`, or an LSN.
        #[arg(long)]
        until: Option<Goal>,
        /// Where metrics, health and status are answered. Default: 127.0.0.1:8083.
        #[arg(long)]
        listen: Option<SocketAddr>,
    },
    /// Try every claim of the pipeline files against the live systems.
    Check {
        /// Pipeline files, or folders of them.
        #[arg(default_value = FOLDER)]
        paths: Vec<PathBuf>,
    },
    /// Show each half's phase and lag, from a running service or from the systems themselves.
    Status {
        /// Pipeline files, or folders of them.
        #[arg(default_value = FOLDER)]
        paths: Vec<PathBuf>,
        /// Where a running service answers.
        #[arg(long, default_value = LISTEN)]
        listen: SocketAddr,
    },
    /// Remove the slot, publication and checkpoints a pipeline made.
    Drop {
        /// The pipeline file.
        path: PathBuf,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Print where a pipeline stands, as the body of the request that has a Debezium connector go on from there.
    Offsets {
        /// The pipeline file.
        path: PathBuf,
    },
    /// Print the JSON Schema of the pipeline file, for editors.
    Schema,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging(cli.log);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(run(&cli));
            // A client that waits for a server in a thread of its own would keep the process.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(anyhow::Error::new(error).context("start the runtime")),
    };
    match ended {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            report(cli.log, &Finding::failed("failed", "pgrelay", format!("{error:#}")));
            ExitCode::from(Status::Failed as u8)
        }
    }
}

fn logging(style: LogStyle) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match style {
        LogStyle::Text => {
            builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).init()
        }
        LogStyle::Json => builder.json().init(),
    }
    // Whatever is asked for: a library that logs prints the parameters of statements at `debug`, which are values of rows.
    log::set_max_level(log::max_level().min(log::LevelFilter::Info));
}

/// Writes a finding: one a paragraph, or one a line.
fn report(style: LogStyle, finding: &Finding) {
    let text = match style {
        LogStyle::Text => {
            format!("{}: {finding}\n", if finding.warning { "warning" } else { "error" })
        }
        LogStyle::Json => serde_json::to_string(finding).unwrap_or_default(),
    };
    let _ = writeln!(std::io::stderr(), "{text}");
}

async fn run(cli: &Cli) -> anyhow::Result<u8> {
    match &cli.command {
        Command::Schema => {
            println!("{}", serde_json::to_string_pretty(&schemars::schema_for!(PipelineFile))?);
            Ok(0)
        }
        Command::Serve { paths, until, listen } => match config::load(paths) {
            Ok(pipelines) => run_serve(cli.log, pipelines, *until, *listen).await,
            Err(findings) => Ok(reported(cli.log, &findings)),
        },
        Command::Check { paths } => match config::load(paths) {
            Ok(pipelines) => Ok(run_check(cli.log, &pipelines).await),
            Err(findings) => Ok(reported(cli.log, &findings)),
        },
        Command::Offsets { path } => match config::load(std::slice::from_ref(path)) {
            Ok(pipelines) => run_offsets(cli.log, &pipelines).await,
            Err(findings) => Ok(reported(cli.log, &findings)),
        },
        Command::Status { paths, listen } => run_status(cli.log, paths, *listen).await,
        Command::Drop { path, yes } => match config::load(std::slice::from_ref(path)) {
            Ok(pipelines) => run_drop(cli.log, &pipelines, *yes).await,
            Err(findings) => Ok(reported(cli.log, &findings)),
        },
    }
}

/// Reports the findings and returns the status they lead to: the gravest that is no warning.
fn reported(style: LogStyle, findings: &[Finding]) -> u8 {
    findings.iter().for_each(|finding| report(style, finding));
    findings
        .iter()
        .filter(|finding| !finding.warning)
        .map(|finding| finding.status as u8)
        .max()
        .unwrap_or(0)
}

async fn run_serve(
    style: LogStyle,
    pipelines: Vec<Pipeline>,
    until: Option<Goal>,
    listen: Option<SocketAddr>,
) -> anyhow::Result<u8> {
    let halves = serve::halves(pipelines);
    let address = listen.map_or_else(|| LISTEN.parse(), Ok)?;
    match http::bind(address).await {
        Ok(listener) => {
            tracing::info!(address = %listener.local_addr()?, "answering health, readiness, metrics and status");
            tokio::spawn(http::answer(listener, halves.clone()));
        }
        // Who names an address needs it; the default one may be another service's.
        Err(error) if listen.is_some() => {
            let finding =
                Finding::outside("listen", format!("--listen {address}"), error.to_string())
                    .remedy("name an address that is free");
            return Ok(reported(style, &[finding]));
        }
        Err(error) => {
            tracing::warn!(%address, %error, "health and metrics are not answered: give another address with --listen")
        }
    }
    Ok(serve::serve(halves, until, |finding| report(style, finding)).await?)
}

async fn run_check(style: LogStyle, pipelines: &[Pipeline]) -> u8 {
    let mut worst = 0;
    for pipeline in pipelines {
        let checked = check::check(pipeline).await;
        worst = worst.max(reported(style, &checked.findings));
        println!("-- pipeline {} ({})", pipeline.name, pipeline.file);
        println!("{}", checked.grants);
        if checked.findings.iter().all(|finding| finding.warning) {
            println!("pipeline {}: ready, {} warnings", pipeline.name, checked.findings.len());
        }
    }
    worst
}

async fn run_status(style: LogStyle, paths: &[PathBuf], listen: SocketAddr) -> anyhow::Result<u8> {
    let running = status::ask(listen).await;
    // Where nobody named a file, the service that runs is asked about all it has.
    let named = paths != [PathBuf::from(FOLDER)];
    let pipelines = match (config::load(paths), &running) {
        (Ok(pipelines), _) => pipelines,
        (Err(_), Some(_)) if !named => Vec::new(),
        (Err(findings), _) => return Ok(reported(style, &findings)),
    };
    let running = running.unwrap_or_default();
    let mut worst = 0;
    for half in running.iter().filter(|half| {
        pipelines.is_empty() || pipelines.iter().any(|pipeline| *pipeline.name == half.pipeline)
    }) {
        println!("{}", status::line(half));
    }
    for pipeline in pipelines
        .iter()
        .filter(|pipeline| !running.iter().any(|half| half.pipeline == *pipeline.name))
    {
        let (lines, findings) = status::from_systems(pipeline).await;
        lines.iter().for_each(|line| println!("{line}"));
        worst = worst.max(reported(style, &findings));
    }
    Ok(worst)
}

async fn run_offsets(style: LogStyle, pipelines: &[Pipeline]) -> anyhow::Result<u8> {
    for pipeline in pipelines {
        match offsets::offsets(pipeline).await {
            Ok(body) => println!("{}", serde_json::to_string_pretty(&body)?),
            Err(finding) => return Ok(reported(style, &[*finding])),
        }
    }
    Ok(0)
}

async fn run_drop(style: LogStyle, pipelines: &[Pipeline], yes: bool) -> anyhow::Result<u8> {
    for pipeline in pipelines {
        println!("pipeline {}: this removes", pipeline.name);
        drop::what(pipeline).iter().for_each(|line| println!("  {line}"));
        if !yes {
            print!("type yes to go on: ");
            std::io::stdout().flush()?;
            let mut answer = String::new();
            std::io::stdin().lock().read_line(&mut answer)?;
            if answer.trim() != "yes" {
                println!("nothing was removed");
                return Ok(Status::Failed as u8);
            }
        }
        let status = reported(style, &drop::drop(pipeline).await);
        if status != 0 {
            return Ok(status);
        }
        println!("pipeline {}: removed", pipeline.name);
    }
    Ok(0)
}
