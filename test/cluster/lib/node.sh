# A node is one set of namespaces (pid, mount, network, uts). Its pid 1 is the pause program, so killing that process
# takes the node down with all its pods, mounts and network.

node_setup() { # state folder of the node; runs as pid 1 of the new namespaces and becomes pause
	local D=$1 n=${1##*/} c f
	for c in $(cgroup_roots); do echo 0 >"$c/cluster/$n/system/cgroup.procs"; done
	mount --make-rshared /
	mount -t tmpfs tmpfs /run
	mkdir -p /run/lock /run/netns "$D/log" "$D/kubelet"
	mount --bind "$D/log" /var/log
	mount --bind "$D/kubelet" /var/lib/kubelet
	mount --make-private /var/lib/kubelet
	mount --make-shared /var/lib/kubelet # a peer group of its own, so that mounts do not appear twice
	# kubelet writes these: give it private copies, the machine keeps its own values
	for f in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops; do
		mkdir -p "$D/proc/${f%/*}"
		cat /proc/sys/$f >"$D/proc/$f"
		mount --bind "$D/proc/$f" /proc/sys/$f
	done
	# the kernel mounts /proc in a user namespace only where one unmasked /proc is visible (pods with hostUsers: false)
	mkdir -p /run/proc
	mount -t proc proc /run/proc
	hostname "$n"
	while ! ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
	ip link set lo up
	sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.route_localnet=1
	touch "$D/ready"
	exec pause
}
node_cgroups() { # node: one group for its processes, one (made by kubelet) for its pods
	local c g f
	for c in $(cgroup_roots); do
		mkdir -p "$c/cluster/$1/system"
		for g in "" "/$1" "/$1/system"; do # v1: a cpuset must be filled before it can hold processes
			for f in cpuset.cpus cpuset.mems; do [[ ! -e $c/$f || -e $c/cgroup.controllers ]] || cat "$c/$f" >"$c/cluster$g/$f"; done
		done
		[[ -e $c/cgroup.controllers ]] || continue
		for g in "" /cluster "/cluster/$1"; do # v2: children get the controllers which the parent hands down
			for f in $(cat "$c$g/cgroup.controllers"); do echo "+$f" >"$c$g/cgroup.subtree_control" 2>/dev/null || true; done
		done
	done
}
node_namespaces() { # node: makes the namespaces and the network
	local n=$1 i=${1#n} o
	local D=$STATE/$n ip=$NET.1$i
	rm -f "$D"/*.pid "$D/ready"
	mkdir -p /var/lib/kubelet # the mount point
	node_cgroups "$n"
	setsid unshare --mount --propagation private --pid --fork --mount-proc --net --uts "$HERE/cluster" node-setup "$D" </dev/null >"$D/init.log" 2>&1 &
	local parent=$!
	disown
	wait_for 5 "the first process of $n" pgrep -P $parent
	pgrep -P $parent >"$D/init.pid"
	ip link delete "kn$i" 2>/dev/null || true # one whose namespace is still on its way out keeps the name
	ip link add "kn$i" type veth peer name eth0 netns "$(init_pid "$n")"
	ip link set "kn$i" master $BRIDGE up
	wait_for 10 "the namespaces of $n" test -e "$D/ready"
	enter "$n" ip address add "$ip/24" dev eth0
	enter "$n" ip link set eth0 up
	enter "$n" ip route add default via $NET.1
	enter "$n" ip6tables -P FORWARD ACCEPT 2>/dev/null || true
	for o in $(nodes); do # pod routes to and from the other nodes
		[[ $o != "$n" ]] && alive "$o" || continue
		enter "$o" ip route replace "$PODS.$i.0/24" via "$ip"
		enter "$n" ip route replace "$PODS.${o#n}.0/24" via "$NET.1${o#n}"
	done
	ip route replace "$PODS.$i.0/24" via "$ip"
	# pods keep their address inside the cluster, and take the node's outside
	enter "$n" iptables -t nat -A POSTROUTING -s "$PODS.0.0/16" ! -d "$PODS.0.0/16" -j MASQUERADE
}
node_conf() { # node
	# shellcheck disable=SC2034 # used in the templates of conf/
	local n=$1 i=${1#n} D=$STATE/$1 DEVICE_OWNERSHIP
	DEVICE_OWNERSHIP=$(cat "$STATE/device-ownership")
	render "$HERE/conf/containerd.toml" >"$D/containerd.toml"
	render "$HERE/conf/cni.conflist" >"$D/cni/10-cluster.conflist"
	render "$HERE/conf/kubelet.yaml" >"$D/kubelet.yaml"
	render "$HERE/conf/kube-proxy.yaml" >"$D/kube-proxy.yaml"
	printf 'nameserver %s\n' $NET.1 >"$D/resolv.conf"
}
node_up() { # number
	local i=$1 n=n$1 f
	mkdir -p "$STATE/$n/cni"
	alive "$n" || node_namespaces "$n"
	cert "kubelet-$n" "/O=system:nodes/CN=system:node:$n" "DNS:$n,IP:$NET.1$i"
	[[ -s $STATE/$n/kubelet.conf ]] || kubeconfig "$STATE/$n/kubelet.conf" "kubelet-$n"
	node_conf "$n"
	[[ $i != 1 ]] || control_plane
	if ! running "$n" containerd; then
		start "$n" containerd
		containerd_ready "$n"
		for f in "$STATE"/images/*; do [[ ! -e $f ]] || load_on "$n" "$f"; done
	fi
	start "$n" kubelet
	start "$n" kube-proxy
	wait_for 60 "the registration of $n" kubectl get node "$n" # kube-router ends without it
	start "$n" kube-router
	start "$n" csi-loop
}
node_remove() { # node: as if it had never been
	local n=$1 o
	node_down "$n"
	kubectl delete node "$n" --ignore-not-found >/dev/null
	for o in $(nodes); do
		[[ $o == "$n" ]] || ! alive "$o" || enter "$o" ip route delete "$PODS.${n#n}.0/24" 2>/dev/null || true
	done
	ip route delete "$PODS.${n#n}.0/24" 2>/dev/null || true
	rm -rf --one-file-system "${STATE:?}/$n"
}
containerd_ready() { wait_for 30 "containerd of $1" enter "$1" ctr -a "$STATE/$1/containerd.sock" version; } # node
node_down() { # node: a power loss
	local n=$1 p c
	p=$(init_pid "$n") || return 0
	kill -9 "$p" 2>/dev/null || true
	while [[ -d /proc/$p ]]; do sleep 0.1; done
	find "$STATE/$n" -xdev -name '*.pid' -delete
	release_volumes "$n"
	for c in $(cgroup_roots); do
		[[ ! -d $c/cluster/$n ]] || find "$c/cluster/$n" -depth -type d -exec rmdir {} + 2>/dev/null || true
	done
	say "$n is down"
}
