#!/bin/sh
# Build a Java project: by Maven where there is a pom.xml, else by Gradle; by the repository's wrapper where it has one.
# In: TRISTAN_SOURCE, TRISTAN_MODULE_PATH, and what environment.sh takes.
set -eu

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/environment.sh"

cd "$TRISTAN_SOURCE"
module=${TRISTAN_MODULE_PATH:-.}

# POM: the modules it names, one a line.
modules_of() {
	java_xml "$1" | tr '<' '\n' |
		sed -n -e 's/^module>[[:space:]]*//p' -e 's/^subproject>[[:space:]]*//p' | sed -e 's/[[:space:]]*$//' -e 's,^\./,,' -e 's,/*$,,' -e 's,/pom\.xml$,,'
}

# DIRECTORY PATH: true when Maven, started in DIRECTORY, knows PATH below it as one of its modules.
is_module() (
	[ -n "$2" ] || exit 0
	[ -f "$1/pom.xml" ] || exit 1
	modules_of "$1/pom.xml" | {
		while IFS= read -r name; do
			case $2/ in
			"$name"/*)
				rest=${2#"$name"}
				! is_module "$1/$name" "${rest#/}" || exit 0
				;;
			esac
		done
		exit 1
	}
)

# From the top of the reactor that the module is part of, so that what it needs of its neighbours is built, too;
# in its own directory where it stands alone.
build_by_maven() {
	top=. rest=$module
	while ! is_module "$top" "$rest"; do
		case $rest in
		*/*) top=$top/${rest%%/*} rest=${rest#*/} ;;
		*) top=$top/$rest rest= ;;
		esac
	done
	cd "$top"
	set -- clean package -DskipTests
	[ -z "$rest" ] || set -- -pl "$rest" -am "$@"
	echo "java: Maven: $* (in $top)"
	run_maven "$@"
}

# Gradle itself finds the build that a directory belongs to, whatever the project's name in it.
build_by_gradle() {
	cd "$module"
	echo "java: Gradle: assemble (in $module)"
	run_gradle assemble
}

# True when Gradle builds something in the module's directory: a build file there, or settings there or above.
is_gradle() (
	cd "$module" 2>/dev/null || exit 1
	[ ! -f build.gradle ] && [ ! -f build.gradle.kts ] || exit 0
	java_find settings.gradle || java_find settings.gradle.kts
)

if [ -f "$module/pom.xml" ]; then
	[ "$module" != . ] || module=
	build_by_maven
elif is_gradle; then
	build_by_gradle
else
	java_fail "no pom.xml and no build.gradle in ${TRISTAN_MODULE_PATH:-the repository}; set module_path, or give the build profile a compile_to_execute.sh"
fi
