#!/usr/bin/env bash
# Licences, duplicates, sources and advisories of the dependencies, by cargo-deny (`cargo install cargo-deny --locked`).
#
# The advisories come from the RustSec database, which is fetched by git. Where that cannot be done, the copy of an earlier
# time is used; where there is none either, it is said that they were not looked at. REQUIRE_ADVISORIES=1 makes that an error.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo deny --version >/dev/null 2>&1; then
  echo "SKIPPED licences, duplicates, sources and advisories: cargo-deny is not installed" >&2
  exit 0
fi

cargo deny --locked check --deny warnings licenses bans sources

# Of the fuzz targets too, which have a lock file of their own.
advisories() {
  cargo deny --locked "$@" check advisories
  cargo deny --locked "$@" --manifest-path fuzz/Cargo.toml --config deny.toml check advisories
}

if cargo deny --locked fetch db >/dev/null 2>&1; then
  advisories
elif compgen -G "${CARGO_HOME:-$HOME/.cargo}/advisory-dbs/*/crates" >/dev/null; then
  echo "NOTE: the advisory database could not be fetched; its last copy is used" >&2
  advisories --offline
else
  echo "SKIPPED advisories: the RustSec database could not be fetched, and there is no earlier copy" >&2
  [ "${REQUIRE_ADVISORIES:-0}" != 1 ]
fi
