//! `differences.yaml`: where pgrelay is another on purpose, and why.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::compare::Difference;
use crate::traits::Trait;

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
    /// Facts that must hold, all of them.
    #[serde(default)]
    only: Vec<Trait>,
    /// The column is of one of these types; of an array `_` and that of its elements.
    #[serde(default)]
    types: Vec<String>,
    /// What is here.
    #[serde(default)]
    ours: Option<String>,
    /// What Debezium has there.
    #[serde(default)]
    theirs: Option<String>,
    /// Why.
    reason: String,
    #[serde(skip)]
    used: AtomicBool,
}

impl Entry {
    fn fits(&self, case: &str, difference: &Difference) -> bool {
        let is = |pattern: &Option<String>, text: &Option<String>| match pattern {
            Some(pattern) => text.as_ref().is_some_and(|text| like(pattern, text)),
            None => true,
        };
        like(&self.case, case)
            && like(&self.topic, &difference.topic)
            && like(&self.path, &difference.path)
            && self.only.iter().all(|fact| difference.traits.contains(fact))
            && (self.types.is_empty() || self.types.iter().any(|of| difference.types.contains(of)))
            && is(&self.ours, &difference.ours)
            && is(&self.theirs, &difference.theirs)
    }
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

    /// The reason for a difference, if there is one. The first entry that fits is used by it.
    pub(crate) fn find(&self, case: &str, difference: &Difference) -> Option<&str> {
        let entry = self.0.iter().find(|entry| entry.fits(case, difference))?;
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
        let text = "- { case: a*, topic: '*', path: 'value.*.x', only: [ours], types: [numeric], ours: '1*', reason: so }\n\
                    - { case: b, topic: t, path: key, reason: so }\n";
        let declared = Declared::parse(text).unwrap();
        let of = |topic: &str, path: &str, facts: &[Trait]| {
            Difference::new(topic, path, facts, "numeric")
        };
        let found = |case: &str, difference: &Difference| declared.find(case, difference).is_some();
        let x = of("t", "value.after.x", &[Trait::Ours]);
        assert!(found("abc", &x) && !found("abc", &of("t", "value.after.xy", &[Trait::Ours])));
        assert!(!found("abc", &of("t", "value.after.x", &[Trait::Default])) && !found("b", &x));
        assert_eq!(declared.unused(), ["b t key"]);
        assert!(Declared::parse("- { case: a, topic: t, path: p, reason: ' ' }").is_err());
    }
}
