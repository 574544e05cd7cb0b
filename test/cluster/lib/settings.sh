# Settings of the test cluster and small helpers. Sourced by ../cluster and the checks in ../test.
# Options (environment):
#   CLUSTER_STATE             folder for everything a running cluster writes; kept short, for unix sockets allow 108 bytes
#   CLUSTER_BIN               use these programs instead of the cached ones
#   CLUSTER_DEVICE_OWNERSHIP  true|false: containerd's device_ownership_from_security_context (default false, as most clusters have it)
#   CLUSTER_APISERVER_ARGS    more arguments for kube-apiserver
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/file-recovery
STATE=${CLUSTER_STATE:-$CACHE/cluster-state}
BRIDGE=kube0 NET=10.199.0 PODS=10.244 SERVICES=10.96
# shellcheck disable=SC2034 # used in the templates of conf/
API=$NET.11 DNS=$SERVICES.0.10 DRIVER=loop.csi.cluster.test
export LC_ALL=C KUBECONFIG=$STATE/admin.conf

say() { printf '%(%T)T %s\n' -1 "$*" >&2; }
die() { say "$*"; exit 1; }
render() { # file: the template with the shell's variables filled in
	eval "cat <<_EOT
$(cat "$1")
_EOT"
}
wait_for() { # seconds, text, command
	local end=$((SECONDS + $1)) what=$2; shift 2
	until "$@" >/dev/null 2>&1; do ((SECONDS < end)) || die "gave up waiting for $what; the logs are in $STATE/n*/*.log"; sleep 0.2; done
}
# The folders below which control groups are made: one per controller (cgroup v1), or the only one (v2).
cgroup_roots() {
	if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then echo /sys/fs/cgroup; return; fi
	local c
	for c in /sys/fs/cgroup/*/; do [[ ! -w $c/cgroup.procs ]] || echo "${c%/}"; done
}
nodes() { # the names of the nodes which have a state folder
	local n
	for n in "$STATE"/n*/; do [[ ! -d $n ]] || basename "$n"; done
}
