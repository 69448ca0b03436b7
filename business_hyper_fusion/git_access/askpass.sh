#!/bin/sh
# Git asks "Username for 'https://host': " and "Password for 'https://name@host': "; answered for the configured
# host alone, so that a redirect or a submodule elsewhere learns nothing.
set -eu

address=${1#*\'}
address=${address%%\'*}
host=${address#*://}
host=${host##*@}
host=${host%%/*}

[ -n "${TRISTAN_GIT_HOST:-}" ] && [ "$host" = "$TRISTAN_GIT_HOST" ] || exit 1
case $1 in
Username*) printf '%s\n' "$TRISTAN_GIT_USERNAME" ;;
Password*) cat "${TRISTAN_GIT_PASSWORD_FILE:?the git server has no password configured}" ;;
*) exit 1 ;;
esac
