//! `differences.yaml`: where pgrelay is another on purpose, and why.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::compare::Difference;

/// One entry. In each pattern `*` stands for any run of characters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The case.
    case: String,
    /// The topic, without its prefix.
    topic: String,
    /// The place in the record.
    path: String,
    /// Whether it means only what Debezium has nothing for.
    #[serde(default)]
    only_ours: bool,
    /// Whether it means only a null where Debezium has the column's default.
    #[serde(default)]
    only_defaults: bool,
    /// Why.
    reason: String,
    #[serde(skip)]
    used: AtomicBool,
}

/// All entries.
#[derive(Debug)]
pub(crate) struct Declared(Vec<Entry>);

impl Declared {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Declared> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        Declared::parse(&text).with_context(|| format!("read {}", path.display()))
    }

    fn parse(text: &str) -> Result<Declared> {
        let entries: Vec<Entry> = serde_saphyr::from_str(text)?;
        for entry in &entries {
            anyhow::ensure!(!entry.reason.trim().is_empty(), "{}: no reason", entry.path);
        }
        Ok(Declared(entries))
    }

    /// The reason for a difference, if there is one. Every entry that fits is used by it.
    pub(crate) fn find(&self, case: &str, difference: &Difference) -> Option<&str> {
        self.reason(
            case,
            &difference.topic,
            &difference.path,
            (difference.is_only_ours(), difference.is_default),
        )
    }

    fn reason(
        &self,
        case: &str,
        topic: &str,
        path: &str,
        (only_ours, is_default): (bool, bool),
    ) -> Option<&str> {
        let fits = |entry: &&Entry| {
            like(&entry.case, case)
                && like(&entry.topic, topic)
                && like(&entry.path, path)
                && (only_ours || !entry.only_ours)
                && (is_default || !entry.only_defaults)
        };
        let entry = self.0.iter().find(fits)?;
        entry.used.store(true, Ordering::Relaxed);
        Some(&entry.reason)
    }

    /// The entries that nothing used.
    pub(crate) fn unused(&self) -> Vec<String> {
        let unused = self.0.iter().filter(|entry| !entry.used.load(Ordering::Relaxed));
        unused.map(|entry| format!("{} {} {}", entry.case, entry.topic, entry.path)).collect()
    }
}

fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            (0..=text.len()).filter_map(|at| text.get(at..)).any(|text| like(rest, text))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_used_by_what_fits_it() {
        let text = "- { case: a*, topic: '*', path: 'value.*.x', reason: so }\n\
                    - { case: b, topic: t, path: key, reason: so }\n";
        let declared = Declared::parse(text).unwrap();
        assert_eq!(declared.reason("abc", "t", "value.after.x", (false, false)), Some("so"));
        assert_eq!(declared.reason("abc", "t", "value.after.xy", (true, true)), None);
        assert_eq!(declared.unused(), ["b t key"]);
        assert!(Declared::parse("- { case: a, topic: t, path: p, reason: ' ' }").is_err());
    }
}
