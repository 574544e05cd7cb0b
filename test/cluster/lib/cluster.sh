# The cluster as a whole: control plane in n1, add-ons, up and down.

control_plane() {
	mkdir -p "$STATE/etcd" "$STATE/csi"
	start n1 etcd
	start n1 kube-apiserver
	wait_for 60 "kube-apiserver" kubectl get --raw /readyz
	start n1 kube-controller-manager
	start n1 kube-scheduler
}
addons() {
	kubectl apply -f "$BIN/crd" >/dev/null
	kubectl wait --for=condition=Established --timeout=30s -f "$BIN/crd" >/dev/null
	render "$HERE/conf/addons.yaml" | kubectl apply -f - >/dev/null
	local p; for p in snapshot-controller csi-provisioner csi-attacher csi-snapshotter; do start n1 $p; done
}
# The bridge carries the state folder of its cluster as alias: a machine has room for one cluster.
other_cluster() {
	local owner; owner=$(cat /sys/class/net/$BRIDGE/ifalias 2>/dev/null) || return
	[[ $owner && $owner != "$STATE" && -d $owner ]] && echo "$owner"
}
network() {
	ip link show $BRIDGE >/dev/null 2>&1 && return
	ip link add $BRIDGE type bridge
	ip link set $BRIDGE alias "$STATE"
	ip address add $NET.1/24 dev $BRIDGE
	ip link set $BRIDGE up
}
prepare_state() {
	((${#STATE} < 60)) || die "CLUSTER_STATE=$STATE is too long: the unix sockets below it would pass 108 bytes"
	((EUID == 0)) || die "the test cluster makes namespaces, mounts and a bridge: run it as root"
	local other
	! other=$(other_cluster) || die "another cluster runs on this machine: CLUSTER_STATE=$other $HERE/cluster down"
	if alive n1 && [[ $(cat "$STATE/bin") != "$BIN" ]]; then
		die "the running cluster was started with other programs ($(cat "$STATE/bin")): run 'cluster down' first"
	fi
	mkdir -p -m 755 "$STATE"
	echo "$BIN" >"$STATE/bin"
	[[ -e $STATE/device-ownership ]] || echo "${CLUSTER_DEVICE_OWNERSHIP:-false}" >"$STATE/device-ownership"
	[[ -e $STATE/apiserver-args ]] || echo "${CLUSTER_APISERVER_ARGS:-}" >"$STATE/apiserver-args"
}
up() { # [nodes]
	local count=${1:-1} i
	[[ $count =~ ^[1-9]$ ]] || die "how many nodes? 1 to 9, not '$count'"
	prepare_state
	pki
	base_images
	network
	for ((i = 1; i <= count; i++)); do node_up "$i"; ((i > 1)) || addons; done
	ip route replace $SERVICES.0.0/16 via "$API"
	for ((i = 1; i <= count; i++)); do
		wait_for 60 "node n$i to be Ready" kubectl wait --for=condition=Ready "node/n$i" --timeout=1s
	done
	kubectl -n kube-system rollout status deployment/coredns --timeout=60s >/dev/null
	say "ready. For a shell:  eval \"\$(npm run -s cluster -- env)\""
}
down() {
	local n c other
	if other=$(other_cluster); then say "the cluster of $other runs on this machine; it stays"; return; fi
	for n in $(nodes); do node_down "$n"; done
	ip link delete $BRIDGE 2>/dev/null || true # the routes go with it
	release_loops "$STATE/"
	for c in $(cgroup_roots); do [[ ! -d $c/cluster ]] || rmdir "$c/cluster"; done
	rm -rf --one-file-system "$STATE"
	rmdir /var/lib/kubelet 2>/dev/null || true # only if empty, as this cluster leaves it
}
device_ownership() { # true|false: switches containerd's option in every node; pods made afterwards see it
	[[ $1 == true || $1 == false ]] || die "device-ownership true|false"
	echo "$1" >"$STATE/device-ownership"
	local n
	for n in $(nodes); do
		alive "$n" || continue
		node_conf "$n"
		stop "$n" containerd
		start "$n" containerd
		containerd_ready "$n"
		wait_for 60 "node $n to be Ready" kubectl wait --for=condition=Ready "node/$n" --timeout=1s
	done
}
apiserver_args() { # arguments: those of the last time are gone
	echo "$*" >"$STATE/apiserver-args"
	stop n1 kube-apiserver
	start n1 kube-apiserver
	wait_for 60 "kube-apiserver" kubectl get --raw /readyz
}
