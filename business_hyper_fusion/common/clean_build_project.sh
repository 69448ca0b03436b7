#!/bin/sh
# Remove what do_build_project.sh started; runs after every build, however it ended. Nothing there is fine: the engine
# itself removes a container that has ended, and where it has just said so, TRISTAN_GONE is not empty.
set -eu
set -f

[ "$TRISTAN_ISOLATION" = docker ] && [ -z "${TRISTAN_GONE:-}" ] || exit 0

gone() {
	# shellcheck disable=SC2086
	! $TRISTAN_ENGINE container inspect "$TRISTAN_CONTAINER" >/dev/null 2>&1
}

tries=20
while ! gone; do
	# shellcheck disable=SC2086
	$TRISTAN_ENGINE rm --force --volumes "$TRISTAN_CONTAINER" >/dev/null 2>&1 || {
		# It may be just removing it itself, on a busy machine for seconds.
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || exit 1
		sleep 1
	}
done
