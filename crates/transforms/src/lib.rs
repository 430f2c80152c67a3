//! The chain of single message transforms, one verb a file.
