//! Properties of the `path` engine. The payments here are made by a few lines that share nothing with the
//! engine but the idea that people round dollars.

use blkprice::price::path::*;
use proptest::prelude::*;

/// Decodes windows none of which will change.
fn decode_all(days: &[DayEvidence], anchors: &[Anchor], resume: Option<&ForwardState>) -> Decoded {
    decode(days, days.len(), anchors, resume)
}

/// A small deterministic generator (xorshift), uniform in [0, 1).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal, Box and Muller.
    fn normal(&mut self) -> f64 {
        let r = (-2.0 * (1.0 - self.roll()).ln()).sqrt();
        r * (std::f64::consts::TAU * self.roll()).cos()
    }
}

const ROUND: [f64; 14] = [
    5.0, 10.0, 10.0, 20.0, 20.0, 25.0, 30.0, 50.0, 50.0, 100.0, 100.0, 100.0, 200.0, 500.0,
];
const FIRST_DAY: i32 = 17_000;
const PRICE: f64 = 3_333.0;
/// A confidence that leaves no other reading open. Ordinary days have more.
const SURE: f64 = 0.95;

/// How the payments of a chain are made.
#[derive(Clone, Copy)]
struct Economy {
    seed: u64,
    /// USD per BTC on the first day.
    price: f64,
    /// Standard deviation of a day's log move.
    volatility: f64,
    blocks: usize,
    outputs: usize,
    /// Share of payments that are round in dollars.
    round: f64,
    /// What people spend, over what they usually spend.
    spend: f64,
}

const USUAL: Economy = Economy {
    seed: 1,
    price: PRICE,
    volatility: 0.03,
    blocks: 24,
    outputs: 60,
    round: 0.25,
    spend: 1.0,
};

/// One window with the price that made it.
struct Made {
    day: i32,
    price: f64,
    blocks: Vec<BlockOutputs>,
}

