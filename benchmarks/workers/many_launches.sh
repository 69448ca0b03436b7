#!/bin/sh
# Launches on many machines by hand, through ControlMasters: all started in the background, and waited for until their
# builds have ended.
# stdin: a line a launch: a file with the words of ssh, a file with the request, the command; tabs between them. $1: where
# the builds' last words go.
set -eu

tab=$(printf '\t') number=0 jobs=
while IFS=$tab read -r words request command; do
	number=$((number + 1))
	# shellcheck disable=SC2046 # A list of words, none of which has a blank.
	$(cat "$words") "$command" <"$request" >"$1/$number" &
	jobs="$jobs $!"
done
for one in $jobs; do
	wait "$one"
done
