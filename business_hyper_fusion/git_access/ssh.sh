#!/bin/sh
# Git's ssh: never asks, gives up on a dead line, knows the server's key beforehand. Key, agent and configuration are
# for the repository's own server alone: a submodule elsewhere gets none of them.
set -eu

destination() {
	port=
	while :; do
		case ${1:-} in
		-p) port=:$2 && shift 2 ;;
		-o) shift 2 ;;
		--) shift && break ;;
		-*) shift ;;
		*) break ;;
		esac
	done
	host=${1##*@}
	case $host in
	*:*) host="[$host]" ;;
	esac
	printf '%s' "$host$port" | tr '[:upper:]' '[:lower:]'
}

host=$(destination "$@")
set -- -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 \
	-o ServerAliveInterval=15 -o ServerAliveCountMax=4 "$@"
if [ "$host" != "${TRISTAN_GIT_HOST:-}" ]; then
	unset SSH_AUTH_SOCK
	exec ssh -F /dev/null -o IdentityFile=/dev/null -o IdentitiesOnly=yes "$@"
fi
if [ -n "${TRISTAN_GIT_KEY_FILE:-}" ]; then
	set -- -i "$TRISTAN_GIT_KEY_FILE" -o IdentitiesOnly=yes "$@"
fi
if [ -n "${TRISTAN_GIT_KNOWN_HOSTS:-}" ]; then
	set -- -o "UserKnownHostsFile=$TRISTAN_GIT_KNOWN_HOSTS" -o HostKeyAlias=tristan-git-server "$@"
fi
exec ssh "$@"
