//! A file of SQL → a case: its sections in order. What is not understood is refused, with its line.

use anyhow::{Context, Result, bail, ensure};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The one changes come from.
    Source,
    /// The one they go to.
    Target,
}

/// What must be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Captured tables hold the same rows in source and target: these, or all.
    Equal(Vec<String>),
    /// Two queries, the first in the source and the second in the target, find the same rows.
    Same,
    /// A query finds these rows, in this order.
    Rows(Place),
    /// A table's topic holds these operations, in this order.
    Topic(String),
    /// These texts are in no topic, no table of the target, and nothing that was said.
    Nowhere,
}

/// What a section is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// More for the pipeline file.
    Pipeline,
    /// SQL, while the pipeline stands.
    Run(Place),
    /// A run until everything committed so far is applied, or it halts with this code.
    Start(Option<String>),
    /// SQL in the source while the pipeline stands, then a run.
    Stream(Option<String>),
    /// SQL in the source while the pipeline runs, a stop, then a run.
    Live,
    /// A check.
    Expect(Expect),
}

/// SQL for one session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Which; the first has no name.
    pub session: String,
    /// What it runs.
    pub sql: String,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The line it begins at.
    pub line: usize,
    /// What it is.
    pub kind: Kind,
    /// Its SQL, in turns.
    pub parts: Vec<Part>,
}

impl Section {
    /// Its SQL, without the lines that are comments.
    #[must_use]
    pub fn sql(&self) -> String {
        let lines = self.parts.iter().flat_map(|part| part.sql.lines());
        lines.filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n")
    }

    /// What its comments say, line by line.
    #[must_use]
    pub fn comments(&self) -> Vec<&str> {
        let lines = self.parts.iter().flat_map(|part| part.sql.lines());
        lines
            .filter_map(|line| {
                line.strip_prefix("--").map(|rest| rest.strip_prefix(' ').unwrap_or(rest))
            })
            .collect()
    }
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The file's name without its ending.
    pub subject: String,
    /// What is played, in order.
    pub sections: Vec<Section>,
}

impl Case {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The line that is not understood.
    pub fn parse(subject: &str, text: &str) -> Result<Case> {
        let mut sections: Vec<Section> = Vec::new();
        let mut head = String::new();
        for (number, line) in (1..).zip(text.lines()) {
            let at = || format!("{subject}.sql, line {number}: {line}");
            let Some(words) = line.strip_prefix("--- ") else {
                match sections.last_mut().and_then(|section| section.parts.last_mut()) {
                    Some(part) => part.sql.extend([line, "\n"]),
                    None => head.extend([line, "\n"]),
                }
                continue;
            };
            if let Some(session) = words.strip_prefix("session") {
                let section = sections.last_mut().with_context(at)?;
                section.parts.push(Part { session: session.trim().to_owned(), sql: String::new() });
                continue;
            }
            let kind = kind(words.trim()).with_context(at)?;
            sections.push(Section { line: number, kind, parts: vec![Part::default()] });
        }
        let says = |line: &str| line.is_empty() || line.starts_with("--");
        ensure!(head.lines().all(says), "{subject}.sql: SQL before the first section");
        ensure!(head.starts_with("-- "), "{subject}.sql: its first line must say what it proves");
        ensure!(!sections.is_empty(), "{subject}.sql: no section");
        Ok(Case { subject: subject.to_owned(), sections })
    }
}

fn halts(rest: &[&str]) -> Result<Option<String>> {
    match rest {
        [] => Ok(None),
        ["halts", code] => Ok(Some((*code).to_owned())),
        _ => bail!("expected nothing, or `halts CODE`"),
    }
}

fn kind(words: &str) -> Result<Kind> {
    let words: Vec<&str> = words.split_whitespace().collect();
    Ok(match words.as_slice() {
        ["pipeline"] => Kind::Pipeline,
        ["source"] => Kind::Run(Place::Source),
        ["target"] => Kind::Run(Place::Target),
        ["start", rest @ ..] => Kind::Start(halts(rest)?),
        ["stream", rest @ ..] => Kind::Stream(halts(rest)?),
        ["live"] => Kind::Live,
        ["expect", "equal", tables @ ..] => {
            Kind::Expect(Expect::Equal(tables.iter().map(|table| (*table).to_owned()).collect()))
        }
        ["expect", "same"] => Kind::Expect(Expect::Same),
        ["expect", "rows", "source"] => Kind::Expect(Expect::Rows(Place::Source)),
        ["expect", "rows", "target"] => Kind::Expect(Expect::Rows(Place::Target)),
        ["expect", "topic", table] => Kind::Expect(Expect::Topic((*table).to_owned())),
        ["expect", "nowhere"] => Kind::Expect(Expect::Nowhere),
        _ => bail!("no section is called so"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_sections() {
        let text = "-- proves it\n\n--- source\nSELECT 1;\n--- session b\nSELECT 2;\n--- stream halts new_column\n\
                    --- expect rows target\nSELECT 3;\n-- 3 | NULL\n";
        let case = Case::parse("it", text).unwrap();
        let kinds: Vec<_> = case.sections.iter().map(|section| section.kind.clone()).collect();
        assert_eq!(
            kinds,
            [
                Kind::Run(Place::Source),
                Kind::Stream(Some("new_column".to_owned())),
                Kind::Expect(Expect::Rows(Place::Target))
            ]
        );
        assert_eq!(
            case.sections[0].parts[1],
            Part { session: "b".to_owned(), sql: "SELECT 2;\n".to_owned() }
        );
        assert_eq!(case.sections[2].comments(), ["3 | NULL"]);
        assert_eq!(case.sections[2].sql(), "SELECT 3;");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "--- source\n",
            "-- a\nSELECT 1;\n--- source\n",
            "-- a\n--- sorce\n",
            "-- a\n--- stream halt x\n",
            "-- a\n",
        ] {
            assert!(Case::parse("it", text).is_err(), "{text}");
        }
    }
}
