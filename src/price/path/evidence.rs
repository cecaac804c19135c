//! Pass 1: what one window's outputs say about the price, alone.
//!
//! The outputs are counted in a histogram of log amounts. Against the local mean (a smooth background of
//! amounts that are not round), each bin becomes a standardised excess; the comb sums the excess at the
//! amounts that would be round at each price.

use super::BlockOutputs;
use super::amounts::for_each_distinct;
use super::comb;
use super::grid::{AMOUNTS, BINS_PER_DECADE, MIN_LOG10_SATS, amount_bin};

/// Half widths, in bins, of the two windows whose average is the local mean: ±15 % and ±41 %.
const LOCAL_HALF_WIDTHS: [usize; 2] = [25, 60];
/// Weights of neighbouring bins when the histogram is smoothed: a tooth is one to two per cent wide,
/// because exchanges disagree and the price moves within the window.
const SMEAR: [f32; 7] = [0.2, 0.5, 0.8, 1.0, 0.8, 0.5, 0.2];
/// Counts added to the variance so that empty stretches are not divided by nothing.
const VARIANCE_FLOOR: f32 = 0.5;
/// Real histograms are rougher than Poisson: bins differ by about this share for reasons other than price.
const ROUGHNESS: f32 = 0.10;
/// Excess beyond about this many standard deviations counts only by its logarithm: one crowded amount must
/// not decide alone, yet on a busy day the higher teeth must stay higher, or half and double look alike.
const BEND: f32 = 2.0;
/// Round bitcoin amounts whose neighbourhood (amounts less a fee, change) is ignored.
const BTC_MANTISSAS: [f64; 3] = [1.0, 2.0, 5.0];

/// The evidence of one window (usually a UTC day), independent of all others. About 1.6 KB.
#[derive(Clone, Debug, PartialEq)]
pub struct DayEvidence {
    /// The window's day, days since 1970-01-01.
    pub day: i32,
    /// Header time of the window's first block, UTC seconds; midnight of `day` if it has no block.
    pub start: i64,
    /// Latest header time of the window, UTC seconds.
    pub end: i64,
    /// Blocks with outputs.
    pub blocks: u32,
    /// Outputs given, all blocks together.
    pub outputs: u64,
    /// Different amounts a block, round bitcoin amounts left out: what the curve was made of.
    pub points: u64,
    /// log10 of the median of those amounts, in sats; 0 when there are none.
    pub median_log10_sats: f32,
    /// Comb score of each price of one decade (400 bins), in weighted standard deviations.
    pub(super) score: Vec<f32>,
}

/// How far scores of one window computed on two machines can be apart: the sums are of single precision.
const SCORE_ROUNDING: f32 = 1e-3;

impl DayEvidence {
    /// Whether the other is the same but for the last digits, in which machines can differ.
    pub fn agrees(&self, other: &DayEvidence) -> bool {
        let counts = |e: &DayEvidence| (e.day, e.start, e.end, e.blocks, e.outputs, e.points);
        let near = |a: f32, b: f32| (a - b).abs() <= SCORE_ROUNDING * a.abs().max(1.0);
        counts(self) == counts(other)
            && near(self.median_log10_sats, other.median_log10_sats)
            && self.score.len() == other.score.len()
            && self
                .score
                .iter()
                .zip(&other.score)
                .all(|(a, b)| near(*a, *b))
    }
}

/// Pass 1: the evidence of the window `day` (days since 1970-01-01) from its blocks' qualifying outputs.
/// Depends on nothing but its arguments; the order of outputs within a block does not matter.
pub fn evidence(day: i32, blocks: &[BlockOutputs]) -> DayEvidence {
    let counts = count(blocks);
    let points: f32 = counts.iter().sum();
    let midnight = i64::from(day) * 86_400;
    DayEvidence {
        day,
        start: blocks.iter().map(|b| b.time).min().unwrap_or(midnight),
        end: blocks.iter().map(|b| b.time).max().unwrap_or(midnight),
        // A window of 2^32 blocks does not exist.
        blocks: blocks.iter().filter(|b| !b.sats.is_empty()).count() as u32,
        outputs: blocks.iter().map(|b| b.sats.len() as u64).sum(),
        // Sums of ones stay exact in f32 up to 2^24; a day has at most some 10^6 outputs.
        points: points as u64,
        median_log10_sats: median(&counts, points),
        score: comb::correlate(&whiten(&counts).excess),
    }
}

/// Histogram of the amounts that may carry a dollar price.
fn count<'a>(blocks: impl IntoIterator<Item = &'a BlockOutputs>) -> Vec<f32> {
    let mut counts = vec![0f32; AMOUNTS];
    for block in blocks {
        for_each_distinct(&block.sats, |s| {
            if let Some(i) = amount_bin(s) {
                counts[i] += 1.0;
            }
        });
    }
    counts
}

/// log10 of the median amount in sats (bin centre), 0 without amounts.
fn median(counts: &[f32], total: f32) -> f32 {
    let mut seen = 0.0;
    for (i, &n) in counts.iter().enumerate() {
        seen += n;
        if n > 0.0 && seen * 2.0 >= total {
            return (MIN_LOG10_SATS + (i as f64 + 0.5) / BINS_PER_DECADE as f64) as f32;
        }
    }
    0.0
}

/// 0 for bins next to a round bitcoin amount, else 1.
fn btc_mask() -> Vec<f32> {
    let mut mask = vec![1f32; AMOUNTS];
    for decade in 0..=AMOUNTS / BINS_PER_DECADE {
        for m in BTC_MANTISSAS {
            let at = (decade as f64 + m.log10()) * BINS_PER_DECADE as f64;
            for x in [at - 1.0, at, at + 1.0] {
                if x >= 0.0
                    && let Some(v) = mask.get_mut(x as usize)
                {
                    *v = 0.0;
                }
            }
        }
    }
    mask
}

