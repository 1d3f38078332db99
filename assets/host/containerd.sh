# containerd's words. Pods live in one namespace of containerd; what CRI made there has its labels, and nothing else is touched.

# containerd 2 warns of the host's old cgroups at every call; the machine tells of them itself.
export CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS=1
sock=${GANGPLANK_CONTAINERD:-/run/containerd/containerd.sock}

# of_pods SECONDS WORD...: ctr in the namespace of the pods
of_pods() { t=$1; shift; timeout --foreground "$t" ctr -a "$sock" -n k8s.io "$@"; }

# utter SECONDS PROGRAM WORD...: what it prints, what it complains of behind a sign, and how it ended
utter() {
  t=$1; shift
  { { timeout --foreground "$t" "$@" 2>&1 >&4; printf '\n= %s\n' $? >&4; } | sed 's/^/! /' >&4; } 4>&1
}

# coded PATH SIZE: 64 KiB of a file of that size, in lines that go out whole
coded() { if [ "$2" -le 65536 ]; then base64 -w 3000 -- "$1"; else head -c 65536 -- "$1" | base64 -w 3000; fi; }

# settings: of the merged configuration in $d the first value of what is asked about, without its quotes, in $s_KEY
settings() {
  s_sandbox_image='' s_sandbox='' s_conf_dir='' s_bin_dirs='' s_bin_dir='' s_root=''
  o=$(printf '%s\n' "$d" | sed -n 's/^ *\(sandbox_image\|sandbox\|conf_dir\|bin_dirs\|bin_dir\|root\) *= *\(.*\)$/\1 \2/p')
  while read -r k v; do
    case $v in '' | '""' | "''") continue ;; [\"\']*) v=${v#?} v=${v%?} ;; esac
    case $k in
      sandbox_image) : "${s_sandbox_image:=$v}" ;;
      sandbox) : "${s_sandbox:=$v}" ;;
      conf_dir) : "${s_conf_dir:=$v}" ;;
      bin_dirs) : "${s_bin_dirs:=$v}" ;;
      bin_dir) : "${s_bin_dir:=$v}" ;;
      root) : "${s_root:=$v}" ;;
    esac
  done <<X
$o
X
}

# heard: somebody listens at the socket; ctr would wait for it
heard() { grep -q " \\(/var\\)\\{0,1\\}$sock\$" /proc/net/unix; }

# containerd_runc: of the merged configuration in $d the program of the usual runtime, where it is not there: a path, or a name
# that no folder in the PATH of the process $pid has
containerd_runc() {
  r=$(printf '%s\n' "$d" | tr -d "\"'" | awk '
    { key = $1; sub(/^[^=]*= */, "") } key ~ /^\[/ { part = key; next }
    key == "default_runtime_name" { name = $0 } key == "BinaryName" { program[part] = $0 } key == "runtime_type" { kind[part] = $0 }
    END {
      if (name == "") exit
      for (part in kind) if (part ~ "\\.runtimes\\." name "\\]$" && kind[part] ~ /^io\.containerd\.runc\.v[12]$/) {
        one = part; sub(/\]$/, ".options]", one); print program[one] == "" ? "runc" : program[one]; exit
      }
    }')
  case $r in
    '') ;;
    /*) [ -e "$r" ] || say runc-absent "$r" ;;
    *)
      [ -r "/proc/$pid/environ" ] || return 0
      o=$(tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^PATH=//p' | head -n 1)
      [ -z "$o" ] || (PATH=$o; command -v "$r") >/dev/null || say runc-absent "$r" ;;
  esac
}

# containerd_file: what containerd reads first, and the names of what it may import
containerd_file() {
  say file "$f"
  if [ -f "$f" ]; then
    z=$(stat -L -c '%a %s' -- "$f"); say file-mode "${z% *}"
    if [ "${z#* }" -gt 65536 ]; then say file-odd "is larger than 64 KiB"
    elif [ ! -r "$f" ]; then say file-odd "cannot be read"
    else say file-there 1; tell file-text "$(coded "$f" "${z#* }")"; fi
  elif [ -e "$f" ] || [ -L "$f" ]; then say file-odd "is not a file"; fi
  for i in /etc/containerd/conf.d/*; do [ ! -f "$i" ] || say dropin "${i##*/}"; done
}

