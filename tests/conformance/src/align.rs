//! Which record of one partition stands beside which of the other, so that one too many is one difference.

/// The pairs of a longest common subsequence, with what stands alone on either side, in order.
pub(crate) fn align<T: PartialEq>(ours: &[T], theirs: &[T]) -> Vec<(Option<usize>, Option<usize>)> {
    let (n, m) = (ours.len(), theirs.len());
    // longest[i][j]: of what is left from i and from j on.
    let mut longest = vec![vec![0_u32; m + 1]; n + 1];
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            longest[i][j] = if ours[i] == theirs[j] {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < n || j < m {
        if i < n && j < m && ours[i] == theirs[j] {
            pairs.push((Some(i), Some(j)));
            (i, j) = (i + 1, j + 1);
        } else if j == m || (i < n && longest[i + 1][j] >= longest[i][j + 1]) {
            pairs.push((Some(i), None));
            i += 1;
        } else {
            pairs.push((None, Some(j)));
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_too_many_does_not_shift_the_rest() {
        let pairs = super::align(b"abcd", b"acxd");
        let expected = [
            (Some(0), Some(0)),
            (Some(1), None),
            (Some(2), Some(1)),
            (None, Some(2)),
            (Some(3), Some(3)),
        ];
        assert_eq!(pairs, expected);
        assert_eq!(super::align(b"", b"a"), [(None, Some(0))]);
    }
}
