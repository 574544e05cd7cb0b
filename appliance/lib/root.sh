# The guest's root file system: the listed programs with the libraries they are linked to, our own files, the modules.
triplet=x86_64-linux-gnu

# WORK: makes WORK/root from WORK/pool and WORK/kernel; WORK/used names what was taken from the pool
make_root() {
  local work=$1 root=$1/root pool=$1/pool file kind lib applet tool
  local loader=$pool/lib/$triplet/ld-linux-x86-64.so.2
  mkdir -p "$root"/{bin,lib/modules,lib/$triplet/ossl-modules,lib64,usr/lib/openssh,proc,sys,dev,run,tmp,volumes,etc/lvm}
  ln -s bin "$root/sbin"
  ln -s ../bin "$root/usr/bin"
  ln -s ../bin "$root/usr/sbin"
  ln -s ../../lib/$triplet "$root/usr/lib/$triplet"
  : >"$work/used"
  take "$loader" "$root/lib64"
  while read -r file kind; do
    [ -e "$pool/$file" ] || fail "no package of packages.lock contains $file"
    [ "${kind:-}" != jailed ] || dynamic "$pool/$file" || fail "$file is statically linked: it would ignore the jail"
    case $file in
      */openssh/*) take "$pool/$file" "$root/usr/lib/openssh" ;;
      */ossl-modules/*) take "$pool/$file" "$root/lib/$triplet/ossl-modules" ;; # hashes of old LUKS1
      *) take "$pool/$file" "$root/bin" ;;
    esac
    for lib in $(libraries "$pool/$file"); do take "$lib" "$root/lib/$triplet"; done
  done < <(listed files.txt)
  take "$pool/lib/$triplet/libgcc_s.so.1" "$root/lib/$triplet" # threads load it when they are cancelled
  compile jail.c "$root/lib/jail.so" -shared -fPIC jail-streams.c jail-ahead.c
  compile hello.c "$root/hello" -fPIE -pie
  compile streams.c "$root/streams" -fPIE -pie -isystem "$pool/usr/include" "$pool/lib/$triplet/libntfs-3g.so.89"
  echo usr/include/ntfs-3g/volume.h >>"$work/used"
  compile extents.c "$root/bin/extents" -fPIE -pie
  for tool in vgs pvs vgchange vgrename vgimportclone; do ln -s lvm "$root/bin/$tool"; done
  ln -s dash "$root/bin/sh"
  for applet in modprobe insmod dmesg poweroff dd; do ln -s busybox "$root/bin/$applet"; done
  install -m 755 "$here"/{init,agent,probe,volume} "$root/"
  install -m 644 "$here/etc/lvm.conf" "$root/etc/lvm/"
  install -m 644 "$here"/etc/{mdadm.conf,passwd,group,nsswitch.conf} "$root/etc/"
  make_modules "$work/kernel" "$root"
}

take() {
  local target=$2/${1##*/}
  [ -e "$target" ] || cp -L "$1" "$target"
  printf '%s\n' "${1#"$work/pool/"}" "$(realpath --relative-to="$work/pool" "$1")" >>"$work/used"
}

# a program that names a loader is dynamically linked
dynamic() { readelf -lW "$1" | grep -q INTERP; }

libraries() {
  dynamic "$1" || return 0
  "$loader" --library-path "$pool/lib/$triplet:$pool/usr/lib/$triplet" --list "$1" >"$work/libraries" ||
    fail "libraries missing for $1: $(cat "$work/libraries")"
  sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' "$work/libraries"
}

# SOURCE FILE OPTIONS: compiled here, run there: the guest's C library must satisfy it
compile() {
  local source=$1 out=$2
  shift 2
  (cd "$here" && gcc -O2 -Wall -Wextra -Werror "$source" "$@" -s -Wl,--build-id=none -o "$out")
  "$loader" --library-path "$pool/lib/$triplet" --list "$out" >/dev/null ||
    fail "$source needs a newer C library than the guest's: build on Debian 12"
}

# KERNEL ROOT: the modules of modules.txt with what they depend on, decompressed
make_modules() {
  local version source target module file
  version=$(ls "$1/lib/modules")
  source=$1/lib/modules/$version target=$2/lib/modules/$version
  mkdir -p "$target"
  depmod -b "$1" "$version" 2>/dev/null
  for module in $(listed modules.txt); do
    modprobe -d "$1" -S "$version" --show-depends --ignore-install "$module" 2>/dev/null ||
      fail "kernel $version has no module $module"
  done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | while read -r file; do
    case $file in
      *.xz) xz -dc "$file" >"$target/$(basename "$file" .xz)" ;;
      *) cp "$file" "$target/" ;;
    esac
  done
  cp "$source/modules.builtin" "$target/"
  depmod -b "$2" "$version" 2>/dev/null
  find "$target" -name 'modules.*' ! -name modules.dep ! -name modules.alias ! -name modules.builtin -delete
}

# ROOT FILE: same content, same bytes: fixed times, owners, order and inode numbers. Uncompressed: nothing is unpacked
# under emulation.
make_initrd() {
  chmod -R u=rwX,go=rX "$1"
  find "$1" -exec touch -h -d @0 {} +
  (cd "$1" && find . -print0 | sort -z | cpio -0 --quiet -o -H newc -R 0:0 --reproducible) >"$2"
}