# containerd_network FOLDER PROGRAMS...: what lies in the folders of the pod network
containerd_network() {
  c=$1; shift; i=0
  say conf-dir "$c"
  for f in "$c"/*.conf "$c"/*.conflist "$c"/*.json; do [ ! -f "$f" ] || printf '%s\n' "$f"; done | sort |
    { while read -r f; do
      i=$((i + 1)); [ $i -le 16 ] || { say net-more 1; break; }
      z=$(stat -L -c %s -- "$f")
      # The lines of one file stand together: nobody else uses these keys.
      say net "${f##*/}"; [ "$z" -le 65536 ] || say net-cut 1; tell net-text "$(coded "$f" "$z")"
    done; }
  for c; do
    say bin-dir "$c"
    for f in "$c"/*; do [ ! -f "$f" ] || [ ! -x "$f" ] || say bin "${f##*/}"; done
  done
}

# containerd_answers: the one that runs, and its CRI; the program $x is asked for its version unless that is what runs
containerd_answers() {
  o=
  if [ -z "$up" ]; then say deaf "nobody listens at $sock"
  else o=$(utter 5 ctr -a "$sock" version); tell server "$o"; fi
  case "$n$o$n" in *"$n= 0$n"*) ;; *) o= ;; esac
  # shellcheck disable=SC3013
  [ -z "$x" ] || { [ -n "$o" ] && [ "/proc/$pid/exe" -ef "$x" ]; } || tell version "$(utter 5 "$x" --version)"
  [ -n "$o" ] && o=$(timeout --foreground 5 ctr -a "$sock" plugins ls 2>/dev/null) || return
  printf '%s\n' "$o" | while read -r k i r; do
    case $k:$i in io.containerd.grpc.v1:cri | io.containerd.cri.v1:*) ;; *) continue ;; esac
    say plugin "$k $i $r"
    # What it says stands in the last of several lines.
    case $r in *error* | *skip*)
      say reason "$k $i" "$(timeout --foreground 5 ctr -a "$sock" plugins ls -d "type==$k,id==$i" 2>/dev/null | sed -n 's/^ *Message: *//p' | tail -n 1)" ;;
    esac
  done
  say plugins-listed 1
}

# containerd_has IMAGE: whether it is there
containerd_has() {
  [ -n "$up" ] && o=$(of_pods 5 images ls -q "name==\"$1\"" 2>/dev/null) || return
  if [ -n "$o" ]; then say sandbox-there 1; else say sandbox-there 0; fi
}

