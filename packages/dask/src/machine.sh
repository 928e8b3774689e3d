# The life of a machine, from its first second to its shutdown. What stands above this line differs from machine to
# machine; this does not. Every path ends in `shutdown`, which on every cloud means terminate; for one that bakes an image, stop.
set -u
umask 077

say() { printf 'daskup: %ss %s\n' "$SECONDS" "$*"; }
end() { say "ending: $*"; send_log "ending: $*"; shutdown -h now; exit 0; }

# The end of what it printed goes to its scheduler, which keeps it for people to read: one that cannot send it has a console.
send_log() {
  local i log file=$DASKUP_DIR/boot.log
  [[ -e $file ]] || return
  # Where another program writes the log, a line is in it a moment after it was printed.
  for ((i = 0; i < 20; i++)); do
    log=$(tail -c 8000 "$file")
    [[ $log == *"$1"* ]] && break
    sleep 0.1
  done
  [[ $DASKUP_ROLE == worker ]] || return
  curl -sf --noproxy '*' --connect-timeout 2 -m 5 --cacert "$DASKUP_DIR/ca.pem" --cert "$DASKUP_DIR/cert.pem" \
    --key "$DASKUP_DIR/key.pem" --connect-to "::$DASKUP_SCHEDULER:$DASKUP_CONTROL_PORT" --data-binary @- \
    "https://scheduler.daskup.internal/log/$DASKUP_ID" <<<"$log" >/dev/null 2>&1
}

# A spot machine that its cloud takes in its first hour costs nothing; one that ends itself before that costs what it ran.
await_cloud() {
  local taken now rest
  taken=$(timeout 2 head -c 11 "$DASKUP_WORK/taken")
  [[ $taken =~ ^[1-9][0-9]*$ ]] || return
  printf -v now '%(%s)T' -1
  rest=$((taken + 60 - now))
  # It was launched a little before its first second here.
  ((rest > 0 && SECONDS + rest < 3500)) || return
  say 'spot notice: waiting for the cloud to take the machine'
  sleep "$rest"
}

# The dead-man switch: no server, network or person is needed for it. The file moves when a TTL is extended. Until when a
# machine lived that was killed, the last sign of life tells.
watch_deadline() {
  local now said deadline=$DASKUP_DEADLINE rest limit
  # No cluster lives longer: its certificates end then.
  printf -v limit '%(%s)T' -1
  limit=$((limit + 30 * 86400))
  while true; do
    : >"$DASKUP_DIR/alive"
    # Whoever is Dask's user may write there, and bash would run what a number must not be, or wait at a pipe for ever.
    said=$(timeout 2 head -c 13 "$DASKUP_WORK/deadline" 2>/dev/null)
    [[ $said =~ ^[1-9][0-9]{0,11}$ ]] && ((said <= limit)) && deadline=$said
    printf -v now '%(%s)T' -1
    rest=$((deadline - now))
    ((rest > 0)) || end 'its TTL is over'
    sleep $((rest < 5 ? rest : 5))
  done
}

# Dask runs the code of whoever uses it: with the rights of a user of its own, where the platform has one, and never root's.
as_dask() {
  [[ -n ${DASKUP_USER:-} && $1 != contained ]] || { "$@"; return; }
  HOME=$DASKUP_WORK setpriv --reuid "$DASKUP_USER" --regid "$(id -g "$DASKUP_USER")" --init-groups --no-new-privs "$@"
}

# Its certificates are for root and that user alone.
give_to_dask() {
  [[ -n ${DASKUP_USER:-} ]] || return 0
  chmod 711 "$DASKUP_DIR"
  chown -R "$DASKUP_USER" "$DASKUP_DIR"/{ca,cert,key}.pem "$DASKUP_DIR"/{dask.yaml,preload.py} "$DASKUP_WORK"
  [[ ! -e $DASKUP_DIR/boot.log ]] || chown "$DASKUP_USER" "$DASKUP_DIR/boot.log"
}

# A disk that is the machine's own is quicker than one of the cloud's. Without one, Dask spills where it works.
find_scratch() {
  scratch=$DASKUP_DIR/scratch
  if declare -F mount_scratch >/dev/null && mkdir -p "$scratch" && quietly mount_scratch "$scratch"; then
    [[ -z ${DASKUP_USER:-} ]] || chown "$DASKUP_USER" "$scratch"
    say "its own disk is at $scratch"
  else
    scratch=$DASKUP_WORK
  fi
}

quietly() { "$@" >>"$DASKUP_DIR/install.log" 2>&1; }

fail_environment() {
  tail -n 5 "$DASKUP_DIR/install.log"
  end "software environment: $*"
}

