# Container images without a registry: they are imported into the containerd of every node and pinned there.
# An image source is a tar archive (docker or OCI) or an OCI layout folder; from a folder only what a node lacks is sent.

import() { # node file: "-" for the standard input
	enter "$1" ctr -a "$STATE/$1/containerd.sock" -n k8s.io images import --local --label io.cri-containerd.pinned=pinned "$2" >"$STATE/$1/import.log" 2>&1
}
load_on() { # node source
	local D=$STATE/$1 src loaded; src=$(readlink -f "$2")
	if [[ -f $src ]]; then import "$1" "$src"; return; fi
	loaded=$D/loaded-$(basename "$2")
	! cmp -s "$src/index.json" "$loaded" || return 0
	enter "$1" ctr -a "$D/containerd.sock" -n k8s.io content ls -q 2>/dev/null | sed 's/^sha256:/blobs\/sha256\//' | sort >"$D/present"
	(cd "$src" && find blobs -type f | sort) | comm -23 - "$D/present" >"$D/missing"
	tar -C "$src" -cf - oci-layout index.json -T "$D/missing" | import "$1" - ||
		tar -C "$src" -cf - oci-layout index.json blobs | import "$1" - || return # containerd collected a blob between the two
	cp "$src/index.json" "$loaded"
}
load() { # source [name]: in every node, also those which come up later
	[[ -e $1 ]] || die "$1 does not exist"
	[[ -d $STATE ]] || die "no cluster is running"
	mkdir -p "$STATE/images"
	local src n kept=$STATE/images/${2:-$(basename "$1")}
	src=$(readlink -f "$1")
	if [[ -d $src ]]; then ln -sfn "$src" "$kept"; else cp "$src" "$kept"; fi
	for n in $(nodes); do
		! running "$n" containerd || load_on "$n" "$kept" || die "containerd of $n refused $1: $(tail -n 3 "$STATE/$n/import.log")"
	done
}
image() { # ref rootfs config-json: one layer from a folder, then load
	local t; t=$(mktemp -d)
	tar -C "$2" --sort=name --mtime=@0 --numeric-owner --owner=0 --group=0 -cf "$t/layer.tar" .
	printf '{"architecture":"%s","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$(dpkg --print-architecture)" "$3" "$(sha256sum <"$t/layer.tar" | cut -d' ' -f1)" >"$t/config.json"
	printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$1" >"$t/manifest.json"
	tar -C "$t" -cf "$t/image.tar" manifest.json config.json layer.tar
	load "$t/image.tar" "$(tr -c 'a-zA-Z0-9.\n' _ <<<"$1").tar"
	rm -rf "$t"
}
base_images() { # what every cluster needs before its first pod
	[[ -e $STATE/images/localhost_coredns_1.tar ]] && return
	local t; t=$(mktemp -d)
	cp "$BIN/pause" "$t/"
	image localhost/pause:1 "$t" '{"Entrypoint":["/pause"],"User":"65535:65535"}'
	rm "$t/pause"
	cp "$BIN/coredns" "$t/"
	image localhost/coredns:1 "$t" '{"Entrypoint":["/coredns"],"User":"65535:65535"}'
	rm -rf "$t"
}
