# The words gangplank's shell text is made of. POSIX sh, GNU coreutils, openssl, systemd; those of the container runtime
# follow in a file for each.
# $M marks our lines, $RUN names the run. Descriptor 3 brings wishes (stop, kill) and large file contents;
# small contents are in $p<number of the action> before anything begins, in $b<number> when they are no plain text.
# A process costs a millisecond or more, so what the shell can do itself it does.
n='
'
own='' homed=''
# fresh_start: what one script knows is not what the next one knows
fresh_start() { G=/var/lib/gangplank/$RUN stop='' failed='' part='' left='' now='' dirty='' sure='' known='' reload='' rt=''
  hasher=sha256sum arrived='' refused='' early='' early_part='' early_check=''; }
fresh_start
[ -O / ] && [ -G / ] && own=root:root
trap 'stop=1' TERM HUP INT
trap 'rm -f "$part" "$early_part"' EXIT
trap '' PIPE # a lost connection lets the action end and its part file go

mark() { printf '\n%s %s\n' "$M" "$*"; printf '\n%s %s\n' "$M" "$*" >&2; }
begin() { [ -z "$stop$failed" ] || return 1; at=$1; mark b "$1"; }
end() { unset "p$at" "b$at"; mark e "$at" "$1"; [ "$1" = 0 ] || failed=1; }

# listen: hears the wishes; the end of file (a lost connection) is the wish to stop, an empty line a beat
listen() {
  { while read -r l <&3; do case $l in "$M kill") kill -TERM 0 ;; "$M stop") kill -TERM $$ ;; '') beat ;; esac; done; [ -z "$held" ] || echo going >&9; kill -TERM $$; } >/dev/null 2>&1 &
  w=$!
}
# beat: the one who holds the lock lives
beat() { [ -z "$held" ] || printf '\n' >&9; }
# not TERM: a child just born may take it with our trap
mute() { kill -KILL "$w"; wait "$w"; } 2>/dev/null

# content BYTES: of the action at hand, to stdout; a large one is asked for when nobody else reads descriptor 3
content() {
  if eval "[ \"\${p$at+set}\" ]"; then eval "printf %s \"\$p$at\""
  elif eval "[ \"\${b$at+set}\" ]"; then eval "printf '%s\n' \"\$b$at\"" | base64 -d
  else ask_content && { head -c "$1" <&3; set -- $?; listen; return "$1"; }; fi
}

# ask_content: the large one of the action at hand stands on descriptor 3 now, and nobody else reads there. A beat or a
# wish may have been on its way, so it comes behind a line of its own.
ask_content() {
  mute; printf '\n%s c %s\n' "$M" "$at" >&2
  while read -r l <&3; do case $l in "$M data") return ;; '') beat ;; "$M "*) break ;; esac; done
  stop=1; listen; return 1
}

# claim TOKEN WHO: one operator at a time. This shell holds the lock as long as it lives; a beat adds a line to the file,
# so that one whose connection is dead is told from one that works, and is ended. Elsewhere the holder is named.
lock=/var/lib/gangplank/lock held='' silent=90
claim() {
  for i in 1 2 3 4 5 6 7 8; do
    way "${lock%/*}" && plain "$lock" && (umask 077; mkdir -p "${lock%/*}" && : >>"$lock") 2>/dev/null || continue
    { command exec 9>>"$lock"; } 2>/dev/null || continue
    flock -w 2 9 || taken "$1" || break
    # Whoever had it may have removed the file meanwhile.
    # shellcheck disable=SC3013
    [ "/proc/$$/fd/9" -ef "$lock" ] || continue
    # shellcheck disable=SC2034
    printf '%s\n%s\n%s\n%s\n' "$1" $$ "$(date +%s)" "$2${SSH_CLIENT:+, from ${SSH_CLIENT%% *}}" >"$lock" && held=1 && return
    rm -f "$lock"; break
  done
  exec 9>&-; mark u
}

# taken TOKEN: what to do about a lock that another shell holds; only a dead one's is given
taken() {
  holder
  [ "$has" != "$1" ] || { flock -w 5 9; return; }
  # Its connection has ended, and it ends with what it does now.
  ! grep -qx going "$lock" || ! flock -w 45 9 || return 0
  if [ $(($(date +%s) - $(stat -c %Y "$lock"))) -gt $silent ]; then
    case $i in '' | *[!0-9]* | 0 | 1) ;; *) kill -KILL "$i" 2>/dev/null; flock -w 5 9 && return ;; esac
  fi
  mark k "$e" "$y"; mark z; exit 0
}

# holder: token, shell, time and name from the lock's file in $has, $i, $e and $y
holder() { has='' i='' e='' y=''; { read -r has && read -r i && read -r e && read -r y; } <"$lock"; } 2>/dev/null

# mine TOKEN: the lock is still ours
mine() { holder; [ "$has" = "$1" ] || { mark k "$e" "$y"; mark z; exit 0; }; }

# serve: the scripts that follow the first one, each behind a line with its size, until the other side lets go or its
# connection ends; `free` gives the lock back
serve() {
  while read -r l <&3; do
    case $l in
      '') beat ;;
      free) give_up ;;
      "run "*) s=$(head -c "${l#run }" <&3); eval "$s" ;;
    esac
  done
  give_up; exit 0
}

# let_go: the lock's file goes while it is still ours
let_go() {
  # shellcheck disable=SC3013
  [ ! "/proc/$$/fd/9" -ef "$lock" ] || rm -f "$lock"
  rmdir "${lock%/*}" 2>/dev/null
}

give_up() { [ -z "$held" ] || { let_go; exec 9>&-; held=''; }; }

