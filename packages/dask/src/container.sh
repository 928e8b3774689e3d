# How Dask runs in a container on this machine: in the machine's own network and folder, so that it is reached, told its
# end and read as it is without one.

# A program that is there may have no daemon to talk to.
find_engine() {
  for engine in docker podman; do "$engine" info >/dev/null 2>&1 && return; done
  return 1
}

install_engine() {
  declare -F fetch_docker >/dev/null || return
  say 'container: installing docker'
  quietly fetch_docker
  find_engine
}

fail_container() {
  tail -n 5 "$DASKUP_DIR/install.log"
  end "container: $*"
}

find_container() {
  : >"$DASKUP_DIR/install.log"
  find_engine || install_engine || fail_container 'neither docker nor podman runs here. Install and start one, or use an image that has it'
  "$engine" image inspect "$DASKUP_CONTAINER" >/dev/null 2>&1 && return
  say "container: fetching $DASKUP_CONTAINER with $engine"
  quietly "$engine" pull -q "$DASKUP_CONTAINER" ||
    fail_container "$engine could not fetch $DASKUP_CONTAINER ($(tail -n 1 "$DASKUP_DIR/install.log")). Machines have no password: see that its name is right, and that anybody may read it"
}

# Runs Python in it: the same words as an interpreter. Its input never ends before the machine does, and then ends it: a
# container is nobody's child, and would outlive a machine that is a process group.
contained() {
  local name user shared=() watch='import os, threading; threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start(); '
  for name in "${!DASK_@}" "${!DASKUP_@}" OMP_NUM_THREADS MKL_NUM_THREADS OPENBLAS_NUM_THREADS MALLOC_TRIM_THRESHOLD_; do
    shared+=(-e "$name")
  done
  # Whoever runs podman without being root is root within.
  user=$(id -u ${DASKUP_USER:-}):$(id -g ${DASKUP_USER:-})
  [[ $engine == podman ]] && ((EUID != 0)) && user=0:0
  "$engine" run --rm -i --network host --user "$user" --security-opt label=disable --security-opt no-new-privileges \
    -v "$DASKUP_DIR:$DASKUP_DIR" -w "$DASKUP_WORK" -e HOME="$DASKUP_WORK" "${shared[@]}" --entrypoint python3 \
    "$DASKUP_CONTAINER" "$1" "$watch$2" "${@:3}" < <(exec sleep infinity)
}
