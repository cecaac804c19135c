//! A small seeded random generator: xoshiro256++ (Blackman and Vigna, 2019), seeded through splitmix64.
//!
//! The same seed gives the same stream on every machine and for ever, which no external crate promises across
//! its major versions. (`exp` and `ln` may differ in their last bit between platforms, so amounts and prices made
//! from the stream are the same on one platform only.)

/// A deterministic stream of random numbers.
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
    spare_normal: Option<f64>,
}

/// One step of splitmix64; also good for deriving independent seeds from (seed, index) pairs.
pub(crate) fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Rng {
    /// A stream that depends on `seed` alone.
    pub fn new(seed: u64) -> Self {
        let mut s = seed;
        Self {
            state: std::array::from_fn(|_| splitmix(&mut s)),
            spare_normal: None,
        }
    }

    /// A stream that depends on `seed` and `index`: the n-th day, block or branch of one chain.
    pub fn derive(seed: u64, index: u64) -> Self {
        let mut s = seed;
        let mixed = splitmix(&mut s) ^ index.wrapping_mul(0xd605_bbb5_8c8a_bb59);
        Self::new(mixed)
    }

    /// 64 uniform bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in [0, 1).
    #[inline]
    pub fn unit(&mut self) -> f64 {
        // 53 bits: every value is exact in an f64.
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in 0..`n`; 0 if `n` is 0. The bias of the multiply-shift is below n / 2^64.
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next_u64()) * n as u128) >> 64) as usize // below n, so it fits
    }

    /// True with probability `p`.
    #[inline]
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Standard normal (Marsaglia's polar method).
    #[inline]
    pub fn normal(&mut self) -> f64 {
        if let Some(z) = self.spare_normal.take() {
            return z;
        }
        loop {
            let (u, v) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let f = (-2.0 * s.ln() / s).sqrt();
                self.spare_normal = Some(v * f);
                return u * f;
            }
        }
    }

    /// Exponential with mean 1.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// Laplace with scale 1 (mean 0, standard deviation √2).
    #[inline]
    pub fn laplace(&mut self) -> f64 {
        let e = self.exponential();
        if self.next_u64() >> 63 == 0 { e } else { -e }
    }

    /// Student's t with 4 degrees of freedom, scaled to a standard deviation of 1: fat tails, finite variance.
    pub fn fat_tailed(&mut self) -> f64 {
        // A chi-square with 4 degrees of freedom is twice a sum of two exponentials; Var(t4) = 2.
        let chi2 = 2.0 * (self.exponential() + self.exponential());
        self.normal() / (chi2 / 4.0).sqrt() / std::f64::consts::SQRT_2
    }

    /// Appends `n` random bytes.
    #[inline]
    pub fn bytes(&mut self, n: usize, out: &mut Vec<u8>) {
        let mut left = n;
        while left >= 8 {
            out.extend_from_slice(&self.next_u64().to_le_bytes());
            left -= 8;
        }
        if left > 0 {
            out.extend_from_slice(&self.next_u64().to_le_bytes()[..left]);
        }
    }
}
