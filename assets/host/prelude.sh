# The words gangplank's shell text is made of. POSIX sh, GNU coreutils, openssl, systemd, docker.
# $M marks our lines, $RUN names the run. Descriptor 3 brings wishes (stop, kill) and large file contents;
# small contents are in $p<number of the action> before anything begins.
G=/var/lib/gangplank/$RUN
NOW=$(date +%s)
stop='' failed='' part='' left=''
trap 'stop=1' TERM HUP INT
trap 'rm -f "$part"' EXIT
trap '' PIPE # a lost connection lets the action end and its part file go

mark() { printf '\n%s %s\n' "$M" "$*"; printf '\n%s %s\n' "$M" "$*" >&2; }
begin() { [ -z "$stop$failed" ] || return 1; at=$1; mark b "$1"; }
end() { unset "p$at"; mark e "$at" "$1"; [ "$1" = 0 ] || failed=1; }

# listen: hears the wishes; the end of file (a lost connection) is the wish to stop
listen() {
  { while read -r l <&3; do case $l in "$M kill") kill -TERM 0 ;; "$M stop") kill -TERM $$ ;; esac; done; kill -TERM $$; } >/dev/null 2>&1 &
  w=$!
}
# not TERM: a child just born may take it with our trap
mute() { kill -KILL "$w"; wait "$w"; } 2>/dev/null

# content BYTES: of the action at hand, to stdout; a large one is asked for when nobody else reads descriptor 3
content() {
  if eval "[ \"\${p$at+set}\" ]"; then eval "printf '%s\n' \"\$p$at\"" | base64 -d
  else mute; printf '\n%s c %s\n' "$M" "$at" >&2; head -c "$1" <&3; set -- $?; listen; return "$1"; fi
}

hash_of() { h=$(sha256sum) && h=${h%% *}; }

# home: the run's folder, for root only
home() { [ -d "$G" ] || { (umask 077; mkdir -p "$G") && chmod 700 /var/lib/gangplank; }; }

# note KIND PATH OLD NEW MODE: one line in this host's record, on disk before the change itself
note() {
  home || return
  j=$2; case $j in *[\"\\]*) j=$(printf %s "$j" | sed 's/[\"]/\\&/g') ;; esac
  printf '{"run":"%s","kind":"%s","path":"%s","old":"%s","new":"%s","mode":"%s","time":%s}\n' \
    "$RUN" "$1" "$j" "$3" "$4" "$5" "$NOW" >>"$G/record.jsonl" && sync "$G/record.jsonl"
}

# keep PATH: a copy of what is there now, by its hash, in the run's folder; sets $old and $mode
keep() {
  old='' mode=''
  [ -f "$1" ] || return 0
  hash_of <"$1" && old=$h && mode=$(stat -c '%a %U:%G' "$1") || return
  home || return
  [ -e "$G/$old" ] || { (umask 077; cat "$1" >"$G/.$old") && sync "$G/.$old" && mv "$G/.$old" "$G/$old"; }
}

# keep_for_undo PATH: for a change that another program makes
keep_for_undo() { keep "$1" && note merge "$1" "$old" '' "$mode"; }

note_merged() { hash_of <"$1" && note merged "$1" '' "$h" ''; }

# remove_file PATH: away, with a copy kept
remove_file() { [ ! -e "$1" ] || { keep "$1" && note put "$1" "$old" '' "$mode" && rm -f "$1" && sync "${1%/*}"; }; }

# settle PATH MODE OWNER KIND: the finished $part becomes PATH
settle() {
  hash_of <"$part" && new=$h && { [ "$3" = - ] || chown "$3" "$part"; } && chmod "$2" "$part" && sync "$part" && keep "$1" &&
    note "$4" "$1" "$old" "$new" "$mode" && mv -fT "$part" "$1" && sync "${1%/*}/"
  rc=$?; rm -f "$part"; part=; return $rc
}

make_dir() { # PATH MODE
  [ -d "$1" ] && return 0
  case ${1%/*} in '') ;; *) make_dir "${1%/*}" 0755 || return ;; esac
  note dir "$1" '' '' '' && mkdir "$1" && chmod "$2" "$1"
}

# receive BYTES SHA256: the content of the action at hand into $part
receive() {
  rm -f "$part"; (umask 077; : >"$part") && content "$1" >"$part" || return
  hash_of <"$part" || return
  [ "$h" = "$2" ] || { echo "$part: $(stat -c %s "$part") of $1 bytes arrived and the SHA-256 is not $2" >&2; return 1; }
}

put() { # PATH MODE OWNER BYTES SHA256
  part=${1%/*}/.${1##*/}.part
  receive "$4" "$5" && settle "$1" "$2" "$3" put || { rm -f "$part"; part=; return 1; }
}

make_key() { # PATH KIND
  part=${1%/*}/.${1##*/}.part; rm -f "$part"
  (umask 077; case $2 in
    rsa2048) openssl genrsa -out "$part" 2048 ;;
    p256) openssl ecparam -genkey -noout -name prime256v1 -out "$part" ;;
  esac) && settle "$1" 0600 - key || { rm -f "$part"; part=; return 1; }
}

