#!/bin/sh
# Run a script by the interpreter its first line names, as the kernel would: run bits and noexec mounts don't matter.
# Argument: the script.
set -eu

# One stream: engines carry two side by side, and lines of the one would fall into lines of the other.
exec 2>&1

script=$1
IFS= read -r first <"$script" || [ -n "$first" ] || true

case $first in
'#!'*) line=${first#??} ;;
*) line= ;;
esac
line=${line#"${line%%[![:space:]]*}"}
line=${line%"${line##*[![:space:]]}"}
[ -n "$line" ] || exec /bin/sh "$script"

interpreter=${line%%[[:space:]]*}
argument=${line#"$interpreter"}
argument=${argument#"${argument%%[![:space:]]*}"}
if [ -n "$argument" ]; then
	exec "$interpreter" "$argument" "$script"
fi
exec "$interpreter" "$script"
