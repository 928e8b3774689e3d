#!/bin/bash
# docker as an instance finds it once it is installed. A container is a plain process of the interpreter that the registry,
# a file of lines `REFERENCE INTERPRETER`, has for its image. It has the instance's own network and files: what would make
# it see others is refused, and so is all that is not understood here.

refuse() {
  echo "docker: $*" >&2
  exit 125
}

interpreter_of() {
  local reference interpreter
  while read -r reference interpreter; do
    [[ $reference == "$1" ]] && echo "$interpreter" && return
  done <"$EMULATOR_REGISTRY"
  return 1
}

images=$HOME/.docker-images

# What a registry says of a name that it does not have.
pull() {
  interpreter_of "$1" >/dev/null || {
    echo "Error response from daemon: manifest for $1 not found: manifest unknown: manifest unknown" >&2
    return 1
  }
  echo "$1" >>"$images"
}

is_there() { [[ -e $images ]] && grep -qxF "$1" "$images"; }

run() {
  local entrypoint='' folder=/ image interpreter from to variables=()
  while [[ ${1:-} == -* ]]; do
    case $1 in
    --rm | -i) ;;
    --network) [[ $2 == host ]] || refuse "there is no network $2 here" ;;
    --user) [[ $2 == "$(id -u):$(id -g)" ]] || refuse "there is no user $2 here" ;;
    --security-opt) [[ $2 == label=disable || $2 == no-new-privileges ]] || refuse "invalid --security-opt: $2" ;;
    --entrypoint) entrypoint=$2 ;;
    -w) folder=$2 ;;
    -v)
      IFS=: read -r from to <<<"$2"
      [[ $from == /* && $from == "$to" && -e $from ]] || refuse "$2 cannot be mounted here"
      ;;
    -e) [[ $2 == *=* ]] && variables+=("$2") || { printenv "$2" >/dev/null && variables+=("$2=${!2}"); } ;;
    *) refuse "unknown flag: $1" ;;
    esac
    [[ $1 == --rm || $1 == -i ]] || shift
    shift
  done
  image=${1:?}
  shift
  is_there "$image" || pull "$image" || exit 125
  interpreter=$(interpreter_of "$image")
  cd "$folder" || refuse "there is no folder $folder"
  exec env -i "PATH=${interpreter%/*}:/usr/bin:/bin" "${variables[@]}" "$entrypoint" "$@"
}

case "${1:-} ${2:-}" in
'info '*) echo 'Server Version: a stand-in' ;;
'image inspect') is_there "$3" || { echo "Error response from daemon: No such image: $3" >&2 && exit 1; } ;;
'pull -q') pull "$3" ;;
'run '*) run "${@:2}" ;;
*) refuse "'${1:-}' is not understood here" ;;
esac
