//! A mask as the file writes it, and what its keys say together: each `with` takes its own and no others.

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Hmac, Literal, Mask, Method, Template};
use crate::name::NameRefused;
use crate::{ColumnName, SecretRef};

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mask")]
pub(super) struct RawMask {
    /// The columns: `schema.table.column`, as the step before left them.
    #[schemars(length(min = 1))]
    columns: Vec<ColumnName>,
    /// What a value becomes.
    with: With,
    /// `hmac`: where the key is kept.
    key: Option<SecretRef>,
    /// `hmac`: what stands around the hash, `{hash}@example.invalid`; `{hash:12}` is its first 12 characters.
    template: Option<String>,
    /// `hmac`: how many characters of the hash, 1 to 64. Default: all that the column holds.
    #[schemars(range(min = 1, max = 64))]
    length: Option<usize>,
    /// `hmac`: equal values get equal masks within one domain. Default: one domain for all.
    domain: Option<String>,
    /// `fixed`: the value.
    value: Option<Literal>,
    /// `partial`: how many characters at the start stay. Default: 0.
    keep_first: Option<usize>,
    /// `partial`: how many characters at the end stay. Default: 0.
    keep_last: Option<usize>,
    /// `partial`: what stands for each of the others. Default: `*`.
    char: Option<char>,
}

/// The ways to mask. YAML's null is the word, too: `with: null`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, schemars::JsonSchema)]
#[schemars(rename_all = "lowercase")]
enum With {
    /// Nothing is left.
    #[schemars(with = "()")]
    Null,
    Fixed,
    Partial,
    Hmac,
}

impl With {
    fn word(self) -> &'static str {
        match self {
            With::Null => "null",
            With::Fixed => "fixed",
            With::Partial => "partial",
            With::Hmac => "hmac",
        }
    }
}

impl<'de> Deserialize<'de> for With {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;
        impl Visitor<'_> for Word {
            type Value = With;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("null, fixed, partial or hmac")
            }

            fn visit_unit<E: Error>(self) -> Result<With, E> {
                Ok(With::Null)
            }

            fn visit_none<E: Error>(self) -> Result<With, E> {
                Ok(With::Null)
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<With, E> {
                [With::Null, With::Fixed, With::Partial, With::Hmac]
                    .into_iter()
                    .find(|with| with.word() == word)
                    .ok_or_else(|| E::invalid_value(Unexpected::Str(word), &self))
            }
        }
        deserializer.deserialize_any(Word)
    }
}

/// What a partial mask leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    /// How many characters at the start stay.
    pub keep_first: usize,
    /// How many characters at the end stay.
    pub keep_last: usize,
    /// What stands for each of the others.
    pub cover: char,
}

impl RawMask {
    /// The keys that were written and `with` has no use for.
    fn stray(&self) -> Option<&'static str> {
        use With::{Fixed, Hmac, Partial};
        let keys = [
            ("key", self.key.is_some(), Hmac),
            ("template", self.template.is_some(), Hmac),
            ("length", self.length.is_some(), Hmac),
            ("domain", self.domain.is_some(), Hmac),
            ("value", self.value.is_some(), Fixed),
            ("keep_first", self.keep_first.is_some(), Partial),
            ("keep_last", self.keep_last.is_some(), Partial),
            ("char", self.char.is_some(), Partial),
        ];
        let stray = keys.into_iter().find(|&(_, written, with)| written && with != self.with);
        stray.map(|(key, ..)| key)
    }

    fn method(self) -> Result<Method, NameRefused> {
        Ok(match self.with {
            With::Null => Method::Null,
            With::Fixed => Method::Fixed(self.value.ok_or_else(|| {
                NameRefused("`with: fixed` needs a `value`; for no value, `with: null`".to_owned())
            })?),
            With::Partial => Method::Partial(Partial {
                keep_first: self.keep_first.unwrap_or(0),
                keep_last: self.keep_last.unwrap_or(0),
                cover: self.char.unwrap_or('*'),
            }),
            With::Hmac => {
                let key = self.key.ok_or_else(|| {
                    NameRefused(
                        "`with: hmac` needs a `key`: { env: NAME } or { file: PATH }".to_owned(),
                    )
                })?;
                let template = Template::read(self.template.as_deref(), self.length)?;
                Method::Hmac(Hmac::new(key, template, self.domain))
            }
        })
    }
}

impl TryFrom<RawMask> for Mask {
    type Error = NameRefused;

    fn try_from(raw: RawMask) -> Result<Self, NameRefused> {
        ColumnName::once_each(&raw.columns)?;
        if let Some(stray) = raw.stray() {
            return Err(NameRefused(format!(
                "`with: {}` has no use for `{stray}`",
                raw.with.word()
            )));
        }
        let columns = raw.columns.clone();
        Ok(Self { columns, method: raw.method()? })
    }
}
