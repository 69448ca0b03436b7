#!/bin/sh
# Start the build: in the build container, which is handed compile_to_execute.sh, or, with isolation "host", here.
# Arguments: the container's options (name, user, mounts, limits), planned by container.py.
set -eu
set -f # TRISTAN_ENGINE is a list of plain words, e.g. "sudo docker"; nothing in it is to be expanded.

case $TRISTAN_ISOLATION in
docker)
	# shellcheck disable=SC2086
	exec $TRISTAN_ENGINE run "$@" "$TRISTAN_BUILD_IMAGE" /bin/sh "$TRISTAN_BUILD/run_script.sh" "$TRISTAN_BUILD/compile_to_execute.sh"
	;;
host)
	exec /bin/sh "$TRISTAN_BUILD/run_script.sh" "$TRISTAN_BUILD/compile_to_execute.sh"
	;;
esac
