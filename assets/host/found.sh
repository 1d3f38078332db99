# A worker that no plan tells of: what is asked of it, how its kubelet is started and as whom it talks to the API; and the
# few things that a repair does there.

# ask_start UNIT: the command line of the kubelet or of kube-proxy, or that of its unit with the files that its variables come from
ask_start() {
  o=$(timeout --foreground 15 systemctl show -p LoadState,MainPID,ExecStart,Environment,EnvironmentFiles "$1" 2>&1); tell show "$o"
  show MainPID; case $v in '' | 0) ;; *) [ ! -r "/proc/$v/cmdline" ] || tell arg "$(tr '\0' '\n' <"/proc/$v/cmdline")" ;; esac
  printf '%s\n' "$o" | sed -n 's/^EnvironmentFiles=\(.*\) (ignore_errors=.*/\1/p' | while read -r e; do
    if [ -r "$e" ]; then say file "$e"; tell line "$(head -c 65536 "$e")"; else say missing "$e"; fi
  done
  p=$(printf '%s\n' "$o" | sed -n 's/^ExecStart={ path=\([^ ;]*\) .*/\1/p' | tail -n 1); show MainPID
  if [ -z "$p" ]; then :
  elif [ ! -e "$p" ]; then say absent "$p"
  elif [ ! -x "$p" ]; then say closed "$p"
  else
    # One that runs does so on this machine. Nothing but a kubelet is started for that: a script would start one.
    case $v:${p##*/} in :kubelet | 0:kubelet)
      if [ "$(head -c 4 "$p" | tail -c 3)" = ELF ]; then
        c=$(timeout 10 "$p" --version 2>&1 </dev/null); e=$?
        # It could not be executed, or crashed; one that somebody else ended tells nothing.
        case $e in 126 | 127 | 13[2-6] | 139) say mute "$p $e $(printf '%s' "$c" | tr -c '[:print:]' ' ' | cut -c 1-300)" ;; esac
      fi ;;
    esac
  fi
  say done
}

# entry NAME: the first value of that name in the kubeconfig $f, without its quotes
entry() { sed -n "s/^[[:space:]{,-]*[\"']\{0,1\}$1[\"']\{0,1\}[[:space:]]*:[[:space:]]*[\"']\{0,1\}\([^\"',}[:space:]]*\).*/\1/p" "$f" | head -n 1; }

