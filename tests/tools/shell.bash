# SPDX-License-Identifier: Apache-2.0
# What our tests in bash share. A test is a script of functions, one a case; the last line of the script
# is `run_case "$@"`. Nothing here sleeps to be right: everything waits for a condition, up to a deadline.
set -u
patience=120  # seconds

place=$(mktemp -d)
mkfifo "$place/.never"
exec 8<>"$place/.never"  # nothing ever comes
export XDG_RUNTIME_DIR=$place  # sockets without a path of their own go here
jobs_started=()
trap 'end_jobs; rm -rf "$place"' EXIT

fail() {
  echo "FAILED: $*" >&2
  for file in "$place"/*.err; do
    [[ -s $file ]] && { echo "--- ${file##*/}"; cat "$file"; } >&2
  done
  exit 1
}

# wait_until COMMAND...: until it succeeds. What is asked often had better start no process.
wait_until() {
  local until=$((SECONDS + patience)) nothing
  until "$@" 2>/dev/null; do
    ((SECONDS < until)) || fail "in $patience s it did not come true: $*"
    read -rt 0.02 -u 8 nothing
  done
}

# start NAME COMMAND...: in the background, in a session of its own, with its input from the file
# $place/NAME.in where there is one; Ctrl-C as a terminal has it. Output goes to NAME.out and NAME.err.
start() {
  local name=$1 input=/dev/null
  shift
  [[ -e $place/$name.in ]] && input=$place/$name.in
  setsid env --default-signal=INT "$@" <"$input" >"$place/$name.out" 2>"$place/$name.err" &
  printf -v "pid_$name" %d $!
  jobs_started+=($!)
}

pid_of() {
  local variable=pid_$1
  echo "${!variable}"
}

# Ends with its session what a failed test left.
end_jobs() {
  local job
  for job in "${jobs_started[@]}"; do
    pkill -KILL -s "$job"
  done
}

# expect_end NAME STATUS [REGEX]: NAME ends so, says so on stderr, and leaves no process behind.
expect_end() {
  local name=$1 expected=$2 regex=${3:-} job status=0
  job=$(pid_of "$name")
  wait_until has_ended "$job"
  wait "$job" || status=$?
  [[ $status == "$expected" ]] || fail "$name ended with status $status, not $expected"
  [[ $(<"$place/$name.err") =~ $regex ]] || fail "what $name says does not match: $regex"
  wait_until nothing_in_session "$job"
}

has_ended() {
  local status
  read -r status <"/proc/$1/stat" || return 0
  [[ ${status##*)} == ' Z '* ]]
}

nothing_in_session() {
  ! pgrep -s "$1" >/dev/null
}

# has_open NAME PATH: NAME's process has it open.
has_open() {
  [[ -n $(find "/proc/$(pid_of "$1")/fd" -lname "$2") ]]
}

# contains FILE TEXT
contains() {
  [[ $(<"$place/$1") == *"$2"* ]]
}

same() {
  cmp "$1" "$2" >&2 || fail "$1 and $2 differ"
}

# ---- of troupe send and recv ----

# An address for a transport; where the system may choose, it does, and listening_at tells.
address_of() {
  case $1 in
    fifo) echo "fifo:$place/fifo" ;;
    unix) echo "unix:" ;;
    shm) echo "shm:" ;;
    tcp) echo "tcp://127.0.0.1:0" ;;
    tcp6) echo "tcp://[::1]:0" ;;
  esac
}

# Where NAME listens, once it does.
listening_at() {
  local name=$1 address=$2
  if [[ $address == fifo:* ]]; then
    echo "$address"
    return
  fi
  wait_until contains "$name.err" 'listening at'
  sed -n 's/.*listening at //p' "$place/$name.err"
}

run_case() {
  "$@"
  echo "passed: $1"
}
