#!/bin/sh
# Build a Python project: a package's wheel into dist/; an application of a requirements.txt only, what it needs into .wheels/.
# In: TRISTAN_BUILD, and what wheels.sh takes.
set -eu

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/wheels.sh"

if is_package; then
	pip wheel --no-deps --wheel-dir dist .
elif [ -f requirements.txt ]; then
	collect_requirements .wheels
else
	fail "neither pyproject.toml nor setup.py nor requirements.txt in ${TRISTAN_MODULE_PATH:-the repository}; set module_path, or give the build profile a compile_to_execute.sh"
fi
