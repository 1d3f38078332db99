sock=${GANGPLANK_CONTAINERD:-/run/containerd/containerd.sock}
if command -v crictl >/dev/null; then
  # Without a configuration it would complain in the middle of the log.
  crictl -c /dev/null -r "unix://$sock" -i "unix://$sock" logs --tail $TAIL --follow $ID
else
  f=
  for i in /var/log/containers/*-$ID.log; do [ ! -e "$i" ] || f=$i; done
  # Its configuration, of which nothing but the name of the file is taken.
  [ -n "$f" ] || f=$(ctr -a "$sock" -n k8s.io containers info $ID 2>/dev/null |
    sed -n '/"io.cri-containerd.container.metadata"/,/}/s/.*"value": "\(.*\)".*/\1/p' | base64 -d 2>/dev/null |
    sed -n 's/.*"LogPath":"\([^"]*\)".*/\1/p')
  if [ -e "$f" ]; then printf '%s cri\n' "$M"; tail -n $TAIL -F -- "$f" 2>/dev/null
  else echo "there is no log of it here" >&2; (exit 1); fi
fi
