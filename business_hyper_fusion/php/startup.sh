#!/bin/sh
# Serve the application at PORT (8080): by Apache where the image has it, else by PHP's own server, which is for trying.
# DOCUMENT_ROOT: public, else web, where there is one of them, else all. Arguments are the server's.
# A startup.sh of the project's own takes this one's place.
set -eu

cd "$(dirname "$0")"
here=$PWD
# The application is in app, or, in an image of one's own, beside this script.
[ ! -d app ] || [ -f composer.json ] || cd app
for root in public web .; do
	[ ! -d "$root" ] || break
done
export PORT="${PORT:-8080}" DOCUMENT_ROOT="${DOCUMENT_ROOT:-$PWD/$root}"

if command -v apache2 >/dev/null 2>&1; then
	exec apache2 -f "$here/apache.conf" -D FOREGROUND "$@"
fi
exec php -S "0.0.0.0:$PORT" -t "$DOCUMENT_ROOT" "$@"