make_csr() { # KEY SUBJECT SAN
  { printf '[req]\ndistinguished_name=dn\nreq_extensions=v3\n[dn]\n[v3]\nbasicConstraints=CA:FALSE\n'
    printf 'keyUsage=digitalSignature,keyEncipherment\n'; [ -z "$3" ] || printf 'subjectAltName=%s\n' "$3"; } |
    openssl req -new -sha256 -key "$1" -subj "$2" -config /dev/stdin
}

load_image() { # TAR NAME...
  tar=$1; shift
  for n; do note image "$n" "$(docker inspect -f '{{.Id}}' "$n" 2>/dev/null)" '' '' || return; done
  docker load -i "$tar"
}

load_sent() { # BYTES SHA256 NAME...
  home && part=$G/.image.part && receive "$1" "$2" || { rm -f "$part"; part=; return 1; }
  shift 2; load_image "$part" "$@"
  rc=$?; rm -f "$part"; part=; return $rc
}

service() { # VERB UNIT
  case $1 in
    daemon-reload) systemctl daemon-reload; return ;;
    enable) note enable "$2" "$(systemctl is-enabled "$2" 2>/dev/null)" enabled '' ;;
    start | restart) note start "$2" "$(systemctl is-active "$2" 2>/dev/null)" active '' ;;
    # Undo may come here a second time, when the unit is gone already.
    stop | disable) case $(systemctl show -p LoadState "$2") in *=not-found) return 0 ;; esac ;;
  esac && systemctl "$1" "$2" || return
  # What the unit reads was read: a change noted after this line asks for a restart.
  case $1 in start | restart) note started "$2" '' '' '' ;; esac
}

restart_pod() { # CONTAINER
  c=$(docker ps -q --filter "name=k8s_$1") || return
  # shellcheck disable=SC2086
  # The kubelet starts a new container at once.
  [ -z "$c" ] || docker stop -t 5 $c >/dev/null || return
  note restarted "$1" '' '' ''
}

# is_ours PATH SHA256: nobody changed it after us
is_ours() { [ -f "$1" ] && hash_of <"$1" && [ "$h" = "$2" ]; }

put_back() { # PATH RUN OLD NEW MODE-AND-OWNER; without NEW we had removed it
  if [ -n "$4" ]; then is_ours "$1" "$4"; else [ ! -e "$1" ]; fi || { left=1; echo "$1 is no longer what gangplank wrote: left alone"; return 0; }
  part=${1%/*}/.${1##*/}.part; rm -f "$part"
  (umask 077; cp "/var/lib/gangplank/$2/$3" "$part") && chown "${5#* }" "$part" && chmod "${5% *}" "$part" &&
    sync "$part" && mv -fT "$part" "$1"
  rc=$?; rm -f "$part"; part=; return $rc
}

take_away() { # PATH SHA256
  [ -e "$1" ] || return 0
  is_ours "$1" "$2" || { left=1; echo "$1 is no longer what gangplank wrote: left alone"; return 0; }
  rm -f "$1"
}

