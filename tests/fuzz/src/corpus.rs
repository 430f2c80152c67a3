//! The corpus of a target, replayed with any compiler: every file, every beginning of it, and changes of it that are
//! the same in every run.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

/// Changed copies of each file.
const CHANGED: usize = 2_000;

/// What begins or ends a number, a string, a list, a message.
const TELLING: &[u8] = b"\0\x01\x7f\x80\xff\"\\{}[],:-0e9 \nntuNKO";

/// Gives `read` all of it.
///
/// # Panics
/// Where `read` does: then with the bytes, so that they become a file of the corpus.
pub(crate) fn replay(target: &str, read: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).expect("the corpus is there");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let all: Vec<_> = paths.iter().map(|path| fs::read(path).expect("a readable file")).collect();
    assert!(!all.is_empty(), "{} is empty", folder.display());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for (path, bytes) in paths.iter().zip(&all) {
        let name = path.file_name().unwrap_or_default().display();
        let beginnings = (0..=bytes.len()).map(|end| bytes[..end].to_vec());
        let changed = (0..CHANGED).map(|_| changed(bytes, &all, &mut random));
        for bytes in beginnings.chain(changed) {
            let shown = bytes.escape_ascii();
            assert!(catch_unwind(|| read(&bytes)).is_ok(), "{name} became b\"{shown}\"");
        }
    }
}

/// A copy with one to four places changed: a bit, a byte, a piece left out, a piece of another file put in.
fn changed(bytes: &[u8], all: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len().max(1));
        match (random.below(4), bytes.get_mut(at)) {
            (0, Some(byte)) => *byte ^= 1 << random.below(8),
            (1, Some(byte)) => *byte = TELLING[random.below(TELLING.len())],
            (2, Some(_)) => drop(bytes.drain(at..(at + 1 + random.below(8)).min(bytes.len()))),
            _ => {
                let other = &all[random.below(all.len())];
                let from = random.below(other.len().max(1)).min(other.len());
                let to = (from + random.below(24)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    bytes
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}
