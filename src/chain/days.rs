//! The chain cut into UTC days.
//!
//! A day starts at the first block whose header time is at or after its midnight. Header times are not
//! ordered (about 4 % lie before their parent's); a block that would fall back into an earlier day stays
//! in the day already begun, so a day is a contiguous run of heights.

/// Seconds of a UTC day.
pub const SECONDS: u32 = 86_400;

/// Days since 1970-01-01.
pub type WindowDay = i32;

/// One UTC day of the active chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Days since 1970-01-01.
    pub day: WindowDay,
    /// Its first height.
    pub first: u32,
    /// Its last height.
    pub last: u32,
    /// Every block of the day is there: no height is missing in or at its edges, and it is not the last.
    pub complete: bool,
}

/// Cuts blocks, given by height and header time in ascending order of height, into days.
///
/// A jump in the heights leaves the days on both its sides incomplete. So does a first block other than
/// a genesis block: how the day began is not known.
pub fn cut(blocks: impl IntoIterator<Item = (u32, u32)>) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    let mut unknown_before = true;
    for (height, time) in blocks {
        // A u32 time is at most 49,710 days.
        let by_time = (time / SECONDS) as WindowDay;
        let follows = days
            .last()
            .map(|day| day.last.checked_add(1) == Some(height));
        if follows == Some(false) {
            unknown_before = true;
            if let Some(day) = days.last_mut() {
                day.complete = false;
            }
        }
        match days.last_mut() {
            Some(day) if by_time <= day.day => day.last = height,
            _ => {
                days.push(Day {
                    day: by_time,
                    first: height,
                    last: height,
                    complete: !unknown_before || height == 0,
                });
            }
        }
        unknown_before = false;
    }
    if let Some(day) = days.last_mut() {
        day.complete = false;
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    const D: u32 = SECONDS;

    fn day(day: i32, first: u32, last: u32, complete: bool) -> Day {
        Day {
            day,
            first,
            last,
            complete,
        }
    }

    #[test]
    fn a_block_that_falls_back_stays_in_the_day_begun() {
        let times = [0, D - 1, D, D - 5, D + 7, 2 * D - 1, 2 * D];
        let blocks = (0u32..).zip(times);
        assert_eq!(
            cut(blocks),
            [day(0, 0, 1, true), day(1, 2, 5, true), day(2, 6, 6, false)]
        );
    }

    #[test]
    fn a_start_that_is_no_genesis_and_both_sides_of_a_gap_are_incomplete() {
        let blocks = [
            (10, 0),
            (11, D),
            (12, 2 * D),
            (15, 2 * D + 9),
            (16, 3 * D),
            (20, 4 * D),
            (21, 5 * D),
            (22, 6 * D),
        ];
        assert_eq!(
            cut(blocks),
            [
                day(0, 10, 10, false),
                day(1, 11, 11, true),
                day(2, 12, 15, false),
                day(3, 16, 16, false),
                day(4, 20, 20, false),
                day(5, 21, 21, true),
                day(6, 22, 22, false),
            ]
        );
    }

    #[test]
    fn no_blocks_no_days() {
        assert_eq!(cut([]), []);
    }
}
