//! The centre of a crowd of points and how far they stray from it, in linear time.

/// The points strictly within `share` (0.05 for ±5 %) of `price`.
pub(super) fn within(points: &[f64], price: f64, share: f64) -> Vec<f64> {
    let (low, high) = (price - share * price, price + share * price);
    points
        .iter()
        .copied()
        .filter(|&point| low < point && point < high)
        .collect()
}

/// The point with the least summed distance to the others, the first of equals in ascending order;
/// reorders `points`. `None` if there are none.
///
/// The summed distance falls as long as more points lie above than below. With an odd number of
/// points it is least at the median, with an even number it is the same at the two in the middle:
/// the lower is the first.
pub(super) fn central(points: &mut [f64]) -> Option<f64> {
    let middle = points.len().checked_sub(1)? / 2;
    Some(*points.select_nth_unstable_by(middle, f64::total_cmp).1)
}

/// The median absolute deviation of `points` from their central point, in their unit; reorders and
/// overwrites them. `None` if there are none.
pub(super) fn deviation(points: &mut [f64]) -> Option<f64> {
    let central = central(points)?;
    for point in &mut *points {
        *point = (*point - central).abs();
    }
    let (odd, half) = (points.len() % 2 == 1, points.len() / 2);
    let (below, &mut upper, _) = points.select_nth_unstable_by(half, f64::total_cmp);
    if odd {
        return Some(upper);
    }
    let lower = below.iter().copied().fold(0.0, f64::max);
    Some(0.5 * (lower + upper))
}
