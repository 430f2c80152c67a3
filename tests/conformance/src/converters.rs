//! What a case says of the converters: only what pgrelay's formats, or the harness, write the same records for.

use anyhow::{Result, bail};

use crate::case::Case;
use crate::properties::{JSON, SIMPLE};
use crate::words::{STRING, in_avro};

/// The parts of a record.
const PARTS: [&str; 3] = ["key", "value", "header"];
/// What no record shows, behind a converter's name. Where a registry is, and how it is asked, is the run's to set.
const UNSEEN: [&str; 9] = [
    "schemas.enable",
    "schemas.cache.size",
    "replace.null.with.default",
    "apicurio.registry.url",
    "apicurio.registry.auto-register",
    "apicurio.registry.find-latest",
    "apicurio.registry.as-confluent",
    "apicurio.registry.use-id",
    "apicurio.registry.headers.enabled",
];

/// The part of a record that a property is about, and what it says of its converter: nothing for the converter itself.
pub(crate) fn part_of(key: &str) -> Option<(&'static str, &str)> {
    PARTS.into_iter().find_map(|part| {
        let rest = key.strip_prefix(part)?.strip_prefix(".converter")?;
        rest.strip_prefix('.').or(rest.is_empty().then_some("")).map(|name| (part, name))
    })
}

/// Refuses, by its name, what would change records on one side alone.
pub(crate) fn check(case: &Case) -> Result<()> {
    for (key, value) in &case.properties {
        let Some((part, name)) = part_of(key) else { continue };
        if !is_same(case, part, name, value) {
            bail!("the property {key}={value} has no word in a pipeline file");
        }
    }
    Ok(())
}

fn is_same(case: &Case, part: &str, name: &str, value: &str) -> bool {
    match (part, name) {
        ("header", "") => is_header(case, value),
        // A key in a header is in the format of keys.
        ("header", "schemas.enable") => {
            case.property("header.converter").is_some_and(|class| class != JSON)
                || value == case.schemas("key").to_string()
        }
        // Of keys and values the classes are the formats.
        (_, "") => true,
        (_, "decimal.format") => value.eq_ignore_ascii_case("base64"),
        (_, "encoding") => {
            value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8")
        }
        (_, name) => UNSEEN.contains(&name),
    }
}

/// Whether a converter of headers is the run's own, or writes texts where keys are texts.
fn is_header(case: &Case, class: &str) -> bool {
    let own = if in_avro(case).next().is_some() { SIMPLE } else { JSON };
    let texts = case.property("key.converter") == Some(STRING);
    class == own || class == STRING && texts && own != SIMPLE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(lines: &[&str]) -> Result<(), String> {
        let lines: String = lines.iter().map(|line| format!("-- debezium: {line}\n")).collect();
        let case = Case::parse("x", &format!("{lines}-- stream\n")).unwrap();
        check(&case).map_err(|error| error.to_string())
    }

    #[test]
    fn what_changes_records_is_refused_by_name() {
        let texts = format!("key.converter={STRING}");
        let headers = format!("header.converter={STRING}");
        for lines in [
            &["value.converter.decimal.format=base64", "value.converter.schemas.cache.size=5"][..],
            &[&texts, &headers, "header.converter.schemas.enable=false"],
            &["key.converter.schemas.enable=false", "header.converter.schemas.enable=false"],
            &["value.converter.replace.null.with.default=false", "key.converter.encoding=UTF8"],
        ] {
            assert_eq!(checked(lines), Ok(()), "{lines:?}");
        }
        let simple = format!("header.converter={SIMPLE}");
        for wrong in [
            "value.converter.decimal.format=NUMERIC",
            "key.converter.encoding=UTF-16",
            "header.converter.schemas.enable=false",
            "value.converter.enhanced.avro.schema.support=true",
            &headers,
            &simple,
        ] {
            assert!(checked(&[wrong]).unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
