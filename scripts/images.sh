#!/bin/bash
# Builds the images and loads them in every node of a running test cluster.
#   scripts/images.sh [operator] [engine] [tools] [workload]     default: all; the last two are for tests only
#   scripts/images.sh --archive DIR [...]             also writes one OCI archive per image
# Tags: localhost/file-recovery-NAME:dev for operator, engine and workload, localhost/tools:dev.
# Options (environment):
#   BUILDER     docker, podman or buildah; default: docker if its daemon answers, else buildah, else podman
#   BASE_IMAGE  default with buildah: a Debian 12 made by debootstrap, so that no registry is needed
#   SOURCES     the folder with operator.ts, target.ts, restore.ts, copy.ts, exec.ts (default src)
set -euo pipefail
cd "$(dirname "$0")/.."
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/file-recovery/images
CONTEXT=build/images
say() { printf 'images: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
quietly() { # command: its output only when it fails
  local log; log=$(mktemp)
  "$@" </dev/null >"$log" 2>&1 || { tail -n 30 "$log" >&2; rm "$log"; die "failed: ${*:0:6}"; }
  rm "$log"
}
find_builder() {
  if docker info >/dev/null 2>&1; then echo docker
  elif command -v buildah >/dev/null; then echo buildah
  elif command -v podman >/dev/null; then echo podman
  else die "neither a docker daemon nor buildah nor podman: run scripts/setup.sh"; fi
}
tag() { case $1 in tools) echo localhost/tools:dev ;; *) echo "localhost/file-recovery-$1:dev" ;; esac; }
# Storage of our own, so that nobody's images are touched.
storage() { buildah --root "$CACHE/storage" --runroot "$CACHE/run" --storage-driver overlay --storage-opt overlay.skip_mount_home=true "$@"; }

# ---- the build context: equal content keeps its time stamp, so that layers stay cached
put() { # source name [mode]
  local to=$CONTEXT/$2
  cmp -s "$1" "$to" && return
  mkdir -p "$(dirname "$to")"
  install -m "${3:-644}" "$1" "$to"
  touch -d @0 "$to"
  find "$CONTEXT" -type d -exec touch -d @0 {} +
}
bundle() { # name [mode]
  local source=${SOURCES:-src}/$1.ts out; out=$(mktemp -d)
  [[ -e $source ]] || die "$source does not exist"
  # CommonJS packages inside the bundle call require for Node's own modules, and for native parts (ssh2's) that they do
  # without when these are absent. Minified but for the names: the generated
  # Kubernetes client is 20 MB otherwise, and stack traces stay readable.
  node_modules/.bin/esbuild "$source" --bundle --platform=node --target=node24 --format=esm --outfile="$out/$1.mjs" --log-level=warning \
    --external:cpu-features --external:*.node \
    --minify-whitespace --minify-syntax --line-limit=160 \
    --banner:js='import { createRequire as bundleRequire } from "node:module"; const require = bundleRequire(import.meta.url), __dirname = import.meta.dirname;'
  put "$out/$1.mjs" "$1.mjs" "${2:-644}"
  rm -r "$out"
}
context() { # target
  put "$(readlink -f node_modules/.bin/node)" node 755
  case $1 in
  operator) bundle operator ;;
  engine)
    bundle target
    bundle restore
    bundle copy
    bundle exec 755
    local appliance file; appliance=$(appliance/build.sh | tail -n 1)
    for file in vmlinux initrd packages.lock; do put "$appliance/$file" "appliance/$file"; done
    ;;
  workload)
    test/workload/build.sh "$CONTEXT/workload.new"
    put "$CONTEXT/workload.new" workload.cpio
    rm "$CONTEXT/workload.new"
    ;;
  esac
}
inputs() { # target: the files of the context that it uses
  case $1 in
  operator) echo node operator.mjs ;;
  engine) echo node target.mjs restore.mjs copy.mjs exec.mjs appliance/{vmlinux,initrd,packages.lock} ;;
  tools) echo node ;;
  workload) echo node workload.cpio appliance/{vmlinux,initrd,packages.lock} ;; # on top of the engine, whose bundles it does not use
  esac
}

