#!/bin/sh
# Run a script by the interpreter its first line names: run bits and noexec mounts don't matter then.
# Argument: the script.
set -eu
set -f

script=$1
IFS= read -r first <"$script" || [ -n "$first" ]
case $first in
'#!'*)
	# shellcheck disable=SC2086
	exec ${first#??} "$script"
	;;
*)
	exec /bin/sh "$script"
	;;
esac
