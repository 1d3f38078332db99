# The live stream of a machine: what runs there and how it is, told when somebody asks for it, and a word when something
# happened. $M marks our lines, $WANTED is docker, containerd, or auto. Nothing here is done twice that can be kept in a
# variable, and a process costs a millisecond or more.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin:$PATH LC_ALL=C
# containerd 2 warns of old cgroups at every call.
CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS=1
export PATH LC_ALL CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS
trap '' TERM
run=/run/containerd
sock=${GANGPLANK_CONTAINERD:-$run/containerd.sock}
cri=io.containerd.grpc.v1.cri
tab='	'

# pick: sets $rt. Where both are installed, containerd is the one that holds containers of a kubelet.
pick() {
  rt=$WANTED
  [ "$rt" = auto ] || return 0
  rt=docker
  if ! command -v docker; then
    if command -v ctr || command -v crictl || command -v containerd; then rt=containerd; fi
  elif command -v ctr; then
    for i in "$run"/io.containerd.runtime.v2.task/k8s.io/*/; do [ ! -d "$i" ] || { rt=containerd; break; }; done
  fi >/dev/null
}

# told WORD...: what it prints, what it complains of behind a sign, and how it ended. Programs that end at once collect
# no garbage.
told() { { { GOGC=off GOMAXPROCS=1 timeout --foreground 8 "$@" 2>&1 >&4; printf '= %s\n' $? >&4; } | sed 's/^/! /' >&4; } 4>&1; }

# of_pods WORD...: ctr in the namespace of the pods
of_pods() { set -- ctr -a "$sock" -n k8s.io "$@"; GOMAXPROCS=1 "$@"; }

# A line that does not end takes no more than 64 MB of the machine. What a probe does is of no interest.
docker_events() {
  # shellcheck disable=SC3045 # Debian's sh has it; without it nothing is limited
  docker events | { ulimit -v 65536; while read -r l; do case $l in *exec_*) ;; *) echo "$M event" ;; esac; done; }
}

# Starts and ends of processes that a probe runs in a container are left out: the first are not asked for, the others
# have an id of their own. What only holds the network of a pod is in no list. That what has ended is taken away is seen
# soon enough with the next sample.
containerd_events() {
  of_pods events 'namespace==k8s.io,topic=="/tasks/start"' 'namespace==k8s.io,topic=="/tasks/exit"' \
    'namespace==k8s.io,topic=="/tasks/paused"' 'namespace==k8s.io,topic=="/tasks/resumed"' | {
      # shellcheck disable=SC3045
      ulimit -v 65536
      while read -r l; do
        i=${l#*\"container_id\":\"}; i=${i%%\"*}
        case $l in
          *' /tasks/exec-'*) continue ;;
          *' /tasks/exit '*) case $l in *"\"id\":\"$i\""*) ;; *) continue ;; esac ;;
        esac
        [ ! -d "$run/$cri/sandboxes/$i" ] || continue
        echo "$M event"
      done; }
}

# watch: who tells that something happened. It ends with the daemon; that is something that happened too, and it is asked
# again until it is back.
watched=
watch() {
  pick
  case " $watched " in *" $rt "*) return ;; esac
  p=ctr; [ $rt != docker ] || p=docker
  command -v $p >/dev/null || return 0
  watched="$watched $rt"
  ( trap - TERM PIPE; while command -v $p >/dev/null; do "${rt}_events" 2>/dev/null; echo "$M event"; sleep 2; done ) &
}

folder=
docker_list() {
  echo "$M lister docker"
  told docker ps --no-trunc --format "{{.ID}}$tab{{.Image}}$tab{{.Command}}$tab{{.CreatedAt}}$tab{{.Status}}$tab{{.Names}}"
  [ -n "$folder" ] || folder=$(timeout --foreground 2 docker info 2>/dev/null | head -c 65536 | sed -n 's/^ *Docker Root Dir: //p' | head -n 1)
}

# What was told of a container once is not told again: $known holds the ids. Of many that are new at once some wait for
# the next sample, and that there are more is said. crictl's whole list costs twice what its ids cost: it is asked for
# first, and where no files of CRI say how the containers are.
known='' before='' silent='' more=''
most=32
containerd_list() {
  [ -n "$folder" ] || { folder=$(sed -n "s/^root *= *[\"']\([^\"']*\)[\"'].*/\1/p" /etc/containerd/config.toml 2>/dev/null | head -n 1); folder=${folder:-/var/lib/containerd}; }
  if ! command -v crictl >/dev/null; then
    echo "$M lister ctr"
    o=$(told ctr -a "$sock" -n k8s.io containers ls -q 'labels."io.cri-containerd.kind"==container' | head -c 1048576)
    printf '%s\n' "$o"
  elif [ -n "$known" ] && [ -z "$silent" ]; then
    echo "$M lister crictl"
    o=$(told crictl -r "unix://$sock" -i "unix://$sock" ps -a -q | head -c 1048576)
    printf '%s\n' "$o"
  else
    echo "$M lister crictl"
    o=$(told crictl -r "unix://$sock" -i "unix://$sock" ps -a -o json | head -c 8388608)
    # In as few lines as it takes.
    # shellcheck disable=SC2016 # sed's own
    printf '%s\n' "$o" | sed -n -e '/^[!=] /{p;b e' -e '}' -e 'H' -e ':e' -e '${x;s/\n *//g;p' -e '}'
    o=$(printf '%s\n' "$o" | sed -n 's/^      "id": "\([0-9a-f]*\)",\{0,1\}$/\1/p')
  fi
  ids=
  set -f; for i in $o; do case $i in *[!0-9a-f]*) ;; ????????????*) ids="$ids $i" ;; esac; done; set +f
  new='' count=0
  if [ "$ids" != "$before" ] || [ -n "$more" ]; then
    before=$ids silent='' stay='' more=''
    for i in $ids; do
      [ -f "$folder/$cri/containers/$i/status" ] || silent=1
      case " $known " in
        *" $i "*) ;;
        *) count=$((count + 1)); [ $count -le $most ] || { more=1; continue; }; new="$new $i" ;;
      esac
      stay="$stay $i"
    done
    known=$stay
  fi
  # CRI keeps a file of each that says when it began and how it ended.
  [ -z "$ids" ] || { echo "$M part states"; grep -H '' "$folder/$cri"/containers/*/status 2>/dev/null | head -c 1048576; echo; }
  [ -z "$silent" ] || { echo "$M part tasks"; GOGC=off GOMAXPROCS=1 timeout --foreground 10 ctr -a "$sock" -n k8s.io tasks ls 2>/dev/null; }
  # Of its configuration its names and its command are told and no more; how often it was made stands in the name that CRI
  # gave it.
  for i in $new; do
    echo "$M part about $i"
    o=$(GOGC=off GOMAXPROCS=1 timeout --foreground 10 ctr -a "$sock" -n k8s.io containers info "$i" 2>/dev/null | head -c 4194304)
    printf '%s\n' "$o" | sed -n -e '/^ *"\(Image\|CreatedAt\)": "/p' -e '/^ *"io\.kubernetes\.\(container\.name\|pod\.[a-z]*\)": "/p' -e '/^ *"args": \[/,/\]/p'
    case $o in *'"io.cri-containerd.container.metadata": {'*)
      o=${o#*'"io.cri-containerd.container.metadata": {'}; o=${o#*'"value": "'}
      printf '%s\n' "${o%%'"'*}" | { base64 -d 2>/dev/null; echo; } | sed -n 's/^{"Version":"[^"]*","Metadata":{"ID":"[^"]*","Name":"[^"]*_\([0-9]*\)".*/"attempt": \1/p' ;;
    esac
  done
  [ -z "$more" ] || echo "$M more"
}

