# The processes inside a node. Each has its command line in ../conf/run and a pid file and a log in the node's folder.

init_pid() { cat "$STATE/$1/init.pid" 2>/dev/null; }
alive() { local p; p=$(init_pid "$1") && [[ -d /proc/$p ]]; }
enter() { # node command...: runs it in the node's namespaces
	local p; p=$(init_pid "$1") || die "node $1 is not running"; shift
	nsenter -t "$p" -m -p -n -u -- "$@"
}
running() { enter "$1" sh -c 'kill -0 $(cat "$0")' "$STATE/$1/$2.pid" 2>/dev/null; }
start() { # node process
	local n=$1 p=$2 i=${1#n}
	[[ -e $HERE/conf/run/$p ]] || die "unknown process $p; there are: $(ls "$HERE/conf/run" | tr '\n' ' ')"
	alive "$n" || die "node $n is not running"
	running "$n" "$p" && return
	# shellcheck disable=SC2034 # used in the templates of conf/
	local ip=$NET.1$i D=$STATE/$n command
	command=$(render "$HERE/conf/run/$p" | grep -v '^#' | tr '\n' ' ')
	# started again when it ends, as a DaemonSet or systemd would do (the CSI sidecars exit when the driver goes away)
	setsid nsenter -t "$(init_pid "$n")" -m -p -n -u -- setsid sh -c 'echo $$ >"$0"
		for g in '"$(cgroup_roots | tr '\n' ' ')"'; do echo 0 >"$g/cluster/'"$n"'/system/cgroup.procs"; done
		trap "kill \$c; wait \$c; exit" TERM; while :; do '"$command"'& c=$!; wait $c; sleep 1; done' \
		"$D/$p.pid" </dev/null >>"$D/$p.log" 2>&1 &
	disown
	wait_for 5 "$p of $n" running "$n" "$p"
}
stop() { # node process
	enter "$1" sh -c 'p=$(cat "$0") && kill $p && while kill -0 $p; do sleep 0.1; done' "$STATE/$1/$2.pid" 2>/dev/null || true
}
