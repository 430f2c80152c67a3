#![no_main]

#[path = "../src/pgoutput.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::read(bytes));