# Of something small; what is large is hashed by openssl, which is five times as fast and takes longer to start.
hash_of() { h=$($hasher) && h=${h%% *}; }

# way FOLDER [LINKS]: root alone can change what lies there. Each folder that leads there is root's and no one else
# may write in it (in a sticky one nobody touches what is another's); a link is followed when it is root's too.
way() {
  case "$n$sure$n" in *"$n$1$n"*) return 0 ;; esac
  [ -O / ] || return 0
  [ "${2:-0}" -lt 20 ] || { echo "$1: too many links lead there" >&2; return 1; }
  at_folder='' rest=${1#/}/ whole=$1 links=${2:-0} on=''
  set -- /
  while [ -n "$rest" ]; do
    c=${rest%%/*} rest=${rest#*/}
    case $c in '' | .) continue ;; ..) at_folder=${at_folder%/*}; continue ;; esac
    at_folder=$at_folder/$c
    if [ -L "$at_folder" ]; then set -- "$@" "$at_folder"; on=$(readlink "$at_folder") || return; break; fi
    [ -e "$at_folder" ] || break
    set -- "$@" "$at_folder"
  done
  # One that somebody else removed meanwhile is not there, and is made anew.
  o=$(stat -c '%u %g %a %F:%U:%n' -- "$@" 2>/dev/null) ||
    o=$(for i; do { [ ! -e "$i" ] && [ ! -L "$i" ]; } || stat -c '%u %g %a %F:%U:%n' -- "$i" || exit 1; done) || return
  printf '%s\n' "$o" | { while read -r u g m l; do is_roots "$u" "$g" "$m" "$l" || exit 1; done; } || return
  case $on in '') ;; /*) way "$on/$rest" $((links + 1)) || return ;; *) way "${at_folder%/*}/$on/$rest" $((links + 1)) || return ;; esac
  [ "$links" != 0 ] || sure="$sure$n$whole"
}

# quoted NAME: as a shell reads it back
quoted() { printf "'%s'" "$(printf '%s\n' "$1" | sed "s/'/'\\\\''/g")"; }

# is_roots UID GID MODE KIND:OWNER:NAME: one folder, or one link, of a way
is_roots() {
  k=${4%%:*} l=${4#*:}; w=${l%%:*} l=${l#*:}
  case $1:$k in
    0:symbolic*) return 0 ;;
    *:symbolic*) echo "the link $l belongs to $w, who could change what root writes there: chown -h root:root $(quoted "$l")" >&2; return 1 ;;
  esac
  if [ "$1" = 0 ]; then
    case $3 in [1357]???) return 0 ;; *[2367]) w=others ;; *[2367]?) [ "$2" != 0 ] || return 0; w="its group" ;; *) return 0 ;; esac
    echo "$l may be written by $w (mode $3), who could change what root writes there: chmod go-w $(quoted "$l")" >&2
  else
    echo "$l belongs to $w, who could change what root writes there: chown root:root $(quoted "$l"); chmod go-w $(quoted "$l")" >&2
  fi
  return 1
}

# plain PATH: nothing is written over a link
plain() {
  [ ! -L "$1" ] || { echo "$1 is a symbolic link to $(readlink "$1"): nothing is written over it; put the file itself there, or remove the link" >&2; return 1; }
}

# sure PATH...: before the first change, all that is going to be written can be
sure() { ways_of "$@"; for i; do way "${i%/*}" && plain "$i" || return; done; }

# ways_of PATH...: those that lead through folders of root alone, and over no link, are sure, all looked at together; of
# any other nothing is said here
ways_of() {
  [ -O / ] || return 0
  all_ways='' at_parts="$n/$n"
  for i; do
    i=${i%/*} at_folder='' rest=${i#/}/
    case $i in *"$n"*) continue ;; esac
    case "$n$sure$n$all_ways$n" in *"$n$i$n"*) continue ;; esac
    while [ -n "$rest" ]; do
      c=${rest%%/*} rest=${rest#*/}
      case $c in '' | .) continue ;; ..) continue 2 ;; esac
      at_folder=$at_folder/$c
      [ ! -L "$at_folder" ] || continue 2
      [ -e "$at_folder" ] || break
      case $at_parts in *"$n$at_folder$n"*) ;; *) at_parts=$at_parts$at_folder$n ;; esac
    done
    all_ways=$all_ways$n$i
  done
  [ -n "$all_ways" ] || return 0
  # shellcheck disable=SC2086 # a line each
  o=$(IFS=$n; set -f; stat -c '%u %g %a %F:%U:%n' -- $at_parts 2>/dev/null) || return 0
  printf '%s\n' "$o" | { while read -r u g m l; do is_roots "$u" "$g" "$m" "$l" || exit 1; done; } 2>/dev/null || return 0
  sure=$sure$all_ways
}

# home: the run's folder, for root only
home() { [ -d "$G" ] && [ "$homed" = "$G" ] || { way /var/lib/gangplank && (umask 077; mkdir -p "$G") && chmod 700 /var/lib/gangplank "$G" && homed=$G; }; }

# jot KIND PATH OLD NEW MODE: one line in this host's record
jot() {
  home || return
  [ -n "$now" ] || now=$(date +%s)
  j=$2; case $j in *[\"\\]*) j=$(printf %s "$j" | sed 's/[\"]/\\&/g') ;; esac
  printf '{"v":1,"run":"%s","kind":"%s","path":"%s","old":"%s","new":"%s","mode":"%s","time":%s}\n' \
    "$RUN" "$1" "$j" "$3" "$4" "$5" "$now" >>"$G/record.jsonl"
}

# note: the same, on disk before the change itself
note() { jot "$@" && sync "$G/record.jsonl"; }

# later PATH: its change is on disk before anything is started and when the script ends
later() { case $1 in *[!A-Za-z0-9._/-]*) sync "$1" ;; *) case " $dirty " in *" $1 "*) ;; *) dirty="$dirty $1" ;; esac ;; esac; }

