//! `pgrelay status`: each half's phase and lag, from a running service or from the systems themselves.

use std::net::SocketAddr;
use std::time::Duration;

use cdc::{Checkpoint, Fault, Finding};
use pgrelay_log::LogSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::config::Pipeline;
use crate::http::HalfStatus;

/// Asks the service at `address`; `None` where none answers.
pub async fn ask(address: SocketAddr) -> Option<Vec<HalfStatus>> {
    let answer = tokio::time::timeout(Duration::from_secs(2), async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(b"GET /status HTTP/1.0\r\nhost: localhost\r\n\r\n").await.ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await.ok()?;
        Some(text)
    });
    let text = answer.await.ok()??;
    let (_, body) = text.split_once("\r\n\r\n")?;
    serde_json::from_str(body).ok()
}

/// One line a half.
pub fn line(status: &HalfStatus) -> String {
    let detail =
        if status.detail.is_empty() { String::new() } else { format!(": {}", status.detail) };
    let lag = match status.lag_records {
        Some(records) => format!("{records} records"),
        None => format!("{} bytes", status.lag_bytes),
    };
    format!(
        "{} {}  {}{detail}  lag {}, {} events, {} errors",
        status.pipeline, status.half, status.phase, lag, status.events, status.errors
    )
}

/// Where a pipeline stands, read from the systems it connects.
pub async fn from_systems(pipeline: &Pipeline) -> (Vec<String>, Vec<Finding>) {
    let (mut lines, mut findings) = (Vec::new(), Vec::new());
    let mut head = None;
    if let Some(source) = pipeline.source() {
        match postgres_source::wal_end(source).await {
            Ok(lsn) => head = Some(lsn),
            Err(error) => findings.push(error.finding()),
        }
    }
    let others = pipeline.log().filter(|log| !log.kafka.topics.is_empty());
    if let (Some(log), None) = (pipeline.log(), others) {
        match pgrelay_log::LogEnd::read(log).await {
            Ok(Some(end)) => {
                let lag = head
                    .zip(end.checkpoint.progress.start_lsn())
                    .map(|(head, at)| head.bytes_since(at));
                lines.push(format!(
                    "{} source  not running here  {}{}",
                    pipeline.name,
                    end.checkpoint.progress,
                    lag_text(lag)
                ));
            }
            Ok(None) => lines.push(format!("{} source  nothing captured yet", pipeline.name)),
            Err(error) => findings.push(error.finding()),
        }
    }
    if let Some(sink) = pipeline.sink() {
        let half = if pipeline.log().is_some() { "sink" } else { "direct" };
        match postgres_sink::read_checkpoint(sink).await {
            Ok(Some(checkpoint)) => {
                let lag = head
                    .zip(checkpoint.progress.start_lsn())
                    .map(|(head, at)| head.bytes_since(at));
                let records = match others {
                    Some(log) => waiting(log, &checkpoint, &mut findings).await,
                    None => String::new(),
                };
                lines.push(format!(
                    "{} {half}  not running here  {}{}{records}",
                    pipeline.name,
                    checkpoint.progress,
                    lag_text(lag)
                ));
            }
            Ok(None) => lines.push(format!("{} {half}  nothing applied yet", pipeline.name)),
            Err(error) => findings.push(error.finding()),
        }
    }
    (lines, findings)
}

/// How many records of topics of other producers are not applied yet.
async fn waiting(
    log: &LogSettings,
    checkpoint: &Checkpoint,
    findings: &mut Vec<Finding>,
) -> String {
    let ends = match pgrelay_log::topic_ends(log).await {
        Ok(ends) => ends,
        Err(error) => {
            findings.push(error.finding());
            return String::new();
        }
    };
    let place = checkpoint.log.as_deref().cloned().unwrap_or_default();
    let stands = |topic: &str, partition: i32| {
        place.ends.get(topic).and_then(|ends| ends.get(&partition)).copied().unwrap_or(0)
    };
    let behind = ends.iter().flat_map(|(topic, ends)| {
        ends.iter().map(move |(&partition, end)| (end - stands(topic, partition)).max(0))
    });
    format!("  lag {} records", behind.sum::<i64>())
}

fn lag_text(lag: Option<u64>) -> String {
    lag.map(|lag| format!("  lag {lag} bytes")).unwrap_or_default()
}
