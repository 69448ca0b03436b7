#!/bin/sh
# Start a script of the project's: in the build container, which is handed it, or, with isolation "host", here.
# In: TRISTAN_SCRIPT: compile_to_execute.sh, or the one that prepares the image's context.
# Arguments: the container's options (name, user, mounts, limits), planned by container.py.
set -eu
set -f # TRISTAN_ENGINE is a list of plain words, e.g. "sudo docker"; nothing in it is to be expanded.

script=$TRISTAN_BUILD/$TRISTAN_SCRIPT
case $TRISTAN_ISOLATION in
docker)
	# shellcheck disable=SC2086
	exec $TRISTAN_ENGINE run "$@" "$TRISTAN_BUILD_IMAGE" /bin/sh "$TRISTAN_BUILD/attended.sh" "$TRISTAN_LIFELINE" "$script"
	;;
host)
	exec /bin/sh "$TRISTAN_BUILD/run_script.sh" "$script"
	;;
esac
