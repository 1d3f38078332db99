# Which container runtime a machine has. What is done with it stands in a file for each, in words that begin with its name:
# _ask INFO PS IMAGES, _image NAME, _load TAR NAME..., _stop CONTAINER, _rmi NAME, _clean.

# which_runtime: sets $rt. Where two are installed, the kubelet that is there has its one; without a kubelet, docker.
rt=
which_runtime() {
  [ -z "$rt" ] || return 0
  rt=docker
  command -v containerd >/dev/null || command -v ctr >/dev/null || return 0
  if command -v docker >/dev/null; then
    case $(timeout --foreground 20 /usr/local/bin/kubelet --version 2>/dev/null) in
      # The last minor with dockershim is 1.23.
      '' | *" v1."[0-9].* | *" v1."1[0-9].* | *" v1."2[0-3].*) return 0 ;;
    esac
  fi
  rt=containerd
}

# ask_runtime INFO PS IMAGES: the numbers of the questions, - for one that is not asked
ask_runtime() { which_runtime; "${rt}_ask" "$@"; }

