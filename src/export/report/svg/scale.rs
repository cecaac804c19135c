//! Scales: from values to pixels, and round values to label them with.

/// A logarithmic or a linear scale.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    /// Pixels that the two ends fall on.
    from: f64,
    to: f64,
    logarithmic: bool,
}

impl Scale {
    /// From `low` to `high`, both above 0, to the pixels `from` and `to`.
    pub(super) fn log(low: f64, high: f64, from: f64, to: f64) -> Scale {
        Scale {
            low: low.ln(),
            high: high.ln(),
            from,
            to,
            logarithmic: true,
        }
    }

    /// From `low` to `high` to the pixels `from` and `to`.
    pub(super) fn linear(low: f64, high: f64, from: f64, to: f64) -> Scale {
        Scale {
            low,
            high,
            from,
            to,
            logarithmic: false,
        }
    }

    /// The pixel of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.ln() } else { value };
        let share = (value - self.low) / (self.high - self.low);
        self.from + share * (self.to - self.from)
    }
}

/// Round numbers from `low` to `high`, `count` of them or a few more or less.
pub(super) fn round_numbers(low: f64, high: f64, count: f64) -> Vec<f64> {
    let rough = (high - low) / count.max(1.0);
    if !(rough.is_finite() && rough > 0.0) {
        return Vec::new();
    }
    let power = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * power);
    let step = steps
        .into_iter()
        .find(|s| *s >= rough)
        .unwrap_or(10.0 * power);
    let first = (low / step - 1e-9).ceil();
    (0..)
        .map(|k| (first + f64::from(k)) * step)
        .take_while(|number| *number <= high + step * 1e-9)
        .take(200)
        .collect()
}

/// Round numbers for a logarithmic scale: 1, 2 and 5 over decades, evenly spaced ones within one.
pub(super) fn log_numbers(low: f64, high: f64, count: f64) -> Vec<f64> {
    let decades = (high / low).log10();
    if decades < 0.7 {
        return round_numbers(low, high, count);
    }
    let digits: &[f64] = if decades * 2.0 <= count {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    // At most some twenty decades.
    let powers = low.log10().floor() as i32..=high.log10().ceil() as i32;
    powers
        .flat_map(|power| digits.iter().map(move |digit| digit * 10f64.powi(power)))
        .filter(|number| (low..=high).contains(number))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_round_and_within() {
        assert_eq!(round_numbers(0.0, 1.0, 4.0), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(
            log_numbers(1.0, 100.0, 6.0),
            [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]
        );
        assert_eq!(
            log_numbers(41_000.0, 44_000.0, 3.0),
            [41_000.0, 42_000.0, 43_000.0, 44_000.0]
        );
        assert!(round_numbers(1.0, 1.0, 3.0).is_empty());
        assert!(round_numbers(f64::NAN, 1.0, 3.0).is_empty());
    }

    #[test]
    fn the_ends_fall_on_the_ends() {
        let scale = Scale::log(1.0, 100.0, 10.0, 110.0);
        assert!((scale.at(10.0) - 60.0).abs() < 1e-9);
        let scale = Scale::linear(0.0, 2.0, 100.0, 0.0);
        assert_eq!((scale.at(0.0), scale.at(2.0)), (100.0, 0.0));
    }
}
