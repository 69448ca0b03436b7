#!/bin/sh
# Build a PHP project: install what composer.lock says, run the script `build` of composer.json, put all into app.tar.gz.
# In: TRISTAN_SOURCE, TRISTAN_MODULE_PATH, and what composer.sh takes.
set -eu

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/composer.sh"

cd "$TRISTAN_SOURCE/$TRISTAN_MODULE_PATH"

if [ -f composer.json ]; then
	[ -f composer.lock ] || php_fail "no composer.lock; commit one, so that every build gets the same dependencies"
	run_composer install --no-dev --prefer-dist --optimize-autoloader --no-progress
	if run_composer run-script --list 2>/dev/null | grep -q '^  *build\( \|$\)'; then
		run_composer run-script --no-dev build
	fi
else
	echo "php: no composer.json in ${TRISTAN_MODULE_PATH:-the repository}: nothing to install, the files are packaged as they are"
fi

php_with_files tar -czf app.tar.gz
