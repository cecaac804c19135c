//! The examples at the end of each command's help.

pub(super) const BACKFILL: &str = "\
Examples:
  blkprice backfill                                  all days, from the node's default folder
  blkprice backfill --datadir /srv/bitcoin --db /var/lib/blkprice/main.db
  blkprice backfill --since-last                     later: only what is new
  blkprice backfill --from 2017-01-01 --anchor 2017-01-01=970";

pub(super) const WATCH: &str = "\
Examples:
  blkprice watch --datadir /srv/bitcoin
  blkprice watch --json --interval 5
  blkprice watch --exec 'echo \"$BLKPRICE_DAY $BLKPRICE_USD\" >> days.txt'";

pub(super) const SCAN: &str = "\
Examples:
  blkprice scan --blocks-dir /mnt/copy/blocks --threads 4
  blkprice scan --since-last && blkprice price       what `backfill --since-last` does";

pub(super) const PRICE: &str = "\
Examples:
  blkprice price 2025-10-23                          2025-10-23 price: $110,123
  blkprice price yesterday --json
  blkprice price 2025-10-01..2025-10-31
  blkprice price --explain 2016-03-01                why this price
  blkprice price --recent-blocks 144 --json          now: the 144 blocks before the tip
  blkprice price 2025-10-23 --engine v9.1 --format utxoracle

With --format utxoracle a day without a price prints no line; the reason goes to stderr, and where
no line was printed at all the exit code is 1.

In JSON, `timestamp` and `block_height` are those of the newest block in the database (the tip),
of old days too. A day's own blocks are `first_height` to `last_height`; the view `block` has
their times.";

pub(super) const EXPORT: &str = "\
Examples:
  blkprice export prices -o prices.csv
  blkprice export activity --format json | jq '.[-1]'
  blkprice export block-prices --from 2025-10-01 --format parquet -o blocks.parquet
  blkprice export outputs --format parquet --partition-by month -o outputs/
  blkprice export prices --format mempool-sql --from yesterday | mariadb mempool

A file is complete or not there: it is written under another name and takes its own at the end.";

pub(super) const REPORT: &str = "\
Examples:
  blkprice report                               everything, into blkprice-FROM..TO.html
  blkprice report 2025-10-23                    one day, into blkprice-2025-10-23.html
  blkprice report 2025-01-01..2025-10-31 -o 2025.html
  blkprice report 2025-10-23 -o day.svg         a picture";

pub(super) const STATUS: &str = "\
Examples:
  blkprice status
  blkprice status --json --db /var/lib/blkprice/main.db";

pub(super) const VERIFY: &str = "\
Examples:
  blkprice verify                                    every stored day
  blkprice verify --sample 30                        30 days at random
  blkprice verify --sample 0                         the database alone, without block files

Exit code 5: something was found, a line each on stdout.";

pub(super) const SCORE: &str = "\
Examples:
  blkprice score --truth candles.csv
  blkprice score --truth candles.csv --engine v9.1 --json";

pub(super) const DEMO: &str = "\
Examples:
  blkprice demo
  blkprice demo --dir demo                           keep it: --db demo/blkprice.db shows it";

pub(super) const COMPLETIONS: &str = "\
Examples:
  blkprice completions bash > ~/.local/share/bash-completion/completions/blkprice
  blkprice completions zsh > ~/.zfunc/_blkprice";

pub(super) const MAN: &str = "\
Examples:
  blkprice man ~/.local/share/man/man1";

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use crate::cli::Cli;

    /// The words of a line up to what the shell takes for itself, or to the explanation behind several spaces.
    fn words(line: &str) -> Vec<String> {
        let line = line.trim();
        let line = line.split("   ").next().unwrap_or_default();
        let line = line.split([';', '|', '>', '&']).next().unwrap_or_default();
        let mut words = Vec::new();
        for (nth, part) in line.split('\'').enumerate() {
            if nth % 2 == 0 {
                words.extend(part.split_whitespace().map(str::to_string));
            } else {
                words.push(part.to_string());
            }
        }
        words
    }

    #[test]
    fn every_command_has_examples_and_every_example_is_a_command() {
        let mut cli = Cli::command();
        cli.build();
        let all = std::iter::once(&cli).chain(cli.get_subcommands());
        for command in all.filter(|command| command.get_name() != "help") {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            let examples: Vec<&str> = help
                .lines()
                .filter(|line| line.starts_with("  blkprice "))
                .collect();
            assert!(
                !examples.is_empty(),
                "{} has no examples",
                command.get_name()
            );
            for line in examples {
                assert!(line.len() <= 98, "too long for the help: {line}");
                if let Err(error) = Cli::try_parse_from(words(line)) {
                    panic!("{line}: {error}");
                }
            }
        }
    }
}
