#!/bin/sh
# Start a script of the project's: in the build container, which is handed it, or, with isolation "host", here.
# In: TRISTAN_SCRIPT: compile_to_execute.sh, or the one that prepares the image's context; TRISTAN_LIFELINE: see attended.sh.
# Arguments: the container's options (name, user, mounts, limits), planned by container.py; with isolation "host" the
# command that ends what a dead worker left.
set -eu
set -f # TRISTAN_ENGINE is a list of plain words, e.g. "sudo docker"; nothing in it is to be expanded.

script=$TRISTAN_BUILD/$TRISTAN_SCRIPT
attended=$TRISTAN_BUILD/attended.sh
case $TRISTAN_ISOLATION in
docker)
	# In there, all but the first process is the build's.
	# shellcheck disable=SC2086
	exec $TRISTAN_ENGINE run "$@" "$TRISTAN_BUILD_IMAGE" /bin/sh "$attended" "$TRISTAN_LIFELINE" "$script" kill -9 -1
	;;
host)
	exec /bin/sh "$attended" "$TRISTAN_LIFELINE" "$script" "$@"
	;;
esac
