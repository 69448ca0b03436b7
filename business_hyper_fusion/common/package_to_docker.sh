#!/bin/sh
# The context of a Dockerfile that brings no package_to_docker.sh along: the module's files and the pack's startup.sh.
# In: TRISTAN_BUILD, TRISTAN_CONTEXT, and what package_module.sh takes.
set -eu

/bin/sh "$TRISTAN_BUILD/package_module.sh"
if [ -f "$TRISTAN_BUILD/startup.sh" ] && [ ! -e "$TRISTAN_CONTEXT/startup.sh" ]; then
	cp "$TRISTAN_BUILD/startup.sh" "$TRISTAN_CONTEXT/startup.sh"
fi
