//! The chains Bitcoin Core knows, with the magic that opens each record of their block files.

use std::fmt;
use std::str::FromStr;

/// A chain, by the name Bitcoin Core's `-chain` option gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chain {
    /// The main chain.
    Main,
    /// Testnet 3.
    Test,
    /// Testnet 4.
    Testnet4,
    /// Signet with the default challenge.
    Signet,
    /// A private regression-test chain.
    Regtest,
}

impl Chain {
    /// All of them, the main chain first.
    pub const ALL: [Chain; 5] = [
        Chain::Main,
        Chain::Test,
        Chain::Testnet4,
        Chain::Signet,
        Chain::Regtest,
    ];

    /// The four bytes in front of every record (Core, `kernel/chainparams.cpp`).
    pub const fn magic(self) -> [u8; 4] {
        match self {
            Chain::Main => [0xf9, 0xbe, 0xb4, 0xd9],
            Chain::Test => [0x0b, 0x11, 0x09, 0x07],
            Chain::Testnet4 => [0x1c, 0x16, 0x3f, 0x28],
            Chain::Signet => [0x0a, 0x03, 0xcf, 0x40],
            Chain::Regtest => [0xfa, 0xbf, 0xb5, 0xda],
        }
    }

    /// The chain that writes this magic, if Core knows one.
    pub fn from_magic(magic: [u8; 4]) -> Option<Chain> {
        Chain::ALL.into_iter().find(|chain| chain.magic() == magic)
    }

    /// The name as `--chain` takes it; also the section of bitcoin.conf.
    pub fn name(self) -> &'static str {
        match self {
            Chain::Main => "main",
            Chain::Test => "test",
            Chain::Testnet4 => "testnet4",
            Chain::Signet => "signet",
            Chain::Regtest => "regtest",
        }
    }

    /// The subfolder of the data folder that holds this chain; empty for the main chain.
    pub fn subfolder(self) -> &'static str {
        match self {
            Chain::Main => "",
            Chain::Test => "testnet3",
            other => other.name(),
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Chain {
    type Err = String;

    fn from_str(name: &str) -> Result<Chain, String> {
        Chain::ALL
            .into_iter()
            .find(|chain| chain.name() == name)
            .ok_or_else(|| format!("'{name}' is none of main, test, testnet4, signet, regtest"))
    }
}
