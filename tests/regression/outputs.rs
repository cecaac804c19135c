//! What `-o` must not name.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Place, listing, small_chain};

#[test]
fn no_output_takes_the_place_of_the_database_or_of_a_block_file() {
    let place = Place::with(&small_chain(2, 911));
    place.backfill(&[]).expect(0);
    let digest = place.digest();
    symlink(place.db(), place.dir().join("link.db")).unwrap();
    fs::create_dir(place.dir().join("elsewhere")).unwrap();
    let blocks = listing(place.blocks());
    let databases = [
        "blkprice.db",
        "link.db",
        "blkprice.db-wal",
        "blkprice.db-lock",
        "elsewhere/../blkprice.db",
    ];
    let files = [
        "blocks/blk00000.dat",
        "blocks/new.csv",
        "elsewhere/../blocks/new.csv",
    ];
    let refused = databases.map(|name| (name, "belongs to the database"));
    let among = files.map(|name| (name, "among the node's block files"));
    for (name, why) in refused.into_iter().chain(among) {
        place
            .run(["export", "prices", "-o", name])
            .expect(1)
            .says(why)
            .says("hint: name");
    }
    // The report refuses such names for their endings already; without one it looks where they lead.
    symlink(place.db(), place.dir().join("plain")).unwrap();
    for (name, why) in [
        ("plain", "belongs to the database"),
        ("blocks/page", "among the node's block files"),
    ] {
        for command in [
            &["report", "-o", name][..],
            &["report", "2024-02-01", "--svg", "-o", name],
        ] {
            place.run(command).expect(1).says(why).says("hint: name");
        }
    }
    let folder = [
        "export",
        "outputs",
        "--partition-by",
        "month",
        "-o",
        "blocks/outputs",
    ];
    place
        .run(folder)
        .expect(1)
        .says("among the node's block files");
    assert_eq!(listing(place.blocks()), blocks);
    assert_eq!(place.digest(), digest);
    place
        .run(["export", "prices", "-o", "elsewhere/prices.csv"])
        .expect(0);
}
