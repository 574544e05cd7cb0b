#!/bin/bash
# Brings a Debian 12 machine to where everything in this repository runs: Debian packages, Go, node_modules.
# Installs only what is missing (as root); takes a second when nothing is.
#
#   scripts/setup.sh --bench   also what `npm run bench -- disks` measures beside: libguestfs, in a root of its own
set -euo pipefail
cd "$(dirname "$0")/.."
export DEBIAN_FRONTEND=noninteractive

# One at a time: apt-get update doesn't wait for its lock, and two `npm ci` break each other's folder. -o: what a package
# starts must not inherit the lock.
lock=${XDG_CACHE_HOME:-$HOME/.cache}/file-recovery/setup.lock
if [[ ! ${SETUP_LOCKED:-} ]]; then
  mkdir -p "$(dirname "$lock")"
  SETUP_LOCKED=1 exec flock -o "$lock" scripts/setup.sh "$@"
fi
unset SETUP_LOCKED

packages=(
  # test cluster: building it, running it
  gcc libc6-dev libseccomp-dev
  iptables ipset nftables iproute2 procps curl openssl util-linux mount e2fsprogs ca-certificates kmod
  # images
  buildah skopeo debootstrap
  # guest appliance and micro-VM
  qemu-system-x86 qemu-utils cpio xz-utils zstd
  # tests: images of disks, foreign initiators and NBD clients, captures
  xfsprogs lvm2 mdadm gdisk fdisk dosfstools attr acl
  libiscsi-bin libnbd-bin tcpdump tshark unzip openssh-client rclone
  # test:disks: every kind of disk is made by the tools that make such
  btrfs-progs ntfs-3g exfatprogs f2fs-tools xorriso udftools squashfs-tools erofs-utils
  thin-provisioning-tools cryptsetup-bin bcache-tools drbd-utils ldmtool libhivex-bin
  # tests: the web page in a browser
  chromium
)
command -v npm >/dev/null || packages+=(nodejs npm) # only starts `npm ci`, which brings Node 24

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
apt() { apt-get -qq -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" </dev/null; }
root() { ((EUID == 0)) || die "run scripts/setup.sh as root once: $*"; }

install_packages() {
  command -v apt-get >/dev/null || die "this machine has no apt-get; install the counterparts of: $*"
  local missing
  # shellcheck disable=SC2207 # one word per line
  missing=($(comm -23 <(printf '%s\n' "$@" | sort -u) \
    <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii  *//p' | sort -u)))
  ((${#missing[@]})) || return 0
  root "these Debian packages are missing: ${missing[*]}"
  say "installing: ${missing[*]}"
  local log; log=$(mktemp)
  { apt update && apt install --no-install-recommends -y "${missing[@]}"; } >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "apt-get failed"; }
  rm "$log"
}

# The test cluster wants a newer Go than Debian has. Go's toolchains are Go modules: Debian's own Go, whatever its
# version, fetches one through the module proxy and checks it against the checksum database.
install_go() {
  scripts/find-go.sh >/dev/null 2>&1 && return
  local version arch to modules module go
  version=$(sed -n 's/^go //p' test/cluster/runtime/go.mod)
  arch=$(dpkg --print-architecture)
  to=${XDG_CACHE_HOME:-$HOME/.cache}/file-recovery/go-$version
  go=$(command -v go || true)
  [[ $go ]] || { install_packages golang-go; go=$(command -v go); }
  say "fetching Go $version"
  modules=$(mktemp -d)
  # outside the repository, and as any old Go would: its own version must not matter
  (cd "$modules" && GOTOOLCHAIN=local GOFLAGS=-modcacherw GOMODCACHE=$modules "$go" mod download "golang.org/toolchain@v0.0.1-go$version.linux-$arch") ||
    die "cannot fetch Go $version through $("$go" env GOPROXY); install Go $version or newer by other means and put it in the PATH"
  module=$modules/golang.org/toolchain@v0.0.1-go$version.linux-$arch
  # what Go itself does on first use: modules carry no execute bits and no nested go.mod
  chmod 755 "$module"/bin/* "$module"/pkg/tool/*/*
  find "$module/src" -name _go.mod -execdir cp _go.mod go.mod \;
  rm -rf "$to"
  mkdir -p "$(dirname "$to")"
  mv "$module" "$to"
  rm -rf "$modules"
  scripts/find-go.sh >/dev/null
}

install_modules() {
  if [[ package-lock.json -nt node_modules/.package-lock.json ]]; then
    if npm ls --all >/dev/null 2>&1; then # newer, but fitting: `npm install` writes it last
      touch node_modules/.package-lock.json
    else
      say "npm ci"
      npm ci --no-audit --no-fund --loglevel=error >&2
    fi
  fi
  # Debian's npm 9 forgets the program links of optional packages
  [[ -x node_modules/.bin/node ]] || npm rebuild --silent "node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')" >&2
}

install_packages "${packages[@]}"
install_go
install_modules
[[ ${1:-} != --bench ]] || scripts/libguestfs.sh >/dev/null