# shellcheck disable=SC2086
flush() { [ -z "$dirty" ] || { set -- $dirty; dirty=; sync "$@"; }; }

# keep PATH: a copy of what is there now, by its hash, in the run's folder; sets $old and $mode
keep() {
  old='' mode=''
  plain "$1" || return
  [ -f "$1" ] || return 0
  hash_of <"$1" && old=$h && mode=$(stat -c '%a %U:%G' "$1") || return
  home || return
  [ -e "$G/$old" ] || { { [ ! -e "$G/.$old" ] || rm -f "$G/.$old"; }; (umask 077; set -C; cat "$1" >"$G/.$old") && sync "$G/.$old" && mv "$G/.$old" "$G/$old"; }
}

# keep_for_undo PATH: for a change that another program makes
keep_for_undo() { keep "$1" && note merge "$1" "$old" '' "$mode"; }

note_merged() { hash_of <"$1" && note merged "$1" '' "$h" ''; }

# remove_file PATH: away, with a copy kept
remove_file() { [ ! -e "$1" ] && [ ! -L "$1" ] || { way "${1%/*}" && keep "$1" && note put "$1" "$old" '' "$mode" && rm -f "$1" && sync "${1%/*}"; }; }

# settle PATH MODE OWNER KIND [SHA256]: the finished $part becomes PATH
settle() {
  [ "$4" != key ] || is_whole_key || { echo "$1: the key was not written whole" >&2; rm -f "$part"; part=; return 1; }
  { new=$5 && [ -n "$new" ] || { hash_of <"$part" && new=$h; }; } &&
    { [ "$3" = - ] || { [ "$3" = "$own" ] && [ -O "$part" ] && [ -G "$part" ]; } || chown "$3" "$part"; } &&
    { [ "$2" = "$made" ] || chmod "$2" "$part"; } && keep "$1" && jot "$4" "$1" "$old" "$new" "$mode" &&
    sync "$part" "$G/record.jsonl" && mv -fT "$part" "$1" && part='' && later "${1%/*}/" && return
  rc=$?; rm -f "$part"; part=; return $rc
}

make_dir() { # PATH MODE
  [ -d "$1" ] && return 0
  case ${1%/*} in '') ;; *) make_dir "${1%/*}" 0755 || return ;; esac
  way "${1%/*}" && plain "$1" && note dir "$1" '' '' '' && mkdir -m "$2" "$1" && sure="$sure$n$1"
}

# fresh PATH: $part beside it, by a name that nobody can know before; those that were left from before go
fresh() {
  way "${1%/*}" && plain "$1" || return
  for i in "${1%/*}/.${1##*/}.part" "${1%/*}/.${1##*/}".*.part; do [ ! -e "$i" ] && [ ! -L "$i" ] || rm -f "$i"; done
  part=${1%/*}/.${1##*/}.${M#@}.part
}

# receive BYTES SHA256 [MODE]: the content of the action at hand into $part, which nobody else may read at any moment
# unless all may in the end; sets $made
receive() {
  made=
  # The mask alone makes this mode.
  if [ "$3" = 0644 ]; then made=$3; else umask 077; fi
  set -C; content "$1" >"$part"; rc=$?; set +C; umask 022
  # A shell that cannot write does not say why, as cat does.
  if [ $rc != 0 ]; then eval "[ -z \"\${p$at+set}\" ]" || content "$1" | cat >>"$part"; return $rc; fi
  hash_of <"$part" || return
  [ "$h" = "$2" ] || { echo "$part: $(stat -c %s "$part") of $1 bytes arrived and the SHA-256 is not $2" >&2; return 1; }
}

put() { # PATH MODE OWNER BYTES SHA256
  fresh "$1" && receive "$4" "$5" "$2" && settle "$1" "$2" "$3" put "$5" || { rm -f "$part"; part=; return 1; }
}

# is_whole_key: $part begins and ends as a key does; on a full disk openssl may end well with less
is_whole_key() {
  l='' e=''; while read -r i; do l=${l:-$i} e=$i; done <"$part"
  case $l:$e in "-----BEGIN "*:"-----END "*) ;; *) return 1 ;; esac
}

make_key() { # PATH KIND [NEXT]: NEXT is the RSA key that comes after this one; it is begun beside it
  made='' kind=$2
  if [ "$early" = "$1" ] && wait "$early_pid" && plain "$1"; then part=$early_part early='' early_part='' kind=made
  else no_early_key; fresh "$1" || return; fi
  own_part=$part
  [ -z "$3" ] || early_key "$3"
  part=$own_part
  # The shell makes the file, for it alone refuses one that is there already.
  (umask 077; set -C; case $kind in
    rsa2048) openssl genrsa 2048 >"$part" ;;
    p256) openssl ecparam -genkey -noout -name prime256v1 >"$part" ;;
  esac) && settle "$1" 0600 - key || { rm -f "$part"; part=; return 1; }
}

# early_key PATH: an RSA key is begun beside what else is done. What goes wrong with it is said when its turn comes.
early_key() {
  fresh "$1" 2>/dev/null || return 0
  early=$1 early_part=$part
  (umask 077; set -C; openssl genrsa 2048 >"$part") </dev/null >/dev/null 2>&1 &
  early_pid=$!
}

# no_early_key: one whose turn did not come leaves nothing behind
no_early_key() {
  [ -n "$early_part" ] || return 0
  kill "$early_pid" 2>/dev/null; wait "$early_pid" 2>/dev/null
  rm -f "$early_part"; early='' early_part=''
}

