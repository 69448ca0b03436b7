#!/bin/sh
# Build a Python project: a wheel into dist/, from pyproject.toml or setup.py.
# In: TRISTAN_SOURCE, TRISTAN_MODULE_PATH, TRISTAN_CACHE (downloads), TRISTAN_DEPENDENCY_LIB (pip.conf).
set -eu

cd "$TRISTAN_SOURCE/$TRISTAN_MODULE_PATH"

PIP_CACHE_DIR=${PIP_CACHE_DIR:-$TRISTAN_CACHE/dependency_lib/pip}
PIP_DISABLE_PIP_VERSION_CHECK=1
PIP_ROOT_USER_ACTION=ignore
export PIP_CACHE_DIR PIP_DISABLE_PIP_VERSION_CHECK PIP_ROOT_USER_ACTION
if [ -f "$TRISTAN_DEPENDENCY_LIB/pip.conf" ] && [ -z "${PIP_CONFIG_FILE:-}" ]; then
	export PIP_CONFIG_FILE="$TRISTAN_DEPENDENCY_LIB/pip.conf"
fi

if [ ! -f pyproject.toml ] && [ ! -f setup.py ]; then
	echo "python: neither pyproject.toml nor setup.py in ${TRISTAN_MODULE_PATH:-the repository}; set module_path, or give the build profile a compile_to_execute.sh" >&2
	exit 1
fi
for python in python3 python; do
	if command -v "$python" >/dev/null 2>&1; then
		exec "$python" -m pip wheel --no-deps --wheel-dir dist .
	fi
done
echo "python: the build image has no python3; choose another image in the build profile" >&2
exit 1
