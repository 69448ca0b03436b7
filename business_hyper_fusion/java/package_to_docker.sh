#!/bin/sh
# The image's context: the one archive that `java -jar` can run, as target/app.jar, and startup.sh. For an operator's
# Dockerfile all of the module's files, with that archive as the only jar of its directory, so that `target/*.jar` is it.
# In: TRISTAN_SOURCE, TRISTAN_MODULE_PATH, TRISTAN_BUILD, TRISTAN_CONTEXT, TRISTAN_DOCKERFILE (operator or pack).
set -eu

cd "$TRISTAN_SOURCE/$TRISTAN_MODULE_PATH"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# EXTENSION: the archives that a build leaves, but for those that go with another one.
archives() {
	for archive in target/*."$1" build/libs/*."$1"; do
		[ -f "$archive" ] || continue
		case ${archive##*/} in
		original-* | *-sources.jar | *-javadoc.jar | *-tests.jar | *-plain.jar | *-plain.war) ;;
		*) printf '%s\n' "$archive" ;;
		esac
	done
}

# Archives on stdin: those whose manifest names a main class.
runnable() {
	while IFS= read -r archive; do
		path=$PWD/$archive
		(cd "$scratch" && rm -rf META-INF && "${JAVA_HOME:+$JAVA_HOME/bin/}jar" xf "$path" META-INF/MANIFEST.MF)
		if grep -q '^Main-Class:' "$scratch/META-INF/MANIFEST.MF" 2>/dev/null; then
			printf '%s\n' "$archive"
		fi
	done
}

fail() {
	echo "java: $*" >&2
	exit 1
}

pick_one() {
	case $found in
	"")
		there=$({ archives jar && archives war; } | tr '\n' ' ')
		there=${there% }
		fail "nothing in target or build/libs of ${TRISTAN_MODULE_PATH:-the repository} runs by itself (${there:-there is no jar}): no manifest names a Main-Class; set module_path to the application's module, or give the build profile a Dockerfile"
		;;
	*"
"*)
		fail "more than one runnable archive ($(printf '%s' "$found" | tr '\n' ' ')); set module_path, or give the build profile a package_to_docker.sh that takes one"
		;;
	esac
	mkdir -p "$TRISTAN_CONTEXT/target"
	cp "$found" "$TRISTAN_CONTEXT/target/app.jar"
	echo "java: $found is the application"
}

take_all() {
	/bin/sh "$TRISTAN_BUILD/package_module.sh"
	case $found in
	"" | *"
"* | *.war) ;;
	*)
		rm -f "$TRISTAN_CONTEXT/${found%/*}"/*.jar
		cp "$found" "$TRISTAN_CONTEXT/$found"
		;;
	esac
}

found=$(archives jar | runnable)
[ -n "$found" ] || found=$(archives war | runnable)

case $TRISTAN_DOCKERFILE in
pack) pick_one ;;
*) take_all ;;
esac

startup=startup.sh
[ -f "$startup" ] || startup=$TRISTAN_BUILD/startup.sh
cp "$startup" "$TRISTAN_CONTEXT/startup.sh"
# The image's user is neither the one who built nor root.
chmod -R a+rX "$TRISTAN_CONTEXT"
chmod 755 "$TRISTAN_CONTEXT/startup.sh"
