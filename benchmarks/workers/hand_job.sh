#!/bin/sh
# The job by hand, on the machine: fetch the branch, check it out, run its script, tidy up, say what was built.
# $1: the repository's address; $2: where its files are kept.
set -eu
[ -d "$2" ] || git clone -q --branch main "$1" "$2"
cd "$2"
git fetch -q origin main
git checkout -q -f --detach FETCH_HEAD
sh -c true
git clean -q -f -d -x
git rev-parse HEAD