# restrict PATH: root alone may read it; the old mode does not come back
restrict() { way "${1%/*}" && plain "$1" && { [ ! -O / ] || chown root:root "$1"; } && chmod 600 "$1"; }

make_csr() { # KEY SUBJECT SAN
  { printf '[req]\ndistinguished_name=dn\nreq_extensions=v3\n[dn]\n[v3]\nbasicConstraints=CA:FALSE\n'
    printf 'keyUsage=digitalSignature,keyEncipherment\n'; [ -z "$3" ] || printf 'subjectAltName=%s\n' "$3"; } |
    openssl req -new -sha256 -key "$1" -subj "$2" -config /dev/stdin
}

load_image() { # TAR NAME...
  tar=$1; shift
  which_runtime
  for i; do note image "$i" "$("${rt}_image_id" "$i" 2>/dev/null)" '' "$rt" || return; done
  "${rt}_import" "$tar" "$@"
}

load_sent() { # BYTES SHA256 NAME...
  home && fresh "$G/image" && receive "$1" "$2" || { rm -f "$part"; part=; return 1; }
  shift 2; load_image "$part" "$@"
  rc=$?; rm -f "$part"; part=; return $rc
}

# value NAME: of that line in $was
value() { case "$n$was" in *"$n$1="*) v=${was#*"$1="}; v=${v%%"$n"*} ;; *) v= ;; esac; }

# soon UNIT: enabled. systemd reads all units anew for that; it need not before the unit starts when it has just read this
# one, so it does when all is done.
soon() {
  case "$n$was" in
    *"${n}LoadState=loaded$n"*) case "$was$n" in *NeedDaemonReload=no"$n"*) systemctl enable --no-reload "$1" && reload=1; return ;; esac ;;
  esac
  systemctl enable "$1"
}

# reloaded: what `soon` left for later
reloaded() { [ -z "$reload" ] || { reload=; systemctl daemon-reload; }; }

service() { # VERB UNIT
  case $1 in
    daemon-reload) reload=; flush && systemctl daemon-reload; return ;;
    enable | start | restart) [ "$2" = "${known:-}" ] || was=$(systemctl show -p UnitFileState,ActiveState,LoadState,NeedDaemonReload "$2" 2>/dev/null); known=$2 ;;
    # Undo may come here a second time, when the unit is gone already.
    stop | disable) case $(systemctl show -p LoadState "$2") in *=not-found) return 0 ;; esac ;;
  esac
  case $1 in
    enable) value UnitFileState; jot enable "$2" "$v" enabled '' && later "$G/record.jsonl" && flush && soon "$2"; return ;;
    # What was given up after too many starts is not started again otherwise.
    start | restart) value ActiveState; known=; [ "$v" != failed ] || systemctl reset-failed "$2"; jot start "$2" "$v" active '' && later "$G/record.jsonl" && flush ;;
  esac && systemctl "$1" "$2" || return
  # What the unit reads was read: a change noted after this line asks for a restart.
  case $1 in start | restart) jot started "$2" '' '' '' && later "$G/record.jsonl" ;; esac
}

# restart_pod CONTAINER: the kubelet starts a new one at once
restart_pod() {
  which_runtime
  "${rt}_restart_pod" "$1" || return
  jot restarted "$1" '' '' '' && later "$G/record.jsonl"
}

# is_ours PATH SHA256: nobody changed it after us
is_ours() { [ -f "$1" ] && [ ! -L "$1" ] && hash_of <"$1" && [ "$h" = "$2" ]; }

# spare PATH: not ours any more, said in words and by a mark
spare() { left=1; mark l "$at"; echo "$1 is no longer what gangplank wrote: left alone"; }

put_back() { # PATH RUN OLD NEW MODE-AND-OWNER; without NEW we had removed it
  if [ -n "$4" ]; then is_ours "$1" "$4"; else [ ! -e "$1" ] && [ ! -L "$1" ]; fi || { spare "$1"; return 0; }
  fresh "$1" && (umask 077; set -C; cat "/var/lib/gangplank/$2/$3" >"$part") && chown "${5#* }" "$part" && chmod "${5% *}" "$part" &&
    sync "$part" && mv -fT "$part" "$1"
  rc=$?; rm -f "$part"; part=; return $rc
}

take_away() { # PATH SHA256
  [ -e "$1" ] || [ -L "$1" ] || return 0
  is_ours "$1" "$2" || { spare "$1"; return 0; }
  way "${1%/*}" && rm -f "$1"
}

take_dir() { [ ! -L "$1" ] || { echo "$1 is a link: it stays"; return 0; }; [ ! -d "$1" ] || rmdir "$1" 2>/dev/null || echo "$1 is not empty: it stays"; }

take_image() { which_runtime; "${rt}_rmi" "$1" >/dev/null 2>&1 || echo "$1 is still in use: it stays"; }

