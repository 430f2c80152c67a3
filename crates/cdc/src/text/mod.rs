//! Values as PostgreSQL prints them: reading and writing.
