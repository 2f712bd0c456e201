#!/usr/bin/env bash
# Builds the API server of Kubernetes and its etcd from their Go modules into a folder, once; takes Go, its module proxy and
# about twenty minutes of one core, which is why no test does it.
#
#   helm/test/cluster/build.sh [FOLDER]
set -euo pipefail

KUBERNETES=1.36.3
ETCD=3.6.6
out=${1:-$HOME/.cache/similarfaces/tools/kubernetes-$KUBERNETES}
mkdir -p "$out"
out=$(cd "$out" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export GOFLAGS=-mod=mod\ -buildvcs=false CGO_ENABLED=0 GOTOOLCHAIN=${GOTOOLCHAIN:-local}

build() {
  local name=$1 package=$2
  if [ -x "$out/$name" ]; then return; fi
  echo "building $name"
  nice -n 15 go build -p "${JOBS:-1}" -trimpath -ldflags "-s -w ${3:-}" -o "$out/$name" "$package"
}

# The modules that Kubernetes publishes from its own repository carry no version there: each is v0.<minor>.<patch>.
mkdir "$scratch/kubernetes" && cd "$scratch/kubernetes"
go mod init cluster 2>/dev/null
dir=$(go mod download -json "k8s.io/kubernetes@v$KUBERNETES" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
{
  printf 'module cluster\n\n%s\n\nrequire k8s.io/kubernetes v%s\n\nreplace (\n' "$(grep '^go ' "$dir/go.mod")" "$KUBERNETES"
  sed -n 's#^\s*\(k8s.io/[^ ]*\) => ./staging/.*#\1#p' "$dir/go.mod" | while read -r module; do
    printf '  %s => %s v0.%s\n' "$module" "$module" "${KUBERNETES#1.}"
  done
  printf ')\n'
} >go.mod
printf '//go:build tools\n\npackage cluster\n\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver"\n' >tools.go
version=k8s.io/component-base/version
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver \
  "-X $version.gitVersion=v$KUBERNETES -X $version.gitMajor=1 -X $version.gitMinor=$(cut -d. -f2 <<<"$KUBERNETES")"

mkdir "$scratch/etcd" && cd "$scratch/etcd"
go mod init cluster 2>/dev/null
go get "go.etcd.io/etcd/server/v3@v$ETCD" 2>/dev/null
build etcd go.etcd.io/etcd/server/v3
echo "$out"
