//! A bitcoin.conf of any bytes.

use blkprice::blockfile::{Chain, conf};

use super::counting::held;
use super::scratch;

const CHAINS: [Chain; 5] = [
    Chain::Main,
    Chain::Test,
    Chain::Testnet4,
    Chain::Signet,
    Chain::Regtest,
];

/// The file's bytes.
pub(crate) fn check(bytes: &[u8]) {
    // What it includes must be there or not on all machines alike.
    let text = String::from_utf8_lossy(bytes);
    if text.contains("includeconf") && text.contains(['/', '\\']) {
        return;
    }
    scratch::file("more.conf", b"blocksdir=more\n[regtest]\ndatadir=other\n");
    scratch::file("bitcoin.conf", bytes);
    let folder = scratch::folder();
    let read = |chain| conf::read(&folder, chain).map_err(|error| error.to_string());
    for chain in CHAINS {
        let (first, cost) = held(|| read(chain));
        // The file, its text with each byte replaced at worst, and its lines; four files more are at hand.
        assert!(
            cost <= 40_000 + 8 * bytes.len(),
            "{cost} bytes for {}",
            bytes.len()
        );
        if let Ok(conf) = &first {
            for (path, key) in [(&conf.blocksdir, "blocksdir"), (&conf.datadir, "datadir")] {
                let said = text.contains(key) || text.contains("more.conf");
                assert!(path.is_none() || said, "{path:?} out of nothing");
            }
        }
        // Neither a comment more at the end nor Windows' line ends say anything.
        for other in [
            [bytes, b"\n# blocksdir=/nowhere\n"].concat(),
            bytes
                .split(|&byte| byte == b'\n')
                .collect::<Vec<_>>()
                .join(&b"\r\n"[..]),
        ] {
            scratch::file("bitcoin.conf", &other);
            assert_eq!(read(chain), first);
        }
        scratch::file("bitcoin.conf", bytes);
    }
}

/// Inputs to begin with.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    [
        "server=1\nblocksdir = /general # a disk\n[regtest]\nblocksdir=/one\nblocksdir=/two\n[main]\n",
        "regtest.blocksdir=/r\r\nsignet.datadir=/s\r\n-blocksdir=/dash\n",
        "\u{feff}datadir=/moved\nincludeconf=more.conf\n[test]\nblocksdir=\nincludeconf=bitcoin.conf\n",
        "includeconf=more.conf\nincludeconf=more.conf\nincludeconf=gone.conf\n",
        "includeconf=.\n[testnet4]\nmain.blocksdir=/x\nrpcpassword=a=b#c\n",
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}
