#![no_main]

#[path = "../src/table.rs"]
mod table;
#[path = "../src/json_reader.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::read(bytes));