# ask_containerd: all that is to be known before anything is changed, the slow side by side
ask_containerd() {
  export GOGC=off GOMAXPROCS=1
  u=$(timeout --foreground 5 systemctl show -p LoadState,KillMode,MainPID,ExecStart containerd 2>/dev/null)
  # Of a unit that is not there systemd tells what is usual.
  o=$u; show LoadState; case $v in loaded) show KillMode; say kill-mode "$v" ;; esac
  show MainPID; pid=$v
  x=$(command -v containerd) f=/etc/containerd/config.toml named=
  # Of its unit: the program, and the file where it is named.
  case $u in *ExecStart=*path=/*)
    o=${u#*path=}; o=${o%% *}; [ ! -x "$o" ] || x=$o
    o=${u#*argv\[\]=}; o=${o%% ;*}
    case $o in
      *' --config='*) named=1 f=${o#*--config=}; f=${f%% *} ;;
      *' --config '* | *' -c '*) named=1 f=${o#* --config }; f=${f#* -c }; f=${f%% *} ;;
    esac ;;
  esac
  [ -z "$x" ] || say program "$x"
  up=; ! heard || up=1
  containerd_answers &
  p=$! d='' s_bin_dirs='' s_bin_dir='' s_conf_dir='' s_root=''
  containerd_file &
  p="$p $!"
  if [ -n "$x" ]; then
    if [ -n "$named" ] || [ -e "$f" ] || [ -L "$f" ]; then d=$(utter 5 "$x" -c "$f" config dump)
    # Without its usual file it starts with its defaults, though some refuse to dump them then.
    else d=$(utter 5 "$x" config dump); case "$n$d" in *"$n= 0") ;; *) d=$(utter 5 "$x" config default) ;; esac; fi
    [ ${#d} -le 262144 ] || d="! the merged configuration is larger than 256 KiB$n= 1"
    tell dump "$(printf '%s\n' "$d" | base64 -w 3000)"
    [ -z "$up" ] || containerd_runc
    settings; i=${s_sandbox_image:-$s_sandbox}
    [ -z "$i" ] || { say sandbox "$i"; containerd_has "$i" & p="$p $!"; }
  fi
  case $s_bin_dirs in *[!][,\ ]*) b=$(printf %s "$s_bin_dirs" | tr -d "[]\"',") ;; *) b=${s_bin_dir:-/opt/cni/bin} ;; esac
  # shellcheck disable=SC2086 # a folder each
  containerd_network "${s_conf_dir:-/etc/cni/net.d}" $b
  r=${s_root:-/var/lib/containerd}; say root "$r"
  while [ ! -d "$r/" ]; do r=${r%/*}; done
  tell df "$(timeout --foreground 5 df -Pk "$r/" 2>/dev/null)"
  ! o=$(command -v crictl) || say crictl "$o"
  [ ! -S "$sock" ] || say socket containerd
  [ ! -S /var/run/crio/crio.sock ] || say socket crio
  if [ -S /run/cri-dockerd.sock ] || [ -S /var/run/cri-dockerd.sock ]; then say socket cri-dockerd; fi
  v=; { read -r v </proc/sys/net/bridge/bridge-nf-call-iptables; } 2>/dev/null && say bridge "$v"
  while read -r k v; do case $k:$v in overlay: | *:overlay) say overlay 1 ;; esac; done </proc/filesystems
  # shellcheck disable=SC2086 # several numbers
  wait $p
  say done
}

# containerd_takes PROGRAM FILE CHANGED: it reads FILE, with all that this imports, to the end; else CHANGED is put back as
# it was before, and nothing is restarted
containerd_takes() {
  o=$(timeout --foreground 10 "$1" -c "$2" config dump 2>&1 >/dev/null) && return
  printf '%s\n' "$o" | tail -n 5 >&2
  back_as_it_was "$3" || return
  echo "containerd refuses $3: it is as it was before" >&2
  return 1
}

# ask_containerd_images: of every image its name and what it points to. Beside each that CRI knows stands a record that
# is named by the digest of its configuration and points to the same; of the others that digest is looked up.
ask_containerd_images() {
  export GOGC=off GOMAXPROCS=1
  if ! heard; then say failed "nobody listens at $sock"; say done; return; fi
  o=$(utter 8 ctr -a "$sock" -n k8s.io images ls)
  case "$n$o$n" in
    *"$n= 0$n"*) o=$(printf '%s\n' "$o" | awk '/^[!=] / { next }
      $1 != "REF" { for (i = 2; i <= NF; i++) if ($i ~ /^sha256:[0-9a-f]+$/) { print $1, $i; break } }')
      tell image "$o"
      printf '%s\n' "$o" | awk '$1 ~ /^sha256:/ { known[$2] = 1 } { points[NR] = $2 }
        END { for (i = 1; i <= NR; i++) if (points[i] != "" && !((p = points[i]) in known) && !(p in told)) { told[p] = 1; print p; if (++many == 32) exit } }' |
        while read -r i; do c=$(config_of "$i"); [ -z "$c" ] || say config "$i $c"; done ;;
    *) tell failed "$(printf '%s\n' "$o" | grep '^[!=] ' | grep -v DEPRECATION)" ;;
  esac
  say done
}

# full_name NAME: with the registry that a name without one means
full_name() {
  case $1 in
    */*) case ${1%%/*} in *.* | *:* | localhost) printf '%s\n' "$1" ;; *) printf 'docker.io/%s\n' "$1" ;; esac ;;
    *) printf 'docker.io/library/%s\n' "$1" ;;
  esac
}

# config_of DIGEST: the digest of the configuration of the manifest that an image points to, or of the first one of an
# index that is here
config_of() {
  o=$(of_pods 10 content get "$1" 2>/dev/null | head -c 1048576 | tr -d ' \n\t\r')
  c=$(printf '%s\n' "$o" | sed -n 's/.*"config":{[^{}]*"digest":"\(sha256:[0-9a-f]*\)".*/\1/p')
  [ -z "$c" ] || { printf '%s\n' "$c"; return; }
  [ -z "$2" ] || return 1
  case $o in *'"manifests":['*) ;; *) return 1 ;; esac
  for i in $(printf '%s\n' "${o#*'"manifests":['}" | tr , '\n' | tr '{' '\n' | sed -n 's/^"digest":"\(sha256:[0-9a-f]*\)".*/\1/p' | head -n 16); do
    config_of "$i" inner && return
  done
  return 1
}

