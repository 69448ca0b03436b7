#!/bin/sh
# Git asks "Username for 'https://host': " and "Password for 'https://name@host': ", git-lfs the same in double quotes.
# Answered for the configured host alone, and never in the clear where the repository's own address is not, so that
# a redirect or a submodule elsewhere learns nothing.
set -eu

address=${1#*[\'\"]}
address=${address%%[\'\"]*}
scheme=${address%%://*}
host=${address#*://}
host=${host%%/*}
host=$(printf '%s' "${host##*@}" | tr '[:upper:]' '[:lower:]')

[ -n "${TRISTAN_GIT_HOST:-}" ] && [ "$host" = "$TRISTAN_GIT_HOST" ] || exit 1
[ "$scheme" = https ] || [ "$scheme" = "$TRISTAN_GIT_SCHEME" ] || exit 1
case $1 in
Username*) printf '%s\n' "${TRISTAN_GIT_USERNAME:?the git server has no username configured}" ;;
Password*) cat "${TRISTAN_GIT_PASSWORD_FILE:?the git server has no password configured}" ;;
*) exit 1 ;;
esac
