//! A client of a schema registry: schemas are registered under subjects, get ids, and are found by them.
//!
//! The interface is Confluent's, as its own registry, Apicurio, Karapace and Redpanda have it: `POST
//! /subjects/{subject}/versions` registers, `POST /subjects/{subject}` only looks, `GET /schemas/ids/{id}` reads. It
//! knows nothing of Avro: a schema is a text here.
//!
//! All calls block; from async code, call them through `spawn_blocking`. Nothing is tried twice: an error says by its
//! [`Remedy`](cdc::Remedy) whether trying again may help, and its finding names URL and subject. Neither user nor password
//! is in any of them.

mod client;
mod error;
mod settings;
mod tls;

pub use client::Registry;
pub use error::RegistryError;
pub use settings::Settings;
