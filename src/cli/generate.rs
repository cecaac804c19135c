//! `blkprice completions` and `blkprice man`, from the same definitions as the commands.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Outcome};

/// Print shell completions
#[derive(Args, Clone, Debug)]
pub(super) struct Completions {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "blkprice", &mut text);
        std::io::Write::write_all(&mut std::io::stdout().lock(), &text)?;
        Ok(Outcome::Done)
    }
}

/// Write the man pages into a folder
#[derive(Args, Clone, Debug)]
pub(super) struct Man {
    /// The folder; it must exist
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

impl Man {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        clap_mangen::generate_to(Cli::command(), &self.dir)
            .with_context(|| format!("cannot write man pages into {}", self.dir.display()))?;
        Ok(Outcome::Done)
    }
}