# half NAME: the PEM that the kubeconfig has of it, within or in a file; sets $p
half() {
  v=$(entry "$1-data"); p=
  if [ -n "$v" ]; then say embeds "$1"; p=$(printf '%s' "$v" | base64 -d 2>/dev/null); return; fi
  v=$(entry "$1"); case $v in '') return ;; /*) ;; *) v=${f%/*}/$v ;; esac
  say names "$1 $v"
  if [ -r "$v" ] && [ -f "$v" ]; then p=$(head -c 65536 "$v"); else say gone "$1"; fi
}

# as_node HOST:PORT PATH BYTES: what the API there answers to whoever has $cert and $key; neither is ever in a file of ours
as_node() {
  printf '%s\n' "$key" | {
    exec 4<&0
    printf '%s\n' "$cert" | {
      exec 3<&0; h=${1%:*}
      printf 'GET %s HTTP/1.0\r\nHost: %s\r\nAccept: application/json\r\n\r\n' "$2" "$1" |
        SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/dev/null timeout --foreground 5 openssl s_client -quiet -connect "$1" -servername "$h" -cert /dev/fd/3 -key /dev/fd/4 2>&1
      [ $? != 124 ] || echo 'no answer within 5 s'
    }
  } | head -c "$3" | base64 -w 3000
}

# ask_identity KUBECONFIG NODE SERVER: the last where the kubeconfig names none; NODE is empty for a kube-proxy, which asks for
# a service instead
ask_identity() {
  f=$1; [ -f "$f" ] || { say none; say done; return; }
  # Which of several would count is for a reader of YAML to say.
  [ "$(grep -cE '(^|[^A-Za-z-])(server|"server"): ' "$f")" -le 1 ] && [ "$(grep -cE 'client-key(-data)?["]?:' "$f")" -le 1 ] || { say several 1; say done; return; }
  say stat "$(stat -L -c %a -- "$f")"
  server=$(entry server); server=${server:-$3}; say server "$server"; [ -z "$(entry token)$(entry tokenFile)" ] || say token 1
  half certificate-authority; tell ca "$(printf '%s\n' "$p" | sed -n '/-BEGIN CERT/,/-END CERT/p')"
  half client-certificate; cert=$p; tell cert "$(printf '%s\n' "$p" | sed -n '/-BEGIN CERT/,/-END CERT/p')"
  half client-key; key=$p; p=
  case $v in /*) ;; *) v=$f ;; esac; say key_stat "$(stat -L -c '%a %u:%g' -- "$v" 2>/dev/null)"
  h=$(printf '%s\n' "$key" | ssl pkey -passin pass: -pubout -outform DER 2>/dev/null | sha256sum); h=${h%% *}
  [ "$h" = e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ] || say spki "$h"
  a=${server#https://}; a=${a%%/*}
  case $a in '['*']') a=$a:443 ;; '['*) ;; *:*) ;; *) a=$a:443 ;; esac
  say clock "$(date +%s%3N)"
  case $server in https://?*)
    if [ -z "$2" ]; then tell more "$(as_node "$a" '/api/v1/services?limit=1' 65536)"
    else
      o=$(as_node "$a" "/api/v1/nodes/$2" 262144); tell node "$o"
      # Who did not answer once is not waited for again.
      case $(printf '%s\n' "$o" | base64 -d | grep -ac '^HTTP/') in
        0) ;;
        *)
          tell lease "$(as_node "$a" "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/$2" 65536)"
          tell more "$(as_node "$a" "/api/v1/pods?limit=60&fieldSelector=spec.nodeName%3D$2" 524288)" ;;
      esac
    fi ;;
  esac
  cert='' key=''; say done
}

# closed PATH: root alone may read the file that it leads to
closed() { f=$(readlink -e -- "$1") && restrict "$f"; }

# rotate_in LINK CERT: the certificate with the key behind LINK becomes a file of its own beside that one, and the link
# leads there, as when the kubelet renews it itself; the file before stays (client-go 1.37, util/certificate)
rotate_in() {
  [ -L "$1" ] && way "${1%/*}" || { echo "$1 is no link that only root can change" >&2; return 1; }
  new=${1%/*}/kubelet-client-$(date +%Y-%m-%d-%H-%M-%S).pem
  # The one before has the same key.
  [ ! -e "$new" ] && closed "$1" && fresh "$new" || return
  (umask 077; set -C; { cat "$2" && openssl pkey -in "$1"; } >"$part") &&
    [ "$(openssl x509 -in "$part" -noout -pubkey)" = "$(openssl pkey -in "$part" -pubout)" ] &&
    sync "$part" && mv -T "$part" "$new" && note link "$1" "$(readlink "$1")" "$new" '' && ln -s "$new" "$part" && mv -T "$part" "$1" &&
    sync "${1%/*}" && rm -f "${2%/*}"/gangplank-*.crt && return
  rc=$?; rm -f "$part"; return $rc
}

# rotate_back LINK OLD NEW: the link leads to OLD again, unless somebody led it elsewhere since; NEW stays beside it
rotate_back() {
  [ -L "$1" ] && way "${1%/*}" || { echo "$1 is no link that only root can change" >&2; return 1; }
  case $(readlink "$1") in "$2") return 0 ;; "$3") ;; *) spare "$1"; return 0 ;; esac
  case $2 in /*) o=$2 ;; *) o=${1%/*}/$2 ;; esac
  [ -f "$o" ] || { echo "$o is gone: $1 stays as it is" >&2; return 1; }
  # Nothing is written over the link itself: another one takes its place.
  fresh "${1%/*}/gangplank-link" && ln -s "$2" "$part" && mv -T "$part" "$1" && sync "${1%/*}"
}

# root_group: who is in the group of root beside root; sync, shutdown, halt and operator, which are in it on Fedora and are
# no people, count only with a shell
root_group() {
  o=$(timeout --foreground 3 getent group 0) && p=$(timeout --foreground 3 getent passwd) || return
  say root-group "$({ printf '%s\n' "$o" | cut -d: -f4 | tr , '\n'
    printf '%s\n' "$p" | awk -F: '$4 == 0 && $3 != 0 && !($1 ~ /^(sync|shutdown|halt|operator)$/ && $7 ~ /(nologin|false|sync|shutdown|halt)$/) { print $1 }'
  } | grep -vx -e root -e '' | sort -u | head -n 8 | tr '\n' ' ')"
}

# inotify: whether the kernel gives one more inotify instance and watch: tail says when it gets none. It is ended soon.
inotify() {
  case $(LC_ALL=C timeout --foreground 0.2 tail -n 0 -f /etc/passwd 2>&1 </dev/null) in
    *'resources exhausted'*) say inotify-out watches ;;
    *'inotify cannot be used'*'Too many open files') say inotify-out instances ;;
  esac
  tell inotify "$(grep -Hs . /proc/sys/fs/inotify/max_user_instances /proc/sys/fs/inotify/max_user_watches | sed 's,.*max_user_,,; s,:, ,')"
}

# flag NAME: its value on the command line in $a, a word on each line
flag() { printf '%s\n' "$a" | sed -n "s/^--\{0,1\}$1=//p; /^--\{0,1\}$1\$/{n;p;}" | tail -n 1; }

# of_proxy: of what a save program prints, the sign of each of kube-proxy's modes whose chain is in nat; cut where it was cut off
of_proxy() {
  { timeout --foreground 5 "$@" 2>/dev/null || echo cut; } |
    sed -n '/^\*nat/,/^COMMIT/{s/^:KUBE-SERVICES .*/iptables/p;s/^:KUBE-PORTALS-HOST .*/userspace/p;};/^cut$/p'
}

