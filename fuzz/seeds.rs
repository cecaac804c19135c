//! Writes what each fuzz target starts with into `fuzz/corpus/`: pieces of real blocks, and files made from them.
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --example seeds`

#[path = "../tests/untrusted/conf.rs"]
mod conf;
#[path = "../tests/transactions/counting.rs"]
mod counting;
#[path = "../tests/untrusted/headers.rs"]
mod headers;
#[path = "../tests/untrusted/real.rs"]
mod real;
#[path = "../tests/untrusted/records.rs"]
mod records;
#[path = "../tests/untrusted/scratch.rs"]
mod scratch;
#[path = "../tests/untrusted/stored.rs"]
mod stored;
#[path = "../tests/untrusted/truth.rs"]
mod truth;
#[path = "../tests/untrusted/undo.rs"]
mod undo;

use std::fs;
use std::io;
use std::path::Path;

/// The checks come with the seeds; that they pass is seen here at once.
type Target = (&'static str, Vec<Vec<u8>>, fn(&[u8]));

fn main() -> io::Result<()> {
    let targets: [Target; 7] = [
        ("records", records::seeds(), records::check),
        ("headers", headers::seeds(), headers::check),
        ("transactions", real::small_blocks(), |_| ()),
        ("undo", undo::seeds(), undo::check),
        ("conf", conf::seeds(), conf::check),
        ("stored", stored::seeds(), stored::check),
        ("truth", truth::seeds(), truth::check),
    ];
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, seeds, check) in targets {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        for (i, seed) in seeds.iter().enumerate() {
            check(seed);
            fs::write(folder.join(format!("seed-{i:03}")), seed)?;
        }
        println!("{}: {} seeds", folder.display(), seeds.len());
    }
    Ok(())
}
