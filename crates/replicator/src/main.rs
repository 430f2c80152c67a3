//! The command `pgrelay`.
fn main() {}
