//! What `make fuzz` runs, over its corpus: with any compiler, and the same in every run.

#[path = "../../../tests/fuzz/src/avro_reader.rs"]
mod avro_reader;
#[path = "../../../tests/fuzz/src/corpus.rs"]
mod corpus;
#[path = "../../../tests/fuzz/src/json_reader.rs"]
mod json_reader;
#[path = "../../../tests/fuzz/src/table.rs"]
mod table;

#[test]
fn no_file_of_the_json_corpus_and_no_change_of_it_panics() {
    corpus::replay("json_reader", json_reader::read);
}

#[test]
fn no_file_of_the_avro_corpus_and_no_change_of_it_panics() {
    corpus::replay("avro_reader", avro_reader::read);
}
