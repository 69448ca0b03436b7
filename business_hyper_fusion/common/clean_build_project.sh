#!/bin/sh
# Remove what do_build_project.sh started; runs after every build, however it ended. Nothing there is fine.
set -eu
set -f

[ "$TRISTAN_ISOLATION" = docker ] || exit 0
# shellcheck disable=SC2086
if ! $TRISTAN_ENGINE rm --force --volumes "$TRISTAN_CONTAINER" >/dev/null 2>&1; then
	# shellcheck disable=SC2086
	! $TRISTAN_ENGINE container inspect "$TRISTAN_CONTAINER" >/dev/null 2>&1
fi