# saver NAME KIND: the program of that name that lists the tables of nf_tables, or those of before, in $c
saver() {
  for c in "$1-$2-save" "$1-save"; do
    command -v "$c" >/dev/null || continue
    case $2:$(timeout --foreground 3 "$c" --version 2>&1 </dev/null | head -n 1) in nft:*nf_tables*) return ;; nft:*) ;; *:*nf_tables*) ;; *) return ;; esac
  done
  return 1
}

# has_nf_tables: it is in the kernel, or loaded: asking would load a module that is not there; a kernel without modules may
# say it itself
has_nf_tables() {
  [ -d /sys/module/nf_tables ] || grep -qs '/nf_tables\.ko' "/lib/modules/$(uname -r)/modules.builtin" ||
    zcat /proc/config.gz 2>/dev/null | grep -qx CONFIG_NF_TABLES=y
}

# proxy_rules: where kube-proxy runs in this network, since when and in which mode, and of which modes there are rules. No
# table is named, which would load it, and nf_tables is asked only where the kernel has it.
proxy_rules() {
  a=$(readlink /proc/self/ns/net); k=
  # shellcheck disable=SC2013 # no path there has a blank
  for f in $(grep -lsx kube-proxy /proc/[0-9]*/comm); do
    [ "$(readlink "${f%/comm}/ns/net")" != "$a" ] || { k=${f%/comm}; break; }
  done
  [ -n "$k" ] && a=$(tr '\0' '\n' <"$k/cmdline") || return
  say proxy-up "$(ps -o etimes= -p "${k#/proc/}" 2>/dev/null)"
  f=$(flag config)
  # With a file of its own its flag for the mode does not count.
  if [ -z "$f" ]; then say proxy-mode "$(flag proxy-mode)"
  elif [ -r "$k/root$f" ] && ! grep -q '^{' "$k/root$f"; then say proxy-mode "$(sed -n "s/^mode:[[:space:]]*[\"']\{0,1\}\([a-z]*\).*/\1/p" "$k/root$f" | head -n 1)"; fi
  r=
  [ ! -d /sys/class/net/kube-ipvs0 ] || r=ipvs
  for t in ip ip6; do
    case $(cat "/proc/net/${t}_tables_names" 2>/dev/null) in *nat*) ;; *) continue ;; esac
    if saver "${t}tables" legacy; then r="$r $(of_proxy "$c")"; else r="$r cut"; fi
  done
  if has_nf_tables; then
    if command -v nft >/dev/null; then
      r="$r $({ timeout --foreground 5 nft list chains 2>/dev/null || echo cut; } | awk '
        $1 == "cut" { print; next } $1 == "table" { t = $3 } t == "kube-proxy" { print "nftables" }
        t == "nat" && $2 == "KUBE-SERVICES" { print "iptables" } t == "nat" && $2 == "KUBE-PORTALS-HOST" { print "userspace" }' | sort -u)"
    else
      # What is in a table of its own these do not show.
      r="$r no-nft"
      for t in ip ip6; do
        if saver "${t}tables" nft; then r="$r $(of_proxy "$c")"; else r="$r cut"; fi
      done
    fi
  elif [ ! -r "/lib/modules/$(uname -r)/modules.builtin" ] && ! zcat /proc/config.gz >/dev/null 2>&1; then r="$r cut"; fi
  # shellcheck disable=SC2086 # a word each
  say proxy-rules $r
}

