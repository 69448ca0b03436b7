#!/bin/sh
# Git's filter for files that LFS keeps. smudge: a pointer on stdin becomes the object that it names, out of the mirror.
# clean: an object of the mirror becomes its pointer, by which git sees that a file is as it was. Anything else stays
# what it is. No network, no configuration, nothing of the repository's but the bytes.
set -eu

given=$TRISTAN_LFS_SCRATCH.$$
trap 'rm -f "$given"' EXIT
cat >"$given"

object() {
	rest=${1#??}
	printf '%s' "$TRISTAN_LFS_OBJECTS/${1%"$rest"}/${rest%"${rest#??}"}/$1"
}

is_pointer() {
	[ "$(wc -c <"$given")" -lt 1024 ] && head -n 1 "$given" | grep -aq '^version https\{0,1\}://' &&
		grep -aq '^oid sha256:[0-9a-f]\{64\}$' "$given"
}

case $1 in
clean)
	oid=$(sha256sum <"$given")
	oid=${oid%% *}
	if [ -f "$(object "$oid")" ]; then
		printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n' "$oid" "$(wc -c <"$given")"
		exit
	fi
	;;
smudge)
	if is_pointer; then
		if grep -aq '^ext-' "$given"; then
			echo "an LFS pointer wants an extension, which is not run here" >&2
			exit 1
		fi
		cat "$(object "$(sed -n 's/^oid sha256:\([0-9a-f]\{64\}\)$/\1/p' "$given" | head -n 1)")"
		exit
	fi
	;;
esac
cat "$given"
