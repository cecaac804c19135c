//! Errors summed up.

use super::{Measure, Pair};

/// The errors of a set of days, as shares (0.01 is 1 %).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Errors {
    /// Days with a truth.
    pub days: usize,
    /// Of those, days with a price.
    pub priced: usize,
    /// Median absolute error.
    pub median: f64,
    /// Mean signed error.
    pub bias: f64,
    /// Root of the mean square.
    pub rmse: f64,
    /// 95th percentile of the absolute error.
    pub p95: f64,
    /// Largest absolute error.
    pub worst: f64,
    /// Share of the priced days within 1 %.
    pub within1: f64,
    /// Within 2 %.
    pub within2: f64,
    /// Within 5 %.
    pub within5: f64,
    /// Share inside the day's range, where the truth is a candle.
    pub inside: Option<f64>,
    /// Share within 5 % of the day's range, of all days with a truth: a day without a price is a miss.
    pub near: Option<f64>,
}

/// The errors of `measure` over `pairs`.
pub fn errors(pairs: &[Pair<'_>], measure: Measure) -> Errors {
    let signed: Vec<f64> = pairs
        .iter()
        .filter_map(|pair| Some(measure.found(pair.row)? / measure.known(pair.candle)? - 1.0))
        .collect();
    let mut sorted: Vec<f64> = signed.iter().map(|error| error.abs()).collect();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let within = |bound: f64| {
        share(
            sorted.iter().filter(|error| **error <= bound).count(),
            sorted.len(),
        )
    };
    // Only the day's mean is asked to lie in the day's range.
    let outside: Vec<Option<f64>> = match measure {
        Measure::Mean => pairs
            .iter()
            .filter(|pair| pair.candle.outside(1.0).is_some())
            .map(|pair| pair.row.usd.and_then(|usd| pair.candle.outside(usd)))
            .collect(),
        _ => Vec::new(),
    };
    let priced: Vec<f64> = outside.iter().filter_map(|outside| *outside).collect();
    let some = |value: f64, of: usize| (of > 0).then_some(value);
    Errors {
        days: pairs.len(),
        priced: sorted.len(),
        median: quantile(&sorted, 0.5),
        bias: if sorted.is_empty() {
            0.0
        } else {
            signed.iter().sum::<f64>() / count
        },
        rmse: if sorted.is_empty() {
            0.0
        } else {
            (sorted.iter().map(|e| e * e).sum::<f64>() / count).sqrt()
        },
        p95: quantile(&sorted, 0.95),
        worst: sorted.last().copied().unwrap_or(0.0),
        within1: within(0.01),
        within2: within(0.02),
        within5: within(0.05),
        inside: some(
            share(priced.iter().filter(|o| **o == 0.0).count(), priced.len()),
            priced.len(),
        ),
        near: some(
            share(priced.iter().filter(|o| **o <= 0.05).count(), outside.len()),
            outside.len(),
        ),
    }
}

/// One line of the reliability table: days given about the same confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reliability {
    /// Lower end of the bin.
    pub from: f64,
    /// Upper end.
    pub to: f64,
    /// Days in it.
    pub days: usize,
    /// Their mean confidence.
    pub said: f64,
    /// Share of them within 2 % of the truth.
    pub held: f64,
    /// 95 % interval of that share were the confidences right.
    pub expected: (f64, f64),
}

impl Reliability {
    /// Whether what was said agrees with what held.
    pub fn agrees(&self) -> bool {
        self.held >= self.expected.0 && self.held <= self.expected.1
    }
}

/// The bins of confidence.
const BINS: [f64; 8] = [0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0];