# ask_dns SERVER MESSAGE: what the server answers over TCP to this message; both in base64, with its length before the message
ask_dns() {
  command -v bash >/dev/null || { say none; say done; return; }
  # shellcheck disable=SC2016 # bash -c has the server as its own $0
  tell reply "$(timeout --foreground 4 bash -c 'exec 3<>"/dev/tcp/$0/53" && printf %s "$1" | base64 -d >&3 &&
    set -- $(dd bs=1 count=2 <&3 2>/dev/null | od -An -tu1) && [ $# = 2 ] && dd bs=1 count=$(($1 * 256 + $2)) <&3 2>/dev/null | base64 -w 3000' "$1" "$2" 2>/dev/null)"
  say done
}

# refusals: rules of the firewall that refuse something, as iptables-save shows them, then those of nft's own tables with the
# hook of their chain; a table that iptables made is shown once
refusals() {
  p=
  for t in iptables ip6tables; do
    command -v $t-save >/dev/null || continue
    # Naming the table would load it where it is not there.
    o=$(timeout --foreground 5 $t-save 2>/dev/null | sed -n '/^\*filter/,/^COMMIT/p')
    [ -z "$o" ] || p="$p $t."
    tell drop "$(printf '%s\n' "$o" | grep -E '^-A (INPUT|OUTPUT|FORWARD) .*-j (DROP|REJECT)|^:(INPUT|OUTPUT) DROP' | head -n 20)"
  done
  command -v nft >/dev/null || return 0
  has_nf_tables || return 0
  tell drop "$(timeout --foreground 5 nft list ruleset 2>/dev/null | awk -v shown="$p" '
    $1 == "table" { own = $2 ~ /^(ip|ip6|inet)$/ && !($3 == "filter" && ($2 == "ip" && shown ~ / iptables\./ || $2 == "ip6" && shown ~ /ip6tables\./)); t = $2 " " $3 }
    $1 == "chain" { c = $2; h = "" }
    $1 == "type" && $3 == "hook" { h = $4; if ($0 !~ /policy drop/) next; $0 = "policy drop" }
    { r = $0; gsub(/"[^"]*"/, "", r) }
    own && h ~ /^(input|output|forward)$/ && r ~ /(^|[ \t])(drop|reject)([ \t]|$)/ { sub(/^[ \t]+/, ""); print "nft " t " " c " (hook " h "): " $0 }' | head -n 20)"
}

# ask_around NAME PATH...: what a kubelet needs of its machine beside its own files: room and files left where these paths
# are, and whether that can be written; who listens on its ports; what a firewall refuses; whether the API's name resolves;
# whether there is inotify left; who is in root's group; the addresses of docker's bridges; the rules of kube-proxy
ask_around() {
  # 2 = there is none; whoever is slow may still find one.
  case $1 in -) ;; *) timeout --foreground 3 getent ahosts "$1" >/dev/null 2>&1; [ $? != 2 ] || say unresolved "$1" ;; esac
  shift
  inotify &
  z=$!
  root_group
  for f; do
    [ -n "$(timeout --foreground 3 ls -A "$f" 2>/dev/null | head -n 1)" ] || continue
    say disk "$f $(timeout --foreground 3 df -Pk "$f/" 2>/dev/null | sed -n 2p)"
    say inode "$f $(timeout --foreground 3 df -Pi "$f/" 2>/dev/null | sed -n 2p)"
    say mount "$f $(timeout --foreground 3 findmnt -n -o OPTIONS,TARGET -T "$f/" 2>/dev/null | head -n 1)"
  done
  # The newest log of kube-proxy's container.
  i=
  # shellcheck disable=SC3013
  for f in /var/log/pods/kube-system_kube-proxy-*/kube-proxy/*.log; do
    if [ -f "$f" ] && { [ -z "$i" ] || [ "$f" -nt "$i" ]; }; then i=$f; fi
  done
  [ -z "$i" ] || tell proxy "$(tail -c 4000 "$i" | tail -n 6 | cut -c 1-600)"
  # The ends of the newest logs of containers that were started again; a link that leads elsewhere is no log.
  timeout --foreground 3 ls -t /var/log/pods/*/*/[1-9]*.log 2>/dev/null | head -n 5 | while read -r f; do
    case $(readlink -f -- "$f") in /var/log/pods/* | */containers/*-json.log) ;; *) continue ;; esac
    say again "${f#/var/log/pods/}"; tell again-log "$(timeout --foreground 3 tail -c 1500 "$f" | tail -n 3 | cut -c 1-500)"
  done
  [ ! -r /etc/machine-id ] || say machine-id "$(head -c 64 /etc/machine-id)"
  # IFF_UP is its last bit.
  l=$(cat /sys/class/net/lo/flags 2>/dev/null); case $l in 0x*[02468aceACE]) say lo-down 1 ;; esac
  tell suppressed "$(timeout --foreground 5 journalctl -q -b -n 400 --no-pager -o cat -t systemd-journald 2>/dev/null | grep 'Suppressed .* from kubelet.service' | tail -n 1)"
  tell port "$(timeout --foreground 5 ss -Htlnp '( sport = :10250 )' 2>/dev/null | head -n 20)"
  for k in docker0 cbr0; do
    # One that was left behind is down.
    case $(cat "/sys/class/net/$k/flags" 2>/dev/null) in 0x*[13579bdfBDF]) ;; *) continue ;; esac
    tell bridge "$(timeout --foreground 3 ip -o -4 addr show dev "$k" 2>/dev/null | head -n 4)"
  done
  refusals
  proxy_rules
  wait "$z"; say done
}
