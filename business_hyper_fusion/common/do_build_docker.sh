#!/bin/sh
# Make the project's image and push it: log in where the registry has an account, then build_docker.sh.
# stdin: the password, handed to the engine's stdin. Arguments: the options of the engine's build, planned by app_image.py.
# Can be run again after a failure: what is built is not built twice.
# Exit status: 81 the login failed; 82 the image could not be built; 83 it could not be pushed.
set -eu
set -f # TRISTAN_ENGINE is a list of plain words, e.g. "sudo docker"; nothing in it is to be expanded.

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/registry_client.sh"

if [ -n "$TRISTAN_REGISTRY_USERNAME" ]; then
	# Its words are for failures: a login that worked warns that the attempt's own directory holds it.
	said=$(client login --username "$TRISTAN_REGISTRY_USERNAME" --password-stdin "$TRISTAN_REGISTRY" 2>&1) || {
		printf '%s\n' "$said"
		exit 81
	}
	echo "==> publish: logged in to $TRISTAN_REGISTRY as $TRISTAN_REGISTRY_USERNAME"
fi
exec /bin/sh "$TRISTAN_BUILD/build_docker.sh" "$@"
