//! blkprice.
fn main() {}
