#!/bin/bash
# Builds the guest appliance from pinned Debian packages: a kernel (vmlinux) and an initramfs (initrd).
#
#   appliance/build.sh             builds into the cache unless it is there; prints the folder as its only line on stdout
#   appliance/build.sh --out DIR   the same, copied into DIR (for a Dockerfile)
#   appliance/build.sh --update    resolves packages.txt against this machine's apt lists and rewrites packages.lock
#
# Needs no privilege and no mount, and runs no maintainer script. Equal inputs give equal bytes. The cache is
# ${XDG_CACHE_HOME:-$HOME/.cache}/file-recovery/appliance/<hash of this folder>; downloads are kept beside it.
# Needs on amd64: apt with Debian 12 lists, dpkg, gcc with libc6-dev, cpio, kmod, xz-utils, zstd.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
umask 022
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/file-recovery/appliance
debs=$cache/debs
# shellcheck source=lib/packages.sh
. "$here/lib/packages.sh"
# shellcheck source=lib/root.sh
. "$here/lib/root.sh"
# shellcheck source=lib/kernel.sh
. "$here/lib/kernel.sh"

say() { printf 'appliance: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
listed() { sed -e 's/#.*//' -e '/^ *$/d' "$here/$1"; }

# every file of this folder counts, by name and content
inputs_hash() {
  (cd "$here" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
}

need() {
  local tool missing=()
  for tool in apt-get dpkg-deb gcc cpio depmod xz zstd flock sha256sum; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [ ${#missing[@]} -eq 0 ] || fail "missing: ${missing[*]}. Install: apt-get install gcc libc6-dev cpio kmod xz-utils zstd util-linux"
  [ "$(dpkg --print-architecture)" = amd64 ] || fail "this appliance is built on amd64 only"
}

# WORK OUT: everything from the locked packages to the two files
build() {
  local work=$1 out=$2
  fetch_locked
  unpack_locked "$work"
  make_root "$work"
  make_initrd "$work/root" "$out/initrd"
  make_kernel "$work/kernel" "$out/vmlinux"
  cp "$here/packages.lock" "$out/packages.lock"
}

main() {
  local mode=cache out='' hash dir
  case ${1:-} in
    '') ;;
    --out) mode=out out=${2:?--out needs a folder} ;;
    --update) mode=update ;;
    *) fail "unknown argument: $1 (see the head of $0)" ;;
  esac
  mkdir -p "$debs"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  if [ $mode = update ]; then
    need
    update_lock "$work"
    return
  fi
  hash=$(inputs_hash) dir=$cache/$hash
  if [ ! -e "$dir/vmlinux" ]; then
    need
    exec 9>"$cache/lock" # two builders at once: the second one waits and finds it done
    flock 9
    if [ ! -e "$dir/vmlinux" ]; then
      say "building $dir"
      mkdir "$work/out"
      build "$work" "$work/out"
      rm -rf "$dir.new" && cp -r "$work/out" "$dir.new" && mv -T "$dir.new" "$dir"
      say "built: $(cd "$dir" && du -h vmlinux initrd | tr '\t\n' '  ')"
    fi
    exec 9>&-
  fi
  if [ $mode = out ]; then
    mkdir -p "$out"
    cp "$dir"/* "$out/"
    dir=$(cd "$out" && pwd)
  fi
  printf '%s\n' "$dir"
}

main "$@"
