//! How the price moves: a two-component Laplace mixture plus a rare jump to anywhere.
//!
//! A Laplace kernel on a grid is two first-order recursions, so a step over all prices costs a few
//! operations a state, whatever its width. The same code serves days (coarse grid) and blocks (fine grid).

/// Steps of the log price between two moments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Scale (mean absolute move) of the ordinary component, in grid bins.
    pub(super) scale: f64,
    /// Share of the wide component.
    pub(super) wide_share: f64,
    /// Width of the wide component, in ordinary scales.
    pub(super) wide_factor: f64,
    /// Share of jumps to anywhere on the grid: what keeps one lock from being for ever.
    pub(super) jump: f64,
}

impl Step {
    /// Moves the distribution `from` (not necessarily normalised) one step, into `to`; total mass is kept but
    /// for what would leave the grid. The kernel is symmetric, so the same call carries messages backward.
    pub(super) fn apply(&self, from: &[f64], to: &mut Vec<f64>) {
        if from.is_empty() {
            return to.clear();
        }
        let total: f64 = from.iter().sum();
        let background = self.jump * total / from.len() as f64;
        to.clear();
        to.resize(from.len(), background);
        let kept = 1.0 - self.jump;
        let near = Decay::new(self.scale, kept * (1.0 - self.wide_share));
        let wide = Decay::new(self.scale * self.wide_factor, kept * self.wide_share);
        // The sums over the states below and above run side by side: each waits for its own last step only.
        let (mut near_below, mut wide_below) = (0.0, 0.0);
        let (mut near_above, mut wide_above) = (0.0, 0.0);
        let last = from.len() - 1;
        for i in 0..=last {
            let below = from[i];
            near_below = below + near.keep * near_below;
            wide_below = below + wide.keep * wide_below;
            to[i] += near.gain * near_below + wide.gain * wide_below;
            // The sum from above leaves the state itself out, or it would count twice.
            let j = last - i;
            to[j] += near.gain * near_above + wide.gain * wide_above;
            let above = from[j];
            near_above = near.keep * (above + near_above);
            wide_above = wide.keep * (above + wide_above);
        }
    }
}

/// A discrete Laplace kernel: weight gain * keep^|k|, total mass `mass`.
struct Decay {
    keep: f64,
    gain: f64,
}

impl Decay {
    fn new(scale: f64, mass: f64) -> Self {
        let keep = (-1.0 / scale.max(1e-3)).exp();
        Self {
            keep,
            gain: mass * (1.0 - keep) / (1.0 + keep),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_symmetric_kernel_of_mass_one() {
        let step = Step {
            scale: 5.0,
            wide_share: 0.1,
            wide_factor: 3.0,
            jump: 1e-6,
        };
        let mut from = vec![0.0; 1001];
        from[500] = 1.0;
        let mut to = Vec::new();
        step.apply(&from, &mut to);
        assert!((to.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        for k in 1..500 {
            assert!((to[500 - k] - to[500 + k]).abs() < 1e-15, "{k}");
            assert!(to[500 + k] < to[500 + k - 1]);
        }
    }
}
