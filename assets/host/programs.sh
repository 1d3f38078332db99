# Programs that are sent: each waits in a folder of its own, named by its SHA-256, until all were tried there.
waiting=/var/lib/gangplank/programs arrived='' refused=''

# large: from here on what is hashed is large
large() { ! command -v openssl >/dev/null || hasher='openssl dgst -sha256 -r'; }

# send_program NAME BYTES SHA256: to where it waits; one that is there whole is not sent again
send_program() {
  f=$waiting/$3/$1; large
  way /var/lib/gangplank && (umask 077; mkdir -p "$waiting/$3") && chmod 700 /var/lib/gangplank "$waiting" && way "$waiting/$3" && plain "$f" || return
  if [ -f "$f" ] && hash_of <"$f" && [ "$h" = "$3" ]; then arrived="$arrived $3"; return; fi
  fresh "$f" && arrive "$2" "$3" && sync "$part" && chmod 700 "$part" && mv -fT "$part" "$f" || { rm -f "$part"; part=; return 1; }
  part='' arrived="$arrived $3"
}

# arrive BYTES SHA256: as receive, of something large: it is hashed while it comes
arrive() {
  if eval "[ \"\${p$at+set}\${b$at+set}\" ]"; then receive "$1" "$2"; return; fi
  ask_content || return
  h=$(umask 077; head -c "$1" <&3 | tee "$part" | $hasher); listen; h=${h%% *}
  [ "$h" = "$2" ] && [ "$(stat -c %s "$part")" = "$1" ] || { echo "$part: $(stat -c %s "$part") of $1 bytes arrived and the SHA-256 is not $2" >&2; return 1; }
}

# asked_version NAME FILE: what it says when it is started for it, in $o, and its version in $v
asked_version() {
  v=
  case $1 in
    kubelet | containerd | ctr | crictl | runc) o=$(timeout --foreground 20 "$2" --version 2>&1) ;;
    containerd-shim-runc-v2) o=$(timeout --foreground 20 "$2" -v 2>&1) ;;
    bandwidth | bridge | dhcp | dummy | firewall | host-device | host-local | ipvlan | loopback | macvlan | portmap | ptp | sbr | static | tap | tuning | vlan | vrf)
      o=$(printf '{"cniVersion":"1.0.0"}' | CNI_COMMAND=VERSION timeout --foreground 20 "$2" 2>&1) ;;
    # Nothing is started without a word that lets it end.
    *) o='it is none of the programs that are known'; return 1 ;;
  esac || return
  case $1 in
    kubelet) v=$(printf '%s\n' "$o" | sed -n 's/^Kubernetes \(v[0-9][^ ]*\).*/\1/p' | head -n 1) ;;
    # Beside its version stands where it was built from.
    containerd | ctr) v=$(printf '%s\n' "$o" | sed -n "s/^$1 [^ ]* v\{0,1\}\([0-9][^ ]*\).*/\1/p" | head -n 1) ;;
    crictl | runc) v=$(printf '%s\n' "$o" | sed -n "s/^$1 version \([^ ]*\).*/\1/p" | head -n 1) ;;
    containerd-shim-runc-v2) v=$(printf '%s\n' "$o" | sed -n 's/^ *Version: *\([^ ]*\).*/\1/p' | head -n 1) ;;
    *) v=$(printf '%s\n' "$o" | tr -d ' \n\t' | sed -n 's/.*"supportedVersions":\[\([^]]*\)\].*/\1/p' | tr -d '"') ;;
  esac
  [ -n "$v" ]
}