take_dir() { [ ! -d "$1" ] || rmdir "$1" 2>/dev/null || echo "$1 is not empty: it stays"; }

take_image() { docker rmi "$1" >/dev/null 2>&1 || echo "$1 is still in use: it stays"; }

kubelet_mounts() { while read -r _ m _; do case $m in /var/lib/kubelet/*) echo "$m" ;; esac; done </proc/mounts; }

# clean_pods: of a kubelet that was not there before: its containers, mounts, state and kube-proxy's rules
clean_pods() {
  c=$(docker ps -aq --filter name=k8s_) || return
  # shellcheck disable=SC2086
  [ -z "$c" ] || docker rm -f -v $c >/dev/null
  # Volumes of pods may be mounted there: nothing is removed through a mount.
  kubelet_mounts | sort -r | while read -r m; do umount "$(printf %b "$m")"; done
  m=$(kubelet_mounts | head -n 1)
  [ -z "$m" ] || { echo "$m is still mounted: unmount it, then undo again" >&2; return 1; }
  # The kubelet mounts its folder on itself, which keeps the folder from being removed.
  while read -r _ _ _ r m _; do case $m:$r in /var/lib/kubelet:*/var/lib/kubelet) umount "$m" ;; esac; done </proc/self/mountinfo
  for f in pods plugins plugins_registry pod-resources device-plugins cpu_manager_state memory_manager_state pki; do
    rm -rf --one-file-system "/var/lib/kubelet/$f"
  done
  # Made by the kubelet when it was not there; our own file in it is taken away by its record.
  rmdir /var/lib/kubelet 2>/dev/null || :
  for t in iptables ip6tables; do
    command -v $t-save >/dev/null || continue
    $t-save | grep -q KUBE- || continue
    $t-save | grep -v KUBE- | $t-restore
  done
}

# forget RUN: the record goes, unless something was left alone: then the old files stay with it
forget() {
  [ -z "$left" ] || { echo "/var/lib/gangplank/$1 is kept: it holds what was there before"; return 0; }
  rm -rf "/var/lib/gangplank/$1"; rmdir /var/lib/gangplank 2>/dev/null || :
}

# What follows answers questions and changes nothing. $q is the number of the question.
say() { printf '%s %s %s\n' "$M" "$q" "$*"; }
# Others write at the same time, so each line is one write of its own: -u writes line by line, and G gives the last
# one its newline in the same write (sed's a would write it after, and a line of others may come in between).
tell() { sed -u -e "s/^/$M $q $1 /;\$G"; }

ask_machine() {
  o=; [ -r /etc/os-release ] && o=$(. /etc/os-release && printf %s "$PRETTY_NAME")
  say os "$o"; say uname "$(uname -nrm)"
  say uid "$(id -u)"; say clock "$(date +%s%3N)"; say cpus "$(nproc)"
  while read -r k v _; do case $k in MemTotal:) say memory "$v" ;; SwapTotal:) say swap "$v" ;; esac; done </proc/meminfo
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then say cgroup 2; else say cgroup 1; fi
  df -Pk / /etc /var/lib/docker 2>/dev/null | tell df
  ip -o addr show 2>/dev/null | tell addr
  say openssl "$(openssl version 2>/dev/null)"
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r _ l _ s _; do [ "$s" != 0A ] || say listen "${l##*:}"; done
  say forward "$(cat /proc/sys/net/ipv4/ip_forward)"
  for t in dig nslookup host; do command -v $t >/dev/null && say dns "$t"; done
  [ -d /run/systemd/system ] && say systemd 1
  for f in /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist; do [ -e "$f" ] && say cni 1; done
  [ -e /run/systemd/resolve/resolv.conf ] && say resolved 1
  say done
}

ask_file() { # PATH CONTENT
  [ -f "$1" ] || { [ -e "$1" ] && say odd "not a file"; say none; return; }
  s=$(stat -L -c '%a %U:%G %s' "$1"); say stat "$s"; h=; hash_of <"$1"; say sha256 "$h"
  [ -z "$2" ] || [ "${s##* }" -gt 262144 ] || base64 -w 3000 "$1" | while read -r l || [ -n "$l" ]; do say content "$l"; done
}

