//! What `make fuzz` runs, over its corpus: with any compiler, and the same in every run.

#[path = "../../../tests/fuzz/src/corpus.rs"]
mod corpus;
#[path = "../../../tests/fuzz/src/pgoutput.rs"]
mod target;

#[test]
fn no_file_of_the_corpus_and_no_change_of_it_panics() {
    corpus::replay("pgoutput", target::read);
}
