//! Where a registry is, and who asks.

use std::fmt;
use std::path::PathBuf;

use crate::RegistryError;

/// Where a registry is, and who asks. Its secrets are looked up already.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// `http://host:port` or `https://host:port`, with a path where the interface is below one.
    pub url: String,
    /// The user of basic authentication.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<String>,
    /// A file of the certificates, in PEM, that may have signed the registry's; otherwise those of the system.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("url", &self.url)
            .field("user", &self.user.is_some())
            .field("password", &self.password.is_some())
            .field("ca_file", &self.ca_file)
            .finish()
    }
}

impl Settings {
    /// The URL that paths are added to.
    ///
    /// # Errors
    /// Where it is no URL of HTTP, or has more in it than host, port and path: a secret, for one.
    pub fn base(&self) -> Result<String, RegistryError> {
        let wrong = |reason| RegistryError::Url { reason };
        let Some((scheme, rest)) = self.url.split_once("://") else {
            return Err(wrong("it does not begin with http:// or https://"));
        };
        if !matches!(scheme, "http" | "https") {
            return Err(wrong("it does not begin with http:// or https://"));
        }
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        if host.contains('@') {
            return Err(wrong("it has a user in it"));
        }
        if host.is_empty() || host.starts_with(':') {
            return Err(wrong("it has no host"));
        }
        if rest.contains(['?', '#', ' ']) {
            return Err(wrong("it has more in it than host, port and path"));
        }
        Ok(match path.trim_end_matches('/') {
            "" => format!("{scheme}://{host}"),
            path => format!("{scheme}://{host}/{path}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(url: &str) -> Result<String, RegistryError> {
        Settings { url: url.to_owned(), ..Settings::default() }.base()
    }

    #[test]
    fn a_path_is_kept_and_a_secret_is_refused() {
        assert_eq!(base("http://a:1").unwrap(), "http://a:1");
        assert_eq!(base("http://a:1/").unwrap(), "http://a:1");
        assert_eq!(base("https://a/apis/ccompat/v7/").unwrap(), "https://a/apis/ccompat/v7");
        for wrong in
            ["a:1", "ftp://a", "http://", "http://:1", "http://u:sesame@a:1", "http://a?x=sesame"]
        {
            let error = base(wrong).unwrap_err().to_string();
            assert!(!error.contains("sesame"), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let settings = Settings {
            url: "http://a".to_owned(),
            user: Some("sesame".to_owned()),
            password: Some("sesame".to_owned()),
            ca_file: None,
        };
        assert!(!format!("{settings:?}").contains("sesame"));
    }
}