# ---- the base: Debian's minimal system with its security updates
base_image() {
  local name=localhost/debian:12-minbase root
  [[ ! ${BASE_IMAGE:-} ]] || { echo "$BASE_IMAGE"; return; }
  [[ $BUILDER == buildah ]] || { echo docker.io/library/debian:12-slim; return; }
  if ! storage images -q "$name" >/dev/null 2>&1; then
    say "making the base image with debootstrap (once, about a minute)"
    root=$(mktemp -d)
    quietly debootstrap --variant=minbase --include=ca-certificates bookworm "$root"
    # the security updates come from where debootstrap found the rest
    sed -i 's#^\(deb .*\)/debian/\? bookworm \(.*\)#&\n\1/debian-security bookworm-security \2#' "$root/etc/apt/sources.list"
    quietly chroot "$root" sh -c 'apt-get -qq update && apt-get -qq -y upgrade && apt-get clean'
    rm -rf "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/var/cache/*
    local id; id=$(storage from scratch)
    storage copy -q "$id" "$root" / >/dev/null
    quietly storage commit -q --rm "$id" "$name"
    rm -rf --one-file-system "$root"
  fi
  echo "$name"
}
dockerfile() { case $1 in tools) echo test/cluster/tools/Dockerfile ;; workload) echo test/workload/Dockerfile ;; *) echo Dockerfile ;; esac; }
build() { # target base
  local file base=$2; file=$(dockerfile "$1")
  [[ $1 != workload ]] || base=$(tag engine)
  local args=(-q -t "$(tag "$1")" --build-arg "BASE_IMAGE=$base" -f "$file")
  [[ $file != Dockerfile ]] || args+=(--target "$1")
  case $BUILDER in
  buildah) quietly storage bud --isolation chroot --layers --pull-never "${args[@]}" "$CONTEXT" ;;
  *) quietly "$BUILDER" build "${args[@]}" "$CONTEXT" ;;
  esac
}

# ---- out of the builder: an OCI layout per image; skopeo writes only the layers that are not there, and does not compress them
export_image() { # target
  local layout=$CACHE/$1
  if [[ $BUILDER != buildah ]]; then
    "$BUILDER" save -o "$layout.tar" "$(tag "$1")"
    return
  fi
  rm -f "$layout/index.json" # it would go on naming the former image
  quietly skopeo copy -q --dest-oci-accept-uncompressed-layers "containers-storage:[overlay@$CACHE/storage+$CACHE/run]$(tag "$1")" "oci:$layout:$(tag "$1")"
  local manifest; manifest=$(digests "$layout/index.json")
  # blobs of the image that was there before
  find "$layout/blobs/sha256" -type f -printf '%f\n' | { grep -vxFf <(echo "$manifest"; digests "$layout/blobs/sha256/$manifest") || true; } |
    while read -r old; do rm "$layout/blobs/sha256/$old"; done
}
digests() { grep -oh 'sha256:[0-9a-f]*' "$1" | cut -d: -f2; }
exported() { if [[ $BUILDER == buildah ]]; then echo "$CACHE/$1${2:+/$2}"; else echo "$CACHE/$1.tar"; fi; } # target [file of a layout]

# Builds and exports an image unless nothing of it has changed since the last time.
make_image() { # target base
  local key
  context "$1"
  # shellcheck disable=SC2046 # names without spaces
  key=$({ echo "$BUILDER $2"; cat "$(dockerfile "$1")"; cd "$CONTEXT" && stat -c '%n %s %d %i %Z' $(inputs "$1"); } | sha256sum)
  [[ ! -e $(exported "$1" index.json) || $(cat "$CACHE/$1.key" 2>/dev/null) != "$key" ]] || return 0
  rm -f "$CACHE/$1.key"
  build "$1" "$2"
  export_image "$1"
  echo "$key" >"$CACHE/$1.key"
}
archive_image() { # target folder
  mkdir -p "$2"
  case $BUILDER in
  buildah) quietly skopeo copy -q "oci:$CACHE/$1:$(tag "$1")" "oci-archive:$2/$1.tar:$(tag "$1")" ;;
  *) cp "$CACHE/$1.tar" "$2/$1.tar" ;;
  esac
}

main() {
  local archives='' target base t=$SECONDS
  [[ ${1:-} != --archive ]] || { archives=${2:?--archive needs a folder}; shift 2; }
  (($#)) || set -- operator engine tools workload
  for target; do [[ $target =~ ^(operator|engine|tools|workload)$ ]] || die "no image '$target': operator, engine, tools, workload"; done
  BUILDER=${BUILDER:-$(find_builder)}
  base=$(base_image)
  for target; do
    t=$SECONDS
    make_image "$target" "$base"
    [[ ! $archives ]] || archive_image "$target" "$archives"
    say "$(tag "$target"): $((SECONDS - t)) s"
  done
  [[ $BUILDER != buildah ]] || (($(storage images -q --filter dangling=true | wc -l) < 40)) || quietly storage rmi --prune
  test/cluster/cluster kubeconfig >/dev/null 2>&1 || { say "no test cluster is running; nothing loaded"; return; }
  t=$SECONDS
  for target; do test/cluster/cluster load "$(exported "$target")"; done
  say "loaded in $((SECONDS - t)) s"
}

mkdir -p "$CACHE" "$CONTEXT"
exec 9>"$CACHE/lock"
flock 9
main "$@" 9>&-
