//! The service pgrelay: pipeline files, the loop, supervision, REST, metrics, command line.