# containerd_image_id NAME: the digest of its configuration, which is the id that CRI calls it by; nothing if it is not there
containerd_image_id() {
  o=$(of_pods 10 images ls "name==\"$(full_name "$1")\"" 2>/dev/null | sed -n 's/^[^ ]* .*\(sha256:[0-9a-f]\{64\}\).*/\1/p' | head -n 1)
  [ -n "$o" ] || return 0
  c=$(of_pods 10 images ls -q "target.digest==\"$o\"" 2>/dev/null | grep '^sha256:' | head -n 1)
  [ -n "$c" ] || c=$(config_of "$o") || return 0
  printf '%s\n' "$c"
}

# containerd_import TAR NAME...: its images; those that are named are kept from the kubelet's collection of images, which
# could not fetch them again
containerd_import() {
  i=$1; shift
  of_pods 600 images import "$i" || return
  for i; do of_pods 10 images label "$(full_name "$i")" io.cri-containerd.pinned=pinned >/dev/null || return; done
}

# containerd_rmi NAME: with the records that stand beside it for the same image, unless another name points to it too
containerd_rmi() {
  set -- "$(full_name "$1")"
  o=$(of_pods 10 images ls "name==\"$1\"" | sed -n 's/^[^ ]* .*\(sha256:[0-9a-f]\{64\}\).*/\1/p' | head -n 1)
  [ -n "$o" ] || return 0
  for i in $(of_pods 10 images ls -q "target.digest==\"$o\""); do
    case $i in "$1") ;; sha256:* | *@sha256:*) set -- "$@" "$i" ;; *) set -- "$1"; break ;; esac
  done
  for i; do [ -z "$(of_pods 10 containers ls -q "image==\"$i\"")" ] || { echo "$1 is still in use" >&2; return 1; }; done
  of_pods 60 images rm --sync "$@"
}

# made_by_cri KIND FILTER: ids of containers (KIND container) or of what pods stand in (KIND sandbox)
made_by_cri() { of_pods 10 containers ls -q "labels.\"io.cri-containerd.kind\"==$1$2"; }

# end_tasks TRIES ID...: asked to end, and made to when they have not after so many looks, two in a second
end_tasks() {
  j=$1; shift
  [ "$j" = 0 ] || for i; do of_pods 10 tasks kill -s SIGTERM "$i" 2>/dev/null; done
  while o=$(of_pods 10 tasks ls) || return; do
    o=$(printf '%s\n' "$o" | awk -v ids=" $* " '$3 != "STOPPED" && index(ids, " " $1 " ") { print $1 }')
    [ -n "$o" ] || return 0
    case $j in
      0) for i in $o; do of_pods 10 tasks kill -s SIGKILL "$i" 2>/dev/null; done ;;
      -20) echo "no end of $o" >&2; return 1 ;;
    esac
    j=$((j - 1)); sleep 0.5
  done
}

