# shellcheck shell=bash disable=SC2034
# What every script of the lab shares: where the cache and the state live, the
# addresses, and a docker that talks to the lab's own daemon and to no other.

LAB_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_CACHE=${GANGPLANK_LAB_CACHE:-$HOME/.cache/gangplank-lab}
LAB_STATE=${GANGPLANK_LAB:-$HOME/.local/state/gangplank-lab}
export LAB_SOURCE LAB_CACHE LAB_STATE

# The last Kubernetes that speaks to Docker itself, as Debian 12 carries its source.
KUBERNETES=1.20.5+really1.20.2-1.1+deb12u1
KUBERNETES_SAYS=v1.20.2

MACHINE_IP=10.77.0.1
LB_IP=10.77.0.5
CA_IP=10.77.0.9
MASTER_IP=10.77.0.10
WORKERS=(w1 w2 w3)
CONTAINERS=(etcd api-rbac api-allow manager scheduler lb ca "${WORKERS[@]}")
OPS_PASSWORD=lab-sudo-password
CA_PASSPHRASE=lab-ca-passphrase

say() { printf 'lab: %s\n' "$*" >&2; }

die() { say "$*"; exit 1; }

docker() { DOCKER_HOST=unix://$LAB_STATE/docker.sock DOCKER_CONFIG=$LAB_STATE/docker-client DOCKER_BUILDKIT=0 "${LAB_DOCKER:-/usr/bin/docker}" "$@"; }

# container_id NAME -> the id of the container called exactly that; nothing when there is none. Asked for `ca`, docker
# itself would also take a container whose id begins with it.
container_id() { docker ps --all --quiet --no-trunc --filter "name=^/?$1\$"; }

# remove_containers NAME... : those that are there
remove_containers() {
  local name id
  for name; do
    id=$(container_id "$name")
    [[ -z $id ]] || docker rm --force --volumes "$id" > /dev/null
  done
}

# worker_ip w2 -> 10.77.0.12
worker_ip() { printf '10.77.0.1%s\n' "${1#w}"; }

# pod_net w2 -> 10.2.12.0/24
pod_net() { printf '10.2.1%s.0/24\n' "${1#w}"; }

# key_of FILE... -> a short hash of the files' contents and of what they take from here
key_of() { { printf '%s\n' "$KUBERNETES" "$OPS_PASSWORD"; (cd "$LAB_SOURCE" && find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum); } | sha256sum | cut -c1-16; }

# wait_for SECONDS COMMAND... : until it succeeds, or the time is over
wait_for() {
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# api METHOD PATH [curl arguments] : the Node,RBAC server as cluster administrator, past the load balancer
api() {
  local method=$1 path=$2; shift 2
  curl -sf --max-time 10 -X "$method" --cacert "$LAB_STATE/pki/ca.crt" --cert "$LAB_STATE/pki/admin.crt" \
    --key "$LAB_STATE/pki/admin.key" "$@" "https://$MASTER_IP:6443$path"
}
