#!/bin/sh
# Start the project: the module that APP_MODULE names; else the package's command, or the package as a module; else
# main.py or app.py. Arguments are the program's. A startup.sh of the project's own takes this one's place.
set -eu

cd "$(dirname "$0")"
PATH=/venv/bin:$PATH
export PATH

if [ -n "${APP_MODULE:-}" ]; then
	exec python -m "$APP_MODULE" "$@"
fi
if [ -f .package ]; then
	package=$(cat .package)
	for command in "$package" "$(echo "$package" | tr _ -)"; do
		[ ! -x "/venv/bin/$command" ] || exec "/venv/bin/$command" "$@"
	done
	exec python -m "$package" "$@"
fi
for file in main.py app.py; do
	[ ! -f "$file" ] || exec python "$file" "$@"
done
echo "startup.sh: nothing to start: set APP_MODULE, or add main.py, app.py or a startup.sh to the project" >&2
exit 1
