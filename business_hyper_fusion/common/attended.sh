#!/bin/sh
# In the build container: run a script for as long as the worker on the machine lives, and end once that is dead: with
# this shell the container ends, and all that is in it. See lifeline.py.
# Arguments: the lifeline's directory, the script.
set -u

# shellcheck disable=SC2094 # The first time for both ends: a pipe that nobody writes to any more would let nobody in.
exec 5<>"$1/alive" 3<"$1/alive" 5<&- 4<>"$1/said"
script=$2

heed() {
	trap '' TERM INT HUP
	while read -r word; do
		[ "$word" != TERM ] || kill -s TERM 0
	done
	kill -9 $$
}

# A signal to the whole group is the script's to follow or not; what it comes to is told below.
trap : TERM INT HUP
heed <&3 >/dev/null 2>&1 3<&- 4<&- &
echo began >&4
exec 3<&-
/bin/sh "${0%/*}/run_script.sh" "$script" </dev/null 4<&-
status=$?

# From here on nothing is started: a build may have used up its processes. The kernel's count, of cgroup v1 or v2.
for file in /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events; do
	[ ! -r "$file" ] || while read -r name count; do
		[ "$name" != oom_kill ] || echo "oom_kill $count" >&4
	done <"$file"
done
echo "ended $status" >&4
exit "$status"
