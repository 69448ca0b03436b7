#!/bin/sh
# Git's ssh: never asks, gives up on a dead line, knows the server's key beforehand.
set -eu

set -- -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 \
	-o ServerAliveInterval=15 -o ServerAliveCountMax=4 "$@"
if [ -n "${TRISTAN_GIT_KEY_FILE:-}" ]; then
	set -- -i "$TRISTAN_GIT_KEY_FILE" -o IdentitiesOnly=yes "$@"
fi
if [ -n "${TRISTAN_GIT_KNOWN_HOSTS:-}" ]; then
	set -- -o "UserKnownHostsFile=$TRISTAN_GIT_KNOWN_HOSTS" -o HostKeyAlias=tristan-git-server "$@"
fi
exec ssh "$@"
