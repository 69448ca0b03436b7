#!/bin/sh
# The image's context: wheels/, all that is to be installed; app/, an application's own files, and startup.sh. For an
# operator's Dockerfile the module's files and startup.sh at the top, the wheels in .wheels/.
# In: TRISTAN_BUILD, TRISTAN_CONTEXT, TRISTAN_DOCKERFILE (operator or pack), HOME, and what wheels.sh takes.
set -eu

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/wheels.sh"

copy_files() {
	cp -R -P -p . "$app/"
	rm -rf "$app/.git" "$app/.wheels"
}

# The package's wheel, with what requirements.txt pins, where there is one, and what else it needs.
collect_package() {
	set -- dist/*.whl
	[ -f "$1" ] || fail "no wheel in dist/, where the build should have left the project's own"
	[ ! -f requirements.txt ] || collect_requirements "$wheels"
	collect_needed "$wheels" "$@"
	name=${1##*/}
	echo "${name%%-*}" >"$app/.package"
}

collect_application() {
	if [ -d .wheels ]; then
		cp -R .wheels/. "$wheels/"
	elif [ -f requirements.txt ]; then
		collect_requirements "$wheels"
	fi
}

case $TRISTAN_DOCKERFILE in
operator)
	wheels=$TRISTAN_CONTEXT/.wheels app=$TRISTAN_CONTEXT
	copy_files
	mkdir "$wheels"
	;;
*)
	wheels=$TRISTAN_CONTEXT/wheels app=$TRISTAN_CONTEXT/app
	mkdir "$wheels" "$app"
	is_package || copy_files
	;;
esac
if is_package; then collect_package; else collect_application; fi
if [ -f startup.sh ]; then
	cp startup.sh "$app/startup.sh"
else
	cp "$TRISTAN_BUILD/startup.sh" "$app/startup.sh"
fi
# The image's user is neither the one who built nor root.
chmod -R a+rX "$TRISTAN_CONTEXT"
chmod 755 "$app/startup.sh"
