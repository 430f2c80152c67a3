//! What both PostgreSQL ends need: URL, TLS, roles, SQLSTATE and its remedy.
