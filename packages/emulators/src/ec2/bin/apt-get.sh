#!/bin/bash
# apt-get as an instance finds it: it knows docker.io alone, and that only once its lists were fetched.

words=()
while (($# > 0)); do
  case $1 in
  -o) shift ;;
  -*) ;;
  *) words+=("$1") ;;
  esac
  shift
done
lists=$HOME/.apt-lists
case ${words[0]:-} in
update) : >"$lists" ;;
install)
  for package in "${words[@]:1}"; do
    [[ -e $lists && $package == docker.io ]] || {
      echo "E: Unable to locate package $package" >&2
      exit 100
    }
    ln -sf "$EMULATOR_BIN/docker.sh" "$HOME/bin/docker"
  done
  ;;
*)
  echo "E: Invalid operation ${words[0]:-}" >&2
  exit 100
  ;;
esac
