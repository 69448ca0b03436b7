#!/bin/sh
# A build without a container by hand, on a machine: fetch, check out, run `true`, clean.
# Arguments: a directory of its own, below the home; the repository's address; the branch. What was built stands in `built` then.
set -eu

place=$HOME/$1 address=$2 branch=$3
source=$place/source

mkdir -p "$place/scratch"
[ -d "$source" ] || git clone --quiet "$address" "$source"
cd "$source"
git fetch --quiet origin "refs/heads/$branch"
git checkout --quiet --force --detach FETCH_HEAD
git clean --quiet -ffdx
sh -c true
rm -rf "$place/scratch"
cp .git/HEAD "$place/built"
