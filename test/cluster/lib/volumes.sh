# Loop devices which a node leaves behind when it is powered off with volumes attached.

# Detaches the loop devices over files whose path starts with the prefix, and those which kubelet has put on top of them.
release_loops() { # prefix
	local dev file top
	losetup -n --raw -O NAME,BACK-FILE | while read -r dev file; do
		[[ $file == "$1"* ]] || continue
		for top in $(losetup -n -O NAME,BACK-INO,BACK-MAJ:MIN |
			awk -v i="$(stat -c %i "$dev")" -v d="$(mountpoint -d /dev)" '$2 == i && $3 == d {print $1}'); do losetup -d "$top" 2>/dev/null || true; done
		losetup -d "$dev" 2>/dev/null || true
	done
}
release_volumes() { # node: the driver remembers the device of a volume in <volume>.loop-<node>
	local f
	for f in "$STATE"/csi/*.loop-"$1"; do
		[[ -e $f ]] || continue
		release_loops "$(losetup -n -O BACK-FILE "$(cat "$f")" 2>/dev/null || echo /none)"
		rm -f "$f"
	done
}
