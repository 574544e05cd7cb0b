# What runs, and what is left behind.

status() {
	local n p up=0
	for n in $(nodes); do
		if alive "$n"; then
			echo "$n  $(for p in "$HERE"/conf/run/*; do p=${p##*/}; ! running "$n" "$p" || printf '%s ' "$p"; done)"
			up=1
		else
			echo "$n  powered off"
		fi
	done
	((up)) || { echo "no cluster is running (state folder $STATE)"; return 1; }
	echo "programs    $(cat "$STATE/bin")"
	echo "state       $STATE (device ownership from security context: $(cat "$STATE/device-ownership"))"
	echo "kubeconfig  $KUBECONFIG"
	kubectl get --raw /readyz >/dev/null 2>&1 || { echo "the API server does not answer: see $STATE/n1/kube-apiserver.log"; return 1; }
	kubectl get nodes
	kubectl get pods -A
}
# Everything of a cluster that can be seen on the machine, one line each: after "down" there is none.
traces() {
	local p c
	for p in /proc/[0-9]*; do
		if grep -qs ':/cluster/' "$p/cgroup" || grep -qsF "$STATE/" "$p/cmdline"; then
			[[ ${p#/proc/} == "$$" ]] || echo "process ${p#/proc/} $(tr '\0\n' '  ' <"$p/cmdline" 2>/dev/null | cut -c1-100)"
		fi
	done
	for p in /proc/[0-9]*/ns/{net,pid,mnt,uts}; do # whoever still holds a namespace that the nodes had
		! grep -qsxF "$(readlink "$p" 2>/dev/null)" "$STATE.namespaces" || echo "namespace $p"
	done
	awk -v s="$STATE/" 'index($0, s) || $5 ~ "^/var/lib/kubelet" {print "mount", $5} $0 ~ " - nsfs " {print "mount", $5}' /proc/self/mountinfo
	losetup -n --raw -O NAME,BACK-FILE | awk -v s="$STATE/" 'index($2, s) || index($2, "/volumeDevices/") {print "loop device", $0}'
	for c in $(cgroup_roots); do [[ ! -d $c/cluster ]] || find "$c/cluster" -type d -printf 'cgroup %p\n'; done
	ip -o link show | awk -F': ' -v b=$BRIDGE '$2 == b || $2 ~ /^kn[0-9]+@/ {print "link", $2}'
	ip route show | awk -v n="$NET." -v p="$PODS." -v s="$SERVICES." 'index($1, n) == 1 || index($1, p) == 1 || index($1, s) == 1 {print "route", $0}'
	{ iptables-save; nft list ruleset; ipset list -n; } 2>/dev/null | grep -E 'KUBE-|kube-|CNI-' | sed 's/^/firewall rule /' || true
	[[ ! -d $STATE ]] || find "$STATE" -type f -printf 'file %p\n'
	[[ ! -e /var/lib/kubelet ]] || echo "folder /var/lib/kubelet"
}
# Counts the traces by kind; fails if there are any.
leftovers() {
	local all; all=$(traces)
	rm -f "$STATE.namespaces"
	if [[ ! $all ]]; then echo "0 left: no process, namespace, mount, loop device, control group, link, route, firewall rule or file"; return; fi
	awk '{n[$1 == "loop" || $1 == "firewall" ? $1 " " $2 : $1]++} END {for (k in n) print n[k], k}' <<<"$all" | sort -rn
	head -n "${1:-20}" <<<"$all"
	return 1
}
remember_namespaces() { # called by "down" while the nodes still run
	local n p
	for n in $(nodes); do
		p=$(init_pid "$n") && readlink "/proc/$p"/ns/{net,pid,mnt,uts} || true
	done >"$STATE.namespaces"
}