fn make(economy: Economy, days: usize) -> Vec<Made> {
    let mut dice = Dice(economy.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    (0..10).for_each(|_| {
        dice.roll();
    });
    let mut price = economy.price;
    (0..days)
        .map(|d| {
            if d > 0 {
                price *= (economy.volatility * dice.normal()).exp();
            }
            let day = FIRST_DAY + d as i32;
            let blocks = (0..economy.blocks)
                .map(|b| {
                    let sats = (0..economy.outputs)
                        .map(|_| {
                            let usd = if dice.roll() < economy.round {
                                let digit = (dice.roll() * ROUND.len() as f64) as usize;
                                ROUND[digit] * (0.002 * dice.normal()).exp()
                            } else {
                                // With the round ones, the median is the usual one at this price, $69.
                                85.0 * (2.0 * dice.normal()).exp()
                            };
                            ((usd * economy.spend / price * 1e8) as u64)
                                .clamp(1_001, 9_999_999_999_999)
                        })
                        .collect();
                    BlockOutputs {
                        height: (d * economy.blocks + b) as u32,
                        time: i64::from(day) * 86_400 + (b * 86_400 / economy.blocks) as i64 + 300,
                        sats,
                    }
                })
                .collect();
            Made { day, price, blocks }
        })
        .collect()
}

fn evidences(made: &[Made]) -> Vec<DayEvidence> {
    made.iter().map(|m| evidence(m.day, &m.blocks)).collect()
}

fn prices(made: &[Made]) -> Vec<DayPrice> {
    let decoded = decode_all(&evidences(made), &[], None);
    made.iter()
        .zip(&decoded.days)
        .map(|(m, p)| refine(p, Span::of_day(m.day), &[], &m.blocks, &[]))
        .collect()
}

/// Worst |usd/truth - 1| and mean confidence.
fn judge(made: &[Made], rows: &[DayPrice]) -> (f64, f64) {
    let error = made
        .iter()
        .zip(rows)
        .map(|(m, r)| (r.usd.unwrap_or(0.0) / m.price - 1.0).abs());
    let confidence = rows
        .iter()
        .map(|r| r.confidence.unwrap_or(0.0))
        .sum::<f64>();
    (error.fold(0.0, f64::max), confidence / rows.len() as f64)
}

#[test]
fn ordinary_days_are_priced_closely_and_surely() {
    let made = make(USUAL, 12);
    let rows = prices(&made);
    let (worst, confidence) = judge(&made, &rows);
    assert!(worst < 0.01, "{worst}");
    assert!(confidence > SURE, "{confidence}");
    for row in &rows {
        assert_eq!(row.status, Status::Ok);
        assert!(row.low <= row.open && row.open <= row.high);
        assert!(row.low <= row.close && row.close <= row.high);
        assert!(row.low95 <= row.low68 && row.low68 <= row.usd);
        assert!(row.usd <= row.high68 && row.high68 <= row.high95);
        assert_eq!(row.blocks.len(), 24);
        assert!(row.blocks.iter().all(|b| b.low <= b.usd && b.usd <= b.high));
    }
}

#[test]
fn a_day_without_outputs_has_a_row_and_no_price() {
    let mut made = make(USUAL, 5);
    made[2].blocks.clear();
    for b in &mut made[3].blocks {
        b.sats.clear();
    }
    let rows = prices(&made);
    for i in [2, 3] {
        assert_eq!(
            (rows[i].status, rows[i].usd, rows[i].confidence),
            (Status::None, None, None)
        );
        assert_eq!(rows[i].day, FIRST_DAY + i as i32);
    }
    assert!((rows[4].usd.unwrap() / made[4].price - 1.0).abs() < 0.01);
    assert!(decode_all(&[], &[], None).days.is_empty());
}

#[test]
fn a_day_of_one_block_is_priced_with_less_confidence() {
    let full = make(USUAL, 10);
    let mut made = make(USUAL, 10);
    made[5].blocks.truncate(1);
    let (all, one) = (prices(&full), prices(&made));
    assert!((one[5].usd.unwrap() / made[5].price - 1.0).abs() < 0.03);
    assert!(one[5].confidence < all[5].confidence);
    assert_eq!(one[5].blocks.len(), 1);
}

#[test]
fn an_interval_agrees_with_the_confidence_where_a_short_day_went_far() {
    let (mut sure, mut far) = (0, 0.0f64);
    for percent in 1..=14 {
        let moved = 1.0 + f64::from(percent) / 100.0;
        let mut made = make(USUAL, 8);
        let yesterday = made[6].price;
        let last = made.last_mut().unwrap();
        last.blocks.truncate(4);
        for block in &mut last.blocks {
            block.sats.truncate(12);
        }
        for sats in last.blocks.iter_mut().flat_map(|block| &mut block.sats) {
            *sats = (*sats as f64 / moved) as u64;
        }
        let row = prices(&made).pop().unwrap();
        let (usd, confidence) = (row.usd.unwrap(), row.confidence.unwrap());
        // All but less than 16 % lies within 2 %, so both ends of the 68 % interval do.
        if confidence > 0.84 {
            let (low, high) = (row.low68.unwrap(), row.high68.unwrap());
            assert!(
                low > usd * 0.979 && high < usd * 1.021,
                "{percent} %: {confidence}: {low}..{high} around {usd}"
            );
            sure += 1;
            far = far.max((usd / yesterday - 1.0).abs());
        }
    }
    assert!(sure >= 4 && far > 0.06, "{sure} {far}");
}

#[test]
fn months_without_blocks_do_not_break_the_path() {
    let mut made = make(
        Economy {
            volatility: 0.01,
            ..USUAL
        },
        120,
    );
    made.drain(10..100);
    let (worst, _) = judge(&made, &prices(&made));
    assert!(worst < 0.01, "{worst}");
}

#[test]
fn the_beliefs_of_some_days_are_those_of_all_days() {
    let made = make(USUAL, 40);
    let evidence = evidences(&made);
    let all = decode_all(&evidence, &[], None);
    let from = FIRST_DAY + 25;
    let some = decode_from(&evidence, evidence.len(), &[], None, from);
    assert_eq!(some.days, all.days[25..]);
    assert_eq!(some.resume, all.resume);
}

#[test]
fn resuming_gives_the_rows_that_decoding_from_scratch_gives() {
    let mut made = make(USUAL, 60);
    made.drain(33..38);
    made[20].blocks.clear();
    let all = evidences(&made);
    // The lone anchors fall before, into and after the part decoded again.
    let anchors = [7, 35, 50].map(|d| Anchor {
        day: FIRST_DAY + d,
        usd: made[0].price,
    });
    let fresh = decode_all(&all, &anchors, None);
    for known in [1, LAG, LAG + 1, 25, 34, 54] {
        let early = decode_all(&all[..known], &anchors, None);
        let finals = known.saturating_sub(LAG);
        assert_eq!(
            early.days[..finals],
            fresh.days[..finals],
            "final rows of {known}"
        );
        let state = early
            .resume
            .map(|s| ForwardState::from_bytes(&s.to_bytes()).unwrap());
        assert_eq!(state.is_some(), finals > 0);
        let from = all.partition_point(|e| state.as_ref().is_some_and(|s| e.day <= s.day));
        assert_eq!(from, finals);
        let later = decode_all(&all[from..], &anchors, state.as_ref());
        assert_eq!(later.days, fresh.days[from..], "resumed after {known}");
        assert_eq!(later.resume, fresh.resume);
    }
}

#[test]
fn later_windows_beyond_the_lag_change_nothing() {
    let made = make(USUAL, 40);
    let all = evidences(&made);
    let short = decode_all(&all[..10 + LAG], &[], None);
    let long = decode_all(&all, &[], None);
    assert_eq!(short.days[..10], long.days[..10]);
    assert_ne!(short.days[10], long.days[10]);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let all = evidences(&make(USUAL, 40));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| decode_all(&all, &[], None).days)
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn evidence_and_state_survive_their_bytes_and_nothing_else_does() {
    let made = make(USUAL, 20);
    let all = evidences(&made);
    for e in &all {
        assert_eq!(DayEvidence::from_bytes(&e.to_bytes()).as_ref(), Some(e));
    }
    let bytes = all[0].to_bytes();
    assert!(bytes.len() < 4_096, "{}", bytes.len());
    assert_eq!(DayEvidence::from_bytes(&bytes[1..]), None);
    assert_eq!(DayEvidence::from_bytes(&[]), None);
    assert_eq!(ForwardState::from_bytes(&bytes), None);
}

#[test]
fn an_anchor_decides_the_decade_when_spending_misleads() {
    // Ten times the usual payments look like a tenth of the price; one remembered price settles it.
    let made = make(
        Economy {
            spend: 10.0,
            ..USUAL
        },
        10,
    );
    let evidence = evidences(&made);
    let far = |p: &DayPosterior, m: &Made| (p.winner().unwrap().usd / m.price).log10().abs();
    let lost = decode_all(&evidence, &[], None);
    assert!(far(&lost.days[4], &made[4]) > 0.9);
    let anchor = Anchor {
        day: made[2].day,
        usd: made[2].price * 1.03,
    };
    let found = decode_all(&evidence, &[anchor], None);
    for (p, m) in found.days.iter().zip(&made) {
        assert!(far(p, m) < 0.02);
    }
}

#[test]
fn an_anchor_reaches_back_beyond_the_lag() {
    let economy = Economy {
        spend: 10.0,
        volatility: 0.01,
        ..USUAL
    };
    let made = make(economy, LAG + LAG / 2);
    let last = &made[made.len() - 1];
    let anchor = Anchor {
        day: last.day,
        usd: last.price,
    };
    let found = decode_all(&evidences(&made), &[anchor], None);
    for (p, m) in found.days.iter().zip(&made) {
        assert!((p.winner().unwrap().usd / m.price).log10().abs() < 0.02);
    }
}

#[test]
fn an_explanation_names_the_round_amounts_and_the_runner_up() {
    let made = make(USUAL, 8);
    let decoded = decode_all(&evidences(&made), &[], None);
    let why = explain(&decoded.days[4], &made[4].blocks);
    assert!((why.peaks[0].usd / made[4].price - 1.0).abs() < 0.02);
    assert!(why.peaks.windows(2).all(|p| p[0].share >= p[1].share));
    let strongest = why.carried_by[0];
    assert!(ROUND.contains(&strongest.usd.round()), "{strongest:?}");
    assert!(strongest.found > strongest.expected);
    let sats = strongest.usd / why.peaks[0].usd * 1e8;
    assert!((strongest.sats as f64 / sats - 1.0).abs() < 1e-3);
    let second = why.runner_up.unwrap();
    assert!(second.nats_behind > 0.0 && second.ratio > 0.0);
}

#[test]
fn noise_lowers_confidence_before_it_moves_the_price() {
    let few = Economy {
        blocks: 8,
        outputs: 30,
        ..USUAL
    };
    let clean = judge(&make(few, 4), &prices(&make(few, 4))).1;
    let mut last = clean;
    for copies in [2, 8, 32, 128, 512] {
        let mut made = make(few, 4);
        let mut dice = Dice(99);
        for b in made.iter_mut().flat_map(|m| &mut m.blocks) {
            // Uniform in log over six decades: no round dollars.
            let noise = (0..few.outputs * copies).map(|_| 10f64.powf(3.1 + 6.0 * dice.roll()));
            b.sats.extend(noise.map(|s| s as u64));
        }
        let (worst, confidence) = judge(&made, &prices(&made));
        assert!(
            worst < 0.03 || confidence < 0.8 * clean,
            "{copies}: moved by {worst} at a confidence of {confidence}"
        );
        last = confidence;
    }
    assert!(
        last < 0.7 * clean,
        "512 times the payments in noise: {last}"
    );
}

#[test]
fn a_shift_of_spending_lowers_confidence_before_it_moves_the_price() {
    // More and more people spend ten times (or a tenth of) what they used to.
    for spend in [10.0, 0.1] {
        let (usual, shifted) = (make(USUAL, 6), make(Economy { spend, ..USUAL }, 6));
        let clean = judge(&usual, &prices(&usual)).1;
        let mut lowest = clean;
        let mut moved = false;
        for share in 1..=10 {
            let mut mixed = make(USUAL, 6);
            for (d, day) in mixed.iter_mut().enumerate() {
                for (b, block) in day.blocks.iter_mut().enumerate() {
                    let swapped = USUAL.outputs * share / 10;
                    let other = &shifted[d].blocks[b].sats;
                    block.sats[..swapped].copy_from_slice(&other[..swapped]);
                }
            }
            let (worst, confidence) = judge(&mixed, &prices(&mixed));
            lowest = lowest.min(confidence);
            moved |= worst > 0.03;
            assert!(
                !moved || lowest < 0.8 * clean,
                "{spend} {share}: {worst} at {lowest}"
            );
        }
        assert!(lowest < 0.8 * clean);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn scaling_the_amounts_scales_a_sure_price_inversely(k in 0.75f64..1.33, seed in 1u64..1_000) {
        let made = make(Economy { seed, outputs: 300, ..USUAL }, 4);
        let mut scaled = make(Economy { seed, outputs: 300, ..USUAL }, 4);
        for b in scaled.iter_mut().flat_map(|m| &mut m.blocks) {
            for s in &mut b.sats {
                *s = (*s as f64 * k).round() as u64;
            }
        }
        for (a, b) in prices(&made).iter().zip(&prices(&scaled)) {
            // Four days now and then leave another reading open, the double above all, and the confidence says so.
            if a.confidence.unwrap().min(b.confidence.unwrap()) < SURE {
                continue;
            }
            let ratio = b.usd.unwrap() * k / a.usd.unwrap();
            prop_assert!((ratio - 1.0).abs() < 0.004, "{} {}", k, ratio);
        }
    }

    #[test]
    fn the_order_of_outputs_within_a_block_changes_nothing(seed in 1u64..1_000, turn in 1usize..59) {
        let made = make(Economy { seed, outputs: 59, ..USUAL }, 3);
        let mut turned = make(Economy { seed, outputs: 59, ..USUAL }, 3);
        for b in turned.iter_mut().flat_map(|m| &mut m.blocks) {
            b.sats.rotate_left(turn);
            b.sats[..turn].reverse();
        }
        prop_assert_eq!(evidences(&made), evidences(&turned));
        prop_assert_eq!(prices(&made), prices(&turned));
    }

    #[test]
    fn any_outputs_and_times_give_finite_rows(
        sats in prop::collection::vec(prop::collection::vec(0u64..u64::MAX, 0..20), 0..4),
        time in -1_000_000i64..4_000_000_000,
        day in -10i32..40_000,
    ) {
        let blocks: Vec<BlockOutputs> = sats
            .into_iter()
            .enumerate()
            .map(|(i, sats)| BlockOutputs { height: i as u32, time: time - 1_000 * i as i64, sats })
            .collect();
        let decoded = decode_all(&[evidence(day, &blocks)], &[], None);
        let row = refine(&decoded.days[0], Span::of_day(day), &[], &blocks, &[]);
        for x in [row.usd, row.open, row.high, row.low, row.close, row.low95, row.high95, row.confidence] {
            prop_assert!(x.is_none_or(f64::is_finite));
            prop_assert_eq!(x.is_some(), row.usd.is_some());
        }
    }
}
