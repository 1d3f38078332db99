# What the kernel has to do for pods, told by its effect and not by a list of modules: many are built in.

# ask_kernel KEY...: sysctls now and at the next start, file systems, modules
ask_kernel() {
  keys=" $* "
  for k; do shift; set -- "$@" "/proc/sys/$(printf %s "$k" | tr . /)"; done
  # The kernel gives such a file in one read only, and the shell reads it by bytes.
  tell sysctl "$(grep -Hs . "$@" | sed 's,^/proc/sys/,,; s,:, ,; s,/,.,g')"
  while read -r k v; do case $k:$v in overlay: | *:overlay) say overlay 1 ;; esac; done </proc/filesystems
  [ ! -d /proc/sys/net/bridge ] || say bridge 1
  set --
  for f in /etc/sysctl.conf /etc/modules /etc/sysctl.d/*.conf /etc/modules-load.d/*.conf /run/sysctl.d/*.conf /run/modules-load.d/*.conf \
    /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf /usr/lib/modules-load.d/*.conf; do
    [ ! -f "$f" ] || [ ! -r "$f" ] || set -- "$@" "$f"
  done
  v=/lib/modules/$(uname -r)/modules.builtin
  [ ! -r "$v" ] || { say modules 1; set -- "$@" "$v"; }
  # shellcheck disable=SC2016 # awk's own
  [ $# = 0 ] || awk -v m="$M $q" -v keys="$keys" '
    FILENAME ~ /builtin$/ { if (/\/(overlay|br_netfilter)\.ko/) { sub(/.*\//, ""); sub(/\.ko.*/, ""); print m " builtin " $0 } next }
    FNR > 2000 || /^[ \t]*[#;]/ { next }
    FILENAME ~ /sysctl/ {
      gsub(/[ \t\r]/, ""); sub(/^-/, ""); at = index($0, "="); key = substr($0, 1, at - 1); gsub(/\//, ".", key)
      if (at && index(keys, " " key " ")) print m " kept-sysctl " key " " substr($0, at + 1, 20) " " FILENAME
      next
    }
    NF == 1 { sub(/\r$/, ""); gsub(/-/, "_"); if ($1 == "overlay" || $1 == "br_netfilter") print m " kept-module " $1 " " FILENAME }' "$@"
  say done
}

# set_sysctl KEY VALUE: what it was is noted for undo
set_sysctl() {
  f=/proc/sys/$(printf %s "$1" | tr . /); v=$(cat "$f") || return
  [ "$v" != "$2" ] || return 0
  note sysctl "$1" "$v" "$2" '' && printf '%s\n' "$2" >"$f"
}

# take_sysctl KEY OLD NEW: as it was, unless somebody set it to something else since
take_sysctl() {
  f=/proc/sys/$(printf %s "$1" | tr . /)
  [ -e "$f" ] && v=$(cat "$f") || return 0
  case $v in "$3") printf '%s\n' "$2" >"$f" ;; "$2") ;; *) spare "$1" ;; esac
}

# load_module NAME
load_module() { note module "$1" '' '' '' && modprobe "$1"; }
