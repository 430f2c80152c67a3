//! Which logical decoding messages are captured: by their prefix, and only where the pipeline file says so.

use cdc::Finding;
use regex::{RegexSet, RegexSetBuilder};

/// The prefixes of the messages that are captured.
#[derive(Clone, Debug, Default)]
pub enum Prefixes {
    /// None: what a message holds is known to nobody, and no transform masks it.
    #[default]
    None,
    /// Those that match.
    Included(RegexSet),
    /// Those that do not match.
    Excluded(RegexSet),
}

impl Prefixes {
    /// The prefixes that the lists of a pipeline file name. Each entry is a regular expression for a whole prefix, in
    /// which capital letters count no more than others, as in Debezium's `message.prefix.include.list`.
    ///
    /// # Errors
    /// Where both lists are given, or an entry is no regular expression.
    pub fn new(
        include: Option<&[String]>,
        exclude: Option<&[String]>,
        place: &str,
    ) -> Result<Self, Finding> {
        match (include, exclude) {
            (None, None) => Ok(Self::None),
            (Some(list), None) => {
                whole(list, place, "message_prefix_include_list").map(Self::Included)
            }
            (None, Some(list)) => {
                whole(list, place, "message_prefix_exclude_list").map(Self::Excluded)
            }
            (Some(_), Some(_)) => Err(Finding::usage(
                "message_prefixes",
                place,
                "both `message_prefix_include_list` and `message_prefix_exclude_list` are given",
            )
            .remedy("keep one of the two")),
        }
    }

    /// Whether a message of this prefix is captured.
    pub fn wants(&self, prefix: &str) -> bool {
        match self {
            Prefixes::None => false,
            Prefixes::Included(list) => list.is_match(prefix),
            Prefixes::Excluded(list) => !list.is_match(prefix),
        }
    }
}

/// Expressions that match nothing but the whole of a text, whatever its case: what Debezium makes of its lists.
pub(crate) fn whole(list: &[String], place: &str, key: &str) -> Result<RegexSet, Finding> {
    let anchored = list.iter().map(|entry| format!(r"\A(?:{entry})\z"));
    RegexSetBuilder::new(anchored).case_insensitive(true).build().map_err(|error| {
        // The error draws the expression over several lines; its last one says what is wrong.
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Finding::usage(
            "regular_expression",
            format!("{place}.{key}"),
            format!("an entry is no regular expression: {reason}"),
        )
        .remedy("write it without what looks ahead or behind, and `\\.` for a dot; a backslash stands in YAML between single quotes")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_of_whole_prefixes() {
        let list = |text: &str| vec![text.to_owned()];
        let included = Prefixes::new(Some(&list("shop|audit.*")), None, "f").unwrap();
        assert!(included.wants("shop") && included.wants("AUDIT.x"));
        assert!(!included.wants("shops") && !included.wants("my shop") && !included.wants(""));
        let excluded = Prefixes::new(None, Some(&list("shop")), "f").unwrap();
        assert!(!excluded.wants("Shop") && excluded.wants("other"));
        assert!(!Prefixes::new(None, None, "f").unwrap().wants("shop"));
        assert!(!Prefixes::new(Some(&[]), None, "f").unwrap().wants("shop"));
        assert!(Prefixes::new(None, Some(&[]), "f").unwrap().wants("shop"));
    }

    #[test]
    fn a_list_that_cannot_be_read_is_found() {
        let list = vec!["a".to_owned()];
        let both = Prefixes::new(Some(&list), Some(&list), "file: source").unwrap_err();
        assert_eq!(both.code, "message_prefixes");
        for wrong in ["(", "a(?=b)", "[z-a]"] {
            let found = Prefixes::new(Some(&[wrong.to_owned()]), None, "file: source").unwrap_err();
            assert_eq!(found.place, "file: source.message_prefix_include_list");
            assert!(!found.reason.contains('\n') && !found.remedy.is_empty(), "{found:?}");
        }
    }
}
