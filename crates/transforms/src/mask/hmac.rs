//! The keyed hash: the same for the same value, and for nobody without the key.

use std::fmt;

use cdc::{Column, Finding, Kind};
use hmac::Mac;
use sha2::Sha256;

use super::cover::{Form, Masker};
use super::{No, counts_bytes, is_folded, is_padded, room};
use crate::SecretRef;
use crate::name::NameRefused;

/// How many characters a whole hash has in hexadecimal.
const DIGITS: usize = 64;
/// A key's mask has at least this many of them: two of a billion keys get the same one with odds of 1 to 37.
const DIGITS_OF_KEY_MIN: usize = 16;

/// HMAC-SHA256 over a key that was taken in once: hashing a value clones it.
#[derive(Clone)]
pub(crate) struct Keyed(Box<hmac::Hmac<Sha256>>);

impl Keyed {
    fn new(key: &[u8]) -> Result<Self, ()> {
        hmac::Hmac::new_from_slice(key).map(|keyed| Self(Box::new(keyed))).map_err(drop)
    }

    pub(super) fn hash(&self, value: &[u8]) -> [u8; 32] {
        hmac::Hmac::clone(&self.0).chain_update(value).finalize().into_bytes().into()
    }
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyed(…)")
    }
}

/// A mask by keyed hash. The key is read when the chain is made.
#[derive(Clone, Debug)]
pub struct Hmac {
    key: SecretRef,
    template: Template,
    domain: Option<String>,
    keyed: Option<Keyed>,
}

/// What stands around the hash, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    before: String,
    /// As the file says; `None` is all the column holds.
    digits: Option<usize>,
    after: String,
}

impl Template {
    /// Reads `template` and `length`: one `{hash}` or `{hash:12}`, and no other braces.
    pub(super) fn read(text: Option<&str>, length: Option<usize>) -> Result<Self, NameRefused> {
        let text = text.unwrap_or("{hash}");
        let refuse = |reason: &str| NameRefused(format!("read template `{text}`: {reason}"));
        let braces = text.split_once('{').and_then(|(before, rest)| {
            let (inner, after) = rest.split_once('}')?;
            (!before.contains('}') && !after.contains(['{', '}'])).then_some((before, inner, after))
        });
        let one = "expected one `{hash}`, or `{hash:12}` for 12 of its characters";
        let (before, inner, after) = braces.ok_or_else(|| refuse(one))?;
        let digits = match inner.strip_prefix("hash") {
            Some("") => None,
            Some(number) => {
                let number = number.strip_prefix(':').and_then(|digits| digits.parse().ok());
                Some(number.ok_or_else(|| refuse(one))?)
            }
            None => return Err(refuse(one)),
        };
        if digits.is_some() && length.is_some() {
            return Err(refuse("it says how long the hash is, and so does `length`"));
        }
        let digits = digits.or(length);
        if digits.is_some_and(|digits| !(1..=DIGITS).contains(&digits)) {
            return Err(refuse("the hash has 1 to 64 characters"));
        }
        if text.contains('\0') {
            return Err(refuse("no text of PostgreSQL holds a zero byte"));
        }
        Ok(Self { before: before.to_owned(), digits, after: after.to_owned() })
    }

    /// The form of a mask in a text column with `room`.
    fn form(&self, room: Option<usize>, bytes: bool) -> Result<Form, String> {
        let count = |text: &str| if bytes { text.len() } else { text.chars().count() };
        let around = count(&self.before) + count(&self.after);
        let left = room.map_or(DIGITS, |room| room.saturating_sub(around).min(DIGITS));
        let digits = self.digits.unwrap_or(left);
        if digits == 0 || digits > left {
            return Err(format!(
                "the mask is {} characters long, and the column holds {}",
                around + digits.max(1),
                room.unwrap_or_default()
            ));
        }
        let (before, after) = (self.before.as_str().into(), self.after.as_str().into());
        Ok(Form::Text { before, digits, after })
    }

    fn is_plain(&self) -> bool {
        self.before.is_empty() && self.after.is_empty() && self.digits.is_none()
    }
}

impl Hmac {
    pub(super) fn new(key: SecretRef, template: Template, domain: Option<String>) -> Self {
        Self { key, template, domain, keyed: None }
    }

    /// Reads the key. A domain has a key of its own, made from the key and its name; the zero byte before the name
    /// keeps it apart from the mask of any value, as no text of PostgreSQL has one.
    pub(super) fn prepare(&mut self) -> Result<(), Box<Finding>> {
        let key = self.key.resolve()?;
        let keyed = Keyed::new(&key).and_then(|keyed| match &self.domain {
            Some(domain) => Keyed::new(&keyed.hash(format!("\0{domain}").as_bytes())),
            None => Ok(keyed),
        });
        self.keyed = keyed.ok();
        Ok(())
    }

    pub(super) fn masker(&self, column: &Column, key: bool) -> Result<Masker, No> {
        let form = match column.pg.kind {
            Kind::Text => self.template.form(room(&column.pg), counts_bytes(&column.pg)).map_err(
                |reason| No {
                    code: "transform_value_unfit",
                    reason,
                    remedy: "shorten the `template`, or take fewer characters of the hash with `length`",
                },
            )?,
            Kind::Uuid if self.template.is_plain() => Form::Uuid,
            Kind::Uuid => {
                return Err(No {
                    code: "transform_type_unfit",
                    reason: "the mask of a uuid is a uuid: a `template` or `length` would make it none".to_owned(),
                    remedy: "mask the uuid columns in a step of their own, without `template` and `length`",
                });
            }
            _ => {
                return Err(No {
                    code: "transform_type_unfit",
                    reason: format!("a hash is a text, and no value of type {}", column.pg.name),
                    remedy: "mask it `with: fixed` and a `value` of this type, or `with: null` where the column may be null",
                });
            }
        };
        if let Form::Text { digits, .. } = form
            && key
            && digits < DIGITS_OF_KEY_MIN
        {
            return Err(No {
                code: "transform_key_column",
                reason: format!(
                    "the column is part of the table's key, and {digits} characters of the hash are too few to keep different keys different"
                ),
                remedy: "give a key at least 16 characters of the hash: a longer column, or less around them",
            });
        }
        // A chain reads every key before it binds a table.
        let keyed = self.keyed.clone().ok_or_else(|| No {
            code: "secret_missing",
            reason: "the key was not read".to_owned(),
            remedy: "start the pipeline again",
        })?;
        let (padded, folded) = (is_padded(&column.pg), is_folded(&column.pg));
        Ok(Masker::Hmac { keyed, form, padded, folded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_one_of_rfc_4231() {
        let hash = Keyed::new(b"Jefe").unwrap().hash(b"what do ya want for nothing?");
        assert_eq!(hash[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    }

    #[test]
    fn a_template_has_one_hash() {
        let digits = |text, length| Template::read(Some(text), length).map(|read| read.digits);
        assert_eq!(digits("{hash}@x", None), Ok(None));
        assert_eq!(digits("a{hash:12}b", None), Ok(Some(12)));
        assert_eq!(digits("a{hash}b", Some(7)), Ok(Some(7)));
        for wrong in
            ["", "x", "{hash}{hash}", "{hsah}", "{hash:0}", "{hash:65}", "{hash:}", "}{hash}"]
        {
            assert!(digits(wrong, None).is_err(), "{wrong}");
        }
        assert!(digits("{hash:12}", Some(7)).is_err() && digits("{hash}", Some(0)).is_err());
    }
}
