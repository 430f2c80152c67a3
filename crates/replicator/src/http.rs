//! `/health`, `/ready`, `/metrics` and `/status` of a running service.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use cdc::{Meter, Phase};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::halves::Half;

/// What `status` shows of one half.
#[derive(Debug, Serialize, Deserialize)]
pub struct HalfStatus {
    /// The pipeline.
    pub pipeline: String,
    /// `source`, `sink` or `direct`.
    pub half: String,
    /// What it does.
    pub phase: String,
    /// What the phase alone does not say: whom it waits for, why it halted.
    pub detail: String,
    /// Bytes between the end of the source's WAL and what is durable.
    pub lag_bytes: u64,
    /// Records in the topics of other producers that are not applied yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_records: Option<u64>,
    /// Events written since the process began.
    pub events: u64,
    /// Errors since the process began.
    pub errors: u64,
}

type Halves = Arc<Vec<Arc<Half>>>;

/// Takes the address, so that a taken one is known before anything starts.
///
/// # Errors
/// Where the address cannot be listened on.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers until the process ends.
///
/// # Errors
/// Where the listener fails.
pub async fn answer(listener: TcpListener, halves: Vec<Arc<Half>>) -> std::io::Result<()> {
    let router = Router::new()
        .route("/health", get(|| async { "ok\n" }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .with_state(Arc::new(halves));
    axum::serve(listener, router).await
}

async fn ready(State(halves): State<Halves>) -> (StatusCode, String) {
    let mut text = String::new();
    let mut all = true;
    for half in halves.iter() {
        let phase = half.meter.phase();
        let works = matches!(phase, Phase::Snapshot | Phase::Streaming | Phase::Stopped);
        all &= works;
        let _ = writeln!(
            text,
            "{} {}: {} {}",
            half.pipeline.name,
            half.role.word(),
            phase.word(),
            phase.detail()
        );
    }
    (if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text)
}

fn half_status(half: &Half) -> HalfStatus {
    let phase = half.meter.phase();
    let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let log = half.pipeline.log();
    let reads_others = log.is_some_and(|log| !log.kafka.topics.is_empty());
    HalfStatus {
        pipeline: half.pipeline.name.to_string(),
        half: half.role.word().to_owned(),
        phase: phase.word().to_owned(),
        detail: phase.detail().to_owned(),
        lag_bytes: load(&half.meter.head_lsn).saturating_sub(load(&half.meter.durable_lsn)),
        lag_records: reads_others.then(|| load(&half.meter.lag_records)),
        events: load(&half.meter.events),
        errors: load(&half.meter.errors),
    }
}

async fn status(State(halves): State<Halves>) -> Json<Vec<HalfStatus>> {
    Json(halves.iter().map(|half| half_status(half)).collect())
}

async fn metrics(State(halves): State<Halves>) -> impl IntoResponse {
    let mut registry = Registry::with_prefix("pgrelay");
    for half in halves.iter() {
        register(&mut registry, half);
    }
    let mut text = String::new();
    let encoded = encode(&mut text, &registry);
    let code = if encoded.is_ok() { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
    (
        code,
        [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")],
        one_help(&text),
    )
}

/// Every half registers under the same names: the description of a name is kept once.
fn one_help(text: &str) -> String {
    let mut families: Vec<(&str, Vec<&str>, Vec<&str>)> = Vec::new();
    let mut at = 0;
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let name = rest.split(' ').next().unwrap_or_default();
            at = families.iter().position(|(known, ..)| *known == name).unwrap_or_else(|| {
                families.push((name, Vec::new(), Vec::new()));
                families.len() - 1
            });
        }
        let Some((_, head, samples)) = families.get_mut(at) else { continue };
        let list = if line.starts_with('#') { head } else { samples };
        if !line.starts_with('#') || !list.contains(&line) {
            list.push(line);
        }
    }
    let lines = families.iter().flat_map(|(_, head, samples)| head.iter().chain(samples));
    let mut out = String::with_capacity(text.len());
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str("# EOF\n");
    out
}

fn register(registry: &mut Registry, half: &Half) {
    let labels =
        [("pipeline", half.pipeline.name.to_string()), ("half", half.role.word().to_owned())];
    let labels = labels.map(|(name, value)| (name.into(), value.into()));
    let meter = &half.meter;
    let registry = registry.sub_registry_with_labels(labels.into_iter());
    let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let counters = [
        ("events", "Events written to the log or the target", &meter.events),
        ("received_bytes", "Bytes received", &meter.bytes),
        ("batches", "Batches written to the log or the target", &meter.batches),
        ("errors", "Errors, each followed by a new start or a halt", &meter.errors),
        (
            "truncates_left_out",
            "Truncates that rows without envelopes have no record for",
            &meter.truncates_left_out,
        ),
        (
            "dead_letters",
            "Records that could not be read and were set aside in the dead letter topic",
            &meter.dead_letters,
        ),
    ];
    for (name, help, counter) in counters {
        registry.register(name, help, ConstCounter::new(load(counter)));
    }
    let gauges = [
        ("head_lsn", "End of the source's WAL", &meter.head_lsn),
        ("sent_lsn", "End of what the source has sent", &meter.sent_lsn),
        ("received_lsn", "End of what was received", &meter.received_lsn),
        ("durable_lsn", "End of what is durable in the log or the target", &meter.durable_lsn),
        ("applied_lsn", "End of what the target has applied", &meter.applied_lsn),
        ("snapshot_rows", "Rows the snapshot has read", &meter.snapshot_rows),
        (
            "snapshot_rows_expected",
            "Rows the snapshot expects, as the planner estimates",
            &meter.snapshot_rows_expected,
        ),
        ("snapshot_tables", "Tables the snapshot has finished", &meter.snapshot_tables),
        ("snapshot_tables_total", "Tables the snapshot reads", &meter.snapshot_tables_total),
        ("queue_bytes", "Bytes waiting between the socket and the batch", &meter.queue_bytes),
        ("queue_bytes_max", "How many bytes may wait there", &meter.queue_bytes_max),
        (
            "lag_records",
            "Records in the topics of other producers that are not applied yet",
            &meter.lag_records,
        ),
        ("slot_kept_bytes", "WAL the source keeps for the slot", &meter.slot_kept_bytes),
        (
            "slot_keep_bytes_max",
            "WAL the source would keep for the slot, 0 without bound",
            &meter.slot_keep_bytes_max,
        ),
    ];
    for (name, help, counter) in gauges {
        registry.register(
            name,
            help,
            ConstGauge::new(i64::try_from(load(counter)).unwrap_or(i64::MAX)),
        );
    }
    lags(registry, meter);
    for phase in ["starting", "waiting", "snapshot", "streaming", "retrying", "halted", "stopped"] {
        let labels = std::iter::once(("phase".into(), phase.into()));
        let now = i64::from(meter.phase().word() == phase);
        registry.sub_registry_with_labels(labels).register(
            "phase",
            "1 for what the half does now",
            ConstGauge::new(now),
        );
    }
}

/// The ladder's steps in bytes, and how old the last change is that came to its end.
fn lags(registry: &mut Registry, meter: &Meter) {
    let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let steps = [
        (
            "lag_head_to_received_bytes",
            "WAL written and not received",
            &meter.head_lsn,
            &meter.received_lsn,
        ),
        (
            "lag_received_to_durable_bytes",
            "WAL received and not durable",
            &meter.received_lsn,
            &meter.durable_lsn,
        ),
        (
            "lag_head_to_durable_bytes",
            "WAL written and not durable",
            &meter.head_lsn,
            &meter.durable_lsn,
        ),
    ];
    for (name, help, ahead, behind) in steps {
        let lag = load(ahead).saturating_sub(load(behind));
        registry.register(name, help, ConstGauge::new(i64::try_from(lag).unwrap_or(i64::MAX)));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let commit = meter.commit_micros.load(Ordering::Relaxed);
    let behind = load(&meter.durable_lsn) < load(&meter.received_lsn);
    let age = i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(commit).max(0);
    let seconds = if behind && commit > 0 { age as f64 / 1e6 } else { 0.0 };
    registry.register(
        "lag_seconds",
        "Age of the last durable change while others wait",
        ConstGauge::new(seconds),
    );
}
