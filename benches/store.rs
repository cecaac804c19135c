//! Makes a database of synthetic outputs, without block files, for measuring exports and for the examples.
//!
//! `bench-store --db FILE [--from YYYY-MM-DD] [--days N] [--transactions-a-day N]`

#![allow(clippy::print_stdout)] // printing is what it does

#[path = "../tests/files/filled.rs"]
mod filled;

use std::error::Error;

use blkprice::synth::ChainSpec;

fn main() -> Result<(), Box<dyn Error>> {
    let mut spec = ChainSpec::default();
    let mut database = None;
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        let value = args.next().ok_or_else(|| format!("{flag} of what?"))?;
        match flag.as_str() {
            "--db" => database = Some(value),
            "--from" => spec.first_day = blkprice::dates::parse(&value)?,
            "--days" => spec.days = value.parse()?,
            "--transactions-a-day" => spec.transactions_per_day = value.parse()?,
            _ => return Err(format!("{flag} is not known").into()),
        }
    }
    let database = database.ok_or("--db is needed")?;
    let outputs = filled::fill(database.as_ref(), &spec);
    println!("{outputs} outputs of {} days in {database}", spec.days);
    Ok(())
}