kubelet_mounts() { while read -r _ m _; do case $m in /var/lib/kubelet/*) echo "$m" ;; esac; done </proc/mounts; }

# clean_pods: of a kubelet that was not there before: its containers, mounts, state and kube-proxy's rules
clean_pods() {
  which_runtime
  "${rt}_clean" || return
  # Volumes of pods may be mounted there: nothing is removed through a mount.
  kubelet_mounts | sort -r | while read -r m; do umount "$(printf %b "$m")"; done
  m=$(kubelet_mounts | head -n 1)
  [ -z "$m" ] || { echo "$m is still mounted: unmount it, then undo again" >&2; return 1; }
  # The kubelet mounts its folder on itself, which keeps the folder from being removed.
  while read -r _ _ _ r m _; do case $m:$r in /var/lib/kubelet:*/var/lib/kubelet) umount "$m" ;; esac; done </proc/self/mountinfo
  for f in pods plugins plugins_registry pod-resources device-plugins cpu_manager_state memory_manager_state pki \
    actuated_pods_state allocated_pods_state checkpoints dra_manager_state graceful_node_shutdown_state image_manager pods-api; do
    rm -rf --one-file-system "/var/lib/kubelet/$f"
  done
  # Made by the kubelet when it was not there; our own file in it is taken away by its record.
  rmdir /var/lib/kubelet 2>/dev/null || :
  # Links to the logs of its containers, which lead nowhere now.
  for f in /var/log/containers/*.log /var/log/pods/*/*.log /var/log/pods/*/*/*.log; do [ ! -L "$f" ] || [ -e "$f" ] || rm -f "$f"; done
  rmdir /var/log/pods/*/* /var/log/pods/* /var/log/pods /var/log/containers 2>/dev/null || :
  for t in iptables ip6tables; do
    command -v $t-save >/dev/null || continue
    $t-save | grep -q KUBE- || continue
    $t-save | grep -v KUBE- | $t-restore
  done
}

# forget RUN: the record goes, unless something was left alone: then the old files stay with it
forget() {
  [ -z "$left" ] || { echo "/var/lib/gangplank/$1 is kept: it holds what was there before"; return 0; }
  rm -rf "/var/lib/gangplank/$1" /var/lib/gangplank/programs; rmdir /var/lib/gangplank 2>/dev/null || :
}

# What follows answers questions and changes nothing. $q is the number of the question.
say() { printf '%s %s %s\n' "$M" "$q" "$*"; }

# tell KEY TEXT: each line of the text. Others write at the same time, and what is longer than a pipe takes at once
# could be torn apart: whole lines go out together up to that size, each with its newline.
tell() {
  b=; IFS=$n; set -f
  for l in $2; do
    [ $((${#b} + ${#l})) -lt 3900 ] || { printf %s "$b"; b=; }
    b="$b$M $q $1 $l$n"
  done
  unset IFS; set +f; printf %s "$b"
}

# each STEP ARGUMENT...: the second of every STEP arguments, in $a, for eval
each() { a='' i=2; while [ $i -le $# ]; do a="$a \"\${$i}\""; i=$((i + $1)); done; }

ask_machine() {
  o=; [ -r /etc/os-release ] && o=$(. /etc/os-release && printf %s "$PRETTY_NAME")
  b="$M $q os $o$n$M $q uname $(uname -nrm)$n$M $q uid $(id -u)$n$M $q clock $(date +%s%3N)$n$M $q cpus $(nproc)$n"
  b="$b$M $q openssl $(openssl version 2>/dev/null)$n"
  while read -r k v _; do case $k in MemTotal:) b="$b$M $q memory $v$n" ;; SwapTotal:) b="$b$M $q swap $v$n"; break ;; esac; done </proc/meminfo
  v=; read -r v </proc/sys/net/ipv4/ip_forward; b="$b$M $q forward $v$n"
  for t in dig nslookup host; do command -v $t >/dev/null && b="$b$M $q dns $t$n"; done
  [ -d /run/systemd/system ] && b="$b$M $q systemd 1$n"
  [ -e /run/systemd/resolve/resolv.conf ] && b="$b$M $q resolved 1$n"
  # Whether every name server is this machine itself.
  r=; { while read -r k v _; do case $k:$v in nameserver:127.* | nameserver:::1) r=${r:-1} ;; nameserver:*) r=0 ;; esac; done </etc/resolv.conf; } 2>/dev/null
  [ "$r" != 1 ] || b="$b$M $q asks-itself 1$n"
  printf %s "$b"
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then say cgroup 2; else say cgroup 1; fi
  for f in /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist; do [ -e "$f" ] && { say cni 1; break; }; done
  # A row for each path, in this order; the folder above one that is not there yet.
  d=/var/lib/docker; while [ ! -d "$d/" ]; do d=${d%/*}; done
  tell df "$(timeout --foreground 5 df -Pk / /etc "$d/" 2>/dev/null)"
  tell addr "$(timeout --foreground 5 ip -o addr show 2>/dev/null)"
  # /proc/net/tcp walks the table of all connections, which is large; ss of before 2016 has no -H.
  if o=$(timeout --foreground 5 ss -Htln 2>/dev/null); then tell socket "$o"; else
    tell listen "$(sed -n 's/^ *[0-9]*: [0-9A-F]*:\([0-9A-F]*\) [0-9A-F]*:[0-9A-F]* 0A .*/\1/p' /proc/net/tcp /proc/net/tcp6 2>/dev/null)"
  fi
  say done
}

