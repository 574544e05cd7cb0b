#!/bin/bash
# `npm run demo`: installs what the machine lacks, then shows the whole of it on a real cluster (test/demo/demo.ts).
#   --keep   leave the cluster up afterwards
set -euo pipefail
cd "$(dirname "$0")/.."
if [[ ! -d ${XDG_CACHE_HOME:-$HOME/.cache}/file-recovery/images ]]; then
	echo "First run on this machine: Kubernetes is built from source and images are made. Expect about 15 minutes on two quiet cores,"
	echo "8 GB of disk under ${XDG_CACHE_HOME:-$HOME/.cache} (and Go's own caches); later runs take about 3 minutes."
fi
start=$SECONDS
scripts/setup.sh
printf 'set-up of the machine: %d s\n' $((SECONDS - start))
exec node_modules/.bin/node test/demo/demo.ts "$@"
