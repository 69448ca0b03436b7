#!/bin/sh
# All scripts, changed or not, through one ssh; behind them, in the same ssh, the start in the background and the wait.
# $1: ssh, as words; $2: the scripts; $3: directory of the request; $4: where they go; $5: what is run there.
set -eu
here=$(dirname "$0")
# shellcheck disable=SC2086  # words
tar -cf - -C "$2" . -C "$3" request.json -C "$here" hand_job.sh | $1 "cd $4 && tar -xf - && $5"
