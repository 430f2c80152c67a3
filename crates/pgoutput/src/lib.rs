//! The logical replication protocol: bytes and messages. No IO.