ask_key() { # PATH
  [ -f "$1" ] || { say none; return; }
  say stat "$(stat -L -c '%a %U:%G %s' "$1")"; h=; hash_of <"$1"; say sha256 "$h"
  if grep -q ENCRYPTED "$1"; then say encrypted 1; return; fi
  # a broken key must not pass as the hash of nothing
  s=$(openssl pkey -in "$1" -passin pass: -pubout -outform DER 2>/dev/null | base64 -w 0)
  [ -z "$s" ] || { s=$(printf %s "$s" | base64 -d | sha256sum); say spki "${s%% *}"; }
}

ask_unit() {
  s=$(systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NRestarts,NeedDaemonReload,FragmentPath,DropInPaths "$1" 2>&1)
  printf '%s\n' "$s" | tell show
  case $s in
    *ActiveState=active* | *LoadState=not-found*) ;; *) timeout --foreground 10 journalctl -q -u "$1" -n 12 --no-pager -o cat 2>/dev/null | tell journal ;;
  esac
}

ask_docker() { timeout --foreground 30 docker info 2>&1 | tell info; }
ask_containers() {
  timeout --foreground 30 docker ps --no-trunc --format '{{.ID}}	{{.Image}}	{{.Command}}	{{.CreatedAt}}	{{.Status}}	{{.Names}}' 2>&1 | tell ps
  say done
}
ask_images() { timeout --foreground 30 docker images --no-trunc 2>/dev/null | tell image; say done; }
ask_tar() { if [ -r "$1" ]; then tar -xOf "$1" manifest.json 2>&1 | fold -b -w 3000 | tell manifest; else say none; fi; say done; }

ask_kubelet() { # PATH: whether it is there
  kv=; [ -f "$1" ] || { say none; return 1; }
  say size "$(stat -L -c %s "$1")"
}

# likely PATH FLAG...: one start tells the version and that the flags are taken, when they are; sets $kv
likely() { o=$(timeout --foreground 20 "$@" --version 2>/dev/null) && case $o in Kubernetes\ v*) say version "$o"; kv=${o#Kubernetes } ;; *) false ;; esac; }

kubelet_version() { # PATH; sets $kv
  kv=$(timeout --foreground 20 "$1" --version 2>&1 | head -n 1); say version "$kv"; kv=${kv#Kubernetes }
}

try_flags() { # PATH FLAG...: drops what the kubelet's parser refuses until it takes the rest
  k=$1; shift; n=0
  while [ $n -lt 12 ]; do
    o=$(timeout --foreground 20 "$k" "$@" --version 2>&1) && { say tried 1; return; }
    f=$(printf '%s\n' "$o" | sed -n 's/.*unknown flag: \(--[A-Za-z0-9-]*\).*/\1/p' | head -n 1)
    [ -n "$f" ] || { say error "$(printf '%s\n' "$o" | tail -n 1)"; return; }
    say refused "$f"; i=$#
    while [ $i -gt 0 ]; do a=$1; shift; case $a in "$f" | "$f"=*) ;; *) set -- "$@" "$a" ;; esac; i=$((i - 1)); done
    n=$((n + 1))
  done
}

ask_folder() { if [ -d "$1" ]; then ls -A "$1" | tell name; else say none; fi; say done; }
ask_record() { cat /var/lib/gangplank/*/record.jsonl 2>/dev/null | tell line; say done; }
ask_lookup() { timeout --foreground 15 getent ahosts "$1" | tell host; say done; }
ask_tls() { # HOST PORT
  case $1 in *:*) a=[$1]:$2 ;; *) a=$1:$2 ;; esac
  o=$(timeout --foreground 6 openssl s_client -connect "$a" -servername "$1" -showcerts </dev/null 2>&1)
  c=$(printf '%s\n' "$o" | sed -n '/-BEGIN CERT/,/-END CERT/p')
  if [ -n "$c" ]; then printf '%s\n' "$c" | tell pem; else printf '%s\n' "$o" | head -n 3 | tell error; fi
}
