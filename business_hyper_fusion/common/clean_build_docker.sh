#!/bin/sh
# Remove the local copy of the image and what its steps left; runs after every try, however it ended.
# Nothing there is fine. Arguments: ids of images without a name that the steps left.
set -eu
set -f

gone() {
	# shellcheck disable=SC2086
	! $TRISTAN_ENGINE image inspect "$1" >/dev/null 2>&1
}

remove() {
	# shellcheck disable=SC2086
	gone "$1" || $TRISTAN_ENGINE image rm --force "$1" >/dev/null || gone "$1"
}

status=0
remove "$TRISTAN_IMAGE" || status=1
if [ -s "$TRISTAN_IMAGE_FILES/id" ]; then
	remove "$(cat "$TRISTAN_IMAGE_FILES/id")" || status=1
fi
# An engine takes a moment to end a step that was broken off, and until then keeps what that step stands on. Not by
# force: of a chain of steps the first removal takes the rest along, and what somebody else uses stays.
tries=5
while [ "$tries" -gt 0 ]; do
	left=0
	for image; do
		# shellcheck disable=SC2086
		gone "$image" || $TRISTAN_ENGINE image rm "$image" >/dev/null 2>&1 || left=1
	done
	[ "$left" = 1 ] || break
	tries=$((tries - 1))
	sleep 1
done
exit "$status"