# try_program NAME SHA256 WANTED PATTERN...: it waits there whole, starts, and is of a version that is wanted. The words
# that are called here use short names for themselves.
try_program() {
  tried_name=$1 tried_file=$waiting/$2/$1 tried_wish=$3; large
  case " $arrived " in
    *" $2 "*) ;;
    *) way "${tried_file%/*}" && plain "$tried_file" && [ -f "$tried_file" ] && hash_of <"$tried_file" && [ "$h" = "$2" ] ||
      { echo "$tried_name: it does not wait there any more" >&2; refused=1; return; } ;;
  esac
  shift 3
  if ! asked_version "$tried_name" "$tried_file"; then
    echo "$tried_name does not say its version on this machine: $(printf '%s\n' "$o" | grep -v '^[[:space:]]*$' | head -n 1 | cut -c 1-300)" >&2
  else
    for i; do
      # shellcheck disable=SC2254 # a pattern
      case $v in $i) echo "$tried_name $v"; return ;; esac
    done
    echo "$tried_name is $v, wanted: $tried_wish" >&2
  fi
  refused=1; rm -rf "${tried_file%/*}"; rmdir "$waiting" 2>/dev/null || :
}

# try_config SHA256 FILE: the containerd that waits reads the configuration that is there
try_config() {
  o=$(timeout --foreground 20 "$waiting/$1/containerd" -c "$2" config dump 2>&1 >/dev/null) && return
  echo "containerd refuses $2, which the one that is there takes: $(printf '%s\n' "$o" | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-300)" >&2
  refused=1; rm -rf "${waiting:?}/$1"
}

# tried: nothing is put in place unless all are as wanted
tried() {
  [ -z "$refused" ] || { refused=; echo "nothing was put in place" >&2; return 1; }
}

# place_program NAME SHA256 PATH: what waits becomes PATH; a copy of the old one is kept
place_program() {
  f=$waiting/$2/$1; large
  plain "$f" && [ -f "$f" ] && make_dir "${3%/*}" 0755 && fresh "$3" &&
    { ln -T "$f" "$part" 2>/dev/null || (umask 077; set -C; cat "$f" >"$part"); } && settle "$3" 0755 root:root put "$2" &&
    rm -f "$f" && { rmdir "$waiting/$2" "$waiting" 2>/dev/null || :; } && return
  rc=$?; rm -f "$part"; part=; return $rc
}

# ask_programs PATH...: what lies there; what waits; what the unit of containerd starts, and the runc
# that it finds before one in /usr/local/sbin
ask_programs() {
  u=$(timeout --foreground 5 systemctl show -p LoadState,ActiveState,MainPID,ExecStart,Environment containerd 2>/dev/null); o=$u
  show LoadState; [ "$v" != loaded ] || say unit 1
  show ActiveState; [ "$v" != active ] || say active 1
  case $u in *'argv[]='*) v=${u#*argv\[\]=}; say starts "${v%% ;*}" ;; esac
  show MainPID; d=
  case $v in '' | 0) ;; *) d=$({ tr '\0' '\n' <"/proc/$v/environ" | sed -n 's/^PATH=//p'; } 2>/dev/null) ;; esac
  [ -n "$d" ] || case $u in *[=\ \"]PATH=*) d=${u#*[=\ \"]PATH=}; d=${d%%"$n"*}; d=${d%%[\"\ ]*} ;; esac
  # One in /usr/local/sbin is found unless another stands before it.
  IFS=:; set -f
  for i in ${d:-/usr/local/sbin}; do
    [ "$i" != /usr/local/sbin ] || break
    [ ! -x "$i/runc" ] || { say runc "$i/runc"; break; }
  done
  unset IFS; set +f
  i=$#
  while [ $i -gt 0 ]; do if [ -f "$1" ]; then set -- "$@" "$1"; fi; shift; i=$((i - 1)); done
  for f in "$waiting"/*/*; do [ ! -f "$f" ] || set -- "$@" "$f"; done
  if [ $# -gt 0 ]; then
    tell stat "$(stat -L -c '%a %U:%G %s %n' -- "$@" 2>/dev/null)"
    # shellcheck disable=SC2086 # a program and its words
    o=$(large; timeout --foreground 45 $hasher "$@" 2>/dev/null); [ $? != 124 ] || { say late 1; o=; }
    tell sum "$o"
  fi
  tell df "$(timeout --foreground 5 df -Pk /var/lib 2>/dev/null)"
  say done
}
