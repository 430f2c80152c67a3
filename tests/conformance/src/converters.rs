//! What a case says of the converters: only what pgrelay's formats, or the harness, write the same records for.

use anyhow::{Result, bail};

use crate::case::Case;
use crate::properties::{JSON, SIMPLE};
use crate::words::STRING;

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
        let Some((_, name)) = part_of(key) else { continue };
        if !is_same(name, value) {
            bail!("the property {key}={value} has no word in a pipeline file");
        }
    }
    Ok(())
}

/// The word of the converter of headers, which is Connect's default where none is named.
pub(crate) fn header_format(case: &Case) -> Result<&'static str> {
    Ok(match (case.property("header.converter").unwrap_or(SIMPLE), case.schemas("header")) {
        (SIMPLE, _) => "simple",
        (JSON, false) => "json",
        (JSON, true) => "json_schemas",
        (STRING, _) => "string",
        (class, _) => bail!("header.converter={class} has no word in a pipeline file"),
    })
}

fn is_same(name: &str, value: &str) -> bool {
    match name {
        // The classes are the formats.
        "" => true,
        "decimal.format" => value.eq_ignore_ascii_case("base64"),
        "encoding" => value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8"),
        name => UNSEEN.contains(&name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(lines: &[&str]) -> Case {
        let lines: String = lines.iter().map(|line| format!("-- debezium: {line}\n")).collect();
        Case::parse("x", &format!("{lines}-- stream\n")).unwrap()
    }

    fn checked(lines: &[&str]) -> Result<(), String> {
        check(&case(lines)).map_err(|error| error.to_string())
    }

    #[test]
    fn headers_have_a_format_of_their_own() {
        let bare = "header.converter.schemas.enable=false";
        let class = |class: &str| format!("header.converter={class}");
        for (lines, word) in [
            (&[bare][..], "simple"),
            (&[&class(SIMPLE)], "simple"),
            (&[&class(JSON)], "json_schemas"),
            (&[&class(JSON), bare], "json"),
            (&[&class(STRING)], "string"),
        ] {
            assert_eq!(header_format(&case(lines)).unwrap(), word, "{lines:?}");
        }
        assert!(header_format(&case(&[&class("x.Y")])).unwrap_err().to_string().contains("x.Y"));
    }

    #[test]
    fn what_changes_records_is_refused_by_name() {
        for lines in [
            &["value.converter.decimal.format=base64", "value.converter.schemas.cache.size=5"][..],
            &["key.converter.schemas.enable=false", "header.converter.schemas.enable=false"],
            &["value.converter.replace.null.with.default=false", "key.converter.encoding=UTF8"],
        ] {
            assert_eq!(checked(lines), Ok(()), "{lines:?}");
        }
        for wrong in [
            "value.converter.decimal.format=NUMERIC",
            "key.converter.encoding=UTF-16",
            "value.converter.enhanced.avro.schema.support=true",
        ] {
            assert!(checked(&[wrong]).unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
