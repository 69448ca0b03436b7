#!/bin/sh
# A build by hand, on the machine: fetch, check out, run `true` in a container, clean. Sent there through a ControlMaster.
# Arguments: a directory of its own; the repository's address; a ref: heads/NAME, or tags/NAME; the image; the engine's
# command.
# Prints the commit, and when git began and ended, in seconds since the epoch.
set -eu

place=$1 address=$2 ref=$3 image=$4
shift 4
source=$place/source
name=by-hand-$$

mkdir -p "$place/cache/home" "$place/scripts" "$place/scratch"
[ -e "$place/scripts/build.sh" ] || printf '#!/bin/sh\ntrue\n' >"$place/scripts/build.sh"
[ -d "$place/mirror.git" ] || git clone --quiet --mirror "$address" "$place/mirror.git"

begun=$(date +%s.%N)
case $ref in
heads/*)
	[ -d "$source" ] || git clone --quiet "$address" "$source"
	cd "$source"
	git fetch --quiet origin "refs/$ref"
	git checkout --quiet --force --detach FETCH_HEAD
	git clean --quiet -ffdx
	;;
tags/*)
	rm -rf "$source"
	git clone --quiet --reference "$place/mirror.git" --branch "${ref#tags/}" "$address" "$source" 2>"$place/scratch/advice"
	cd "$source"
	;;
esac
ended=$(date +%s.%N)
read -r commit <.git/HEAD

printf 'CI=true\nHOME=/cache/home\nCOMMIT=%s\n' "$commit" >"$place/scratch/environment"
"$@" run --rm --name "$name" --init --log-driver none --network bridge \
	--user "$(id -u):$(id -g)" --workdir /source --env-file "$place/scratch/environment" \
	--security-opt no-new-privileges --cap-drop ALL --ipc private --no-healthcheck --ulimit core=0 --pids-limit 4096 \
	--mount "type=bind,source=$source,target=/source" --mount "type=bind,source=$place/cache,target=/cache" \
	--mount "type=bind,source=$place/scripts,target=/scripts,readonly" \
	--mount type=tmpfs,target=/private,tmpfs-mode=1777,tmpfs-size=16777216 \
	"$image" /bin/sh /scripts/build.sh </dev/null

rm -rf "$place/scratch"
case $ref in tags/*) rm -rf "$source" ;; esac
echo "$commit $begun $ended"
