#!/bin/sh
# Prints the folder of a Go that is new enough for the test cluster: the machine's own, or the one scripts/setup.sh fetched.
set -eu
cd "$(dirname "$0")/.."
wanted=$(sed -n 's/^go //p' test/cluster/runtime/go.mod)
fetched=${XDG_CACHE_HOME:-$HOME/.cache}/file-recovery/go-$wanted/bin
for go in "$(command -v go || true)" /usr/local/go/bin/go "$fetched/go"; do
  [ -x "$go" ] || continue
  have=$("$go" env GOVERSION 2>/dev/null | sed 's/^go//')
  [ "$(printf '%s\n%s\n' "$wanted" "$have" | sort -V | head -n 1)" = "$wanted" ] || continue
  dirname "$go"
  exit 0
done
echo "no Go $wanted or newer on this machine: run scripts/setup.sh as root, it fetches one" >&2
exit 1
