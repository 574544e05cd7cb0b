# The programs of the cluster: built once per set of inputs, kept in the cache for all checkouts of the repository.

binaries_key() { # a hash of everything that decides what the build gives
	(cd "$HERE" && { find . -name go.mod -o -name go.sum -o -path './addons/*.go' -o -path ./build; } | sort | xargs sha256sum && go version) |
		sha256sum | cut -c1-16
}
# Sets BIN to the folder with the programs; builds them when they are absent.
binaries() {
	BIN=${CLUSTER_BIN:-}
	if [[ ! $BIN ]]; then
		local go; go=$("$HERE/../../scripts/find-go.sh")
		PATH=$go:$PATH
		BIN=$CACHE/cluster/$(binaries_key)
		[[ -d $BIN ]] || flock "$(mkdir -p "$CACHE/cluster" && echo "$CACHE/cluster/lock")" "$HERE/cluster" build-binaries "$BIN"
		touch "$BIN" # the last two used are kept
	fi
	PATH=$BIN:$PATH
}
build_binaries() { # folder: called with the lock held
	local new=$1.new t=$SECONDS
	[[ ! -d $1 ]] || return 0
	say "building Kubernetes and the other programs of the test cluster from Go modules: about 20 minutes on two cores, once (1-2 minutes when Go's cache is warm)"
	rm -rf "$CACHE"/cluster/*.new
	CLUSTER_BIN=$new nice -n 5 "$HERE/build"
	mv "$new" "$1"
	say "built in $((SECONDS - t)) s: $1"
	find "$CACHE/cluster" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | cut -d' ' -f2- | tail -n +3 |
		while read -r old; do # a running cluster keeps its own
			[[ $(cat "$STATE/bin" 2>/dev/null) == "$old" ]] || rm -rf "$old"
		done
}
