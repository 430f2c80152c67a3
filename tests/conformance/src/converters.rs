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

/// What decimal numbers look like in JSON, where that is not the default: the same in all parts that are JSON.
pub(crate) fn decimal_format(case: &Case) -> Result<Option<&'static str>> {
    let mut found = None;
    for part in PARTS {
        let default = if part == "header" { SIMPLE } else { JSON };
        if case.property(&format!("{part}.converter")).unwrap_or(default) != JSON {
            continue;
        }
        let key = format!("{part}.converter.decimal.format");
        let told = case.property(&key).unwrap_or("base64").to_lowercase();
        match (&*told, found) {
            ("base64", None | Some("base64")) => found = Some("base64"),
            ("numeric", None | Some("numeric")) => found = Some("numeric"),
            ("base64" | "numeric", _) => {
                bail!("{key} is another than that of the other parts in JSON, which has no word")
            }
            _ => bail!("the property {key}={told} has no word in a pipeline file"),
        }
    }
    Ok(found.filter(|word| *word != "base64"))
}

fn is_same(name: &str, value: &str) -> bool {
    match name {
        // The classes are the formats.
        "" | "decimal.format" => true,
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
    fn decimals_are_alike_in_all_that_is_json() {
        let of = |lines: &[&str]| decimal_format(&case(lines)).map_err(|error| error.to_string());
        let (key, value) =
            ("key.converter.decimal.format=numeric", "value.converter.decimal.format=NUMERIC");
        assert_eq!(of(&["value.converter.decimal.format=base64"]), Ok(None));
        assert_eq!(of(&[key, value]), Ok(Some("numeric")));
        let text = format!("key.converter={STRING}");
        assert_eq!(of(&[&text, value, "header.converter.decimal.format=x"]), Ok(Some("numeric")));
        assert!(of(&[value]).unwrap_err().contains("value.converter.decimal.format"));
        let json = format!("header.converter={JSON}");
        assert!(of(&[key, value, &json]).unwrap_err().contains("header.converter.decimal.format"));
        assert!(of(&["key.converter.decimal.format=x"]).unwrap_err().contains("=x"));
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
        for wrong in
            ["key.converter.encoding=UTF-16", "value.converter.enhanced.avro.schema.support=true"]
        {
            assert!(checked(&[wrong]).unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