# containerd_restart_pod CONTAINER: those of the pods' containers of that name
containerd_restart_pod() {
  c=$(made_by_cri container ",labels.\"io.kubernetes.container.name\"==\"$1\",labels.\"io.kubernetes.pod.namespace\"==\"kube-system\"") || return
  # shellcheck disable=SC2086 # an id each
  [ -z "$c" ] || end_tasks 10 $c
}

# containerd_clean: every pod that a kubelet let this containerd make: processes, containers, what the pods stood in, and
# their network. crictl lets CRI do it, plugins of the network included; what is left then, or without it, goes by ctr.
containerd_clean() {
  s=$(made_by_cri sandbox) && c=$(made_by_cri container) || return
  [ -n "$s$c" ] || return 0
  ! command -v crictl >/dev/null || timeout --foreground 120 crictl -r "unix://$sock" -i "unix://$sock" -t 60s rmp -a -f >/dev/null 2>&1
  for k in container sandbox; do
    c=$(made_by_cri $k) || return
    # shellcheck disable=SC2086 # an id each
    [ -z "$c" ] || end_tasks 0 $c || return
    for i in $c; do
      of_pods 20 tasks rm -f "$i" >/dev/null 2>&1
      of_pods 20 containers rm "$i" || return
    done
  done
  for i in $s; do leave_network "$i"; done
}

# leave_network ID: what the plugins of a pod's network left behind where nobody asked them to take it back
leave_network() {
  for f in /var/lib/cni/results/*"-$1-"*; do
    [ -f "$f" ] || continue
    o=$(tr -d ' \n\t' <"$f" | sed -n 's/.*"netns":"\([^"]*\)".*/\1/p')
    case $o in /run/netns/* | /var/run/netns/*) umount -l "$o" 2>/dev/null; rm -f "$o" ;; esac
    rm -f "$f"
  done
  for f in /var/lib/cni/networks/*/*; do
    [ ! -f "$f" ] || { read -r o || [ -n "$o" ]; } <"$f" && case ${o%%[!0-9a-f]*} in "$1") rm -f "$f" ;; esac
  done
  for t in iptables ip6tables; do
    command -v $t-save >/dev/null || continue
    o=$($t-save 2>/dev/null); case $o in *"$1"*) ;; *) continue ;; esac
    # The rules that name it, and the chains that only these lead to.
    printf '%s\n' "$o" | awk -v id="$1" '{ row[NR] = $0 }
      index($0, id) { for (i = 1; i < NF; i++) if ($i == "-j" && $(i + 1) ~ /^CNI-(DN-)?[0-9a-f]+$/) gone[$(i + 1)] = 1 }
      END { for (r = 1; r <= NR; r++) { split(row[r], w, " "); name = w[1] == "-A" ? w[2] : substr(w[1], 2)
        if (!index(row[r], id) && !(name in gone)) print row[r] } }' | $t-restore
  done
}

# containerd_log ID: the file that holds the output of a container, as CRI names it
containerd_log() {
  o=$(of_pods 10 containers info "$1" 2>/dev/null | tr -d '\n' | sed 's/"Spec".*//')
  l() { printf '%s\n' "$o" | sed -n "s/.*\"io.kubernetes.$1\": *\"\([^\"/]*\)\".*/\1/p"; }
  f=/var/log/pods/$(l pod.namespace)_$(l pod.name)_$(l pod.uid)/$(l container.name)
  # One for each time it was started, by number.
  o=; for i in "$f"/*.log; do
    i=${i##*/}; i=${i%.log}
    case $i in '' | *[!0-9]*) ;; *) [ "$i" -lt "${o:-0}" ] || o=$i ;; esac
  done
  [ -n "$o" ] && printf '%s\n' "$f/$o.log"
}
