//! Which amounts of a block are looked at.
//!
//! Two kinds of amounts say nothing about dollars and are left out of both passes: those that are round
//! in bitcoin (at most two significant digits: somebody typed them), and repetitions of one amount
//! within one block (a batch of equal payments is one decision, not many).

/// Whether an amount in sats has at most two significant decimal digits, so is round in bitcoin.
pub(super) fn is_round_btc(mut sats: u64) -> bool {
    // Above 10^5 sats two digits imply three trailing zeros: most amounts leave here, at one division.
    if sats >= 100_000 && !sats.is_multiple_of(1_000) {
        return false;
    }
    while sats >= 100 {
        if !sats.is_multiple_of(10) {
            return false;
        }
        sats /= 10;
    }
    true
}

/// Calls `f` once for each different amount (sats) of a block that is not round in bitcoin,
/// whatever the order of `sats`, in ascending order.
pub(super) fn for_each_distinct(sats: &[u64], mut f: impl FnMut(u64)) {
    let mut visit = |sorted: &[u64]| {
        let mut last = None;
        for &s in sorted {
            if last != Some(s) && !is_round_btc(s) {
                f(s);
            }
            last = Some(s);
        }
    };
    if sats.is_sorted() {
        visit(sats);
    } else {
        let mut sorted = sats.to_vec();
        sorted.sort_unstable();
        visit(&sorted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_are_round_and_three_are_not() {
        for s in [0, 7, 99, 100, 1_000, 1_200, 25_000, 1_500_000, 100_000_000] {
            assert!(is_round_btc(s), "{s}");
        }
        for s in [101, 1_230, 99_999, 123_000, 100_001, 12_500_000] {
            assert!(!is_round_btc(s), "{s}");
        }
    }

    #[test]
    fn repetitions_count_once_in_any_order() {
        let mut seen = Vec::new();
        for_each_distinct(&[777, 1_000, 123, 777, 123], |s| seen.push(s));
        assert_eq!(seen, [123, 777]);
    }
}
