# The life of a machine, from its first second to its shutdown. What stands above this line differs from machine to
# machine; this does not. Every path ends in `shutdown`, and on every cloud shutdown means terminate.
set -u
umask 077

say() { printf 'daskup: %ss %s\n' "$SECONDS" "$*"; }
end() { say "ending: $*"; shutdown -h now; exit 0; }

# The dead-man switch: no server, network or person is needed for it. The file moves when a TTL is extended.
watch_deadline() {
  local now deadline rest
  while true; do
    read -r deadline <"$DASKUP_DIR/deadline"
    printf -v now '%(%s)T' -1
    rest=$((deadline - now))
    ((rest > 0)) || end 'its TTL is over'
    sleep $((rest < 5 ? rest : 5))
  done
}

fail_environment() {
  tail -n 5 "$DASKUP_DIR/install.log"
  end "software environment: $*"
}

# Made once by the first machine that needs it, used by all that share the cache.
make_environment() {
  local folder=$1 python
  mkdir -p "$DASKUP_CACHE"
  exec 9>"$folder.lock"
  flock -n 9 || { say 'software environment: waiting for the machine that makes it'; flock 9; }
  if [[ ! -e $folder/complete ]]; then
    rm -rf "$folder"
    : >"$DASKUP_DIR/install.log"
    if command -v uv >/dev/null; then
      say 'software environment: fetching Dask with uv (only the first time)'
      uv venv -q --python '>=3.11' "$folder" >>"$DASKUP_DIR/install.log" 2>&1 ||
        fail_environment 'uv found no Python 3.11 or newer. Install python3'
      uv pip install -q --compile-bytecode --python "$folder/bin/python" -r "$DASKUP_DIR/requirements.txt" \
        >>"$DASKUP_DIR/install.log" 2>&1 || fail_environment 'uv could not install the packages (is the package index reachable?)'
    else
      python=$(command -v python3) || fail_environment 'there is no python3. Install python3 (3.11 or newer) and python3-venv, or uv'
      "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail_environment "$("$python" --version) is too old. Install Python 3.11 or newer, or uv"
      say 'software environment: fetching Dask with pip (only the first time)'
      "$python" -m venv "$folder" >>"$DASKUP_DIR/install.log" 2>&1 ||
        fail_environment 'python3 could not make a virtual environment. Install python3-venv, or uv'
      "$folder/bin/python" -m pip install -q --disable-pip-version-check -r "$DASKUP_DIR/requirements.txt" \
        >>"$DASKUP_DIR/install.log" 2>&1 || fail_environment 'pip could not install the packages (is the package index reachable?)'
    fi
    : >"$folder/complete"
    say 'software environment: made'
  fi
  exec 9>&-
}

say "$DASKUP_ROLE of cluster $DASKUP_CLUSTER, machine $DASKUP_ID at $DASKUP_ADDRESS"
echo "$DASKUP_DEADLINE" >"$DASKUP_DIR/deadline"
watch_deadline &

if [[ -n ${DASKUP_PYTHON:-} ]]; then
  [[ -x $DASKUP_PYTHON ]] || end "there is no Python interpreter at $DASKUP_PYTHON"
else
  environment=$DASKUP_CACHE/$DASKUP_ENVIRONMENT
  [[ -e $environment/complete && -x $environment/bin/python ]] || make_environment "$environment"
  DASKUP_PYTHON=$environment/bin/python
fi

say "starting dask $DASKUP_ROLE"
export DASK_CONFIG=$DASKUP_DIR/dask.yaml
# As Dask's nanny would set them. Dask runs a task a thread, so a library that starts threads of its own only gets in its way.
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MALLOC_TRIM_THRESHOLD_=65536
cd "$DASKUP_DIR" || end 'its folder is gone'
started=$SECONDS
# To import Dask makes a great many objects and frees none: collecting garbage meanwhile takes a twentieth of a boot.
dask() { "$DASKUP_PYTHON" -c "import gc; gc.disable(); from distributed.cli.dask_$DASKUP_ROLE import main; gc.enable(); main()" "$@" 2>&1; }
if [[ $DASKUP_ROLE == scheduler ]]; then
  dask --protocol tls --host "$DASKUP_ADDRESS" --port "$DASKUP_PORT" \
    --dashboard-address 127.0.0.1:0 --preload "$DASKUP_DIR/preload.py"
else
  memory=${DASKUP_MEMORY:+${DASKUP_MEMORY}GiB}
  dask "tls://$DASKUP_SCHEDULER:$DASKUP_PORT" --protocol tls \
    --host "$DASKUP_ADDRESS" --name "$DASKUP_ID" --no-nanny --nworkers 1 --nthreads "${DASKUP_THREADS:-0}" \
    --memory-limit "${memory:-auto}" --local-directory "$DASKUP_DIR" --dashboard-address 127.0.0.1:0 \
    --death-timeout "$DASKUP_JOIN_SECONDS" --preload "$DASKUP_DIR/preload.py"
fi
code=$?
[[ -e $DASKUP_DIR/reason ]] && end "$(<"$DASKUP_DIR/reason")"
((code == 0)) && end "dask $DASKUP_ROLE left the cluster"
"$DASKUP_PYTHON" -c 'import importlib.util as u, sys; sys.exit(u.find_spec("distributed") is None)' ||
  end 'its Python has no Dask. Add dask[distributed] to the requirements, or name an interpreter that has it'
[[ $DASKUP_ROLE == worker && ! -e joined ]] && ((SECONDS - started >= DASKUP_JOIN_SECONDS)) &&
  end "no scheduler answered within $DASKUP_JOIN_SECONDS s"
end "dask $DASKUP_ROLE exited with code $code"
