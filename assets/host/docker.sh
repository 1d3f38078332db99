# Docker's words.

docker_image_id() { docker inspect --type image -f '{{.Id}}' "$1"; }
docker_import() { docker load -i "$1"; }
docker_rmi() { docker rmi "$1"; }

# docker_restart_pod CONTAINER: those of the pods' containers of that name
docker_restart_pod() {
  c=$(docker ps -q --filter "name=^/?k8s_$1[._]") || return
  # shellcheck disable=SC2086
  [ -z "$c" ] || docker stop -t 5 $c >/dev/null
}

# docker_clean: the containers of pods
docker_clean() {
  c=$(docker ps -aq --filter "name=^/?k8s_") || return
  # shellcheck disable=SC2086
  [ -z "$c" ] || docker rm -f -v $c >/dev/null
}

# docker_says WORD...: what it prints, what it complains with a sign before it, and how it ended
docker_says() {
  { { timeout --foreground 8 docker "$@" 2>&1 >&4; printf '\n= %s\n' $? >&4; } | sed 's/^/! /' >&4; } 4>&1
}

# docker_ask INFO PS IMAGES: the numbers of the questions, - for one that is not asked. What info says there is none
# of is not asked for, and a docker that says nothing is not asked again; containers and images are asked for side by
# side. Programs that end at once collect no garbage.
docker_ask() {
  export GOGC=off; i=
  if [ "$1" != - ]; then
    q=$1 o=$(docker_says info) i="$n$o$n"; tell info "$o"
    case $i in
      *"Docker Root Dir: /var/lib/docker$n"*) ;;
      *"Docker Root Dir: /"*) r=${i#*Docker Root Dir: }; tell df "$(timeout --foreground 5 df -Pk / /etc "${r%%"$n"*}/" 2>/dev/null)" ;;
    esac
  fi
  [ "$2" = - ] || { q=$2; docker_containers; } &
  [ "$3" = - ] || { q=$3; docker_images; }
  wait $!
}

# docker_containers: what runs, unless info, in $i, said that nothing does
docker_containers() {
  case $i in
    *"$n Containers: 0$n"* | *"${n}Containers: 0$n"*) ;;
    *"$n= 124$n"*) tell ps "= 124" ;;
    *) tell ps "$(docker_says ps --no-trunc --format '{{.ID}}	{{.Image}}	{{printf "%.1000s" .Command}}	{{.CreatedAt}}	{{.Status}}	{{.Names}}')" ;;
  esac
  say done
}

# docker_images: the same of images
docker_images() {
  case $i in
    *"$n Images: 0$n"* | *"${n}Images: 0$n"* | *"$n= 124$n"*) ;;
    *) tell image "$(timeout --foreground 20 docker images --no-trunc 2>/dev/null)" ;;
  esac
  say done
}