# ask_files { NUMBER PATH KIND }...: KIND is content, hash or key. What is there is looked at together.
ask_files() {
  i=$#
  while [ $i -gt 0 ]; do
    q=$1 f=$2 k=$3; shift 3; i=$((i - 3))
    if [ -f "$f" ]; then set -- "$@" "$q" "$f" "$k"
    else
      if [ -e "$f" ]; then say odd "is not a file"
      elif [ "$k" = key ] && [ -L "$f" ]; then say odd "is a link that leads nowhere"; fi
      say none
    fi
  done
  [ $# -gt 0 ] || return 0
  each 3 "$@"
  s=$(eval "stat -L -c '%a %U:%G %Y %s' -- $a" 2>/dev/null) && o=$(eval "sha256sum -- $a" 2>/dev/null) || s=
  suspect "$s" "$@"
  while [ $# -gt 0 ]; do
    q=$1 f=$2 k=$3; shift 3
    if [ -n "$s" ]; then t=${s%%"$n"*} h=${o%%"$n"*}; s=${s#*"$n"} o=${o#*"$n"} h=${h%% *}; h=${h#\\}
    # One of them could not be read, or went away: each for itself.
    else t=$(stat -L -c '%a %U:%G %Y %s' -- "$f"); h=; hash_of <"$f"; fi
    say stat "$t"; say sha256 "$h"
    case $k in
      content)
        if [ "${t##* }" -gt 262144 ]; then :
        # A private key leaves its machine for nobody: of such a file only the certificates are told.
        elif is_suspect "$f" && key_inside "$f"; then
          say key 1; tell content "$(sed -n '/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/,/-----END/p' -- "$f" | base64 -w 3000)"
        else tell content "$(base64 -w 3000 -- "$f")"; fi ;;
      key) if [ "${t##* }" -gt 65536 ]; then say sign large; else key_half "$f"; fi ;;
    esac
  done
}

# ssl WORD...: openssl with a deadline of its own: what is no key may keep it busy for minutes
ssl() { timeout --foreground 5 openssl "$@"; }

# key_like OPTION PATH...: grep for what a private key may look like, whatever form it has
key_like() {
  like=$1; shift
  grep -aE "$like" -e "PRIVATE KEY-----|^(-.-.-.-|$(printf '\377\376|\376\377|\376\355\376\355|0[\200-\204]'))|^(LS0tLS1|MI)" -- "$@"
}

# suspect STAT { NUMBER PATH KIND }...: sets $suspects to the files that may hold a private key, a line each, all looked at
# together; to * where that did not work. As much as STAT says of each is looked at.
suspect() {
  suspects='*' z=$1; shift
  [ -n "$z" ] || return 0
  a='' i=1
  while [ $i -le $# ]; do
    eval "f=\${$((i + 1))} k=\${$((i + 2))}"; t=${z%%"$n"*} z=${z#*"$n"}
    case $f in *"$n"*) return ;; esac
    if [ "$k" = content ] && [ "${t##* }" -le 262144 ]; then a="$a \"\${$((i + 1))}\""; fi
    i=$((i + 3))
  done
  suspects=
  [ -n "$a" ] || return 0
  suspects=$(eval "key_like -l $a" 2>/dev/null)
  # Something could not be read: each is looked at by itself.
  [ $? -lt 2 ] || suspects='*'
}

# is_suspect PATH: it has to be looked at more closely
is_suspect() { [ "$suspects" = '*' ] || case "$n$suspects$n" in *"$n$1$n"*) ;; *) return 1 ;; esac; }

# key_inside PATH: a private key is in it, as PEM or as DER, PKCS#12, a store of Java, UTF-16 or base64, or may be
key_inside() {
  [ "$suspects" != '*' ] || key_like -q "$1" || return
  ! grep -aq 'PRIVATE KEY-----' -- "$1" || return 0
  case $(od -An -tx1 -N 6 -- "$1") in
    ' ff fe'* | ' fe ff'* | ' 2d 00'* | ' 00 2d'*) tr -d '\000' <"$1" | grep -aq 'PRIVATE KEY-----' ;;
    ' fe ed fe ed'*) ;;
    # DER that is no certificate and no chain of them.
    ' 30 8'*) ! ssl x509 -inform DER -in "$1" -noout 2>/dev/null && ! ssl pkcs7 -inform DER -in "$1" -noout 2>/dev/null ;;
    ' 4c 53 30 74 4c 53') base64 -di <"$1" 2>/dev/null | grep -aq 'PRIVATE KEY-----' ;;
    ' 4d 49'*) ! base64 -di <"$1" 2>/dev/null | ssl x509 -inform DER -noout 2>/dev/null ;;
    *) return 1 ;;
  esac
}

# armoured PATH: it has the frame of PEM or begins as DER. openssl may search anything else for minutes. $head_line is
# its first line.
armoured() {
  case $head_line in '-----BEGIN '*) return 0 ;; esac
  grep -aq -e '-----BEGIN ' -- "$1" && return
  case $(od -An -tx1 -N 1 -- "$1") in ' 30') ;; *) return 1 ;; esac
}

# sealed PATH: a key that wants a passphrase, as PEM or as DER
sealed() {
  grep -aqE '^(-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED)' -- "$1" && return
  case $head_line in '-----BEGIN '*) return 1 ;; esac
  case $(od -An -tx1 -N 1 -- "$1") in ' 30') ;; *) return 1 ;; esac
  case $(ssl asn1parse -inform DER -in "$1" 2>/dev/null | sed -n 's/.*: OBJECT  *://p' | head -n 1) in
    PBES2 | pbeWith* | PBE-*) ;; *) return 1 ;;
  esac
}

key_half() { # PATH
  # A certificate and no key beside it has no other sign that says more.
  head_line=; IFS= read -r head_line <"$1" 2>/dev/null || :
  if [ "$head_line" = '-----BEGIN CERTIFICATE-----' ] && ! grep -aq 'PRIVATE KEY-----' -- "$1"; then say sign 'label CERTIFICATE'; return; fi
  armoured "$1" || { signs "$1"; return; }
  if sealed "$1"; then
    say encrypted 1; signs "$1"
    # The cipher is looked for before the passphrase is tried.
    o=$(ssl pkey -in "$1" -passin pass:x -noout 2>&1)
    case $o in *'digital envelope routines'*unsupported* | *'unsupported encryption'*) say sign unsupported ;; esac
    return
  fi
  h=$(ssl pkey -in "$1" -passin pass: -pubout -outform DER 2>/dev/null | sha256sum); h=${h%% *}
  # The hash of nothing: a broken key must not pass as one.
  if [ "$h" = e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ]; then signs "$1"; else say spki "$h"; fi
}

