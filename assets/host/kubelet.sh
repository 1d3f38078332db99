# What a kubelet says of its new files before and after they are its own.

# kubelet_takes BYTES SHA256 PROGRAM FLAG...: whether it would start with the configuration that is carried and these flags.
# With --exit-on-lock-contention and no lock file it reads and judges everything and ends before it touches anything.
kubelet_takes() {
  if [ -n "$early_check" ] && [ "$early_check" = "$at" ]; then early_said; return; fi
  home && fresh "$G/kubelet-config" && receive "$1" "$2" || { rm -f "$part"; part=; return 1; }
  shift 2
  o=$(GOMAXPROCS=1 timeout --foreground -s KILL 20 "$@" --config="$part" --exit-on-lock-contention 2>&1 | head -c 262144)
  rm -f "$part"; part=
  case $o in
    *"Using lenient decoding as strict decoding failed"*) ;;
    *"cannot exit on lock file contention: no lock file specified"*) return 0 ;;
    *"unknown flag: --exit-on-lock-contention"*) echo "this kubelet cannot be asked before it is started"; return 0 ;;
  esac
  # Without the whole effective configuration, which it prints as one block, and without goroutines.
  printf '%s\n' "$o" | sed -e '/^goroutine /,$d' -e '/ config=<$/,/^ >/d' | tail -n 60 >&2
  return 1
}

# early_takes ACTION BYTES SHA256 PROGRAM FLAG...: the same for an action that is still to come, beside those before it
early_takes() {
  [ -z "$stop$failed" ] && home 2>/dev/null || return 0
  (at=$1; shift; kubelet_takes "$@") >"$G/.early" 2>&1 </dev/null &
  early_check=$1 early_checker=$!
}

# early_said: what came of it, when its turn has come
early_said() {
  # A signal ends the waiting, not what is waited for.
  while wait "$early_checker"; rc=$?; [ $rc -gt 128 ] && kill -0 "$early_checker" 2>/dev/null; do :; done
  early_check=
  if [ $rc = 0 ]; then cat "$G/.early"; else cat "$G/.early" >&2; fi
  rm -f "$G/.early"
  return $rc
}

# no_early_check: one whose turn did not come is waited for, and leaves nothing behind
no_early_check() { [ -z "$early_check" ] || early_said >/dev/null 2>&1; }

# kubelet_is_up PORT: it runs as the process that was seen before, in $pid, and answers its health check where it has one
kubelet_is_up() {
  v=$(systemctl show -p ActiveState,MainPID kubelet)
  case $v in *ActiveState=active*) v=${v#*MainPID=}; v=${v%%"$n"*} ;; *) return 1 ;; esac
  [ "$v" = "$pid" ] || { pid=$v; return 1; }
  [ "$1" = 0 ] || case $(q='' M='' ask_healthz "$1") in *" 200 OK"*) ;; *) return 1 ;; esac
}

# comes_up PORT: within 20 s, and stays so for two more
comes_up() {
  pid='' since='' until=$(($(date +%s) + 20))
  while t=$(date +%s) && [ "$t" -le "$until" ] || [ -n "$since" ]; do
    if kubelet_is_up "$1"; then
      : "${since:=$t}"; [ $((t - since)) -lt 2 ] || return 0
    else since=; fi
    sleep 0.2
  done
  return 1
}

# back_as_it_was PATH: what this run wrote there last is taken back, with its line in the record
back_as_it_was() {
  o=$(grep -nF "\"path\":\"$1\"" "$G/record.jsonl" 2>/dev/null | grep '"kind":"put"' | tail -n 1)
  [ -n "$o" ] || return 1
  l() { printf '%s\n' "$o" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
  # What is called below has names of its own in the same shell.
  i=$(l old) number=${o%%:*} spared=$left left=''
  if [ -n "$i" ]; then put_back "$1" "$RUN" "$i" "$(l new)" "$(l mode)"; else take_away "$1" "$(l new)"; fi || return
  # Somebody changed it meanwhile: it is not as it was, and its line stays.
  [ -z "$left" ] || return 1
  left=$spared
  # It says nothing of what is there any more.
  (umask 077; sed "${number}d" "$G/record.jsonl" >"$G/.record") && sync "$G/.record" && mv -f "$G/.record" "$G/record.jsonl"
}

# kubelet_up PORT PATH...: it is up within 20 s; else the files that this run changed are as they were before, it is
# started again with them, and what it said is told
kubelet_up() {
  ! comes_up "$1" || return 0
  says=$(unit_says kubelet | tail -n 12) port=$1 changed=''
  shift
  for f; do ! back_as_it_was "$f" || changed="$changed $f"; done
  printf '%s\n' "$says" >&2
  [ -n "$changed" ] || { echo "it did not come up within 20 s, and nothing that this run changed could be put back" >&2; return 1; }
  systemctl daemon-reload; known=; service restart kubelet
  if comes_up "$port"; then i="and it is up again with them"; else i="and it is not up with them either"; fi
  echo "put back as before:$changed; $i" >&2
  return 1
}
