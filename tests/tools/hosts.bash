# SPDX-License-Identifier: Apache-2.0
# For tests between two hosts, which are network namespaces with a cable between them: this one is 10.1.1.1,
# the other, `far`, 10.1.1.2. To be read first of all, instead of shell.bash: it begins the test again where
# it has a network of its own. Status 77 says that this system gives none, and why.
if [[ -z ${TROUPE_HOSTS_INSIDE:-} ]]; then
  enter=(unshare --net)
  ((EUID == 0)) || enter=(unshare --map-root-user --net)
  "${enter[@]}" true || { echo "skipped: network namespaces are not permitted here" >&2; exit 77; }
  TROUPE_HOSTS_INSIDE=1 exec "${enter[@]}" bash "$0" "$@"
fi
. "$(dirname "${BASH_SOURCE[0]}")/shell.bash"

make_hosts() {
  start far unshare --net sleep infinity
  wait_until has_network_of_its_own far
  ip link set lo up
  at_far ip link set lo up
}
has_network_of_its_own() {
  local its
  its=$(readlink "/proc/$(pid_of "$1")/ns/net") && [[ "$its" != "$(readlink /proc/self/ns/net)" ]]
}
at_far() {
  nsenter --net="/proc/$(pid_of far)/ns/net" "$@"
}
# start_at_far NAME COMMAND...
start_at_far() {
  local name=$1
  shift
  start "$name" nsenter --net="/proc/$(pid_of far)/ns/net" "$@"
}

lay_cable() {
  ip link add cable type veth peer name cable netns "$(pid_of far)"
  plug_in_both
}
make_linked_hosts() {
  make_hosts
  lay_cable
}
# lay_poor_cable DELAY LOSS: one that holds each packet for so many ms, and loses so many of a hundred.
lay_poor_cable() {
  [[ -w /dev/net/tun ]] || { echo "skipped: there is no /dev/net/tun here" >&2; exit 77; }
  start poor "$TROUPE_PYTHON" "$(dirname "${BASH_SOURCE[0]}")/poor_cable" "$@"
  wait_until contains poor.out ready
  ip link set plug netns "$(pid_of far)"
  at_far ip link set plug name cable
  plug_in_both
}
plug_in_both() {
  ip address add 10.1.1.1/24 dev cable
  ip link set cable up
  at_far ip address add 10.1.1.2/24 dev cable
  at_far ip link set cable up
}

# stay_so SECONDS: at least.
stay_so() {
  local until=$((SECONDS + $1 + 1))
  wait_until eval "((SECONDS >= $until))"
}

# Nothing arrives, either way, or one way only; nobody is told.
cut_cable() {
  ip link set cable down
}
mend_cable() {
  ip link set cable up
}
cut_to_far() {
  ip route add blackhole 10.1.1.2/32
}
mend_to_far() {
  ip route del blackhole 10.1.1.2/32
}
cut_from_far() {
  at_far ip route add blackhole 10.1.1.1/32
}
mend_from_far() {
  at_far ip route del blackhole 10.1.1.1/32
}
