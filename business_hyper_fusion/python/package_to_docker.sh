#!/bin/sh
# The image's context: wheels/, all that is to be installed; app/, an application's own files, and startup.sh.
# In: TRISTAN_BUILD, TRISTAN_CONTEXT, HOME, and what wheels.sh takes.
set -eu

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/wheels.sh"

wheels=$TRISTAN_CONTEXT/wheels app=$TRISTAN_CONTEXT/app
mkdir "$wheels" "$app"

# Installed as its users install it, with what requirements.txt pins, where there is one.
package() {
	set -- dist/*.whl
	[ -f "$1" ] || fail "no wheel in dist/, where the build should have left the project's own"
	[ ! -f requirements.txt ] || collect_requirements "$wheels"
	collect_needed "$wheels" "$@"
	name=${1##*/}
	echo "${name%%-*}" >"$app/.package"
	[ ! -f startup.sh ] || cp startup.sh "$app/"
}

# Runs from its own files.
application() {
	if [ -d .wheels ]; then
		cp -R .wheels/. "$wheels/"
	elif [ -f requirements.txt ]; then
		collect_requirements "$wheels"
	fi
	cp -R -P -p . "$app/"
	rm -rf "$app/.git" "$app/.wheels"
}

if is_package; then package; else application; fi
[ -f "$app/startup.sh" ] || cp "$TRISTAN_BUILD/startup.sh" "$app/startup.sh"
# The image's user is neither the one who built nor root.
chmod -R a+rX "$TRISTAN_CONTEXT"
chmod 755 "$app/startup.sh"
