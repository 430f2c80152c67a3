//! Text → pipeline file, with every error at its line and column, and the nearest name that would be right.

use std::path::{Path, PathBuf};

use cdc::Finding;

use super::file::PipelineFile;
use super::settings::Pipeline;

/// Reads every pipeline file that `paths` name: files, and the `.yaml` and `.yml` files of folders.
///
/// # Errors
/// One finding for each thing that is wrong in any of them.
pub fn load(paths: &[PathBuf]) -> Result<Vec<Pipeline>, Vec<Finding>> {
    let (mut pipelines, mut findings) = (Vec::<Pipeline>::new(), Vec::new());
    for path in paths
        .iter()
        .flat_map(|path| {
            files(path).unwrap_or_else(|finding| {
                findings.push(finding);
                Vec::new()
            })
        })
        .collect::<Vec<_>>()
    {
        match std::fs::read_to_string(&path) {
            Err(error) => findings.push(unreadable(&path, &error)),
            Ok(text) => match read_text(&path.display().to_string(), &text) {
                Err(wrong) => findings.extend(wrong),
                Ok(pipeline) => match pipelines.iter().find_map(|other| clash(&pipeline, other)) {
                    Some(clash) => findings.push(clash),
                    None => pipelines.push(pipeline),
                },
            },
        }
    }
    if pipelines.is_empty() && findings.is_empty() {
        findings.push(
            Finding::usage("no_pipeline", "command line", "no pipeline file was found")
                .remedy("name a .yaml file, or a folder that has one"),
        );
    }
    if findings.is_empty() { Ok(pipelines) } else { Err(findings) }
}

/// Refuses two pipelines that would be one to a server: the second would wait for the first for ever.
fn clash(pipeline: &Pipeline, other: &Pipeline) -> Option<Finding> {
    if other.name == pipeline.name {
        let reason = format!("the name {} is taken by {}", pipeline.name, other.file);
        return Some(Finding::usage("duplicate_name", &*pipeline.file, reason).remedy(
            "give each pipeline a name of its own: checkpoints and slots are called after it",
        ));
    }
    let slot = |pipeline: &Pipeline| {
        let source = pipeline.source().filter(|source| source.snapshot.follows())?;
        Some((source.server.host.clone(), source.server.port, source.slot.clone()))
    };
    if let Some(finding) = prefix_clash(pipeline, other) {
        return Some(finding);
    }
    let (_, _, name) = slot(pipeline).filter(|mine| slot(other).as_ref() == Some(mine))?;
    let reason = format!("slot {name} is the slot of pipeline {} in {}", other.name, other.file);
    Some(Finding::usage("duplicate_slot", &*pipeline.file, reason).remedy(
        "give each pipeline a slot of its own in `source.postgres.slot`: one slot feeds one reader",
    ))
}

/// Refuses two capture halves with one prefix: the cuts of both would stand in one topic, and neither's log could be
/// applied.
fn prefix_clash(pipeline: &Pipeline, other: &Pipeline) -> Option<Finding> {
    let captures = |pipeline: &Pipeline| {
        let log = pipeline.log().filter(|_| pipeline.source().is_some())?;
        Some((log.kafka.brokers.clone(), log.kafka.topic_prefix.clone()))
    };
    let (_, prefix) = captures(pipeline).filter(|mine| captures(other).as_ref() == Some(mine))?;
    let reason =
        format!("topic_prefix {prefix} is that of pipeline {} in {}", other.name, other.file);
    Some(Finding::usage("duplicate_topic_prefix", &*pipeline.file, reason).remedy(
        "give each pipeline that captures a prefix of its own in `kafka.topic_prefix`: topics, offsets and cuts are called after it",
    ))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Finding {
    let remedy = match error.kind() {
        std::io::ErrorKind::InvalidData => "save the file as UTF-8",
        _ => "name a file or folder that is there and may be read",
    };
    Finding::usage("file_unreadable", path.display().to_string(), error.to_string()).remedy(remedy)
}

fn files(path: &Path) -> Result<Vec<PathBuf>, Finding> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml"))
        .collect();
    files.sort();
    Ok(files)
}

/// Reads one pipeline file's text.
///
/// # Errors
/// What is wrong in it, each with its place.
pub fn read_text(file: &str, text: &str) -> Result<Pipeline, Vec<Finding>> {
    // A snippet of the source would show a secret somebody wrote into the file.
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let parsed: Result<PipelineFile, _> = serde_saphyr::from_str_with_options(text, options);
    match parsed {
        Ok(parsed) => Pipeline::resolve(file, parsed, text),
        Err(error) => Err(vec![finding(file, &error)]),
    }
}

fn finding(file: &str, error: &serde_saphyr::Error) -> Finding {
    let error = error.without_snippet();
    let place = match error.location() {
        Some(at) => format!("{file}:{}:{}", at.line(), at.column()),
        None => file.to_owned(),
    };
    let message = error.to_string();
    // The place is said already; the message repeats it at its end.
    let message = message.split(" at line ").next().unwrap_or(&message).trim().to_owned();
    let message =
        message.strip_prefix("error: ").unwrap_or(&message).lines().next().unwrap_or_default();
    let message = in_yaml_words(message).to_owned();
    let wrong = message.split('`').nth(1).unwrap_or_default();
    let known = message
        .split_once("expected ")
        .map_or("", |(_, known)| known.trim_start_matches("one of "));
    let known: Vec<&str> = known
        .split(", ")
        .map(|name| name.trim_matches('`'))
        .filter(|name| !name.is_empty())
        .collect();
    let remedy = if message.starts_with("unknown") && !known.is_empty() {
        nearest(wrong, &known)
    } else if message.contains("missing field") {
        "add the key; `pgrelay schema` prints what a pipeline file may say".to_owned()
    } else if message.contains("duplicate") {
        "keep one of the two".to_owned()
    } else if message.starts_with("a secret") {
        "take it out of the file, set an environment variable to it for the process, and write `{ env: NAME }`".to_owned()
    } else {
        "`pgrelay schema` prints what a pipeline file may say".to_owned()
    };
    Finding::usage(code_of(&message), place, message).remedy(remedy)
}

/// What the reader says in words of its own, in those of who writes files.
fn in_yaml_words(message: &str) -> &str {
    match message {
        "expected sequence start" => "expected a list, such as `[public.orders]`",
        "expected mapping start" => "expected keys and values, such as `{ env: NAME }`",
        "unexpected end of input" => "the file ends where a pipeline is expected",
        text if text.starts_with("multiple YAML documents") => {
            "a second YAML document begins: a file holds one pipeline"
        }
        text => text,
    }
}

fn code_of(message: &str) -> &'static str {
    match message {
        text if text.starts_with("unknown field") => "unknown_key",
        text if text.starts_with("unknown variant") => "unknown_value",
        text if text.contains("missing field") => "missing_key",
        text if text.contains("duplicate") => "duplicate_key",
        text if text.contains("password inside") => "secret_in_url",
        text if text.starts_with("a secret is not written") => "secret_in_file",
        _ => "file_wrong",
    }
}

fn nearest(wrong: &str, known: &[&str]) -> String {
    let best = known
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(wrong, a).total_cmp(&strsim::jaro_winkler(wrong, b)));
    match best {
        Some(best) if strsim::jaro_winkler(wrong, best) > 0.7 => format!("did you mean `{best}`?"),
        _ => format!("known here: {}", known.join(", ")),
    }
}
