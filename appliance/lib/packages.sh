# Package resolution, download and unpacking. packages.lock: one package a line, "name version sha256", sorted.

# hard dependencies that only maintainer scripts and unused programs need
unneeded='^(perl|python3|libperl|libpython3|debconf|cdebconf|adduser|dpkg|media-types|mailcap|procps|ucf|usrmerge|udev$|openssh-client|linux-base|initramfs|apparmor|kmod$|klibc|dracut|libelogind)'

# Downloads every locked package that the cache lacks and checks all of them. A package file is named by its sha256.
fetch_locked() {
  local name version sum missing=() tmp
  while read -r name version sum; do
    [ -e "$debs/$sum.deb" ] || missing+=("$name=$version")
  done <"$here/packages.lock"
  [ ${#missing[@]} -gt 0 ] || return 0
  say "downloading ${#missing[@]} packages"
  tmp=$(mktemp -d "$debs/new.XXXXXX")
  if ! (cd "$tmp" && apt-get download -q "${missing[@]}" >&2); then
    rm -rf "$tmp"
    explain_missing "${missing[@]}"
  fi
  keep_by_sum "$tmp"
  while read -r name version sum; do
    [ -e "$debs/$sum.deb" ] || fail "$name $version was downloaded, but its sha256 is not the locked $sum: refused"
  done <"$here/packages.lock"
}

keep_by_sum() {
  local deb sum
  for deb in "$1"/*.deb; do
    sum=$(sha256sum <"$deb")
    mv "$deb" "$debs/${sum%% *}.deb"
  done
  rmdir "$1"
}

# a failed download: is it the network, or has the archive moved on?
explain_missing() {
  local wanted gone=()
  for wanted in "$@"; do
    apt-cache madison "${wanted%%=*}" | grep -qF "| ${wanted#*=} |" || gone+=("$wanted")
  done
  [ ${#gone[@]} -eq 0 ] && fail "download failed, though the apt lists of this machine name every package; try again"
  say "not in the apt lists of this machine: ${gone[*]}"
  say "Either the lists are old or absent: apt-get update."
  fail "Or these versions left the Debian archive: run appliance/build.sh --update, look at the change, commit packages.lock."
}

# WORK: the kernel into WORK/kernel, all others into WORK/pool
unpack_locked() {
  local name version sum
  mkdir -p "$1"/{pool,kernel}
  while read -r name version sum; do
    case $name in
      linux-image-*) dpkg-deb -x "$debs/$sum.deb" "$1/kernel" ;;
      *) dpkg-deb -x "$debs/$sum.deb" "$1/pool" ;;
    esac
  done <"$here/packages.lock"
}

# Rewrites packages.lock: the closure of packages.txt as the apt lists have it now, less the packages no file of which
# ends up in the guest.
update_lock() {
  local work=$1 wanted closure deb sum path
  mapfile -t wanted < <(listed packages.txt)
  say "resolving ${#wanted[@]} packages"
  mapfile -t closure < <(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
    --no-replaces --no-enhances "${wanted[@]}" | grep '^[a-z]' | grep -vE "$unneeded" | sort -u)
  mapfile -t closure < <(apt-cache show --no-all-versions "${closure[@]}" 2>/dev/null | sed -n 's/^Package: //p' | sort -u)
  mkdir "$work/debs"
  (cd "$work/debs" && apt-get download -q "${closure[@]}" >&2)
  for deb in "$work/debs"/*.deb; do
    sum=$(sha256sum <"$deb")
    dpkg-deb -W --showformat "\${Package} \${Version} ${sum%% *}\n" "$deb"
  done | sort >"$work/all.lock"
  keep_by_sum "$work/debs"
  cp "$work/all.lock" "$here/packages.lock"
  unpack_locked "$work"
  make_root "$work"
  sort -u "$work/used" -o "$work/used"
  while read -r name version sum; do
    case $name in
      linux-image-*-amd64) [ "$(dpkg-deb -c "$debs/$sum.deb" | grep -c /vmlinuz-)" -gt 0 ] || continue ;;
      *) dpkg-deb -c "$debs/$sum.deb" | sed -n 's/^[^d].* \.\/\([^ ]*\).*/\1/p' | sort | comm -12 - "$work/used" | grep -q . || continue ;;
    esac
    printf '%s %s %s\n' "$name" "$version" "$sum"
  done <"$work/all.lock" >"$here/packages.lock"
  say "packages.lock: $(wc -l <"$here/packages.lock") packages"
}
