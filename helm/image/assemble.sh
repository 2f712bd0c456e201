#!/usr/bin/env bash
# Assembles what an image holds in an empty folder: the programs of a target, their packages for one platform, models.
# Nothing is compiled, so the processor it is made for need not be this one. The repository must be built (npm run build).
#
#   helm/image/assemble.sh gateway|stage|all FOLDER [x64|arm64]
#
# What is in it stands in FOLDER/sbom.cdx.json and in FOLDER.cdx.json (CycloneDX); with SBOM_BASE, the root of what the image is
# built on, its Node and its Debian packages too.
set -euo pipefail

target=$1
out=$2
arch=${3:-$(node -p process.arch)}
root=$(cd "$(dirname "$0")/../.." && pwd)

gateway=(contracts services/runtime gateway)
stage=(contracts services/{vision,inference,runtime,provision,extract,embed,analyze,gallery})
case $target in
  gateway) workspaces=("${gateway[@]}") ;;
  stage) workspaces=("${stage[@]}") ;;
  all) workspaces=("${stage[@]}" gateway) ;;
  *) echo "there is no target $target: gateway, stage or all" >&2 && exit 2 ;;
esac
mkdir -p "$out"
out=$(cd "$out" && pwd)
for workspace in "${workspaces[@]}"; do
  if [ ! -d "$root/$workspace/dist" ]; then
    echo "$workspace is not built: npm run build" >&2
    exit 2
  fi
done
if [ -n "$(ls -A "$out")" ]; then
  echo "$out is not empty" >&2
  exit 2
fi

main() {
  install_packages
  copy_programs
  copy_models
  drop_what_never_runs
  write_bill_of_materials
  # Owned by root and closed to change: the programs run as somebody else.
  chmod -R u=rwX,go=rX "$out"
}

# The lock file speaks of every workspace, so npm sees all of their manifests.
install_packages() {
  local manifest selected=()
  (cd "$root" && find . -name package.json -not -path '*/node_modules/*' -not -path '*/dist/*') |
    while read -r manifest; do
      mkdir -p "$out/$(dirname "$manifest")"
      cp "$root/$manifest" "$out/$manifest"
    done
  cp "$root/package-lock.json" "$root/.npmrc" "$out"
  for workspace in "${workspaces[@]}"; do selected+=(--workspace "$workspace"); done
  (cd "$out" && npm ci "${selected[@]}" --omit=dev --ignore-scripts --prefer-offline --no-audit --no-fund \
    --loglevel=error --os=linux --cpu="$arch" --libc=glibc)
}

copy_programs() {
  local workspace
  for workspace in "${workspaces[@]}"; do cp -R "$root/$workspace/dist" "$out/$workspace/dist"; done
  cp -R "$root/contracts/similarfaces" "$out/contracts/similarfaces"
  # The gateway serves its own description.
  if [ -f "$root/contracts/openapi.yaml" ]; then cp "$root/contracts/openapi.yaml" "$out/contracts"; fi
  if [ "$target" != stage ]; then
    mkdir -p "$out/ui/dist"
    cp -R "$root/ui/dist/site" "$out/ui/dist/site"
  fi
  cp "$root/helm/image/health.mjs" "$root/LICENSE" "$out"
}

# The gateway shows the models' papers; only stages run them.
copy_models() {
  mkdir -p "$out/models/samples"
  cp -R "$root/models/compact" "$root/models/compact-attributes" "$root/models/extra" "$out/models"
  cp "$root/models/manifest.schema.json" "$out/models"
  cp -R "$root/models/samples/photos" "$out/models/samples/photos"
  if [ "$target" = gateway ]; then find "$out/models" -name '*.onnx' -delete; fi
}

drop_what_never_runs() {
  local modules=$out/node_modules abi
  abi=$(node -p process.versions.modules)
  find "$modules/onnxruntime-node/bin" -mindepth 2 -maxdepth 2 -not -name linux -exec rm -rf {} + 2>/dev/null || true
  find "$modules/onnxruntime-node/bin" -mindepth 3 -maxdepth 3 -not -name "$arch" -exec rm -rf {} + 2>/dev/null || true
  find "$modules/usearch/prebuilds" -mindepth 1 -maxdepth 1 -not -name "linux-$arch" -exec rm -rf {} + 2>/dev/null || true
  rm -rf "$modules"/usearch/{binding.gyp,c,cmake,cpp,include,numkong}
  local uws
  for uws in "$modules/uWebSockets.js" "$modules/uws-glibc-2-36"; do
    find "$uws" -name '*.node' -not -name "uws_linux_${arch}_$abi.node" -delete 2>/dev/null || true
  done
  # Node takes `main`; these are the same for bundlers.
  rm -rf "$modules"/@opentelemetry/*/build/{esm,esnext}
  # Types, maps and notes; licences stay.
  find "$out" \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' -o -name '*.tsbuildinfo' \) -delete
  find "$modules" -iname '*.md' -not -iname '*licen[sc]e*' -delete
  # Workspaces that are no part of this target leave only their manifests behind.
  local manifest workspace
  find "$out" -name package.json -not -path '*/node_modules/*' | while read -r manifest; do
    workspace=$(dirname "${manifest#"$out"/}")
    if [ "$workspace" != . ] && [[ " ${workspaces[*]} " != *" $workspace "* ]]; then rm "$manifest"; fi
  done
  find "$out" -type d -empty -delete
  # Links to workspaces that are gone now.
  find "$out" -xtype l -delete
}

# Of what is left; the lock file says whence it came.
write_bill_of_materials() {
  node "$root/helm/image/sbom.mjs" "$target" "$out" ${SBOM_BASE:+"$SBOM_BASE"} >"$out.cdx.json"
  cp "$out.cdx.json" "$out/sbom.cdx.json"
  rm "$out/.npmrc" "$out/package-lock.json"
}

main
