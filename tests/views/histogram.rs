//! The view day_histogram at its ends.

use blkprice::blockfile;
use blkprice::price::histogram::{BINS, edge_sats, steps};
use blkprice::store::{DayRow, Store};

type Row = (String, u16, f64, Option<f64>, u32);

fn histogram_of(bins: Vec<(u16, u32)>) -> Vec<Row> {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(&dir.path().join("x.db"), blockfile::Chain::Main).unwrap();
    store.set_bin_steps(steps()).unwrap();
    let day = DayRow {
        day: 19_754,
        bins,
        ..DayRow::default()
    };
    store.replace_days(&[], &[day], &[], 1).unwrap();
    let mut statement = store
        .connection()
        .prepare("SELECT day, bin, low_sats, high_sats, outputs FROM day_histogram ORDER BY bin")
        .unwrap();
    statement
        .query_map([], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn a_day_without_outputs_has_no_rows() {
    assert_eq!(histogram_of(vec![]), []);
}

#[test]
fn only_bins_with_outputs_have_rows_and_powers_of_ten_are_exact_edges() {
    let rows = histogram_of(vec![
        (0, 7),
        (200, 8),
        (201, 9),
        (1_201, 10),
        (2_400, 4_000_000),
    ]);
    let whole: Vec<_> = rows
        .iter()
        .map(|(day, bin, low, _, outputs)| {
            assert_eq!(day, "2024-02-01");
            (*bin, *low, *outputs)
        })
        .collect();
    assert_eq!(whole[0], (0, 0.0, 7));
    assert_eq!(rows[0].3, Some(100.0));
    assert_eq!(rows[1].3, Some(1_000.0));
    assert_eq!(whole[2], (201, 1_000.0, 9));
    assert_eq!(whole[3], (1_201, 1e8, 10));
    assert_eq!((whole[4].0, whole[4].2), (2_400, 4_000_000));
    assert_eq!(rows[4].3, None, "the last bin is open");
    assert_eq!(rows.len(), 5);
}

#[test]
fn the_edges_of_every_bin_are_those_the_engines_use_and_leave_no_gap() {
    let rows = histogram_of((0u16..).take(BINS).map(|bin| (bin, 1)).collect());
    assert_eq!(rows.len(), BINS);
    for (at, (_, bin, low, high, _)) in rows.iter().enumerate() {
        assert_eq!(usize::from(*bin), at);
        assert!(
            (low - edge_sats(at)).abs() <= 1e-14 * low,
            "bin {at}: {low}"
        );
        assert_eq!(*high, rows.get(at + 1).map(|next| next.2), "bin {at}");
    }
}
