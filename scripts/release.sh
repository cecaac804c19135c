#!/usr/bin/env bash
# A tarball with a static binary, man pages, completions, docs, examples and the licences, and its checksum, in dist/ (or
# $DIST).
#
#   scripts/release.sh            needs the Rust toolchain and a C compiler; for the GNU target also libc.a (libc6-dev)
#   FEATURES= scripts/release.sh  without Parquet; FEATURES names the features besides the default ones [parquet]
#
# Built for musl where that target is installed (rustup target add x86_64-unknown-linux-musl, and musl-gcc), else for GNU
# with the C library linked in. Names, order, owners and times in the tarball come from the commit alone, and paths of
# this machine are kept out of the binary: the same commit and toolchain give the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."

FEATURES=${FEATURES-parquet}
dist=${DIST:-dist}
mkdir -p "$dist"
dist=$(realpath "$dist")
version=$(cargo metadata --no-deps --locked --format-version 1 | sed 's/.*"name":"blkprice","version":"\([^"]*\)".*/\1/')
arch=$(uname -m)
target=$arch-unknown-linux-gnu
if rustc --print target-libdir --target "$arch-unknown-linux-musl" >/dev/null 2>&1 &&
  [ -d "$(rustc --print target-libdir --target "$arch-unknown-linux-musl")" ] && command -v musl-gcc >/dev/null; then
  target=$arch-unknown-linux-musl
fi
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
export RUSTFLAGS="-C target-feature=+crt-static -C strip=symbols --remap-path-prefix=$PWD=. \
--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
# With --target the flags are for the program only: build scripts and macros cannot be static.
cargo build --release --locked --target "$target" ${FEATURES:+--features "$FEATURES"}
binary=${CARGO_TARGET_DIR:-target}/$target/release/blkprice

# Static, or it would not run on the next machine.
if ldd "$binary" >/dev/null 2>&1 && ! ldd "$binary" 2>&1 | grep -q 'statically linked'; then
  echo "$binary is not static:" >&2
  ldd "$binary" >&2
  exit 1
fi

name=blkprice-$version-$arch-linux
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
into=$stage/$name
mkdir -p "$into/man" "$into/completions" "$into/docs" "$into/examples" "$into/scripts"
# As in the repository, so that the links in the documents lead somewhere here too.
cp "$binary" README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE NOTICE Containerfile "$into"
cp docs/*.md docs/*.svg "$into/docs"
cp examples/*.md examples/*.py examples/*.sql "$into/examples"
cp -r sql "$into"
cp -r scripts/systemd scripts/nginx "$into/scripts"
"$binary" man "$into/man"
for shell in bash zsh fish; do
  "$binary" completions "$shell" >"$into/completions/blkprice.$shell"
done
find "$into" -name '*.md' | while read -r document; do
  { grep -o ']([^)#]*' "$document" || true; } | sed 's/^](//' | while read -r link; do
    case $link in
      '' | *://*) ;;
      *)
        [ -e "$(dirname "$document")/$link" ] || {
          echo "$document: nothing is packed where it links to: $link" >&2
          exit 1
        }
        ;;
    esac
  done
done
find "$into" -type d -exec chmod 755 {} +
find "$into" -type f -exec chmod 644 {} +
chmod 755 "$into/blkprice"
tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=ustar \
  -C "$stage" -cf - "$name" | gzip -n9 >"$dist/$name.tar.gz"
(cd "$dist" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")

# What was packed runs, with nothing of this machine around it where that can be had.
mkdir -p "$stage/try/tmp"
tar -xzf "$dist/$name.tar.gz" -C "$stage/try"
if [ "$(id -u)" = 0 ]; then
  chroot "$stage/try" "/$name/blkprice" demo
else
  env -i "$stage/try/$name/blkprice" demo
fi
(cd "$dist" && sha256sum -c "$name.tar.gz.sha256")
ls -l "$dist/$name.tar.gz"
