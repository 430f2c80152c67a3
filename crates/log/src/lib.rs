//! Kafka as a Sink and as a Source, and the wire formats of its records.
