//! Which partition a key goes to: Kafka's Java client's `murmur2`, so that the records of one key meet
//! whoever wrote them.
//!
//! <https://github.com/apache/kafka/blob/trunk/clients/src/main/java/org/apache/kafka/common/utils/Utils.java>

/// The partition of `key` among `partitions`; a record without a key goes to partition 0.
pub fn partition(key: Option<&[u8]>, partitions: i32) -> i32 {
    key.map_or(0, |key| (hash(key) & 0x7FFF_FFFF) % partitions.max(1))
}

fn hash(data: &[u8]) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let mut h = 0x9747_b28c ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = word.iter().rev().fold(0, |k, byte| k << 8 | u32::from(*byte));
        k = k.wrapping_mul(M);
        k ^= k >> 24;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        h ^= rest.iter().rev().fold(0, |k, byte| k << 8 | u32::from(*byte));
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    (h ^ h >> 15) as i32
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_the_java_clients() {
        for (key, expected) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(super::hash(key.as_bytes()), expected, "{key}");
        }
    }

    #[test]
    fn a_record_without_a_key_goes_to_partition_0() {
        assert_eq!(super::partition(None, 7), 0);
        assert_eq!(super::partition(Some(b"abc"), 7), 479_470_107 % 7);
        assert_eq!(super::partition(Some(b"21"), 7), (-973_932_308 & 0x7FFF_FFFF) % 7);
    }
}