# An index that cannot be reached passes by itself or is the network's; a package that is not there is the requirements'.
fail_install() {
  local log
  log=$(<"$DASKUP_DIR/install.log")
  if [[ $log =~ Retrying|'Failed to fetch'|'SSL'|'not a trusted' ]]; then
    fail_environment "$1 could not reach the package index"
  elif [[ $log =~ 'No matching distribution'|'No solution found' ]]; then
    fail_environment "$1 found no packages that are as the requirements say. Mend the requirements"
  fi
  fail_environment "$1 could not install the packages"
}

# Runs an interpreter, and prints the version by which packages are told apart.
version_of() { "$1" -ISc 'import sys; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# Whether it may be of that version of Python, such as 3.12.
suits() { [[ $1 == 3.* ]] && ((${1#3.} >= DASKUP_PYTHON_FROM && ${1#3.} <= ${DASKUP_PYTHON_TO:-${1#3.}})); }

# A system's upgrade takes an environment's interpreter away, or puts another in its place. One that bears its version in its
# name, as most do, need not be run to be known: that takes longer than all else before Dask.
is_whole() {
  local made_by
  [[ -e $1/complete ]] && made_by=$(<"$1/complete") || return 1
  [[ ${made_by##*/} == "python${1##*-}" && $1/bin/python -ef $made_by ]] || [[ $(version_of "$1/bin/python") == "${1##*-}" ]]
}

find_environment() {
  for environment in "$DASKUP_CACHE/$DASKUP_ENVIRONMENT"-*; do is_whole "$environment" && suits "${environment##*-}" && return; done
  return 1
}

# The first interpreter that will do. Without one, the version of one that will not.
find_python() {
  local name seen=
  for name in python3 python3.{11..30}; do
    python=$(command -v "$name") || continue
    version=$(version_of "$python") && suits "$version" && return
    seen=${seen:-$version}
  done
  version=$seen
  return 1
}

# Made once by the first machine that needs it, used by all that share the cache.
make_environment() {
  local tool=pip python version folder to=${DASKUP_PYTHON_TO:-}
  local wanted=3.$DASKUP_PYTHON_FROM
  [[ $to == "$DASKUP_PYTHON_FROM" ]] || wanted+="${to:+ to 3.$to}"
  [[ -n $to ]] || wanted+=' or newer'
  : >"$DASKUP_DIR/install.log"
  # Packages are no secret, and another user is to run them.
  [[ -z ${DASKUP_USER:-} ]] || umask 022
  if ! command -v uv >/dev/null && declare -F fetch_uv >/dev/null; then
    { find_python && "$python" -ISc 'import ensurepip' 2>/dev/null; } || quietly fetch_uv
  fi
  if command -v uv >/dev/null; then
    tool=uv
    python=$(uv run -q --no-project --python ">=3.$DASKUP_PYTHON_FROM${to:+,<3.$((to + 1))}" python -c 'import sys; print(sys.executable)' 2>>"$DASKUP_DIR/install.log") ||
      fail_environment "uv found no Python $wanted. Install it"
    version=$(version_of "$python")
  else
    find_python ||
      fail_environment "there is no Python $wanted here${version:+, but $version}. Install it with its venv module (python3-venv), or uv"
  fi
  environment=$DASKUP_CACHE/$DASKUP_ENVIRONMENT-$version
  mkdir -p "$DASKUP_CACHE"
  exec 9>"$environment.lock"
  flock -n 9 || { say 'software environment: waiting for the machine that makes it'; flock 9; }
  if ! is_whole "$environment"; then
    # What machines that were ended in the middle have left: nobody holds its lock.
    for folder in "$DASKUP_CACHE"/*/; do
      [[ ! -d $folder || -e $folder/complete ]] || flock -n "${folder%/}.lock" rm -rf "$folder"
    done
    rm -rf "$environment"
    say "software environment: fetching Dask with $tool (only the first time)"
    if [[ $tool == uv ]]; then
      quietly uv venv -q --python "$python" "$environment" ||
        fail_environment 'uv could not make a virtual environment'
      # As pip does: of all the indexes that the requirements name.
      quietly uv pip install -q --index-strategy unsafe-best-match --compile-bytecode --python "$environment/bin/python" -r "$DASKUP_DIR/requirements.txt" || fail_install uv
    else
      quietly "$python" -m venv "$environment" ||
        fail_environment 'python3 could not make a virtual environment. Install python3-venv, or uv'
      quietly "$environment/bin/python" -m pip install -q --disable-pip-version-check -r "$DASKUP_DIR/requirements.txt" || fail_install pip
    fi
    realpath "$environment/bin/python" >"$environment/complete"
    say 'software environment: made'
  fi
  exec 9>&-
  umask 077
}

say "$DASKUP_ROLE${DASKUP_CLUSTER:+ of cluster $DASKUP_CLUSTER}, machine $DASKUP_ID at $DASKUP_ADDRESS"
export DASKUP_WORK=$DASKUP_DIR/work
mkdir -p "$DASKUP_WORK"
echo "$DASKUP_DEADLINE" >"$DASKUP_WORK/deadline"
[[ $DASKUP_ROLE == image ]] || give_to_dask
watch_deadline &

if [[ -n ${DASKUP_PYTHON:-} ]]; then
  as_dask test -x "$DASKUP_PYTHON" || end "there is no Python interpreter at $DASKUP_PYTHON"
elif [[ -n ${DASKUP_CONTAINER:-} ]]; then
  find_container
  DASKUP_PYTHON=contained
else
  find_environment || make_environment
  DASKUP_PYTHON=$environment/bin/python
fi

# Of its disk an image is made once it has shut down.
# What it was told, which cloud-init keeps too, is none of the image's.
if [[ $DASKUP_ROLE == image ]]; then
  rm -rf "$DASKUP_DIR"/{requirements.txt,install.log} "/var/lib/cloud/instances/$DASKUP_ID"
  end "its environment is in place, with Python ${environment##*-}"
fi

say "starting dask $DASKUP_ROLE"
export DASK_CONFIG=$DASKUP_DIR/dask.yaml
# By their whole paths: a task may go to another folder, and be a client itself there.
export DASK_DISTRIBUTED__COMM__TLS__CA_FILE=$DASKUP_DIR/ca.pem
for part in SCHEDULER WORKER CLIENT; do
  export "DASK_DISTRIBUTED__COMM__TLS__${part}__CERT=$DASKUP_DIR/cert.pem" "DASK_DISTRIBUTED__COMM__TLS__${part}__KEY=$DASKUP_DIR/key.pem"
done
# A scheduler has several connections to each worker; systems give a process 1,024 files until it asks for more.
ulimit -n "$(ulimit -Hn)"
# As Dask's nanny would set them. Dask runs a task a thread, so a library that starts threads of its own only gets in its way.
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MALLOC_TRIM_THRESHOLD_=65536
cd "$DASKUP_WORK" || end 'its folder is gone'
started=$SECONDS
# To import Dask makes a great many objects and frees none: collecting garbage meanwhile takes a twentieth of a boot. As much
# goes to reading Dask's own settings, unless libyaml does it.
dask() {
  as_dask "$DASKUP_PYTHON" -c "import gc, yaml; gc.disable(); yaml.SafeLoader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
from distributed.cli.dask_$DASKUP_ROLE import main; gc.enable(); main()" "$@" 2>&1
}
if [[ $DASKUP_ROLE == scheduler ]]; then
  dask --protocol tls --host "$DASKUP_ADDRESS" --port "$DASKUP_PORT" \
    --dashboard-address 127.0.0.1:0 --preload "$DASKUP_DIR/preload.py"
else
  find_scratch
  memory=${DASKUP_MEMORY:+${DASKUP_MEMORY}GiB}
  dask "tls://$DASKUP_SCHEDULER:$DASKUP_PORT" --protocol tls \
    --host "$DASKUP_ADDRESS" --name "$DASKUP_ID" --no-nanny --nworkers 1 --nthreads "${DASKUP_THREADS:-0}" \
    --memory-limit "${memory:-auto}" --local-directory "$scratch" --dashboard-address 127.0.0.1:0 \
    --death-timeout "$DASKUP_JOIN_SECONDS" --preload "$DASKUP_DIR/preload.py"
fi
code=$?
[[ -e $DASKUP_WORK/taken ]] && await_cloud
[[ -e $DASKUP_WORK/reason ]] && end "$(as_dask timeout 2 tail -c 500 "$DASKUP_WORK/reason")"
((code == 0)) && end "dask $DASKUP_ROLE left the cluster"
as_dask "$DASKUP_PYTHON" -c 'import importlib.util as u, sys; sys.exit(u.find_spec("distributed") is None)' ||
  end 'its Python has no Dask. Add dask[distributed] to the requirements, or name an interpreter or an image that has it'
[[ $DASKUP_ROLE == worker && ! -e $DASKUP_WORK/joined ]] && ((SECONDS - started >= DASKUP_JOIN_SECONDS)) &&
  end "no scheduler answered within $DASKUP_JOIN_SECONDS s"
if [[ $DASKUP_ROLE == scheduler ]]; then
  for port in "$DASKUP_PORT" "$DASKUP_CONTROL_PORT"; do
    # Dask has ended: whoever still listens there is not it.
    (: <>"/dev/tcp/$DASKUP_ADDRESS/$port") 2>/dev/null && end "port $port of $DASKUP_ADDRESS is another program's. Ask for the cluster again"
  done
fi
end "dask $DASKUP_ROLE exited with code $code"
