#!/bin/bash
# Makes the application of the demo and the end-to-end tests: a virtual machine that formats and fills the disks it is given.
# Usage: build.sh OUT.cpio    The result is appended to the appliance's initramfs: it adds tools that write, which the
# appliance must not have, and /workload/init, which the kernel runs instead of the appliance's (rdinit=/workload/init).
# Needs on this machine: e2fsprogs xfsprogs gdisk acl attr coreutils cpio.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
export PATH=$PATH:/sbin:/usr/sbin LC_ALL=C
libs=$root/workload/lib
mkdir -p "$root"/workload/{bin,exec} "$libs"

for tool in mkfs.ext4 mkfs.xfs sgdisk setfacl setfattr split sha256sum find xargs dd cp ln truncate mkfifo base64 rm sync chown chmod touch; do
	file=$(readlink -f "$(command -v "$tool")")
	cp "$file" "$root/workload/exec/$tool"
	# The tools run with the loader and the libraries they came with, whatever the appliance has.
	printf '#!/bin/dash\nexec /workload/lib/ld.so --argv0 %s --library-path /workload/lib /workload/exec/%s "$@"\n' "$tool" "$tool" >"$root/workload/bin/$tool"
	ldd "$file" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | while read -r lib; do cp -Lu "$lib" "$libs/"; done
done
cp -L /lib64/ld-linux-x86-64.so.2 "$libs/ld.so"
cp "$here/init" "$root/workload/init"
chmod 755 "$root/workload/init" "$root"/workload/{bin,exec}/*
find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find workload -print0 | sort -z | cpio -0 --quiet -o -H newc -R 0:0 --reproducible) >"$out"
