#!/bin/sh
# Build the project's image from its context, unless an earlier try did, and push it; started by do_build_docker.sh.
# Out, in TRISTAN_IMAGE_FILES: id (the image's), digest (of the manifest, as the push reports it).
set -eu
set -f

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/registry_client.sh"

cd "$TRISTAN_IMAGE_FILES"
rm -f digest pushed

if [ ! -s id ]; then
	echo "==> publish: building $TRISTAN_IMAGE"
	client build "$@" "$TRISTAN_CONTEXT" || exit 82
fi

echo "==> publish: pushing $TRISTAN_IMAGE"
case $TRISTAN_ENGINE_KIND in
podman)
	client push --digestfile digest "$TRISTAN_IMAGE" || exit 83
	# Podman knows the digest of its own copy only, whose layers are packed differently: it has to read the pushed one.
	client pull --quiet "${TRISTAN_IMAGE%:*}@$(cat digest)" >/dev/null || exit 83
	;;
*)
	{ client push "$TRISTAN_IMAGE" 2>&1 && : >pushed; } | tee said
	[ -e pushed ] || exit 83
	sed -n 's/^.*: digest: \(sha256:[0-9a-f]*\) size: [0-9]*$/\1/p' said >digest
	;;
esac