/// How often prices given a confidence were within 2 % of the truth's mean.
pub fn reliability(pairs: &[Pair<'_>]) -> Vec<Reliability> {
    let said: Vec<(f64, bool)> = pairs
        .iter()
        .filter_map(|pair| {
            let error = pair.row.usd? / pair.candle.mean - 1.0;
            Some((pair.row.confidence?, error.abs() <= 0.02))
        })
        .collect();
    BINS.windows(2)
        .filter_map(|edges| {
            let (from, to) = (edges[0], edges[1]);
            let inside = |c: f64| c >= from && (c < to || (to == 1.0 && c <= to));
            let days: Vec<&(f64, bool)> = said.iter().filter(|(c, _)| inside(*c)).collect();
            if days.is_empty() {
                return None;
            }
            let mean = days.iter().map(|(c, _)| c).sum::<f64>() / days.len() as f64;
            Some(Reliability {
                from,
                to,
                days: days.len(),
                said: mean,
                held: share(days.iter().filter(|(_, held)| *held).count(), days.len()),
                expected: binomial_interval(days.len(), mean),
            })
        })
        .collect()
}

/// The smallest and largest share of `n` trials of probability `p` that leave at most 2.5 % of the
/// binomial distribution on either side.
fn binomial_interval(n: usize, p: f64) -> (f64, f64) {
    let p = p.clamp(1e-12, 1.0 - 1e-12);
    let mut below = 0.0;
    let (mut low, mut high) = (0, n);
    let mut found_low = false;
    // ln C(n, k) is built up term by term; sums of probabilities from 0 upwards.
    let mut ln_choose = 0.0;
    for k in 0..=n {
        if k > 0 {
            ln_choose += ((n - k + 1) as f64).ln() - (k as f64).ln();
        }
        let term = (ln_choose + k as f64 * p.ln() + (n - k) as f64 * (1.0 - p).ln()).exp();
        below += term;
        if !found_low && below > 0.025 {
            low = k;
            found_low = true;
        }
        if below >= 0.975 {
            high = k;
            break;
        }
    }
    (share(low, n), share(high, n))
}

fn share(part: usize, of: usize) -> f64 {
    if of == 0 {
        0.0
    } else {
        part as f64 / of as f64
    }
}

/// The value that a share `q` of `sorted` does not exceed (nearest rank).
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Candle, Truth, pair};
    use crate::store::PriceRow;

    #[test]
    fn errors_are_those_of_a_hand_count() {
        let text = "date,open,high,low,close\n1970-01-02,100,100,100,100\n1970-01-03,100,110,90,100\n1970-01-04,100,100,100,100\n";
        let truth = Truth::read(text.as_bytes()).unwrap();
        let row = |day, usd| PriceRow {
            usd,
            confidence: usd.map(|_| 0.5),
            ..PriceRow::empty(day, "path", 1)
        };
        let rows = [
            row(1, Some(100.9)),
            row(2, Some(94.0)),
            row(3, None),
            row(9, Some(1.0)),
        ];
        let (pairs, without) = pair(&rows, &truth);
        assert_eq!((pairs.len(), without), (3, 1));
        let e = errors(&pairs, Measure::Mean);
        assert_eq!((e.days, e.priced), (3, 2));
        assert!(
            (e.median - 0.009).abs() < 1e-12
                && (e.worst - 0.06).abs() < 1e-12
                && (e.p95 - 0.06).abs() < 1e-12
        );
        assert!(
            (e.rmse - (0.003_681f64 / 2.0).sqrt()).abs() < 1e-12 && (e.bias + 0.0255).abs() < 1e-12
        );
        assert_eq!((e.within1, e.within2, e.within5), (0.5, 0.5, 0.5));
        assert_eq!((e.inside, e.near), (Some(0.5), Some(2.0 / 3.0)));
        let table = reliability(&pairs);
        assert_eq!(table.len(), 1);
        assert_eq!((table[0].days, table[0].said, table[0].held), (2, 0.5, 0.5));
    }

    #[test]
    fn the_binomial_interval_is_the_textbook_one() {
        assert_eq!(binomial_interval(100, 0.5), (0.40, 0.60));
        assert_eq!(binomial_interval(20, 0.9), (0.75, 1.0));
        assert_eq!(binomial_interval(10, 1.0), (1.0, 1.0));
        let (low, high) = binomial_interval(6_000, 0.98);
        assert!(low > 0.975 && high < 0.985);
    }

    #[test]
    fn no_days_give_no_numbers_that_are_none() {
        let none: [Pair<'_>; 0] = [];
        let e = errors(&none, Measure::Open);
        assert_eq!(e, Errors::default());
        assert!(reliability(&none).is_empty());
        let candle = Candle {
            mean: 1.0,
            open: None,
            high: None,
            low: None,
            close: None,
        };
        assert_eq!(candle.outside(1.0), None);
    }
}
