# shellcheck shell=bash disable=SC2034
# What every script of the lab shares: which of the two clusters is meant, where the
# cache and the state live, the addresses, and a docker that talks to the lab's own
# daemon and to no other.

LAB_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_CACHE=${GANGPLANK_LAB_CACHE:-$HOME/.cache/gangplank-lab}
LAB_STATE=${GANGPLANK_LAB:-$HOME/.local/state/gangplank-lab}
# The current cluster is asked for by --current, and knows itself by its folder's name.
if [[ ${1:-} == --current ]]; then
  LAB_STATE=${LAB_STATE%-current}-current
  shift # of the script that sources this
fi
GANGPLANK_LAB=$LAB_STATE
export LAB_SOURCE LAB_CACHE LAB_STATE GANGPLANK_LAB

# Which of current/kubernetes the current cluster runs.
CURRENT_KUBERNETES=v1.37.2

OPS_PASSWORD=lab-sudo-password
if [[ $LAB_STATE == *-current ]]; then
  LAB_KIND=current
  KUBERNETES=$CURRENT_KUBERNETES
  KUBERNETES_SAYS=$CURRENT_KUBERNETES
  LAB_NUMBER=1 PODS=10.4 SERVICES=10.5.0 DNS_IP=10.5.0.10
  WORKERS=(x1 x2 x3)
  CA_HOST=rootca
  API_SERVERS=(api-1 api-2)
else
  LAB_KIND=old
  # The last Kubernetes that speaks to Docker itself, as Debian 12 carries its source.
  KUBERNETES=1.20.5+really1.20.2-1.1+deb12u1
  KUBERNETES_SAYS=v1.20.2
  LAB_NUMBER=0 PODS=10.2 SERVICES=10.3.0 DNS_IP=10.3.0.2
  WORKERS=(w1 w2 w3)
  CA_HOST=ca
  API_SERVERS=(api-rbac api-allow)
fi
# The name of its kubeconfig, of its containerd namespace, and the state of the other cluster.
if [[ $LAB_KIND == old ]]; then
  LAB_NAME=gangplank-lab OTHER_STATE=$LAB_STATE-current
else
  LAB_NAME=gangplank-lab-current OTHER_STATE=${LAB_STATE%-current}
fi
NETWORK=10.7$((7 + LAB_NUMBER)).0
BRIDGE=lab$LAB_NUMBER
CHAIN=GANGPLANK-LAB
[[ $LAB_KIND == old ]] || CHAIN+=-${LAB_KIND^^}
MACHINE_IP=$NETWORK.1
LB_IP=$NETWORK.5
CA_IP=$NETWORK.9
MASTER_IP=$NETWORK.10
CONTAINERS=(etcd "${API_SERVERS[@]}" manager scheduler lb "$CA_HOST" "${WORKERS[@]}")
CA_PASSPHRASE=lab-ca-passphrase

say() { printf 'lab: %s\n' "$*" >&2; }

die() { say "$*"; exit 1; }

docker() { DOCKER_HOST=unix://$LAB_STATE/docker.sock DOCKER_CONFIG=$LAB_STATE/docker-client DOCKER_BUILDKIT=0 "${LAB_DOCKER:-/usr/bin/docker}" "$@"; }

# container_id NAME -> the id of the container called exactly that; nothing when there is none. Asked for `ca`, docker
# itself would also take a container whose id begins with it.
container_id() { docker ps --all --quiet --no-trunc --filter "name=^/?$1\$"; }

# thaw ID : whatever is frozen in a container
thaw() {
  local file
  find /sys/fs/cgroup -path "*$1*" \( -name freezer.state -o -name cgroup.freeze \) 2> /dev/null | while read -r file; do
    case $file in *state) echo THAWED > "$file" ;; *) echo 0 > "$file" ;; esac
  done 2> /dev/null || true
}

# remove_containers NAME... : those that are there
remove_containers() {
  local name id
  for name; do
    id=$(container_id "$name")
    [[ -z $id ]] || docker rm --force --volumes "$id" > /dev/null || {
      # runc freezes a pod for a moment when it changes it: what was killed then never ends.
      thaw "$id"
      docker rm --force --volumes "$id" > /dev/null
    }
  done
}

# host_ip w2 -> 10.77.0.12
host_ip() { if [[ $1 == "$CA_HOST" ]]; then echo "$CA_IP"; else echo "$NETWORK.1${1:1}"; fi; }

# login_of w2 -> ops
login_of() { if [[ $1 == ?2 ]]; then echo ops; else echo root; fi; }

# pod_net w2 -> 10.2.12.0/24
pod_net() { echo "$PODS.1${1:1}.0/24"; }

# Kubernetes as Debian has it for the old cluster, our own build for the current one.
kubectl() {
  local program=kubectl
  [[ $LAB_KIND == old ]] || program=$LAB_STATE/programs/kubectl
  KUBECONFIG='' command "$program" "$@"
}

# coredns_version -> the version of the current cluster's CoreDNS
coredns_version() { sed -n 's#^\tgithub.com/coredns/coredns \(v[^ ]*\).*#\1#p' "$LAB_SOURCE/current/node/go.mod"; }

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

# find_go : puts Go on the PATH that builds the current cluster, or fails
find_go() {
  local needed had folder best=none
  needed=$(sed -n 's/^go //p' "$LAB_SOURCE"/current/{node,"kubernetes/$CURRENT_KUBERNETES"}/go.mod 2> /dev/null | sort -V | tail -n 1)
  for folder in '' /usr/local/go/bin: "/usr/lib/go-${needed%.*}/bin:"; do
    had=$(PATH=$folder$PATH GOTOOLCHAIN=local go env GOVERSION 2> /dev/null) || continue
    best=$had
    [[ $(printf '%s\n' "$needed" "${had#go}" | sort -V | head -n 1) == "$needed" ]] || continue
    PATH=$folder$PATH
    return 0
  done
  say "the current cluster is built by Go $needed or later; here is $best"
  return 1
}

# go_environment : where modules and Go's build cache go, and nothing of the person's settings but the proxy
go_environment() {
  find_go || exit 1
  export GOMODCACHE=$LAB_CACHE/go-current/modules GOCACHE=$LAB_CACHE/go-current/cache GOTMPDIR=$LAB_CACHE/tmp
  export GOTOOLCHAIN=local CGO_ENABLED=0 GO111MODULE=on GOFLAGS=-buildvcs=false GOWORK=off GOGC=400
  mkdir -p "$GOTMPDIR"
}
