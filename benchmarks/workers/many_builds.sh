#!/bin/sh
# The same job on many machines by hand, through ControlMasters: for each branch on each machine one, all started in the
# background and waited for.
# Arguments: the job's script; the directory there, before the branch's name; the repository's address; how many branches;
# then for each machine a file with the words of ssh.
set -eu

job=$1 place=$2 address=$3 branches=$4
shift 4

number=1 jobs=
while [ "$number" -le "$branches" ]; do
	for words; do
		# shellcheck disable=SC2046 # A list of words, none of which has a blank.
		$(cat "$words") sh -s -- "$place-$number" "$address" "branch-$number" <"$job" &
		jobs="$jobs $!"
	done
	number=$((number + 1))
done
for one in $jobs; do
	wait "$one"
done
