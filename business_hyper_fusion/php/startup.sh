#!/bin/sh
# Serve the application at PORT (8080): by Apache where the image has it, else by PHP's own server, which is for trying.
# DOCUMENT_ROOT: public, else web, where there is one of them, else all. Arguments are the server's.
# A startup.sh of the project's own takes this one's place.
set -eu

cd "$(dirname "$0")"
here=$PWD
export PORT="${PORT:-8080}"
for root in public web .; do
	[ ! -d "app/$root" ] || break
done
export DOCUMENT_ROOT="${DOCUMENT_ROOT:-$here/app/$root}"
cd "$here/app"

if command -v apache2 >/dev/null 2>&1; then
	exec apache2 -f "$here/apache.conf" -D FOREGROUND "$@"
fi
exec php -S "0.0.0.0:$PORT" -t "$DOCUMENT_ROOT" "$@"
