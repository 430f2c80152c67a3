//! The tables.

use crate::backlog::Work;
use crate::contest::Runs;
use crate::formats::{Run, Who};
use crate::latency::Late;

pub(crate) fn backlog(work: Work, runs: &[Runs]) {
    println!("## {}: {} changes", work.title(), work.changes());
    println!(
        "| | seconds | changes/s | client CPU s | machine CPU s | peak MB | ratio | floor | goal |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (who, taken) in runs {
        let ratio = who.peer().and_then(|peer| {
            let (_, peer) = runs.iter().find(|(who, _)| *who == peer)?;
            Some(format!("{:.2}", peer.seconds / taken.seconds))
        });
        let (floor, goal) = who.aim(work);
        println!(
            "{} {} | {floor} | {goal} |",
            row(work, who.title(), taken),
            ratio.unwrap_or_default()
        );
    }
    println!();
}

fn row(work: Work, title: &str, taken: &crate::measure::Taken) -> String {
    #[expect(clippy::cast_precision_loss, reason = "counts of changes are far below 2^52")]
    let speed = work.changes() as f64 / taken.seconds;
    format!(
        "| {title} | {:.1} | {speed:.0} | {:.1} | {:.1} | {:.0} |",
        taken.seconds, taken.client, taken.machine, taken.peak
    )
}

pub(crate) fn memory(works: &[(Work, Vec<Runs>)]) {
    println!("## memory (floor 200 MB, goal 60 MB)");
    println!("| | seconds | changes/s | client CPU s | machine CPU s | peak MB |");
    println!("|---|---:|---:|---:|---:|---:|");
    for (work, runs) in works {
        for (who, taken) in runs {
            let title = format!("{}: {}, {} changes", who.title(), work.title(), work.changes());
            println!("{}", row(*work, &title, taken));
        }
    }
    println!();
}

/// Each format, and what the real Debezium takes for the same one.
pub(crate) fn formats(runs: &[Run]) {
    let work = Work::Formats;
    println!(
        "## formats: {}, {} changes, one topic (floor: 6 times Debezium's changes a second in a tenth of its memory)",
        work.title(),
        work.changes()
    );
    println!(
        "| | seconds | changes/s | client CPU s | machine CPU s | peak MB | CPU ns a change | bytes a record | speed | memory |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for run in runs {
        let peer = runs.iter().find(|peer| {
            run.who == Who::Pgrelay && peer.who == Who::Debezium && peer.format == run.format
        });
        let ratio = |part: fn(&crate::measure::Taken) -> f64| {
            peer.map(|peer| format!("{:.2}", part(&peer.taken) / part(&run.taken)))
        };
        let title = format!("{}, {}", run.who.title(), run.format.word());
        #[expect(clippy::cast_precision_loss, reason = "counts of changes are far below 2^52")]
        let each = run.taken.client * 1e9 / work.changes() as f64;
        println!(
            "{} {each:.0} | {} | {} | {} |",
            row(work, &title, &run.taken),
            run.bytes,
            ratio(|taken| taken.seconds).unwrap_or_default(),
            ratio(|taken| taken.peak).unwrap_or_default()
        );
    }
    println!();
}

pub(crate) fn latency(lates: &[Late]) {
    println!("## latency, commit → visible in the target, ms");
    println!("| | a second | p50 | p99 | max |");
    println!("|---|---:|---:|---:|---:|");
    for late in lates {
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|part| late.percentile(part));
        println!("| {} | {} | {p50:.1} | {p99:.1} | {max:.1} |", late.who.title(), late.rate);
    }
    println!();
}
