#!/bin/sh
# Git's filter on checkout for files that LFS keeps: a pointer on stdin becomes the object that it names, out of the
# mirror; anything else stays what it is. No network, no configuration, nothing of the repository's but the bytes.
set -eu

pointer=$TRISTAN_LFS_POINTER.$$
trap 'rm -f "$pointer"' EXIT
cat >"$pointer"

oid=
if [ "$(wc -c <"$pointer")" -lt 1024 ] && head -n 1 "$pointer" | grep -aq '^version https\{0,1\}://'; then
	oid=$(sed -n 's/^oid sha256:\([0-9a-f]\{64\}\)$/\1/p' "$pointer" | head -n 1)
fi
if [ -z "$oid" ]; then
	cat "$pointer"
elif grep -aq '^ext-' "$pointer"; then
	echo "an LFS pointer wants an extension, which is not run here" >&2
	exit 1
else
	rest=${oid#??}
	cat "$TRISTAN_LFS_OBJECTS/${oid%"$rest"}/${rest%"${rest#??}"}/$oid"
fi
