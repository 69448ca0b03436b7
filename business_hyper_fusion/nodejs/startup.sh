#!/bin/sh
# Start the project as `npm start` would, with no npm in between: signals reach the program itself.
# Arguments are the program's. A startup.sh of the project's own takes this one's place.
set -eu

cd "$(dirname "$0")"
PATH=$PWD/node_modules/.bin:$PATH
if [ -f .module_path ]; then
	cd "$(cat .module_path)"
	PATH=$PWD/node_modules/.bin:$PATH
fi
export PATH

start=$(node -p '(require("./package.json").scripts || {}).start || ""')
case $start in
"")
	[ -f server.js ] || exec node . "$@"
	exec node server.js "$@"
	;;
*[\;\&\|\(\)]*) ;;
*) start="exec env $start" ;;
esac
exec sh -c "$start \"\$@\"" sh "$@"
