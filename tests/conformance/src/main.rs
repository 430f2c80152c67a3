//! `conformance [NAME…]`: pgrelay and the real Debezium PostgreSQL connector on two slots of one database, over the
//! same SQL, and every record of the one beside that of the other.
//!
//! A case is a file of `cases`, or of the folder that `CONFORMANCE_SQL` names; one with a line `-- in json and avro` is
//! played once more, in Avro. Each difference is declared in `differences.yaml` with its reason, or fails; and so does
//! a declaration that nothing used. `CONFORMANCE_SHOW=1` prints the declared ones, too. Read in this order: `case`,
//! `properties`, `play`, `records`, `compare`, `declared`.

mod align;
mod avro;
mod case;
mod catalog;
mod compare;
mod converters;
mod declared;
mod ending;
mod json;
mod lists;
mod number;
mod own;
mod play;
mod properties;
mod records;
mod servers;
mod sql;
mod traits;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::case::Case;
use crate::declared::Declared;
use crate::servers::Servers;
use crate::traits::Of;

/// Cases that run at once; beyond this they only take turns.
const THREADS_MAX: usize = 6;

fn main() -> Result<ExitCode> {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS_MAX);
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let given = std::env::var_os("CONFORMANCE_SQL").map(PathBuf::from);
    let whole = given.is_none() && arguments.filter.is_none() && arguments.skip.is_empty();
    let folder = given.unwrap_or_else(|| own.join("cases"));
    let cases = cases(&folder)?;
    let declared = Arc::new(Declared::read(&own.join("differences.yaml"))?);
    let servers = Arc::new(Servers::default());
    let trials = cases.into_iter().map(|(name, case)| {
        let (servers, declared) = (servers.clone(), declared.clone());
        Trial::test(name.clone(), move || {
            let case = case.with_context(|| format!("read the case {name}"));
            let judged = case.and_then(|case| judge(&case, &servers, &declared));
            judged.map_err(|error| Failed::from(without_frames(&format!("{error:#}"))))
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    // What the process leaves by `exit` is not dropped: the servers are, here, with their folders.
    drop(servers);
    let unused = if whole && !arguments.list { declared.unused() } else { Vec::new() };
    for entry in &unused {
        eprintln!("differences.yaml: nothing used {entry}");
    }
    Ok(if conclusion.has_failed() || !unused.is_empty() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// A failure without the frames of Java's stacks: its causes say what there is to say.
fn without_frames(text: &str) -> String {
    let lines =
        text.lines().filter(|line| !line.starts_with("\tat ") && !line.starts_with("\t... "));
    lines.collect::<Vec<_>>().join("\n")
}

/// The cases by name. One that cannot be read fails for itself.
fn cases(folder: &std::path::Path) -> Result<BTreeMap<String, Result<Case>>> {
    let mut cases = BTreeMap::new();
    let files = std::fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    for file in files {
        let path = file?.path();
        if path.extension().is_some_and(|ending| ending == "sql") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).map_err(anyhow::Error::from);
            let case = text.and_then(|text| Case::parse(&name, &text));
            let twice = case.as_ref().ok().and_then(Case::in_avro);
            cases.extend(twice.map(|case| (case.name.clone(), Ok(case))));
            cases.insert(name, case);
        }
    }
    anyhow::ensure!(!cases.is_empty(), "{} has no *.sql", folder.display());
    Ok(cases)
}

fn judge(case: &Case, servers: &Servers, declared: &Declared) -> Result<()> {
    let both = play::play(case, servers)?;
    let mut wrong = own::check(&both.ours);
    let show = std::env::var_os("CONFORMANCE_SHOW").is_some();
    let facts = Of { case, catalog: &both.catalog };
    for difference in compare::compare(&both.ours, &both.theirs, &facts) {
        match declared.find(&case.name, &difference) {
            Some(reason) if show => println!("{} {difference}\n  declared: {reason}", case.name),
            Some(_) => {}
            None => wrong.push(difference.to_string()),
        }
    }
    anyhow::ensure!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}