# signs PATH: what a file looks like from outside; nothing of what a key holds. As in src/pki/file_form.rs.
signs() {
  grep -aq '[^[:space:]]' -- "$1" || { say sign empty; return; }
  case $(od -An -tx1 -N 4 -- "$1") in
    ' ff fe'* | ' fe ff'*) say sign utf16 ;;
    ' 2d 00 2d'*) say sign utf16le ;;
    ' 00 2d 00'*) say sign utf16be ;;
    ' 1f 8b'*) say sign gzip ;;
    ' fe ed fe ed') say sign java ;;
    ' ef bb bf'*) say sign bom ;;
  esac
  w() { grep -aqi -e "$2" -- "$f" && say sign "$1"; }
  w web '^<\(!doctype\|html\|?xml\)'; w putty '^putty-user-key-file'; w ssh '^\(sk-\)\{0,1\}\(ssh\|ecdsa-sha2\)-'
  w escaped '-----\\n'; w indented '^[[:space:]][[:space:]]*-----BEGIN '; w holds LS0tLS1
  case $(tr -d '[:space:]' <"$1" | head -c 7) in
    LS0tLS1) say sign base64 ;;
    M*) grep -aq '[^A-Za-z0-9+/=[:space:]]' -- "$1" || say sign bare ;;
  esac
  w sealed '^Proc-Type: 4,ENCRYPTED'
  [ -n "$(tr -dc '\n' <"$1" | head -c 1)" ] || w carriage "-----$(printf '\r')"
  armoured "$1" || return 0
  case $(od -An -tx1 -N 1 -- "$1") in
    ' 30')
      ssl pkey -pubin -inform DER -in "$1" -noout 2>/dev/null && say sign public
      ssl crl -inform DER -in "$1" -noout 2>/dev/null && say sign crl
      ssl req -inform DER -in "$1" -noout 2>/dev/null && say sign request ;;
  esac
  o=$(sed -n 's/^DEK-Info: *\([A-Za-z0-9-]*\).*/name \1/p' -- "$1" | head -n 1)
  [ -n "$o" ] || o=$({ ssl asn1parse -in "$1" || ssl asn1parse -inform DER -in "$1"; } 2>/dev/null |
    sed -n 's/.*: OBJECT  *:\([A-Za-z0-9. -]*\)$/name \1/p' | head -n 8)
  tell sign "$o"
  tell sign "$(sed -n 's/.*-----BEGIN \([A-Z0-9# ]*\)-----.*/label \1/p' -- "$1" | head -n 8)"
}

# process_state PID: the letter the kernel has for it; a moment in D is only a disk at work
process_state() {
  t=0
  while read -r j <"/proc/$1/stat"; do
    j=${j##*") "}; j=${j%% *}
    [ "$j" = D ] && [ $t -lt 5 ] || { say state "$j"; return; }
    t=$((t + 1)); sleep 0.2
  done 2>/dev/null
}

# unit_lines UNIT: its journal without the longest of what says nothing: goroutines, usage, empty lines, a configuration,
# what is said ten times a second. A kubelet that ends may write 6,000 lines of its goroutines behind the one that says why.
unit_lines() {
  timeout --foreground 10 journalctl -q -u "$1" -n 12000 --no-pager -o cat 2>/dev/null |
    sed '/"Effective KubeletConfiguration" config=<$/,/^ >$/d' |
    grep -Ev '^goroutine [0-9]|^[[:space:]]*[^[:space:]]+\.(go|s):[0-9]+( \+0x[0-9a-f]+)?$|^created by |^[^[:space:]]+\(.*\)$|^ +--?[a-z]|^[[:space:]]*$|because node is not registered yet'
}

# ends: the last 100 lines, each at a length
ends() { tail -n 100 | sed 's/^\(.\{900\}\).*\(.\{500\}\)$/\1 ... \2/'; }

unit_says() { unit_lines "$1" | ends; }

# show NAME: of that line in $o
show() { v=; case "$n$o" in *"$n$1="*) v=${o#*"$1="}; v=${v%%"$n"*} ;; esac; }

# ask_units { NUMBER UNIT }...: all in one answer, with an empty line between two
ask_units() {
  each 2 "$@"; u=; read -r u _ </proc/uptime
  s=$(eval "timeout --foreground 15 systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NRestarts,NeedDaemonReload,FragmentPath,DropInPaths,MainPID,ActiveEnterTimestampMonotonic,FreezerState,Result,ExecMainPID,ExecMainCode,ExecMainStatus -- $a" 2>&1) ||
    [ $? != 124 ] || s="systemd did not answer within 15 s"
  while [ $# -gt 0 ]; do
    q=$1 o=${s%%"$n$n"*}; s=${s#*"$n$n"}; tell show "$o"
    case $o in *ActiveState=active*) [ -z "$u" ] || say uptime "$u" ;; esac
    show MainPID; case $v in '' | 0) ;; *)
      process_state "$v"
      [ "$2" != docker ] || case $(tr '\0' ' ' <"/proc/$v/cmdline") in *--default-ipc-mode[\ =]shareable*) say ipc shareable ;; esac ;;
    esac
    show DropInPaths; for f in $v; do say dropin "$f"; [ ! -r "$f" ] || tell sets "$(head -c 65536 "$f" | base64 -w 3000)"; done
    case $o in
      *ActiveState=active* | *LoadState=not-found*) ;;
      *) tell journal "$(unit_says "$2")" ;;
    esac
    # systemd counts since 235.
    case $o in *NRestarts=* | *LoadState=not-found*) ;; *)
      say ends "$(timeout --foreground 10 journalctl -q -u "$2" --since -10min --no-pager -o cat 2>/dev/null | grep -cE 'hold-?off time over|Scheduled restart job')" ;;
    esac
    shift 2
  done
}

