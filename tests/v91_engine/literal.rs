//! The v9.1 method written down plainly, step by step and without any shortcut: slow, and what the
//! engine must equal to the last bit.

use blkprice::price::v91::Quote;

const SPIKES: &[(usize, f64)] = &[
    (40, 0.001300198324984352),
    (141, 0.001676746949820743),
    (201, 0.003468805546942046),
    (202, 0.001991977522512513),
    (236, 0.001905066647961839),
    (261, 0.003341772718156079),
    (262, 0.002588902624584287),
    (296, 0.002577893841190244),
    (297, 0.002733728814200412),
    (340, 0.003076117748975647),
    (341, 0.005613067550103145),
    (342, 0.003088253178535568),
    (400, 0.002918457489366139),
    (401, 0.006174500465286022),
    (402, 0.004417068070043504),
    (403, 0.002628663628020371),
    (436, 0.002858828161543839),
    (461, 0.004097463611984264),
    (462, 0.003345917406120509),
    (496, 0.002521467726855856),
    (497, 0.002784125730361008),
    (541, 0.003792850444811335),
    (601, 0.003688240815848247),
    (602, 0.002392400117402263),
    (636, 0.001280993059008106),
    (661, 0.001654665137536031),
    (662, 0.001395501347054946),
    (741, 0.001154279140906312),
    (801, 0.000832244504868709),
];

const LEVELLED: &[usize] = &[
    201, 401, 461, 496, 540, 601, 661, 696, 740, 801, 861, 896, 940, 1001, 1061, 1096, 1140, 1201,
];

const USD: &[f64] = &[
    5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0,
];

pub(crate) fn edges() -> Vec<f64> {
    let mut edges = vec![0.0];
    for e in -6..=5 {
        for b in 0..200 {
            edges.push(10f64.powf(e as f64 + b as f64 / 200.0));
        }
    }
    edges
}

pub(crate) fn round_amounts() -> Vec<f64> {
    let mut amounts = Vec::new();
    for (start, end, step) in [
        (5e-5, 1e-4, 1e-5),
        (1e-4, 1e-3, 1e-5),
        (1e-3, 1e-2, 1e-4),
        (1e-2, 0.1, 1e-3),
        (0.1, 1.0, 1e-2),
    ] {
        let mut amount = start;
        while amount < end {
            amounts.push(amount);
            amount += step;
        }
    }
    amounts
}

pub(crate) fn rough(outputs: &[u64]) -> Option<f64> {
    let edges = edges();
    let mut bins = vec![0.0; edges.len()];
    for &sats in outputs {
        let btc = sats as f64 / 1e8;
        bins[edges.partition_point(|&edge| edge <= btc) - 1] += 1.0;
    }
    bins[..=200].fill(0.0);
    bins[1601..].fill(0.0);
    for &bin in LEVELLED {
        bins[bin] = 0.5 * (bins[bin - 1] + bins[bin + 1]);
    }
    let mut sum = 0.0;
    for &bin in &bins[201..=1600] {
        sum += bin;
    }
    if sum == 0.0 {
        return None;
    }
    for bin in &mut bins[201..=1600] {
        *bin /= sum;
        if *bin > 0.008 {
            *bin = 0.008;
        }
    }

    let mut spikes = vec![0.0; 803];
    let mut smooth = vec![0.0; 803];
    for &(place, weight) in SPIKES {
        spikes[place] = weight;
    }
    for (x, weight) in smooth.iter_mut().enumerate() {
        let x = x as f64;
        *weight = 0.0015 * (-((x - 411.0) * (x - 411.0)) / (2.0 * 201.0 * 201.0)).exp() + 5e-7 * x;
    }
    let lay = |stencil: &[f64], slide: i32| {
        let mut score = 0.0;
        for (x, weight) in stencil.iter().enumerate() {
            score += bins[(199 + slide) as usize + x] * weight;
        }
        score
    };

    let (mut best, mut best_score, mut total) = (None, 0.0, 0.0);
    for slide in -141..=200 {
        let mut score = lay(&spikes, slide);
        if slide < 150 {
            score += 0.65 * lay(&smooth, slide);
        }
        if score > best_score {
            (best, best_score) = (Some(slide), score);
        }
        total += score;
    }
    let best = best?;
    let average = total / 342.0;
    let (down, up) = (lay(&spikes, best - 1), lay(&spikes, best + 1));
    let (second, second_score) = if up >= down {
        (best + 1, up)
    } else {
        (best - 1, down)
    };
    let (a1, a2) = (best_score - average, (second_score - average).abs());
    let usd = |slide: i32| 100.0 / edges[(601 + slide) as usize];
    let rough = (a1 * usd(best) + a2 * usd(second)) / (a1 + a2);
    rough.is_finite().then(|| rough.trunc())
}

pub(crate) fn price(outputs: &[u64]) -> Option<Quote> {
    let rough = rough(outputs)?;
    let round = round_amounts();
    let mut points = Vec::new();
    for &sats in outputs {
        let btc = sats as f64 / 1e8;
        for &usd in USD {
            let due = usd / rough;
            if due - 0.25 * due < btc
                && btc < due + 0.25 * due
                && !round
                    .iter()
                    .any(|r| r - 0.0001 * r < btc && btc < r + 0.0001 * r)
            {
                points.push(usd / btc);
            }
        }
    }
    points.sort_by(f64::total_cmp);

    let near = inside(&points, rough - 0.05 * rough, rough + 0.05 * rough);
    let exact = least_summed_distance(&near)?;
    let (low, high) = (exact - 0.1 * exact, exact + 0.1 * exact);
    let around = inside(&points, low, high);
    let centre = least_summed_distance(&around)?;
    let mut off: Vec<f64> = around.iter().map(|point| (point - centre).abs()).collect();
    off.sort_by(f64::total_cmp);
    let half = off.len() / 2;
    let deviation = match off.len() % 2 {
        1 => off[half],
        _ => 0.5 * (off[half - 1] + off[half]),
    };
    Some(Quote {
        usd: exact.trunc() as u32,
        exact,
        rough,
        points: near.len(),
        deviation: deviation / (high - low),
    })
}

fn inside(points: &[f64], low: f64, high: f64) -> Vec<f64> {
    points
        .iter()
        .copied()
        .filter(|&point| low < point && point < high)
        .collect()
}

/// Every point against every other, without rounding: points between 2^13 and 2^24 USD are whole
/// multiples of 2^-39.
fn least_summed_distance(ascending: &[f64]) -> Option<f64> {
    let whole: Vec<i64> = ascending
        .iter()
        .map(|point| (point * 2f64.powi(39)) as i64)
        .collect();
    assert!(
        ascending
            .iter()
            .all(|&point| point > 8192.0 && point < 16_777_216.0)
    );
    let distance = |one: i64| -> i128 {
        whole
            .iter()
            .map(|other| i128::from((one - other).abs()))
            .sum()
    };
    // min_by_key gives the first of equals.
    (0..whole.len())
        .min_by_key(|&nth| distance(whole[nth]))
        .map(|nth| ascending[nth])
}