/// Mean over ±`half` bins at every bin, counting only bins the mask keeps.
fn local_mean(values: &[f32], mask: &[f32], half: usize) -> Vec<f32> {
    let prefix = |x: &[f32]| {
        let mut sums = Vec::with_capacity(x.len() + 1);
        let mut sum = 0f64;
        sums.push(sum);
        for &v in x {
            sum += f64::from(v);
            sums.push(sum);
        }
        sums
    };
    let (total, kept) = (prefix(values), prefix(mask));
    (0..values.len())
        .map(|i| {
            let (a, b) = (i.saturating_sub(half), (i + half + 1).min(values.len()));
            ((total[b] - total[a]) / (kept[b] - kept[a]).max(1.0)) as f32
        })
        .collect()
}

/// A histogram of amounts against its own neighbourhood, each `AMOUNTS` long.
pub(super) struct Spectrum {
    /// Amounts counted within reach of each bin, weighted by `SMEAR`.
    pub(super) near: Vec<f32>,
    /// The same, expected from the local mean.
    pub(super) expected: Vec<f32>,
    /// Standardised, compressed difference of the two.
    pub(super) excess: Vec<f32>,
}

/// The spectrum of a window's amounts.
pub(super) fn spectrum(blocks: &[BlockOutputs]) -> Spectrum {
    whiten(&count(blocks))
}

/// Smooths the histogram and compares each bin with its neighbourhood.
fn whiten(counts: &[f32]) -> Spectrum {
    let mask = btc_mask();
    let kept: Vec<f32> = counts.iter().zip(&mask).map(|(n, m)| n * m).collect();
    let [narrow, wide] = LOCAL_HALF_WIDTHS.map(|half| local_mean(&kept, &mask, half));
    let expected: Vec<f32> = narrow
        .iter()
        .zip(&wide)
        .map(|(a, b)| 0.5 * (a + b))
        .collect();
    let reach = SMEAR.len() / 2;
    let mut out = Spectrum {
        near: Vec::with_capacity(AMOUNTS),
        expected: Vec::with_capacity(AMOUNTS),
        excess: Vec::with_capacity(AMOUNTS),
    };
    for i in 0..AMOUNTS {
        let (mut near, mut level, mut variance) = (0.0, 0.0, 0.0);
        for (k, weight) in SMEAR.iter().enumerate() {
            let Some(j) = (i + k).checked_sub(reach).filter(|&j| j < AMOUNTS) else {
                continue;
            };
            near += weight * kept[j];
            level += weight * expected[j] * mask[j];
            variance += weight * weight * expected[j] * mask[j];
        }
        let rough = ROUGHNESS * level;
        let z = (near - level) / (variance + VARIANCE_FLOOR + rough * rough).sqrt();
        out.near.push(near);
        out.expected.push(level);
        out.excess.push(BEND * (z / BEND).asinh());
    }
    out
}

/// For each amount bin, how much one of its amounts counts in the fine pass: 1, but next to round bitcoin
/// amounts only so much that the bin is as full as its neighbourhood. Dropping these amounts instead would
/// leave holes, and a hole at one price speaks for all others.
pub(super) fn fine_weights<'a>(blocks: impl IntoIterator<Item = &'a BlockOutputs>) -> Vec<f32> {
    let counts = count(blocks);
    let mask = btc_mask();
    let kept: Vec<f32> = counts.iter().zip(&mask).map(|(n, m)| n * m).collect();
    let expected = local_mean(&kept, &mask, LOCAL_HALF_WIDTHS[0]);
    (0..AMOUNTS)
        .map(|i| {
            if mask[i] > 0.0 || counts[i] == 0.0 {
                1.0
            } else {
                (expected[i] / counts[i]).min(1.0)
            }
        })
        .collect()
}

/// First bytes of a serialised evidence; the last is the layout's version.
const MAGIC: [u8; 4] = *b"PEV\x01";
/// Bytes before the scores.
const HEADER: usize = 4 + 4 + 8 * 4 + 4 + 4;

impl DayEvidence {
    /// Little-endian bytes, for a cache. Only the same `ENGINE_VERSION` may read them back.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + 4 * self.score.len());
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.day.to_le_bytes());
        out.extend_from_slice(&self.start.to_le_bytes());
        out.extend_from_slice(&self.end.to_le_bytes());
        out.extend_from_slice(&self.outputs.to_le_bytes());
        out.extend_from_slice(&self.points.to_le_bytes());
        out.extend_from_slice(&self.median_log10_sats.to_le_bytes());
        out.extend_from_slice(&self.blocks.to_le_bytes());
        for s in &self.score {
            out.extend_from_slice(&s.to_le_bytes());
        }
        out
    }

    /// The evidence back from [`DayEvidence::to_bytes`]; `None` if the bytes are anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != HEADER + 4 * BINS_PER_DECADE || !bytes.starts_with(&MAGIC) {
            return None;
        }
        Some(Self {
            day: i32::from_le_bytes(field(bytes, 4)?),
            start: i64::from_le_bytes(field(bytes, 8)?),
            end: i64::from_le_bytes(field(bytes, 16)?),
            outputs: u64::from_le_bytes(field(bytes, 24)?),
            points: u64::from_le_bytes(field(bytes, 32)?),
            median_log10_sats: f32::from_le_bytes(field(bytes, 40)?),
            blocks: u32::from_le_bytes(field(bytes, 44)?),
            score: bytes[HEADER..]
                .as_chunks::<4>()
                .0
                .iter()
                .map(|c| f32::from_le_bytes(*c))
                .collect(),
        })
    }
}

/// The `N` bytes at `at`, if they are there.
pub(super) fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}
