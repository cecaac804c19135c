//! How sure a window's price is.
//!
//! Confidence is the probability that the price is within 2 % of the truth: the share of the posterior
//! that lies in the winner's neighbourhood, times the chance that the error within it stays below 2 %.

use super::grid::log10_price;
use super::intraday::Path;
use super::window_posterior::{BASIN, DayPosterior};
use std::f64::consts::LN_10;

/// The tolerance confidence speaks about, in log price.
const TOLERANCE: f64 = 0.02;
/// What no amount of data removes: fees and spreads inside the amounts paid, exchanges that differ.
const SYSTEMATIC_SD: f64 = 0.002;
/// "The price of a day" is not one number: the mean over time and the middle of the day's range differ by
/// about this share of the range (a uniform law over the middle third of it).
const RANGE_SHARE: f64 = 0.125;
/// Moments of a window at which its uncertainty is added up.
const MOMENTS: usize = 48;

/// Distribution function of Student's law with 4 degrees of freedom, scaled to standard deviation 1: errors
/// have the fat tails that price moves have (four is the usual estimate of their tail index).
pub(super) fn fat_cdf(x: f64) -> f64 {
    // The law's own standard deviation is the root of 4/(4 - 2).
    let t = x * std::f64::consts::SQRT_2;
    let u = 1.0 + t * t / 4.0;
    0.5 + 0.375 * t / u.sqrt() * (1.0 - t * t / (12.0 * u))
}

/// Standard deviation of the error of the window's time-weighted mean ln price, given the right
/// neighbourhood. `span` is the window, UTC seconds; `range` is ln(high/low).
pub(super) fn mean_sd(path: &Path, span: (f64, f64), range: f64) -> f64 {
    let hour = |s: f64| s / 3600.0;
    let volatility = path.hourly_sd.powi(2);
    let moments: Vec<(f64, usize, f64)> = (0..MOMENTS)
        .filter_map(|m| {
            let t = span.0 + (m as f64 + 0.5) / MOMENTS as f64 * (span.1 - span.0);
            let (i, point) = path
                .points
                .iter()
                .enumerate()
                .min_by(|a, b| (a.1.time - t).abs().total_cmp(&(b.1.time - t).abs()))?;
            Some((t, i, hour(t - point.time)))
        })
        .collect();
    let mut variance = 0.0;
    for &(t, i, away) in &moments {
        for &(u, j, other) in &moments {
            let (p, q) = (&path.points[i], &path.points[j]);
            // Neighbouring estimates share their error for as long as the price takes to diffuse by it.
            let memory = p.sd * q.sd / volatility;
            variance += p.sd * q.sd * (-hour((t - u).abs()) / memory.max(1e-6)).exp();
            // Away from every block the price walks on alone; two moments on one side share the walk.
            if i == j && away.signum() == other.signum() {
                variance += volatility * away.abs().min(other.abs());
            }
        }
    }
    let n = moments.len().max(1) as f64;
    // A walk's expected range is 1.6 standard deviations of its whole way (Feller 1951); what no block saw
    // had one too.
    let unseen = moments.iter().map(|m| m.2.abs()).fold(0.0, f64::max);
    let definition = RANGE_SHARE * range.max(1.6 * (volatility * unseen).sqrt());
    (variance / (n * n) + SYSTEMATIC_SD.powi(2) + definition * definition).sqrt()
}

/// The probability that the price is within 2 % of the truth.
pub(super) fn confidence(share: f64, sd: f64) -> f64 {
    share * (2.0 * fat_cdf(TOLERANCE / sd) - 1.0)
}

/// Quantile `q` of the price (USD per BTC): a fat-tailed law around the fine pass's mean for the winner's neighbourhood,
/// the coarse posterior elsewhere. The neighbourhood is the coarse pass's own, the same whose share [`confidence`] takes: on a
/// day with few blocks the fine pass can end far from its centre `winner` (log10 USD per BTC).
pub(super) fn quantile(day: &DayPosterior, winner: f64, ln_usd: f64, sd: f64, q: f64) -> f64 {
    let basin = (BASIN as f64 + 0.5) / super::grid::BINS_PER_DECADE as f64;
    let mut outside: Vec<(f64, f64)> = Vec::new();
    let mut elsewhere = 0.0;
    let mut total = 0.0;
    for &(i, p) in &day.bins {
        let at = log10_price(usize::from(i));
        total += f64::from(p);
        if (at - winner).abs() > basin {
            outside.push((at * LN_10, f64::from(p)));
            elsewhere += f64::from(p);
        }
    }
    let inside = (total - elsewhere).max(0.0);
    let below = |x: f64| {
        let other: f64 = outside
            .iter()
            .filter(|(at, _)| *at <= x)
            .map(|(_, p)| p)
            .sum();
        (other + inside * fat_cdf((x - ln_usd) / sd)) / total.max(f64::MIN_POSITIVE)
    };
    let (mut low, mut high) = (
        log10_price(0) * LN_10,
        log10_price(super::grid::PRICES - 1) * LN_10,
    );
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if below(middle) < q {
            low = middle;
        } else {
            high = middle;
        }
    }
    (0.5 * (low + high)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fat_law_matches_the_tables_of_student_with_four_degrees() {
        for (t, p) in [
            (0.0, 0.5),
            (2.132, 0.95),
            (2.776, 0.975),
            (-3.747, 0.01),
            (1e6, 1.0),
        ] {
            assert!(
                (fat_cdf(t / std::f64::consts::SQRT_2) - p).abs() < 1e-4,
                "{t}"
            );
        }
    }
}
