//! The requests, and what their answers mean.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;
use ureq::Agent;

use crate::{RegistryError, Settings, tls};

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// No schema is larger.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How much of what a registry says is told.
const REASON_CHARS_MAX: usize = 1_000;

const CONTENT_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// What stands for itself in a part of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A registry.
pub struct Registry {
    agent: Agent,
    base: String,
    authorization: Option<String>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The rest holds the password.
        f.debug_struct("Registry").field("base", &self.base).finish_non_exhaustive()
    }
}

/// What came back.
struct Answer {
    status: u16,
    body: String,
}

#[derive(Deserialize)]
struct Registered {
    id: u32,
}

#[derive(Deserialize)]
struct Found {
    schema: String,
    #[serde(default)]
    references: Vec<Reference>,
}

/// A schema whose types another one names.
#[derive(Deserialize)]
struct Reference {
    subject: String,
    version: i32,
}

#[derive(Deserialize)]
struct Said {
    message: String,
}

impl Registry {
    /// A client. Nothing is asked yet.
    ///
    /// # Errors
    /// Where the URL or the file of certificates cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, RegistryError> {
        let base = settings.base()?;
        let secure = base.starts_with("https:");
        let mut config = Agent::config_builder()
            .timeout_connect(Some(CONNECT_LIMIT))
            .timeout_global(Some(ANSWER_LIMIT))
            // What an answer means is decided here, by its status.
            .http_status_as_error(false)
            // The registry is as near as the brokers are.
            .proxy(None)
            .user_agent(concat!("pgrelay/", env!("CARGO_PKG_VERSION")));
        if secure || settings.ca_file.is_some() {
            config = config.tls_config(tls::config(settings.ca_file.as_deref())?);
        }
        let authorization = settings.user.as_ref().map(|user| {
            let password = settings.password.as_deref().unwrap_or_default();
            format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
        });
        Ok(Self { agent: config.build().into(), base, authorization })
    }

    /// The id of an Avro schema under a subject. It is registered where it is not; with `may_register` false it must be
    /// there.
    ///
    /// # Errors
    /// Where the registry does not answer, refuses the schema, or does not have it.
    pub fn id(
        &self,
        subject: &str,
        schema: &str,
        may_register: bool,
    ) -> Result<u32, RegistryError> {
        let path = format!("/subjects/{}", segment(subject));
        let path = if may_register { format!("{path}/versions") } else { path };
        let doing = format!("register the schema of subject {subject}");
        let answer = self.post(&path, &json!({ "schema": schema }).to_string(), &doing)?;
        match answer.status {
            200..=299 => self.read::<Registered>(&answer, &doing).map(|answer| answer.id),
            409 => Err(RegistryError::Incompatible {
                url: self.base.clone(),
                subject: subject.to_owned(),
                reason: reason(&answer),
            }),
            404 if !may_register => Err(RegistryError::NotRegistered {
                url: self.base.clone(),
                subject: subject.to_owned(),
                reason: reason(&answer),
            }),
            _ => Err(self.refused(&answer, doing)),
        }
    }

    /// The schema of an id.
    ///
    /// # Errors
    /// Where the registry does not answer, or has none.
    pub fn schema(&self, id: u32) -> Result<String, RegistryError> {
        self.found(id).map(|found| found.schema)
    }

    /// The schema of an id behind those whose types it names, each behind those that it names itself.
    ///
    /// # Errors
    /// Where the registry does not answer, or lacks one.
    pub fn schema_and_references(&self, id: u32) -> Result<Vec<String>, RegistryError> {
        let (mut met, mut texts) = (HashSet::new(), Vec::new());
        self.collect(self.found(id)?, &mut met, &mut texts)?;
        Ok(texts)
    }

    fn collect(
        &self,
        found: Found,
        met: &mut HashSet<(String, i32)>,
        texts: &mut Vec<String>,
    ) -> Result<(), RegistryError> {
        for Reference { subject, version } in found.references {
            if met.insert((subject.clone(), version)) {
                let doing = format!("read version {version} of subject {subject}");
                let path = format!("/subjects/{}/versions/{version}", segment(&subject));
                let answer = self.get(&path, &doing)?;
                match answer.status {
                    200..=299 => self.collect(self.read(&answer, &doing)?, met, texts)?,
                    _ => return Err(self.refused(&answer, doing)),
                }
            }
        }
        texts.push(found.schema);
        Ok(())
    }

    fn found(&self, id: u32) -> Result<Found, RegistryError> {
        let doing = format!("read the schema of id {id}");
        let answer = self.get(&format!("/schemas/ids/{id}"), &doing)?;
        match answer.status {
            200..=299 => self.read(&answer, &doing),
            404 if says(&answer).is_some() => {
                Err(RegistryError::NoSuchId { url: self.base.clone(), id })
            }
            _ => Err(self.refused(&answer, doing)),
        }
    }

    /// Whether it is there, and a registry, and answers this user.
    ///
    /// # Errors
    /// Why not.
    pub fn try_it(&self) -> Result<(), RegistryError> {
        let doing = "list the subjects";
        let answer = self.get("/subjects", doing)?;
        match answer.status {
            200..=299 => self.read::<Vec<String>>(&answer, doing).map(drop),
            _ => Err(self.refused(&answer, doing.to_owned())),
        }
    }

    fn get(&self, path: &str, doing: &str) -> Result<Answer, RegistryError> {
        let mut request =
            self.agent.get(format!("{}{path}", self.base)).header("Accept", CONTENT_TYPE);
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        self.answer(request.call(), doing)
    }

    fn post(&self, path: &str, body: &str, doing: &str) -> Result<Answer, RegistryError> {
        let request =
            self.agent.post(format!("{}{path}", self.base)).header("Accept", CONTENT_TYPE);
        let mut request = request.header("Content-Type", CONTENT_TYPE);
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        self.answer(request.send(body), doing)
    }

    fn answer(
        &self,
        result: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
        doing: &str,
    ) -> Result<Answer, RegistryError> {
        let mut response = result.map_err(|error| self.no_answer(&error, doing))?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).lossy_utf8(true);
        let body = body.read_to_string().map_err(|error| self.no_answer(&error, doing))?;
        Ok(Answer { status, body })
    }

    fn no_answer(&self, error: &ureq::Error, doing: &str) -> RegistryError {
        let url = self.base.clone();
        match tls_error(error) {
            Some(reason) => RegistryError::Tls { url, reason },
            None => RegistryError::Unavailable {
                url,
                doing: doing.to_owned(),
                reason: error.to_string(),
            },
        }
    }

    fn read<'a, T: Deserialize<'a>>(
        &self,
        answer: &'a Answer,
        doing: &str,
    ) -> Result<T, RegistryError> {
        serde_json::from_str(&answer.body).map_err(|_| RegistryError::Refused {
            url: self.base.clone(),
            doing: doing.to_owned(),
            reason: "the answer is not a schema registry's".to_owned(),
        })
    }

    fn refused(&self, answer: &Answer, doing: String) -> RegistryError {
        let url = self.base.clone();
        match answer.status {
            401 | 403 => RegistryError::NotAuthorized { url, doing, status: answer.status },
            408 | 429 | 500..=599 => {
                RegistryError::Unavailable { url, doing, reason: reason(answer) }
            }
            _ => RegistryError::Refused { url, doing, reason: reason(answer) },
        }
    }
}

/// A part of a path.
pub(crate) fn segment(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, SEGMENT)
}

/// What TLS says, if it is TLS that failed.
fn tls_error(error: &ureq::Error) -> Option<String> {
    match error {
        ureq::Error::Rustls(error) => Some(error.to_string()),
        ureq::Error::Tls(reason) => Some((*reason).to_owned()),
        ureq::Error::Io(error) => of_rustls(error).map(ToString::to_string),
        _ => None,
    }
}

fn of_rustls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What a registry says of an error; `None` where it is no registry that says it.
fn says(answer: &Answer) -> Option<String> {
    serde_json::from_str(&answer.body).ok().map(|said: Said| said.message)
}

fn reason(answer: &Answer) -> String {
    match says(answer) {
        Some(message) => message.chars().take(REASON_CHARS_MAX).collect(),
        None => format!("the answer's status is {}", answer.status),
    }
}
