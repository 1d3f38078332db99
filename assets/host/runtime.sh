# Which container runtime a machine has. What is done with it stands in a file for each, in words that begin with its name:
# _ask INFO PS IMAGES, _image_id NAME, _import TAR NAME..., _restart_pod CONTAINER, _rmi NAME, _clean.

# sole_runtime: sets $rt where only one can be meant
sole_runtime() {
  [ -z "$rt" ] || return 0
  if ! command -v containerd && ! command -v ctr; then rt=docker
  elif ! command -v docker; then rt=containerd
  else return 1; fi >/dev/null
}

# runtime_of KUBELET: sets $rt by what a kubelet says its version is. Where two are installed, the kubelet that is there
# has its one; without a kubelet, docker.
runtime_of() {
  case $1 in
    # The last minor with dockershim is 1.23.
    '' | *" v1."[0-9].* | *" v1."1[0-9].* | *" v1."2[0-3].*) rt=docker ;;
    *) rt=containerd ;;
  esac
}

# which_runtime: sets $rt
which_runtime() { sole_runtime || runtime_of "$(timeout --foreground 20 /usr/local/bin/kubelet --version 2>/dev/null)"; }

# with RUNTIME WORD...: one of the words above for that runtime
with() { rt=$1; shift; "$@"; }

# ask_runtime INFO PS IMAGES: the numbers of the questions, - for one that is not asked
ask_runtime() { which_runtime; "${rt}_ask" "$@"; }

# ask_runtime_of INFO PS IMAGES: the same, and what is told of the kubelet comes in and goes on. While that one is
# asked, docker is too where it may be the one, and what it says is dropped where it is not. Where containerd holds pods
# a docker beside it is not waited for.
ask_runtime_of() {
  if sole_runtime; then "${rt}_ask" "$@" & cat; wait $!; return; fi
  a=
  for i in /run/containerd/io.containerd.runtime.v2.task/k8s.io/*/; do [ ! -d "$i" ] || { a=$(sed 's/^/> /'); break; }; done
  beside=$a
  [ -n "$a" ] || a=$(docker_ask "$@" & sed -u 's/^/> /'; wait)
  o=$(printf '%s\n' "$a" | sed -n 's/^> //p'); printf '%s\n' "$o"
  case $o in *" version Kubernetes v"*) o=${o#*" version "}; o=${o%%"$n"*} ;; *) o= ;; esac
  runtime_of "$o"
  if [ "$rt" = docker ] && [ -z "$beside" ]; then hand_on "$a"; else "${rt}_ask" "$@"; fi
}

# hand_on TEXT: its lines but those of the kubelet, whole as tell does it: a filter would write them in blocks that end in
# the middle of a line, and others write at the same time
hand_on() {
  b=; IFS=$n; set -f
  for l in $1; do
    case $l in '> '*) continue ;; esac
    [ $((${#b} + ${#l})) -lt 3900 ] || { printf %s "$b"; b=; }
    b="$b$l$n"
  done
  unset IFS; set +f; printf %s "$b"
}

# containerd_ask INFO PS IMAGES
containerd_ask() {
  [ "$3" = - ] || { (q=$3; say containerd 1; ask_containerd_images) & }
  [ "$2" = - ] || { q=$2; tell ps "$(containerd_rows)"; say done; }
  [ "$1" = - ] || { q=$1; say containerd 1; ask_containerd; }
  wait
}

# containerd_rows: what runs, as docker ps has it, from the folders of the running tasks: no program has to be started
# for it. Of their configuration only the names are taken.
containerd_rows() {
  set --; t=$(date +%s)
  for f in /run/containerd/io.containerd.runtime.v2.task/k8s.io/*/config.json; do
    # The number has no line end behind it.
    i=; { read -r i <"${f%/*}/init.pid"; } 2>/dev/null
    [ -z "$i" ] || [ ! -d "/proc/$i" ] || set -- "$@" "$f"
  done
  [ $# != 0 ] || { printf '\n= 0\n'; return; }
  # shellcheck disable=SC2016 # awk's own
  awk -v now="$t" '
    function name(key, at) { at = "\"io.kubernetes.cri." key "\":\""; at = index(text, at) ? substr(text, index(text, at) + length(at)) : ""; return substr(at, 1, index(at, "\"") - 1) }
    function row() {
      if (text == "") return
      gsub(/": "/, "\":\"", text)
      n = split(file, part, "/")
      kind = name("container-type")
      if (kind == "") return
      uid = name("sandbox-uid"); if (uid == "") uid = "-"
      printf "%s\t%s\t\"\"\t\tUp\tk8s_%s_%s_%s_%s_0\n", part[n - 1], name("image-name"), kind == "sandbox" ? "POD" : name("container-name"), name("sandbox-name"), name("sandbox-namespace"), uid
    }
    FNR == 1 { row(); text = ""; file = FILENAME }
    { text = text $0 }
    END { row() }' "$@"
  printf '= %s\n' $?
}
