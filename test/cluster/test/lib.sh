# Shared by the checks of a running cluster: kubectl in the PATH, one line per check, the sum as exit code.
HERE=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
eval "$("$HERE/../cluster" env)"
fail=0
ok() { # text command: must succeed
	local text=$1 out; shift
	if out=$("$@" 2>&1); then echo "PASS  $text${out:+: $(tr '\n' '|' <<<"${out:0:120}")}"; else echo "FAIL  $text: ${out:0:400}"; fail=1; fi
}
no() { # text pattern command: must fail, with that pattern in its output
	local text=$1 pattern=$2 out; shift 2
	if out=$("$@" 2>&1); then echo "FAIL  $text: it was allowed"; fail=1
	elif [[ $out =~ $pattern ]]; then echo "PASS  $text"; else echo "FAIL  $text: ${out:0:400}"; fail=1; fi
}
soon() { local end=$((SECONDS + $1)); shift; until "$@"; do ((SECONDS < end)) || return 1; sleep 0.3; done; }
ms() { echo $(($(date +%s%N) / 1000000)); }
k() { kubectl -n "$NS" "$@"; }
namespace() { # name [Pod Security profile]: empty, with its service account
	kubectl delete ns "$1" --ignore-not-found --timeout=90s >/dev/null 2>&1
	kubectl create ns "$1" >/dev/null
	[[ ! ${2:-} ]] || kubectl label ns "$1" pod-security.kubernetes.io/enforce="$2" >/dev/null
	soon 10 kubectl -n "$1" get sa default >/dev/null 2>&1
}
