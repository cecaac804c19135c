//! `blkprice completions` and `blkprice man`, from the same definitions as the commands.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::output::say;
use super::{Cli, Outcome, examples};

/// Print shell completions
#[derive(Args, Clone, Debug)]
#[command(after_help = examples::COMPLETIONS)]
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
#[command(after_help = examples::MAN)]
pub(super) struct Man {
    /// The folder; made if it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

impl Man {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(&self.dir)?;
            clap_mangen::generate_to(Cli::command(), &self.dir)
        };
        write().with_context(|| {
            format!(
                "cannot write man pages into {}\n  hint: name a folder of yours",
                self.dir.display()
            )
        })?;
        // One of the program, one of each command.
        say(&format!(
            "wrote {} pages to {}",
            1 + Cli::command().get_subcommands().count(),
            self.dir.display()
        ));
        Ok(Outcome::Done)
    }
}
