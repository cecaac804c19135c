//! `scripts/mempool-mariadb.sh`, which asks a real server.

use std::path::Path;
use std::process::Command;

use crate::store::priced_days;

#[test]
fn a_real_mariadb_takes_the_rows_any_number_of_times_and_mempools_queries_find_them() {
    let place = priced_days();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/mempool-mariadb.sh");
    let output = Command::new("bash")
        .arg(script)
        .arg(place.db())
        .env("BLKPRICE", env!("CARGO_BIN_EXE_blkprice"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) {
        eprintln!(
            "SKIPPED a_real_mariadb_takes_the_rows_any_number_of_times_and_mempools_queries_find_them: {}",
            told.trim()
        );
        return;
    }
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{told}");
    assert!(said.contains("19 days, 456 hours"), "{said}");
}