# machine: load, processors, memory in KiB, and the file system of the runtime's folder
cpus=$(nproc 2>/dev/null)
machine() {
  read -r l _ </proc/loadavg; t='' m=''
  while read -r k v _; do case $k in MemTotal:) t=$v ;; MemFree:) m=$v ;; MemAvailable:) m=$v; break ;; esac; done </proc/meminfo
  d=${folder:-/var/lib/docker}
  while [ -n "$d" ] && [ ! -d "$d" ]; do d=${d%/*}; done
  echo "$M machine $l ${cpus:-0} ${t:-0} ${m:-0} $(timeout --foreground 5 stat -f -c '%S %b %f %a' -- "$d/" 2>/dev/null || echo 0 0 0 0) ${folder:-/var/lib/docker}"
  echo "$M clock $(date +%s)"
  echo "$M kubelet $(timeout --foreground 10 systemctl show -p ActiveState,SubState,NRestarts,ExecMainStartTimestampMonotonic kubelet 2>/dev/null | tr '\n' ' ')"
}

leave() { trap 'exit 0' TERM; kill -TERM 0; }
watch
trap leave PIPE
while read -r w a b <&3; do
  case $w in
  sample)
    echo "$M sample"
    watch
    "${rt}_list"
    machine
    echo "$M end" ;;
  detail)
    echo "$M detail"
    for f in $a $b; do
      if [ -f "$f" ]; then echo "$M cert $f $(timeout --foreground 5 sed -n '/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/,/-----END/p' -- "$f" 2>/dev/null | head -c 16384 | base64 | tr -d '\n')"
      else echo "$M cert $f -"; fi
    done
    { { timeout --foreground 5 journalctl -u kubelet -n "$JOURNAL" --no-pager -o short 2>&1 >&4; printf '= %s\n' $? >&4; } | sed 's/^/! /' >&4; } 4>&1 | tail -c 65536 | cut -c1-"$LONGEST" | sed "s/^/$M journal /"
    echo "$M told" ;;
  lookup)
    t=; for x in dig nslookup host; do command -v $x >/dev/null && { t=$x; break; }; done
    case $t in
    dig) o=$(dig +short +time=2 +tries=2 @"$b" "$a" A 2>&1) && [ -n "$o" ] && r=0 || r=1 ;;
    nslookup) o=$(nslookup -timeout=2 "$a" "$b" 2>&1) && r=0 || r=1 ;;
    host) o=$(host -W 2 "$a" "$b" 2>&1) && r=0 || r=1 ;;
    *) o=; r=1 ;;
    esac
    echo "$M lookup $r ${t:--} $(printf '%s' "$o" | tr '\n' ' ')" ;;
  esac
done
leave
