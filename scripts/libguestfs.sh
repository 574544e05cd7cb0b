#!/bin/bash
# Makes a Debian 12 of its own with libguestfs in it, for `npm run bench -- disks` and `-- files`: 1.2 GiB in the cache, nothing on this
# machine, which takes some minutes once. Prints its folder as its only line on stdout. Needs root, as chroot does.
set -euo pipefail
cache=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/file-recovery
root=$cache/libguestfs-bookworm

say() { printf 'libguestfs: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
quietly() { "$@" >"$log" 2>&1 </dev/null || { tail -n 20 "$log" >&2; fail "$1 failed"; }; }
# in the mounts of its own, which end with it
inside() { # SCRIPT
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount --propagation private sh -ec '
    mount -t proc proc "$1/proc"
    mount --bind /dev "$1/dev"
    exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
      LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg sh -ec "$2"' - "$new" "$1"
}

if [ ! -e "$root" ]; then
  ((EUID == 0)) || fail "run it as root: it makes a root file system of its own"
  command -v debootstrap >/dev/null || fail "debootstrap is missing: scripts/setup.sh installs it"
  mkdir -p "$cache"
  new=$(mktemp -d "$cache/libguestfs-XXXXXX") log=$(mktemp)
  trap 'rm -rf --one-file-system "$new"; rm -f "$log"' EXIT
  chmod 755 "$new"
  say "making a Debian of its own in $root"
  quietly debootstrap --variant=minbase --include=ca-certificates bookworm "$new"
  cp /etc/resolv.conf "$new/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' >"$new/usr/sbin/policy-rc.d" # nothing is started
  chmod 755 "$new/usr/sbin/policy-rc.d"
  mkdir "$new/images" "$new/out" # where the bench puts what it reads and writes
  quietly inside 'apt-get -q update && apt-get -q -y --no-install-recommends install libguestfs-tools linux-image-amd64 &&
    apt-get clean && rm -rf /var/lib/apt/lists/*'
  say "making libguestfs' appliance, and starting it once"
  quietly inside 'guestfish -a /dev/null run : version'
  mv -T "$new" "$root"
fi
echo "$root"
