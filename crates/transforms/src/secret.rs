//! Where a key is kept: a pipeline file names the place, never the key.

use std::fmt;
use std::path::PathBuf;

use cdc::Finding;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A secret by reference, so that it is never part of a file or a string.
#[derive(Clone, Debug, PartialEq, Eq, schemars::JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum SecretRef {
    /// The value of this environment variable.
    Env(String),
    /// What this file holds, without the line end after it.
    File(PathBuf),
}

impl SecretRef {
    /// Reads the secret.
    ///
    /// # Errors
    /// Where the variable or file is not there, or holds nothing. The finding names the place, never the value.
    pub fn resolve(&self) -> Result<Vec<u8>, Box<Finding>> {
        let secret = match self {
            SecretRef::Env(name) => {
                // `var_os` would panic on such a name.
                let possible = !name.is_empty() && !name.contains(['=', '\0']);
                let value = possible.then(|| std::env::var_os(name)).flatten();
                value.map(std::ffi::OsString::into_encoded_bytes).ok_or_else(|| {
                    let reason = "the environment variable is not set";
                    self.finding("secret_missing", reason.to_owned())
                        .remedy(format!("set `{name}` for the process that runs the pipeline"))
                })?
            }
            SecretRef::File(path) => {
                let mut read = std::fs::read(path).map_err(|error| {
                    self.finding("secret_missing", format!("the file cannot be read: {error}"))
                        .remedy("write the key into this file and let the process read it")
                })?;
                for end in [b'\n', b'\r'] {
                    if read.last() == Some(&end) {
                        read.pop();
                    }
                }
                read
            }
        };
        if secret.is_empty() {
            let finding = self.finding("secret_empty", "it holds nothing".to_owned());
            return Err(Box::new(finding.remedy(
                "put a long random key there, and keep it: another key makes other masks",
            )));
        }
        Ok(secret)
    }

    fn finding(&self, code: &'static str, reason: String) -> Finding {
        let place = match self {
            SecretRef::Env(name) => format!("environment variable {name}"),
            SecretRef::File(path) => format!("file {}", path.display()),
        };
        Finding::usage(code, place, reason)
    }
}

/// By hand: what serde derives takes a secret that was written into the file for a variant's name, and prints it. No error
/// of what was found instead is let through.
impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const WRITTEN: &str = "a secret is not written into the file: `{ env: NAME }` or `{ file: PATH }` names where it is kept";
        deserializer.deserialize_map(Reference).map_err(|_| D::Error::custom(WRITTEN))
    }
}

struct Reference;

impl<'de> Visitor<'de> for Reference {
    type Value = SecretRef;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("`{ env: NAME }` or `{ file: PATH }`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretRef, A::Error> {
        let reference = match map.next_key::<String>()?.as_deref() {
            Some("env") => SecretRef::Env(map.next_value()?),
            Some("file") => SecretRef::File(map.next_value()?),
            _ => return Err(A::Error::custom("neither")),
        };
        match map.next_key::<String>()? {
            None => Ok(reference),
            Some(_) => Err(A::Error::custom("more than one")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_where_it_is_kept() {
        let name = SecretRef::Env("CARGO_PKG_NAME".into());
        assert_eq!(name.resolve().unwrap(), b"transforms");
        let path = std::env::temp_dir().join(format!("pgrelay-secret-{}", std::process::id()));
        for (held, read) in [("k\r\n", Some("k")), ("k\n\n", Some("k\n")), ("\n", None)] {
            std::fs::write(&path, held).unwrap();
            let secret = SecretRef::File(path.clone()).resolve();
            assert_eq!(secret.ok().as_deref(), read.map(str::as_bytes));
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_finding_names_the_place() {
        for missing in [SecretRef::Env("NO SUCH=NAME".into()), SecretRef::File("/no/such".into())] {
            let finding = missing.resolve().unwrap_err();
            assert_eq!((finding.code, finding.status), ("secret_missing", cdc::Status::Usage));
        }
    }
}
