//! A PostgreSQL database as a Sink: fold, statements, one transaction, checkpoint.