# ask_journal UNIT: errors first; what only informs is little of what it says, and most of what it writes
ask_journal() {
  say pid "$(timeout --foreground 15 systemctl show -p MainPID "$1" 2>/dev/null | tr -dc 0-9)"
  say now "$(date '+%m%d %H:%M:%S')"
  j=$(unit_lines "$1")
  tell oldest "$(printf '%s\n' "$j" | grep -m 1 '^[IWEF][0-9][0-9][0-9][0-9] ')"
  l=$(printf '%s\n' "$j" | sed -e '/registered node/b' -e '/etwork not ready/b' -e '/^I[0-9][0-9][0-9][0-9] /d' | ends)
  case $l in *[!"$n"]*) ;; *) l=$(printf '%s\n' "$j" | tail -n 20 | ends) ;; esac
  tell journal "$l"; say done
}

# ask_healthz PORT: with whatever there is that can ask
ask_healthz() {
  # shellcheck disable=SC2016 # bash -c has the port as its own $0
  if command -v bash >/dev/null; then
    o=$(timeout --foreground 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n" >&3 && exec head -c 2000 <&3' "$1" 2>&1); c=$?
  elif command -v curl >/dev/null; then o=$(timeout --foreground 5 curl -sSi "http://127.0.0.1:$1/healthz" 2>&1); c=$?
  elif command -v wget >/dev/null; then o=$(timeout --foreground 5 wget -qSO- "http://127.0.0.1:$1/healthz" 2>&1); c=$?
  else say none; return; fi
  [ $c != 124 ] || o="no answer within 5 s"
  tell healthz "$o"; say ended $c
}

# ask_manifests FOLDER: every file a kubelet makes a pod of
ask_manifests() {
  for f in "$1"/*; do
    [ -f "$f" ] || continue
    say manifest "${f##*/}"; say sha256 "$(sha256sum <"$f")"; tell text "$(head -c 65536 "$f" | base64 -w 3000)"
  done
  say done
}

ask_tar() {
  if [ -r "$1" ]; then
    o=$(timeout --foreground 120 tar -xOf "$1" manifest.json 2>&1 | head -c 4194304); [ ${#o} -lt 3000 ] || o=$(printf '%s\n' "$o" | fold -b -w 3000)
    tell manifest "$o"
  else say none; fi
  say done
}

ask_kubelet() { # PATH: whether it is there
  kv=; [ -f "$1" ] || { say none; return 1; }
  export GOGC=off GOMAXPROCS=1
  say size "$(stat -L -c %s "$1")"
}

# likely PATH FLAG...: one start tells the version and that the flags are taken, when they are; sets $kv
likely() { o=$(timeout --foreground 20 "$@" --version 2>/dev/null) && case $o in Kubernetes\ v*) say version "$o"; kv=${o#Kubernetes } ;; *) false ;; esac; }

kubelet_version() { # PATH; sets $kv
  kv=$(timeout --foreground 20 "$1" --version 2>&1 | head -c 3000 | head -n 1); say version "$kv"; kv=${kv#Kubernetes }
}

try_flags() { # PATH FLAG...: drops what the kubelet's parser refuses until it takes the rest
  k=$1; shift; t=0
  while [ $t -lt 12 ]; do
    o=$(timeout --foreground 20 "$k" "$@" --version 2>&1) && { say tried 1; return; }
    f=$(printf '%s\n' "$o" | sed -n 's/.*unknown flag: \(--[A-Za-z0-9-]*\).*/\1/p' | head -n 1)
    [ -n "$f" ] || { say error "$(printf '%s\n' "$o" | tail -n 1 | head -c 3000)"; return; }
    say refused "$f"; i=$#
    while [ $i -gt 0 ]; do a=$1; shift; case $a in "$f" | "$f"=*) ;; *) set -- "$@" "$a" ;; esac; i=$((i - 1)); done
    t=$((t + 1))
  done
}

# ask_ways PATH...: of each that could not be written safely, its number and why, in the words of a refusal
ask_ways() {
  sure "$@" 2>/dev/null || {
    j=0
    for f; do j=$((j + 1)); o=$(sure "$f" 2>&1) || say way "$j" "${o%%"$n"*}"; done
  }
  say done
}

ask_folder() {
  if [ -d "$1" ]; then
    for f in "$1"/* "$1"/.[!.]* "$1"/..?*; do [ ! -e "$f" ] && [ ! -L "$f" ] || say name "${f##*/}"; done
  else say none; fi
  say done
}
ask_record() { for f in /var/lib/gangplank/*/record.jsonl; do [ ! -r "$f" ] || tell line "$(cat "$f")"; done; say done; }
ask_lookup() { tell host "$(timeout --foreground 15 getent ahosts "$1")"; say done; }
ask_tls() { # HOST PORT; whom this machine trusts does not matter here, so those many certificates are not read
  case $1 in *:*) a=[$1]:$2 ;; *) a=$1:$2 ;; esac
  o=$(SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/dev/null timeout --foreground 6 openssl s_client -connect "$a" -servername "$1" -showcerts </dev/null 2>&1)
  c=$(printf '%s\n' "$o" | sed -n '/-BEGIN CERT/,/-END CERT/p')
  if [ -n "$c" ]; then tell pem "$c"; else tell error "$(printf '%s\n' "$o" | head -n 3)"; fi
}
